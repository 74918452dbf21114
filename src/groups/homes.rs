//! The group that a process belongs to, and how it moves there.

use super::member::Member;
use super::population::{Population, Terms};
use crate::model::{ProcessInfo, ProcessKey, Snapshot};

/// Where a process belongs.
pub(super) struct Home {
    pub(super) place: usize,
    pub(super) is_adopted: bool,
    pub(super) takes_children: bool,
}

impl Population {
    /// Groups the known processes again, parents first. What they use from now on counts there.
    ///
    /// `processes`: the processes now. `terms` are not those of the batches before.
    pub(super) fn regroup(&mut self, processes: &Snapshot, terms: Terms<'_>) {
        for member in self.members.values_mut() {
            member.is_adopted = false;
            member.takes_children = false;
        }
        let before = self.book.without_room();
        self.settle_all(processes, terms);
        if self.book.without_room() > before {
            // The groups from before hold the room, though their processes have left.
            self.book.remove_all_empty();
            self.settle_all(processes, terms);
        }
    }

    fn settle_all(&mut self, processes: &Snapshot, terms: Terms<'_>) {
        for (_, process) in processes.tree().walk() {
            if self.is_known(process)
                && let Some(mut member) = self.members.remove(&process.pid)
            {
                self.settle(&mut member, process, self.now_ns, terms);
                self.members.insert(process.pid, member);
            }
        }
    }

    /// Returns where a process belongs by itself, or else by its parent.
    ///
    /// `None`: an adopted process stays where it is, since its parent can have exited.
    pub(super) fn home(
        &mut self,
        process: &ProcessInfo,
        is_adopted: bool,
        terms: Terms<'_>,
    ) -> Option<Home> {
        if let Some(wanted) = terms.grouping.wanted(process) {
            return Some(Home {
                place: self.book.place(wanted.id, terms.limits),
                is_adopted: false,
                takes_children: wanted.takes_children,
            });
        }
        if is_adopted {
            return None;
        }
        let parent = process.parent_pid.and_then(|pid| {
            let parent = self.members.get(&pid)?;
            let key = ProcessKey {
                pid,
                start_time_ms: parent.start_time_ms,
            };
            let is_child = parent.takes_children && process.key().can_be_child_of(key);
            is_child.then_some(parent)
        });
        Some(Home {
            place: match parent {
                Some(parent) => parent.group,
                None => {
                    let id = terms.grouping.otherwise(process);
                    self.book.place(id, terms.limits)
                }
            },
            is_adopted: parent.is_some(),
            takes_children: parent.is_some(),
        })
    }

    /// Moves a process to the group where it belongs now.
    pub(super) fn settle(
        &mut self,
        member: &mut Member,
        process: &ProcessInfo,
        now_ns: u64,
        terms: Terms<'_>,
    ) {
        let Some(home) = self.home(process, member.is_adopted, terms) else {
            return;
        };
        member.is_adopted = home.is_adopted;
        member.takes_children = home.takes_children;
        if member.group != home.place {
            self.book.leave(member.group, now_ns);
            self.book.join(home.place);
            member.group = home.place;
        }
    }
}
