//! Selects the events that `watch` and `replay` print.

use std::collections::HashSet;

use process_scanner::{Batch, Event, ProcessKey, Selection};

use super::exits;
use super::text_changes::in_text;
use crate::cli::outcome::{Done, remark};
use crate::cli::select::{FilterArgs, Followed, Kind, is_good_scan};

/// What `--events` and `--failed` select.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chosen {
    /// `None`: all kinds.
    pub(crate) kinds: Option<Vec<Kind>>,
    /// Only exits by a signal or with another code than 0.
    pub(crate) is_failed: bool,
}

/// The events of a batch, as far as their processes are selected.
pub(crate) struct Selected {
    /// For each event of the batch, whether its process is selected.
    pub(super) matches: Vec<bool>,
    /// The events to print, in order.
    pub(crate) events: Vec<Event>,
}

/// Selects events by kind and process.
pub(crate) struct ChosenEvents {
    chosen: Chosen,
    filter: FilterArgs,
    selection: Selection,
    /// `None` without pids, and for a recording.
    followed: Option<Followed>,
    /// A good scan was taken.
    has_begun: bool,
    /// A process has matched, even if no event of it was printed.
    has_matched: bool,
}

impl ChosenEvents {
    /// `own_pid`: that of pscan, if it is scanned.
    pub(crate) fn new(
        chosen: Chosen,
        filter: &FilterArgs,
        own_pid: Option<u32>,
        is_live: bool,
    ) -> Self {
        Self {
            chosen,
            selection: Selection::new(filter.on_host_with(own_pid)),
            followed: Followed::new(filter.pids()).filter(|_| is_live),
            filter: filter.clone(),
            has_begun: false,
            has_matched: false,
        }
    }

    /// Selects the events of a batch by their processes.
    pub(crate) fn take(&mut self, batch: &Batch) -> Selected {
        let mut events = self.selection.select(batch);
        if let Some(followed) = &mut self.followed {
            let is_followed = followed.take(batch);
            let all = batch.events.iter().zip(is_followed);
            let kept = all.filter(|(_, is_followed)| *is_followed);
            let kept: HashSet<ProcessKey> = kept.map(|(event, _)| event.process().key()).collect();
            events.retain(|event| {
                let key = event.process().key();
                kept.contains(&key) || followed.has(key)
            });
        }
        let keys: HashSet<ProcessKey> = events.iter().map(|e| e.process().key()).collect();
        let all = batch.events.iter();
        let matches = all
            .map(|event| keys.contains(&event.process().key()))
            .collect();
        self.has_matched |= !events.is_empty();
        if is_good_scan(batch) && !std::mem::replace(&mut self.has_begun, true) {
            self.remark_missing();
        }
        Selected { matches, events }
    }

    /// Reports pids without a process, as they may be mistyped.
    fn remark_missing(&self) {
        // If all are missing, the outcome reports it.
        if let Some(followed) = &self.followed
            && !followed.has_ended()
        {
            remark_pids(&followed.missing());
        }
    }

    /// Returns whether no event can follow, because all processes of `--pid` have exited.
    pub(super) fn has_ended(&self) -> bool {
        self.followed.as_ref().is_some_and(Followed::has_ended)
    }

    /// Returns whether no event can follow, and there was none.
    pub(super) fn was_empty(&self) -> bool {
        self.has_ended() && !self.has_matched
    }

    /// Returns whether only processes that were there at the start are selected.
    pub(super) fn is_closed(&self) -> bool {
        self.followed.is_some()
    }

    /// Returns the text at the begin of a watch. `matching`: processes that match now.
    pub(super) fn begin(&self, batch: &Batch, matching: usize) -> String {
        let all = batch.counts.processes;
        // After failed scans, the first good batch may be a difference, with only some of the
        // processes.
        let count = match self.selects_all() || !batch.full {
            true => format!("watching {all} processes"),
            false => format!("watching {matching} of {all} processes"),
        };
        match self.followed.as_ref().map(Followed::living).as_deref() {
            None => format!("{count}; Ctrl-C ends it"),
            Some([pid]) => format!("{count} until {pid} exits, or Ctrl-C"),
            Some(pids) => format!("{count} until all {} pids exit, or Ctrl-C", pids.len()),
        }
    }

    /// Returns whether text has changes of CPU use and memory.
    ///
    /// Of all processes they would be too many to read.
    pub(super) fn has_measures(&self) -> bool {
        self.chosen.kinds.is_some() || !self.filter.pids().is_empty()
    }

    fn selects_all(&self) -> bool {
        self.selection.filter().is_empty()
    }

    /// Returns whether an event is printed. `is_full`: its batch is.
    pub(crate) fn has(&self, event: &Event, is_json: bool, is_full: bool) -> bool {
        if self.chosen.is_failed {
            return exits::is_failure(event);
        }
        if let Event::Updated {
            process, changed, ..
        } = event
            && !is_json
            && in_text(process, *changed, self.has_measures()).is_empty()
        {
            return false;
        }
        let kind = match event {
            Event::Existing(_) => Kind::Existing,
            Event::Created(_) => Kind::Created,
            Event::Updated { .. } => Kind::Updated,
            Event::Exited { .. } => Kind::Exited,
            // A later version of the library may have more kinds of events.
            _ => return self.chosen.kinds.is_none(),
        };
        match &self.chosen.kinds {
            Some(kinds) => kinds.contains(&kind),
            // Text would be too long to read. What begins to match is news.
            None => is_json || kind != Kind::Existing || !(is_full || self.selects_all()),
        }
    }

    /// Returns the outcome of the command.
    pub(super) fn outcome(&self) -> Done {
        match self.has_matched || self.selects_all() {
            true => Done::All,
            false => Done::Nothing(format!("no process matches {}", self.filter)),
        }
    }
}

/// Reports pids that no process has, in one line.
fn remark_pids(pids: &[u32]) {
    const MAX_PIDS: usize = 10;
    let named: Vec<String> = pids.iter().take(MAX_PIDS).map(u32::to_string).collect();
    match pids.len() {
        0 => {}
        1 => remark(&format!("no process has the pid {}", named[0])),
        2..=MAX_PIDS => remark(&format!("no process has the pids {}", named.join(", "))),
        len => {
            let more = len - MAX_PIDS;
            remark(&format!(
                "no process has the pids {} and {more} more",
                named.join(", ")
            ));
        }
    }
}
