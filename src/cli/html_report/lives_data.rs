//! The lives of a report, column by column.

use process_scanner::{ExitStatus, GroupId, escape};
use serde::Serialize;

use super::choice::Chosen;
use super::rounding::rounded;
use crate::cli::format::cells;
use crate::cli::format::signal_names::signal;
use crate::cli::history::Life;

/// Characters of a command line, of which there are up to 1000 in a report.
const MAX_COMMAND: usize = 1000;

/// Characters of any other text.
pub(super) const MAX_TEXT: usize = 120;

/// Columns of equal length, in tree order: a parent is before its children.
#[derive(Debug, Default, Serialize)]
pub(super) struct LivesData {
    pid: Vec<u32>,
    start_ms: Vec<Option<u64>>,
    end_ms: Vec<Option<u64>>,
    first_seen_ms: Vec<u64>,
    parent: Vec<Option<usize>>,
    name: Vec<Option<String>>,
    command: Vec<Option<String>>,
    user: Vec<Option<String>>,
    outcome: Vec<&'static str>,
    exit: Vec<Option<String>>,
    cpu_ms: Vec<Option<f64>>,
    peak_rss_bytes: Vec<Option<u64>>,
    unit: Vec<Option<String>>,
    container: Vec<Option<String>>,
    programs: Vec<Option<Vec<(u64, String)>>>,
}

impl LivesData {
    pub(super) fn new(chosen: &[Chosen<'_>]) -> Self {
        let mut data = Self::default();
        for Chosen { life, parent } in chosen {
            data.add(life, *parent);
        }
        data
    }

    fn add(&mut self, life: &Life, parent: Option<usize>) {
        self.pid.push(life.pid);
        self.start_ms.push(life.start_ms);
        self.end_ms.push(life.end_ms());
        self.first_seen_ms.push(life.first_seen_ms);
        self.parent.push(parent);
        self.name.push(life_name(life));
        let command = life.command.as_ref().filter(|command| !command.is_empty());
        let command = command.map(|command| cut(&cells::command(Some(command)), MAX_COMMAND));
        self.command.push(command);
        let text = |text: &Option<std::sync::Arc<str>>| text.as_ref().map(|text| shown(text));
        self.user.push(text(&life.user));
        self.outcome
            .push(life.kind().map_or("running", |kind| kind.as_str()));
        let status = life.ending.and_then(|ending| ending.status);
        self.exit.push(status.map(exit_text));
        self.cpu_ms
            .push(life.cpu_ns().map(|ns| rounded(ns as f64 / 1e6, 3)));
        self.peak_rss_bytes.push(life.peak_rss_bytes);
        self.unit.push(text(&life.unit));
        self.container.push(text(&life.container));
        let programs = life.programs.iter();
        let programs: Vec<_> = programs
            .map(|run| (run.since_ms, shown(&run.name)))
            .collect();
        self.programs
            .push(Some(programs).filter(|programs| !programs.is_empty()));
    }
}

/// Returns the name of a life: its program, or the name of a kernel thread; `None` if it was never read.
fn life_name(life: &Life) -> Option<String> {
    match (&life.program, life.name()) {
        (GroupId::Kernel, Some(name)) => Some(shown(name)),
        (GroupId::Named(name), _) => Some(shown(name)),
        _ => None,
    }
}

fn exit_text(status: ExitStatus) -> String {
    let core = if status.core_dumped {
        ", core dumped"
    } else {
        ""
    };
    match (status.code, status.signal) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(number)) => signal(number) + core,
        (None, None) => status.to_string(),
    }
}

/// Formats a text that another program chose: without control characters, and not too long.
pub(super) fn shown(text: &str) -> String {
    cut(&escape(text), MAX_TEXT)
}

/// Cuts a text to this many characters.
pub(super) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
