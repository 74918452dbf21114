//! The bodies of log records: a sentence about the event, for people.

use process_scanner::{Event, ProcessInfo, escape};

use crate::cli::format::exits;

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
        Event::Exited { .. } => format!("{}: {}", subject(process), exits::in_short(event)),
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

#[cfg(test)]
mod tests {
    use process_scanner::{Changes, Exit, ExitStatus, ProcessKey};

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
            "cargo (27449): exit 0 after 332ms"
        );
        assert_eq!(exited(cargo, None, known(0x300)), "cargo (27449): exit 3");
        let mut oom = known(9);
        oom.likely_oom = Some(true);
        assert_eq!(
            exited(cargo, Some(61_500), oom),
            "cargo (27449): killed by SIGKILL (out of memory?) after 1m01s"
        );
        assert_eq!(
            exited(None, Some(700_000), Exit::default()),
            "process 27449: exited after at most 11m40s"
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
