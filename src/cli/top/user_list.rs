//! The users of the processes that live now.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use process_scanner::{Detail, ProcessInfo, Snapshot, Value};

use super::seen::Wanted;

/// The processes of a user.
#[derive(Debug, Default)]
pub(super) struct UserLine {
    /// Name, or id if it has no name; `None`: all users.
    pub(super) user: Option<String>,
    pub(super) processes: usize,
    /// All with the name, as far as they are known: a filter by name selects each of them.
    pub(super) ids: BTreeSet<u64>,
}

impl UserLine {
    /// Returns whether the user begins like this, in either case.
    fn begins(&self, begin: &str) -> bool {
        let user = self.user.as_deref().unwrap_or_default().to_lowercase();
        user.starts_with(&begin.to_lowercase())
    }
}

/// The lines of the list, and the picked one.
#[derive(Debug, Default)]
pub(super) struct UserList {
    /// All users first, the others in order of name.
    pub(super) lines: Vec<UserLine>,
    pub(super) index: usize,
    /// First line on the screen.
    pub(super) offset: usize,
}

impl UserList {
    /// Lists the users of the wanted processes. The picked user stays picked.
    pub(super) fn list(&mut self, snapshot: &Snapshot, wanted: &Wanted) {
        let mut all = UserLine::default();
        let mut users: BTreeMap<String, UserLine> = BTreeMap::new();
        for process in snapshot {
            if wanted.has(process, snapshot) {
                all.processes += 1;
                if let Some(user) = user_of(process) {
                    let line = users.entry(user).or_default();
                    line.processes += 1;
                    let id = process.details.get(Detail::UserId);
                    line.ids.extend(id.as_count());
                }
            }
        }
        let picked = self.picked();
        let users = users.into_iter().map(|(user, line)| UserLine {
            user: Some(user),
            ..line
        });
        self.lines = iter::once(all).chain(users).collect();
        self.pick(picked.as_deref());
    }

    /// Returns the picked user; `None`: all.
    pub(super) fn picked(&self) -> Option<String> {
        self.lines.get(self.index)?.user.clone()
    }

    /// Picks a user, or the next one if it has no process.
    pub(super) fn pick(&mut self, user: Option<&str>) {
        let mut lines = self.lines.iter();
        match lines.position(|line| line.user.as_deref() == user) {
            Some(index) => self.index = index,
            None => self.step(0),
        }
    }

    /// Picks a user that begins like this, the picked one first. Returns false if there is none.
    pub(super) fn find(&mut self, begin: &str) -> bool {
        let first = self.lines.iter().position(|line| line.begins(begin));
        if !self.is_picked(begin) {
            self.index = first.unwrap_or(self.index);
        }
        first.is_some()
    }

    /// Returns whether the picked user begins like this.
    pub(super) fn is_picked(&self, begin: &str) -> bool {
        let line = self.lines.get(self.index);
        line.is_some_and(|line| line.begins(begin))
    }

    /// Picks the line that is so many lines below; negative: above.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.index = self.index.saturating_add_signed(by).min(last);
    }
}

/// Returns the name of the user, or its id if it has none.
///
/// A filter takes a number for an id, so a name that is one is left out.
fn user_of(process: &ProcessInfo) -> Option<String> {
    let is_name = |name: &str| !name.is_empty() && name.parse::<u64>().is_err();
    match process.details.get(Detail::UserName) {
        Value::Text(name) if is_name(name) => Some(name.to_owned()),
        _ => match process.details.get(Detail::UserId) {
            Value::Count(id) => Some(id.to_string()),
            _ => None,
        },
    }
}
