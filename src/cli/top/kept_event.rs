//! A birth or an exit, with what is kept of its process.

use process_scanner::{CommandLine, Detail, Details, Event, ProcessInfo};

/// Longest command line that is kept, in bytes; longer ones end there.
const COMMAND_BYTES: usize = 256;

/// A birth or an exit.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    /// Ascends, and is never used again.
    pub(super) serial: u64,
    /// When its batch was taken, in milliseconds from the Unix epoch.
    pub(super) at_ms: u64,
    pub(super) event: Event,
    /// Name of the parent when it happened; `None`: unknown.
    pub(super) parent: Option<String>,
    /// Whether the options select its process; `None`: too little is known of it yet.
    pub(super) given: Option<bool>,
    /// The same of what was typed.
    pub(super) typed: Option<bool>,
}

impl Happened {
    pub(super) fn is_selected(&self) -> bool {
        self.given == Some(true) && self.typed == Some(true)
    }
}

/// Copies an event, without what would take much memory.
pub(super) fn kept(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Existing(process)
        | Event::Created(process)
        | Event::Updated { process, .. }
        | Event::Exited { process, .. } => *process = shortened(process),
        _ => {}
    }
    event
}

/// Copies a process without the end of a long command line, and without optional fields but its user.
pub(super) fn shortened(process: &ProcessInfo) -> ProcessInfo {
    let mut short = process.clone();
    short.details = Details::default();
    for detail in [Detail::UserId, Detail::UserName] {
        if process.details.has(detail) {
            short.details.set(detail, process.details.get(detail));
        }
    }
    let command = short.command.as_ref();
    let bytes: usize = command.map_or(0, |command| command.args().map(|arg| arg.len() + 1).sum());
    if bytes > COMMAND_BYTES {
        short.command = command.map(cut_command);
    }
    short
}

fn cut_command(command: &CommandLine) -> CommandLine {
    let mut room = COMMAND_BYTES;
    let args = command.args().map_while(|arg| {
        let end = arg.floor_char_boundary(arg.len().min(room));
        let is_over = room == 0;
        room = room.saturating_sub(end + 1);
        (!is_over).then(|| match end < arg.len() {
            true => format!("{}…", &arg[..end]),
            false => arg.to_owned(),
        })
    });
    args.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_command_lines_are_cut_between_characters() {
        let key = process_scanner::ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        let long = "é".repeat(40_000);
        process.command = Some(["sh", &long, "z"].iter().collect());
        let command = shortened(&process).command.clone().unwrap();
        let args: Vec<&str> = command.args().collect();
        assert_eq!(args.len(), 2);
        assert!(args[1].len() < 300 && args[1].ends_with("é…"), "{args:?}");
        process.command = Some(["sh", "-c"].iter().collect());
        assert_eq!(shortened(&process).command, process.command);
    }
}
