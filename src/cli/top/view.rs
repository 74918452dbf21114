//! The view: everything that is shown, as batches and notices change it.

use process_scanner::{Batch, Event, ProcessInfo, ProcessKey};
use ratatui::layout::Rect;

use super::arranged::{Arrangement, Id, Listed};
use super::collapsed::Collapsed;
use super::curve::Curve;
use super::drawn::Drawn;
use super::frozen::Frozen;
use super::notice::{Notice, Position};
use super::paint::Look;
use super::panes::{LEAST, Page, Panes};
use super::pick::{Exited, Pick};
use super::recent::{Lives, Recent};
use super::seen::{Seen, Wanted};
use super::state_line::ScannerState;
use super::typed::Typed;
use super::user_list::UserList;
use super::view_options::TopOptions;
use crate::cli::format::host::HostUse;

/// Everything that is shown, and what keys change of it.
#[derive(Debug)]
pub(crate) struct Top {
    pub(super) options: TopOptions,
    pub(super) look: Look,
    pub(super) seen: Seen,
    pub(super) recent: Recent,
    /// The view does not change, and the data goes on here.
    pub(super) frozen: Option<Box<Frozen>>,
    pub(super) state: ScannerState,
    pub(super) host: HostUse,
    pub(super) position: Option<Position>,
    /// For the user, until the next key.
    pub(super) message: Option<String>,
    pub(super) wanted: Wanted,
    /// The text of the filter that was typed.
    pub(super) filter_text: String,
    /// The user that was chosen.
    pub(super) user: Option<String>,
    /// The page that chooses one.
    pub(super) users: UserList,
    /// The text that was searched last.
    pub(super) search_text: String,
    pub(super) typed: Option<Typed>,
    pub(super) arranged: Arrangement,
    pub(super) listed: Listed,
    /// The list is that of an older batch or arrangement.
    pub(super) is_stale: bool,
    /// A replay sends batches of the past: until they have all come, the list stays as it was.
    is_behind: bool,
    pub(super) pick: Pick,
    pub(super) page: Page,
    /// First line of a page that scrolls.
    pub(super) page_offset: usize,
    /// Keys move in births and exits, not in the table.
    pub(super) is_in_lives: bool,
    pub(super) lives: Lives,
    /// Serial number of the picked birth or exit; `None`: the last one.
    pub(super) picked_life: Option<u64>,
    /// Columns that long texts are scrolled by.
    pub(super) shift: usize,
    /// As they were drawn last, for keys and clicks.
    pub(super) panes: Panes,
    pub(super) drawn: Drawn,
    /// Serial number of the birth or exit on each line of their pane.
    pub(super) drawn_lives: Vec<Option<u64>>,
}

impl Top {
    pub(crate) fn new(options: TopOptions) -> Self {
        Self {
            look: Look {
                has_color: options.has_color,
                has_unicode: options.has_unicode,
            },
            seen: Seen::default(),
            recent: Recent::default(),
            frozen: None,
            state: ScannerState::default(),
            host: HostUse::default(),
            position: None,
            message: None,
            wanted: Wanted {
                given: options.filter.clone(),
                has_family: options.has_family,
                typed: None,
                hides_kernel: false,
            },
            filter_text: String::new(),
            user: None,
            users: UserList::default(),
            search_text: String::new(),
            typed: None,
            arranged: Arrangement {
                sort: options.sort,
                is_reverse: options.is_reverse,
                is_tree: options.is_tree,
                by: options.by,
                inside: None,
                collapsed: Collapsed::default(),
            },
            listed: Listed::default(),
            is_stale: true,
            is_behind: false,
            pick: Pick::default(),
            page: Page::default(),
            page_offset: 0,
            is_in_lives: false,
            lives: Lives::default(),
            picked_life: None,
            shift: 0,
            panes: Panes::default(),
            drawn: Drawn::default(),
            drawn_lives: Vec::new(),
            options,
        }
    }

    /// Takes a batch of the scanner or of a recording.
    ///
    /// Batches come in their order, and the first one is full. Others before it are left out.
    pub(crate) fn take(&mut self, batch: &Batch) {
        self.state.take(batch);
        if let Some(frozen) = &mut self.frozen {
            frozen.take(batch, &self.wanted);
            return;
        }
        let picked = self.pick.key().filter(|_| self.pick.exited.is_none());
        let mut exited = None;
        let before = picked.and_then(|key| self.seen.snapshot.get(key)).cloned();
        let ended = |key: ProcessKey, event: Option<&Event>, curve: Curve| {
            if Some(key) == picked {
                let lost = || before.clone().map(|process| Event::exited(process, None));
                let event = event.cloned().or_else(lost);
                let at_ms = batch.taken_at_ms;
                exited = event.map(|event| Exited {
                    event,
                    at_ms,
                    curve,
                });
            }
        };
        if !self.seen.take(batch, &self.wanted, ended) {
            return;
        }
        if let Some(exited) = exited {
            self.pick.keep_exited(exited);
        }
        self.recent.take(batch, &self.wanted, &self.seen.snapshot);
        self.is_stale = true;
    }

    /// Forgets all processes, because a replay starts again; a full batch follows, and then the position.
    ///
    /// The picked process, order and filter stay.
    pub(crate) fn rewind(&mut self) {
        self.is_behind = true;
        self.seen = Seen::default();
        self.recent = Recent::default();
        self.pick.exited = None;
        self.picked_life = None;
        self.is_stale = true;
    }

    /// Takes news that no batch has.
    pub(crate) fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Host(_) if self.frozen.is_some() => {}
            Notice::Host(host) => self.host = host,
            Notice::Cost(cost) => self.state.cost = cost,
            Notice::Position(position) => {
                self.position = Some(position);
                self.is_behind = false;
            }
            Notice::Message(text) => {
                self.message = Some(process_scanner::escape(&text).into_owned())
            }
        }
    }

    /// Lists the processes again, if anything has changed.
    pub(super) fn refresh(&mut self) {
        if !self.is_behind && std::mem::take(&mut self.is_stale) {
            let width = self.panes.table.width.max(LEAST.0);
            self.listed = Listed::of(&self.seen, &self.arranged, width.into());
            self.pick_visible();
            self.pick.find(&self.listed);
            if self.page == Page::Users {
                self.list_users();
            }
        }
    }

    /// Returns the process that the panes of facts and curves are about; `None` if there is none.
    ///
    /// It is the picked one, or the first one.
    pub(super) fn subject(&self) -> Option<Subject<'_>> {
        if let Some(exited) = &self.pick.exited {
            return Some(Subject {
                process: exited.event.process(),
                curve: Some(&exited.curve),
                exited: Some(exited),
            });
        }
        let key = match &self.pick.id {
            Some(Id::Process(key)) => *key,
            Some(Id::Group(_)) => return None,
            None => self.listed.key(0)?,
        };
        Some(Subject {
            process: self.seen.snapshot.get(key)?,
            curve: self.seen.curve(key),
            exited: None,
        })
    }

    /// Returns the number of lines of the table on the screen.
    pub(super) fn room(&self) -> usize {
        let rows: Rect = self.panes.rows();
        rows.height.into()
    }
}

/// The process that facts and curves are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) process: &'a ProcessInfo,
    pub(super) curve: Option<&'a Curve>,
    /// It has exited.
    pub(super) exited: Option<&'a Exited>,
}
