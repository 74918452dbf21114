//! The living processes, each in its group: what batches change.

use std::collections::HashMap;

use ahash::RandomState;

use super::book::{Book, Limits};
use super::first_sight::FirstSight;
use super::group::{Group, GroupsReport, PartialSum};
use super::grouping::Grouping;
use super::member::{Member, ms_to_ns};
use super::vanished::Vanished;
use crate::consumers::AsOf;
use crate::model::{Batch, Event, ExitStatus, ExitUsage, ProcessInfo};

/// What a batch is applied with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'g> {
    pub(super) grouping: &'g Grouping,
    pub(super) limits: Limits,
}

/// All living processes and their groups.
#[derive(Debug, Default)]
pub(super) struct Population {
    pub(super) members: HashMap<u32, Member, RandomState>,
    pub(super) book: Book,
    vanished: Vanished,
    /// When the first batch was taken, by the clock of start times, in milliseconds since the Unix
    /// epoch.
    began_ms: Option<u64>,
    as_of: Option<AsOf>,
    /// When the last batch was taken, by the monotonic clock of the batches.
    pub(super) now_ns: u64,
    /// Number of full batches.
    fulls: u64,
}

/// The new processes of a batch by pid.
type Arriving<'b> = HashMap<u32, &'b Event, RandomState>;

impl Population {
    /// Applies a batch. That takes time in proportion to its events.
    pub(super) fn apply(&mut self, batch: &Batch, terms: Terms<'_>) {
        // A notice that comes before the first batch.
        if self.began_ms.is_none() && !batch.full && batch.events.is_empty() {
            return;
        }
        self.now_ns = batch.monotonic_ns;
        if batch.of_scan && batch.failure.is_none() {
            self.as_of = Some(AsOf {
                seq: batch.seq,
                taken_at_ms: batch.taken_at_ms,
            });
        }
        if batch.full {
            self.remove_absent(batch);
        }
        let mut arriving = self.arriving(batch, terms.grouping);
        for event in &batch.events {
            let process = event.process();
            let is_known = self.is_known(process);
            match event {
                Event::Exited { exit, usage, .. } if is_known => {
                    self.exit(process, *exit, *usage, batch.monotonic_ns, terms);
                }
                Event::Exited { .. } => {}
                _ if is_known => {
                    let can_move = match event {
                        Event::Updated { changed, .. } => Grouping::depends_on(*changed),
                        // After a loss, changes are unknown.
                        _ => true,
                    };
                    self.update(process, can_move, batch.monotonic_ns, terms);
                }
                _ => self.arrive_after_parents(event, &mut arriving, batch, terms),
            }
        }
        self.book.remove_empty(batch.monotonic_ns, terms.limits);
        self.began_ms
            .get_or_insert(batch.start_clock_ms.unwrap_or(batch.taken_at_ms));
    }

    /// Returns the groups with their values.
    pub(super) fn report(&self) -> GroupsReport {
        let mut groups: Vec<Option<Group>> = vec![None; self.book.len()];
        for (place, entry) in self.book.iter() {
            groups[place] = Some(Group {
                id: entry.id.clone(),
                counters: (&entry.counted).into(),
                processes: 0,
                cpu_unknown: 0,
                rss_bytes: PartialSum::EMPTY,
                threads: PartialSum::EMPTY,
                oldest_start_ms: None,
            });
        }
        for member in self.members.values() {
            let group = groups[member.group]
                .as_mut()
                .expect("BUG: a group with processes does not leave");
            group.rss_bytes.add(member.rss_bytes, group.processes);
            group.threads.add(member.threads, group.processes);
            group.cpu_unknown += u64::from(!member.is_measured);
            group.processes += 1;
            let starts = [group.oldest_start_ms, member.start_time_ms];
            group.oldest_start_ms = starts.into_iter().flatten().min();
        }
        let mut groups: Vec<Group> = groups.into_iter().flatten().collect();
        groups.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        GroupsReport {
            as_of: self.as_of,
            groups,
            left: self.book.left(),
            without_room: self.book.without_room(),
        }
    }

    pub(super) fn is_known(&self, process: &ProcessInfo) -> bool {
        let member = self.members.get(&process.pid);
        member.is_some_and(|member| member.start_time_ms == process.start_time_ms)
    }

    /// Returns the new processes of a batch by pid, if children can join their parents.
    ///
    /// Events are in order of pid, and a parent can have a larger pid than its child.
    fn arriving<'b>(&self, batch: &'b Batch, grouping: &Grouping) -> Arriving<'b> {
        let mut arriving = Arriving::default();
        if grouping.takes_children() {
            for event in &batch.events {
                let is_arrival = matches!(event, Event::Existing(_) | Event::Created(_));
                if is_arrival && !self.is_known(event.process()) {
                    arriving.entry(event.process().pid).or_insert(event);
                }
            }
        }
        arriving
    }

    /// Adds a process, after those of its ancestors that arrive in the same batch.
    ///
    /// If the pid of the parent has another process, its exit is lost in a full batch; otherwise the
    /// exit is an event that is still to come.
    fn arrive_after_parents<'b>(
        &mut self,
        event: &'b Event,
        arriving: &mut Arriving<'b>,
        batch: &Batch,
        terms: Terms<'_>,
    ) {
        arriving.remove(&event.process().pid);
        let mut line = vec![event];
        let mut child = event;
        while let Some(parent_pid) = child.process().parent_pid
            && (batch.full || !self.members.contains_key(&parent_pid))
            && let Some(parent) = arriving.remove(&parent_pid)
        {
            line.push(parent);
            child = parent;
        }
        for event in line.into_iter().rev() {
            self.arrive(event, batch, terms);
        }
    }

    fn arrive(&mut self, event: &Event, batch: &Batch, terms: Terms<'_>) {
        let process = event.process();
        // Its exit was lost.
        self.remove(process.pid, batch.monotonic_ns);
        let first = FirstSight::of(event, batch, self.began_ms);
        let home = self
            .home(process, false, terms)
            .expect("BUG: a new process has no place to stay in");
        let mut member = Member::new(process, home.place, first.is_born);
        member.is_adopted = home.is_adopted;
        member.takes_children = home.takes_children;
        member.full = self.fulls;
        let cpu_ns = process.cpu_time_ms.map(ms_to_ns);
        let before = self
            .vanished
            .take(process.pid, process.start_time_ms, cpu_ns);
        if let Some(counted_ns) = before {
            member.resume(counted_ns);
        }
        self.book.join(home.place);
        let counted = &mut self.book.entry(home.place).counted;
        // The kernel reports a birth before its name can be read.
        member.is_birth_due = first.is_birth;
        if process.name.is_some() {
            member.count_birth(counted);
        }
        member.measure(process, counted);
        self.members.insert(process.pid, member);
    }

    /// Updates a known process. If it moves, CPU time that is new counts for its new group.
    fn update(&mut self, process: &ProcessInfo, can_move: bool, now_ns: u64, terms: Terms<'_>) {
        let Some(mut member) = self.members.remove(&process.pid) else {
            return;
        };
        if can_move {
            self.settle(&mut member, process, now_ns, terms);
        }
        let counted = &mut self.book.entry(member.group).counted;
        if process.name.is_some() {
            member.count_birth(counted);
        }
        member.measure(process, counted);
        self.members.insert(process.pid, member);
    }

    fn exit(
        &mut self,
        process: &ProcessInfo,
        status: Option<ExitStatus>,
        usage: Option<ExitUsage>,
        now_ns: u64,
        terms: Terms<'_>,
    ) {
        let Some(mut member) = self.members.remove(&process.pid) else {
            return;
        };
        // The kernel can report the name of a short life with its exit alone.
        if member.is_birth_due && process.name.is_some() {
            self.settle(&mut member, process, now_ns, terms);
        }
        let counted = &mut self.book.entry(member.group).counted;
        member.count_birth(counted);
        let is_measured = member.end(process, usage, counted);
        counted.exits.count(status);
        counted.exits_unmeasured += u64::from(!is_measured);
        self.book.leave(member.group, now_ns);
        // A scan has found the exit: it was not heard.
        if status.is_none() {
            let counted_ns = member.counted_ns();
            self.vanished
                .add(process.pid, member.start_time_ms, counted_ns);
        }
    }

    /// Removes a process whose exit was not reported.
    fn remove(&mut self, pid: u32, now_ns: u64) {
        if let Some(mut member) = self.members.remove(&pid) {
            member.count_birth(&mut self.book.entry(member.group).counted);
            self.book.close(&member, now_ns);
            let counted_ns = member.counted_ns();
            self.vanished.add(pid, member.start_time_ms, counted_ns);
        }
    }

    /// Removes the processes that a full batch does not have: their exits were lost.
    ///
    /// They leave before others arrive, which may need their room.
    fn remove_absent(&mut self, batch: &Batch) {
        self.fulls += 1;
        for event in &batch.events {
            if let Some(member) = self.members.get_mut(&event.process().pid) {
                member.full = self.fulls;
            }
        }
        let now_ns = batch.monotonic_ns;
        let (book, vanished, fulls) = (&mut self.book, &mut self.vanished, self.fulls);
        self.members.retain(|&pid, member| {
            let is_there = member.full == fulls;
            if !is_there {
                member.count_birth(&mut book.entry(member.group).counted);
                book.close(member, now_ns);
                vanished.add(pid, member.start_time_ms, member.counted_ns());
            }
            is_there
        });
    }
}
