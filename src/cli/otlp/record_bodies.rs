//! The bodies of log records: a sentence about the event, for people.

use process_scanner::{Event, ExitStatus, ProcessInfo, escape};

/// Returns a sentence about an event; `None` if it is sent as no record.
///
/// A process can choose its name, so that is escaped.
pub(super) fn of_event(event: &Event) -> Option<String> {
    let process = event.process();
    Some(match event {
        Event::Created(_) => {
            let parent = process.parent_pid;
            let parent = parent.map(|pid| format!(", child of {pid}"));
            format!("{} began{}", subject(process), parent.unwrap_or_default())
        }
        Event::Updated { .. } => {
            let name = process.name.as_deref().unwrap_or("another program");
            format!("process {} is {} now", process.pid, escape(name))
        }
        Event::Exited {
            lived_ms,
            lived_ns,
            exit,
            ended_at_ms,
            likely_oom,
            ..
        } => {
            let mut text = format!("{} {}", subject(process), end(*exit));
            if *likely_oom == Some(true) {
                text.push_str(", probably for lack of memory,");
            }
            if let Some(lived_ms) = lived_ms {
                let is_known = lived_ns.is_some() || ended_at_ms.is_some();
                let at_most = if is_known { "" } else { "at most " };
                text.push_str(&format!(" after {at_most}{}", duration(*lived_ms)));
            }
            text
        }
        _ => return None,
    })
}

/// Returns a sentence about lost batches.
pub(super) fn lost(batches: u64) -> String {
    let end = if batches == 1 { " was" } else { "es were" };
    format!("{batches} batch{end} lost because pscan was too slow")
}

fn subject(process: &ProcessInfo) -> String {
    match process.name.as_deref() {
        Some(name) => format!("{} ({})", escape(name), process.pid),
        None => format!("process {}", process.pid),
    }
}

fn end(status: Option<ExitStatus>) -> String {
    let signal = status.and_then(|status| status.signal);
    let code = status.and_then(|status| status.code);
    match (signal, code) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("exited {code}"),
        (None, None) => "ended".to_owned(),
    }
}

fn duration(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{ms} ms"),
        10_000..600_000 => format!("{} s", ms / 1000),
        _ => format!("{} min", ms / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use process_scanner::{Changes, Exit, ProcessKey};

    use super::*;

    fn process(name: Option<&str>) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid: 27449,
            start_time_ms: None,
        });
        process.name = name.map(Into::into);
        process
    }

    fn exited(name: Option<&str>, lived_ms: Option<u64>, exit: Exit) -> String {
        let event = Event::exited(process(name), lived_ms).with_exit(exit);
        of_event(&event).expect("a sentence")
    }

    #[test]
    fn an_exit_has_status_and_lifetime() {
        let known = |status| {
            let mut exit = Exit::default();
            exit.status = Some(ExitStatus::from_wait_status(status));
            exit.ended_at_ms = Some(1);
            exit
        };
        let cargo = Some("cargo");
        assert_eq!(
            exited(cargo, Some(332), known(0)),
            "cargo (27449) exited 0 after 332 ms"
        );
        assert_eq!(exited(cargo, None, known(0x300)), "cargo (27449) exited 3");
        let mut oom = known(9);
        oom.likely_oom = Some(true);
        assert_eq!(
            exited(cargo, Some(61_500), oom),
            "cargo (27449) was killed by signal 9, probably for lack of memory, after 61 s"
        );
        assert_eq!(
            exited(None, Some(700_000), Exit::default()),
            "process 27449 ended after at most 11 min"
        );
    }

    #[test]
    fn births_and_execs_have_the_name_escaped() {
        let mut born = process(Some("a\u{1b}[31m"));
        born.parent_pid = Some(1);
        assert_eq!(
            of_event(&Event::Created(born.clone())).expect("a sentence"),
            format!("{} (27449) began, child of 1", escape("a\u{1b}[31m"))
        );
        let changed = Event::updated(process(Some("make")), Changes::NAME);
        let text = of_event(&changed).expect("a sentence");
        assert_eq!(text, "process 27449 is make now");
        assert_eq!(of_event(&Event::Existing(born)), None);
        assert_eq!(lost(1), "1 batch was lost because pscan was too slow");
        assert_eq!(lost(2), "2 batches were lost because pscan was too slow");
    }
}
