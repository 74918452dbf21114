//! The groups with what they have counted; which are created, and which leave.

use std::collections::{HashMap, VecDeque};

use ahash::RandomState;

use super::counted::Counted;
use super::group::{GroupCounters, GroupId};
use super::member::Member;

/// A group in the book.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: GroupId,
    pub(super) counted: Counted,
    /// Number of living processes.
    pub(super) processes: u64,
    /// Since when it has been empty, by the monotonic clock of the batches.
    empty_since_ns: u64,
    /// It is in the queue of groups to check.
    is_queued: bool,
}

/// The limits of the groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Number of named groups.
    pub(super) groups: usize,
    /// How long a group stays after its last process.
    pub(super) empty_ns: u64,
}

/// All groups. A group keeps its place while it exists.
#[derive(Debug, Default)]
pub(super) struct Book {
    places: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_id: HashMap<GroupId, usize, RandomState>,
    /// Number of named groups. The others always have room.
    named: usize,
    /// Named groups that were empty at this time, to check when they may leave.
    emptied: VecDeque<(u64, usize)>,
    left: Counted,
    without_room: u64,
}

impl Book {
    /// Returns the place of a group, which is created if there is room. Without room it is that of
    /// `Other`.
    pub(super) fn place(&mut self, id: GroupId, limits: Limits) -> usize {
        if let Some(&place) = self.by_id.get(&id) {
            return place;
        }
        let is_named = matches!(id, GroupId::Named(_));
        if is_named && self.named >= limits.groups {
            self.without_room += 1;
            return self.place(GroupId::Other, limits);
        }
        self.named += usize::from(is_named);
        let entry = Entry {
            id: id.clone(),
            counted: Counted::default(),
            processes: 0,
            empty_since_ns: 0,
            is_queued: false,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place] = Some(entry);
                place
            }
            None => {
                self.places.push(Some(entry));
                self.places.len() - 1
            }
        };
        self.by_id.insert(id, place);
        place
    }

    /// Returns the group at a place.
    pub(super) fn entry(&mut self, place: usize) -> &mut Entry {
        self.places[place]
            .as_mut()
            .expect("BUG: a group with processes does not leave")
    }

    /// Adds a process to a group.
    pub(super) fn join(&mut self, place: usize) {
        self.entry(place).processes += 1;
    }

    /// Removes a process from a group.
    pub(super) fn leave(&mut self, place: usize, now_ns: u64) {
        let entry = self.entry(place);
        entry.processes -= 1;
        if entry.processes > 0 || !matches!(entry.id, GroupId::Named(_)) {
            return;
        }
        entry.empty_since_ns = now_ns;
        if !std::mem::replace(&mut entry.is_queued, true) {
            self.emptied.push_back((now_ns, place));
        }
    }

    /// Removes a process whose exit was not reported.
    pub(super) fn close(&mut self, member: &Member, now_ns: u64) {
        let counted = &mut self.entry(member.group).counted;
        counted.exits.count(None);
        counted.exits_unmeasured += u64::from(!member.was_measured());
        self.leave(member.group, now_ns);
    }

    /// Removes the groups that have been empty for long enough.
    pub(super) fn remove_empty(&mut self, now_ns: u64, limits: Limits) {
        let is_due = |since_ns: u64| now_ns.saturating_sub(since_ns) >= limits.empty_ns;
        // Each group is in the queue once, so what is put back waits for the next time.
        for _ in 0..self.emptied.len() {
            let Some((_, place)) = self.emptied.pop_front_if(|(since_ns, _)| is_due(*since_ns))
            else {
                break;
            };
            let entry = self.entry(place);
            entry.is_queued = false;
            if entry.processes > 0 {
                continue;
            }
            if !is_due(entry.empty_since_ns) {
                entry.is_queued = true;
                let since_ns = entry.empty_since_ns;
                self.emptied.push_back((since_ns, place));
                continue;
            }
            self.remove(place);
        }
    }

    /// Removes all named groups that are empty now.
    pub(super) fn remove_all_empty(&mut self) {
        for (_, place) in std::mem::take(&mut self.emptied) {
            let entry = self.entry(place);
            entry.is_queued = false;
            if entry.processes == 0 {
                self.remove(place);
            }
        }
    }

    fn remove(&mut self, place: usize) {
        if let Some(entry) = self.places[place].take() {
            self.left.add(&entry.counted);
            self.by_id.remove(&entry.id);
            self.free.push(place);
            self.named -= 1;
        }
    }

    /// Returns the groups with their places, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(place, entry)| Some((place, entry.as_ref()?)))
    }

    /// Returns the number of places, some of which can be free.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns how often a process found no room for its group.
    pub(super) fn without_room(&self) -> u64 {
        self.without_room
    }

    /// Returns what the groups that left had counted.
    pub(super) fn left(&self) -> GroupCounters {
        (&self.left).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        groups: 2,
        empty_ns: 10,
    };

    fn names(book: &Book) -> Vec<String> {
        let mut names: Vec<_> = book.iter().map(|(_, entry)| entry.id.to_string()).collect();
        names.sort();
        names
    }

    fn named(name: &str) -> GroupId {
        GroupId::Named(name.into())
    }

    #[test]
    fn without_room_a_new_group_is_other() {
        let mut book = Book::default();
        let (a, b) = (
            book.place(named("a"), LIMITS),
            book.place(named("b"), LIMITS),
        );
        let c = book.place(named("c"), LIMITS);
        assert_eq!(book.entry(c).id, GroupId::Other);
        assert_eq!(book.place(named("a"), LIMITS), a);
        let kernel = book.place(GroupId::Kernel, LIMITS);
        assert_eq!(book.entry(kernel).id, GroupId::Kernel);
        book.join(b);
        book.join(a);
        book.leave(a, 100);
        book.remove_empty(110, LIMITS);
        assert_eq!(names(&book), ["b", "kernel", "other"]);
        let c = book.place(named("c"), LIMITS);
        assert_eq!(book.entry(c).id, named("c"));
    }

    #[test]
    fn an_empty_group_leaves_after_the_time_and_its_counters_stay() {
        let mut book = Book::default();
        let a = book.place(named("a"), LIMITS);
        book.join(a);
        book.entry(a).counted.add_cpu(7);
        book.leave(a, 100);
        book.remove_empty(109, LIMITS);
        // It is not empty any more, and then again.
        book.join(a);
        book.leave(a, 109);
        book.remove_empty(110, LIMITS);
        assert_eq!(names(&book), ["a"]);
        book.remove_empty(118, LIMITS);
        assert_eq!(names(&book), ["a"]);
        book.remove_empty(119, LIMITS);
        assert_eq!(names(&book), [""; 0]);
        assert_eq!(book.left.cpu_ns(), Some(7));
        // It starts again.
        let again = book.place(named("a"), LIMITS);
        assert_eq!(book.entry(again).counted.cpu_ns(), None);
    }

    #[test]
    fn all_empty_groups_can_leave_at_once() {
        let mut book = Book::default();
        let (a, b) = (
            book.place(named("a"), LIMITS),
            book.place(named("b"), LIMITS),
        );
        book.join(a);
        book.join(b);
        book.leave(a, 100);
        book.leave(b, 100);
        // It is in the queue, and not empty.
        book.join(b);
        book.remove_all_empty();
        assert_eq!(names(&book), ["b"]);
        book.leave(b, 100);
        book.remove_empty(110, LIMITS);
        assert_eq!(names(&book), [""; 0]);
    }

    #[test]
    fn other_kinds_never_leave() {
        let mut book = Book::default();
        let unknown = book.place(GroupId::Unknown, LIMITS);
        book.join(unknown);
        book.leave(unknown, 0);
        book.remove_empty(u64::MAX, LIMITS);
        assert_eq!(names(&book), ["unknown"]);
    }
}
