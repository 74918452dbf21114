//! Formats how a process ended: how long it lived, its exit status, its CPU time.

use process_scanner::{Event, ExitStatus};

use super::cells;
use crate::cli::terminal;

/// Names of the signals 1 to 31 on Linux, as in signal(7).
///
/// Exits with status come from Linux alone. Numbers from 32 on are printed as such: the names of
/// real-time signals depend on the C library.
const SIGNALS: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// Least room for the long form: that of a short life, and `killed by SIGTERM`.
const WHOLE_FROM: usize = 33;

/// These architectures have numbers of their own.
const HAS_OTHER_NUMBERS: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6",
    target_arch = "sparc",
    target_arch = "sparc64",
));

/// How long a process lived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lived {
    pub(super) ns: u64,
    /// Otherwise it lived at most so long.
    is_exact: bool,
}

impl Lived {
    /// Returns how long the process of an exit lived; `None` if unknown.
    pub(super) fn of(event: &Event) -> Option<Self> {
        // A start time can be 10 ms too early, which matters only in a short life.
        const EXACT_FROM_MS: u64 = 1000;
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
            return Some(Self { ns, is_exact: true });
        }
        lived_ms.map(|ms| Self {
            ns: ms.saturating_mul(1_000_000),
            is_exact: ended_at_ms.is_some() && ms >= EXACT_FROM_MS,
        })
    }

    /// Formats it, such as `3.21ms` or `at most 1.5s`.
    pub(super) fn text(self) -> String {
        match self.is_exact {
            true => cells::short_time(self.ns / 1000),
            false => format!("at most {}", cells::duration(self.ns / 1_000_000)),
        }
    }
}

/// Formats the details of an exit for a room of this many columns: the longest form that fits, and
/// otherwise the shortest.
pub(super) fn details(event: &Event, room: Option<usize>) -> String {
    let Event::Exited {
        process,
        exit,
        likely_oom,
        ..
    } = event
    else {
        return String::new();
    };
    let is_oom = *likely_oom == Some(true);
    let lived = Lived::of(event).map(Lived::text);
    let after = lived.as_ref().map(|lived| format!("after {lived}"));
    let used = process.cpu_time_ms;
    let used = used.map(|ms| format!("used {} CPU", cells::cpu_time(Some(ms))));
    let [whole, short] = match exit {
        Some(status) => reasons(*status, is_oom).map(Some),
        None => [None, None],
    };
    let forms = [
        joined([after.clone(), whole.clone(), used]),
        joined([after, whole, None]),
        joined([lived.clone(), short.clone(), None]),
        joined([short.or(lived), None, None]),
    ];
    let fits = |form: &&String| room.is_none_or(|room| terminal::width(form) <= room);
    // All lines of a narrow terminal have the same form.
    let is_narrow = room.is_some_and(|room| room < WHOLE_FROM);
    let forms = if is_narrow { &forms[2..] } else { &forms[..] };
    let form = forms.iter().find(fits).or(forms.last());
    match form.map_or("", String::as_str) {
        "" => cells::UNKNOWN.to_owned(),
        form => form.to_owned(),
    }
}

fn joined(parts: [Option<String>; 3]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// Formats an exit status, in a long and a short form.
fn reasons(status: ExitStatus, is_oom: bool) -> [String; 2] {
    if let Some(code) = status.code {
        let text = format!("exit {code}");
        return [text.clone(), text];
    }
    let name = status.signal.map_or_else(|| "a signal".into(), signal);
    let (whole, short) = match (is_oom, status.core_dumped) {
        (true, _) => (" (out of memory?)", " (OOM?)"),
        (false, true) => (", core dumped", ", core"),
        (false, false) => ("", ""),
    };
    [format!("killed by {name}{whole}"), format!("{name}{short}")]
}

fn signal(number: u8) -> String {
    let index = usize::from(number).wrapping_sub(1);
    match SIGNALS.get(index).filter(|_| !HAS_OTHER_NUMBERS) {
        Some(name) => (*name).to_owned(),
        None => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Exit, ProcessInfo, ProcessKey};

    use super::*;

    fn event(lived_ms: Option<u64>, cpu_time_ms: Option<f64>, exit: Exit) -> Event {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 7,
            start_time_ms: None,
        });
        process.cpu_time_ms = cpu_time_ms;
        Event::exited(process, lived_ms).with_exit(exit)
    }

    fn exit(wait_status: u32, lived_ns: Option<u64>) -> Exit {
        let mut exit = Exit::default();
        exit.status = Some(ExitStatus::from_wait_status(wait_status));
        exit.ended_at_ms = Some(1_700_000_000_000);
        exit.lived_ns = lived_ns;
        exit
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
                "after 3.21ms, exit 3, used 2ms CPU",
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
                event(Some(120), None, exit(15, None)),
                "after at most 120ms, killed by SIGTERM",
            ),
            (event(None, None, exit(36, None)), "killed by signal 36"),
            // A scan alone has found it.
            (
                event(Some(5000), Some(1250.0), Exit::default()),
                "after at most 5.0s, used 1.2s CPU",
            ),
            (event(None, None, Exit::default()), "-"),
        ] {
            assert_eq!(details(&event, None), expected);
        }
    }

    #[test]
    fn a_narrow_line_keeps_the_reason() {
        let mut killed = exit(9, Some(3_207_511));
        killed.likely_oom = Some(true);
        let killed = event(Some(3), Some(2.0), killed);
        let found = event(Some(5000), Some(2.0), Exit::default());
        for (event, room, expected) in [
            (
                &killed,
                62,
                "after 3.21ms, killed by SIGKILL (out of memory?), used 2ms CPU",
            ),
            (
                &killed,
                48,
                "after 3.21ms, killed by SIGKILL (out of memory?)",
            ),
            (&killed, 47, "3.21ms, SIGKILL (OOM?)"),
            (&killed, 14, "SIGKILL (OOM?)"),
            (&killed, 3, "SIGKILL (OOM?)"),
            (&found, 33, "after at most 5.0s, used 2ms CPU"),
            (&found, 32, "at most 5.0s"),
            (&found, 8, "at most 5.0s"),
        ] {
            assert_eq!(details(event, Some(room)), expected, "{room}");
        }
    }

    #[test]
    fn signals_have_the_names_of_the_system() {
        assert_eq!(["SIGHUP", "SIGSYS"], [signal(1), signal(31)]);
        assert_eq!(
            ["signal 0", "signal 32", "signal 127"],
            [signal(0), signal(32), signal(127)]
        );
    }
}
