//! Kinds of events on the command line.

use clap::ValueEnum;

/// A kind of event of a process, named as in JSON.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    Existing,
    Created,
    Updated,
    Exited,
}

#[cfg(test)]
mod tests {
    use process_scanner::{Changes, Event, ProcessInfo, ProcessKey};

    use super::*;

    #[test]
    fn kinds_have_the_names_of_their_events() {
        let process = || {
            ProcessInfo::unknown(ProcessKey {
                pid: 7,
                start_time_ms: None,
            })
        };
        for (kind, event) in [
            (Kind::Existing, Event::Existing(process())),
            (Kind::Created, Event::Created(process())),
            (Kind::Updated, Event::updated(process(), Changes::ALL)),
            (Kind::Exited, Event::exited(process(), None)),
        ] {
            let value = kind.to_possible_value();
            assert_eq!(
                value.map(|v| v.get_name().to_owned()).as_deref(),
                Some(event.kind())
            );
        }
    }
}
