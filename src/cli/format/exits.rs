//! Formats how a process ended: how long it lived, its exit status, its CPU time.

use process_scanner::{Event, ExitStatus};

use super::cells;
use super::color::{self, Part};
use super::signal_names::signal;
use crate::cli::terminal;

/// Separates the details.
const SEPARATOR: &str = ", ";

/// Least room for the long form: that of a short life, and `killed by SIGTERM`.
const WHOLE_FROM: usize = 33;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Precision {
    Exact,
    /// The start time has the resolution of its source.
    OfStart,
    /// A scan found the exit, so the process lived at most so long.
    AtMost,
}

/// How long a process lived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lived {
    pub(super) ns: u64,
    precision: Precision,
}

impl Lived {
    /// Returns how long the process of an exit lived; `None` if unknown.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let Event::Exited {
            lived_ms,
            lived_ns,
            ended_at_ms,
            ..
        } = event
        else {
            return None;
        };
        if let &Some(ns) = lived_ns {
            let precision = Precision::Exact;
            return Some(Self { ns, precision });
        }
        lived_ms.map(|ms| Self {
            ns: ms.saturating_mul(1_000_000),
            precision: match ended_at_ms {
                Some(_) => Precision::OfStart,
                None => Precision::AtMost,
            },
        })
    }

    /// Formats it, such as `3.21ms` or `at most 1.5s`.
    pub(super) fn text(self) -> String {
        let rounded = cells::duration(self.ns / 1_000_000);
        match self.precision {
            Precision::Exact => cells::short_time(self.ns / 1000),
            Precision::OfStart => rounded,
            Precision::AtMost => format!("at most {rounded}"),
        }
    }
}

/// Returns whether this is an exit by a signal, or with another code than 0.
pub(crate) fn is_failure(event: &Event) -> bool {
    match event {
        Event::Exited { exit, .. } => exit.is_some_and(|status| !status.is_success()),
        _ => false,
    }
}

/// Formats the details of an exit for a room of this many columns: the longest form that fits, and
/// otherwise the shortest.
pub(crate) fn details(event: &Event, room: Option<usize>) -> Vec<Part> {
    let Event::Exited {
        process,
        exit,
        likely_oom,
        usage,
        ..
    } = event
    else {
        return Vec::new();
    };
    let style = if is_failure(event) {
        color::RED
    } else {
        color::PLAIN
    };
    let lived = Lived::of(event).map(Lived::text);
    let after = lived.as_ref().map(|lived| format!("after {lived}"));
    // Less than a millisecond is 0ms, which is no news.
    let used = process.cpu_time_ms.filter(|&ms| ms >= 1.0);
    let is_final = usage.is_some_and(|usage| usage.cpu_time_ns.is_some());
    // What it has used since the last scan is unknown.
    let least = if is_final { "" } else { "at least " };
    let used = used.map(|ms| format!("used {least}{} CPU", cells::cpu_time(Some(ms))));
    let reason = exit.map(|status| Reason::of(status, *likely_oom == Some(true)));
    let reason = reason.unwrap_or_default();
    let alone = |reason| match reason {
        &None => [&lived, &None, &None],
        reason => [&None, reason, &None],
    };
    let forms = [
        [&after, &reason.whole, &used],
        [&after, &reason.whole, &None],
        [&lived, &reason.short, &None],
        // Lines above and below have a lifetime.
        [&lived, &reason.least, &None],
        alone(&reason.short),
        alone(&reason.least),
    ];
    let width = |form: &[&Option<String>; 3]| {
        let widths = form
            .iter()
            .filter_map(|text| Some(terminal::width(text.as_ref()?)));
        widths.reduce(|all, width| all + SEPARATOR.len() + width)
    };
    let fits = |form: &&[&Option<String>; 3]| {
        let width = width(form).unwrap_or(0);
        room.is_none_or(|room| width <= room)
    };
    // All lines of a narrow terminal have the same form.
    let is_narrow = room.is_some_and(|room| room < WHOLE_FROM);
    let forms = if is_narrow { &forms[2..] } else { &forms[..] };
    let form = forms.iter().find(fits).or(forms.last());
    let [lived, reason, used] = form.copied().unwrap_or([&None; 3]);
    let mut parts = Vec::new();
    for (style, text) in [(color::PLAIN, lived), (style, reason), (color::PLAIN, used)] {
        let Some(text) = text else { continue };
        if !parts.is_empty() {
            parts.push((color::PLAIN, SEPARATOR.to_owned()));
        }
        parts.push((style, text.clone()));
    }
    if parts.is_empty() {
        parts.push((color::PLAIN, cells::UNKNOWN.to_owned()));
    }
    parts
}

/// Formats an exit status, such as `exit 3` or `killed by SIGKILL (out of memory?)`.
pub(super) fn status_text(status: ExitStatus, is_oom: bool) -> String {
    Reason::of(status, is_oom).whole.unwrap_or_default()
}

/// Formats how a process ended, in a few words: `exit 3 after 1.2s`, `exited` if nothing is known.
pub(crate) fn in_short(event: &Event) -> String {
    let Event::Exited {
        exit, likely_oom, ..
    } = event
    else {
        return String::new();
    };
    let status = exit.map(|status| status_text(status, *likely_oom == Some(true)));
    let status = status.unwrap_or_else(|| "exited".to_owned());
    match Lived::of(event) {
        Some(lived) => format!("{status} after {}", lived.text()),
        None => status,
    }
}

/// Why a process exited, from the longest form to the shortest; `None` if unknown.
#[derive(Debug, Default)]
struct Reason {
    whole: Option<String>,
    short: Option<String>,
    least: Option<String>,
}

impl Reason {
    fn of(status: ExitStatus, is_oom: bool) -> Self {
        if let Some(code) = status.code {
            let text = Some(format!("exit {code}"));
            return Self {
                whole: text.clone(),
                short: text.clone(),
                least: text,
            };
        }
        let name = status.signal.map_or_else(|| "a signal".into(), signal);
        // Lack of memory explains an exit, and a core dump does not.
        let [whole, short, least] = match (is_oom, status.core_dumped) {
            (true, _) => [" (out of memory?)", " (OOM?)", " (OOM?)"],
            (false, true) => [", core dumped", ", core dumped", ""],
            (false, false) => [""; 3],
        };
        Self {
            whole: Some(format!("killed by {name}{whole}")),
            short: Some(format!("{name}{short}")),
            least: Some(format!("{name}{least}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ExitUsage, ProcessInfo, ProcessKey};

    use super::*;

    fn event(lived_ms: Option<u64>, cpu_time_ms: Option<f64>, exit: Exit) -> Event {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        process.cpu_time_ms = cpu_time_ms;
        Event::exited(process, lived_ms).with_exit(exit)
    }

    fn text(event: &Event, room: Option<usize>) -> String {
        details(event, room)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    fn exit(wait_status: u32, lived_ns: Option<u64>) -> Exit {
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(wait_status));
        exit.ended_at_ms = Some(1_700_000_000_000);
        exit.lived_ns = lived_ns;
        exit
    }

    /// Makes its CPU time that of the whole life.
    fn used(mut event: Event) -> Event {
        if let Event::Exited { usage, .. } = &mut event {
            let mut all = ExitUsage::default();
            all.cpu_time_ns = Some(2_000_000);
            *usage = Some(all);
        }
        event
    }

    #[test]
    fn an_exit_has_its_lifetime_and_the_reason() {
        let lived = Some(3_207_511);
        let mut killed = exit(9, lived);
        killed.likely_oom = Some(true);
        let mut survived = exit(9, lived);
        survived.likely_oom = Some(false);
        for (event, expected) in [
            (event(Some(3), None, exit(0, lived)), "after 3.21ms, exit 0"),
            (
                event(Some(3), Some(2.0), exit(0x0300, lived)),
                "after 3.21ms, exit 3, used at least 2ms CPU",
            ),
            (
                event(Some(3), None, killed),
                "after 3.21ms, killed by SIGKILL (out of memory?)",
            ),
            (
                event(Some(3), None, survived),
                "after 3.21ms, killed by SIGKILL",
            ),
            (
                event(Some(3), None, exit(11 | 0x80, lived)),
                "after 3.21ms, killed by SIGSEGV, core dumped",
            ),
            // The birth was not heard.
            (
                event(Some(75_000), None, exit(15, None)),
                "after 1m15s, killed by SIGTERM",
            ),
            (
                event(Some(732), Some(0.6), exit(0, None)),
                "after 732ms, exit 0",
            ),
            (event(None, None, exit(36, None)), "killed by signal 36"),
            (
                used(event(Some(3), Some(2.0), exit(0, lived))),
                "after 3.21ms, exit 0, used 2ms CPU",
            ),
            // A scan alone has found it.
            (
                event(Some(5000), Some(1250.0), Exit::default()),
                "after at most 5.0s, used at least 1.2s CPU",
            ),
            (event(None, None, Exit::default()), "-"),
        ] {
            assert_eq!(text(&event, None), expected);
        }
    }

    #[test]
    fn the_shortest_text_begins_with_the_reason() {
        let lived = Some(3_207_511);
        for (event, expected) in [
            (
                event(Some(3), Some(2.0), exit(0x0300, lived)),
                "exit 3 after 3.21ms",
            ),
            (event(None, None, exit(9, None)), "killed by SIGKILL"),
            (
                event(Some(5000), None, Exit::default()),
                "exited after at most 5.0s",
            ),
            (event(None, None, Exit::default()), "exited"),
        ] {
            assert_eq!(in_short(&event), expected);
        }
    }

    #[test]
    fn a_narrow_line_keeps_the_reason() {
        let mut killed = exit(9, Some(3_207_511));
        killed.likely_oom = Some(true);
        let killed = event(Some(3), Some(2.0), killed);
        let found = event(Some(5000), Some(2.0), Exit::default());
        let dumped = event(Some(3), Some(2.0), exit(6 | 0x80, Some(3_207_511)));
        for (event, room, expected) in [
            (
                &killed,
                71,
                "after 3.21ms, killed by SIGKILL (out of memory?), used at least 2ms CPU",
            ),
            (
                &killed,
                48,
                "after 3.21ms, killed by SIGKILL (out of memory?)",
            ),
            (&killed, 47, "3.21ms, SIGKILL (OOM?)"),
            (&killed, 14, "SIGKILL (OOM?)"),
            (&killed, 3, "SIGKILL (OOM?)"),
            (&dumped, 44, "after 3.21ms, killed by SIGABRT, core dumped"),
            (&dumped, 28, "3.21ms, SIGABRT, core dumped"),
            // As on a terminal of 60 columns.
            (&dumped, 18, "3.21ms, SIGABRT"),
            (&dumped, 14, "SIGABRT"),
            (&found, 41, "after at most 5.0s, used at least 2ms CPU"),
            (&found, 40, "after at most 5.0s"),
            (&found, 32, "at most 5.0s"),
            (&found, 8, "at most 5.0s"),
        ] {
            assert_eq!(text(event, Some(room)), expected, "{room}");
        }
    }

    #[test]
    fn only_a_failure_is_red_and_only_its_reason() {
        let lived = Some(3_207_511);
        for (exit, expected) in [
            (exit(0, lived), None),
            (exit(0x0300, lived), Some("exit 3")),
            (exit(15, lived), Some("killed by SIGTERM")),
            (Exit::default(), None),
        ] {
            let event = event(Some(3), Some(2.0), exit);
            assert_eq!(is_failure(&event), expected.is_some());
            let parts = details(&event, None);
            let mut red = parts.iter().filter(|(style, _)| *style == color::RED);
            assert_eq!(red.next().map(|(_, text)| text.as_str()), expected);
            assert_eq!(red.next(), None);
        }
    }
}
