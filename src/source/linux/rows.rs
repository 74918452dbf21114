//! Emits the rows of processes, at once or when their command lines have arrived.

use std::ops::Range;

use super::command_reader::{Request, Target};
use super::commands::Commands;
use super::details::Gathered;
use super::events::Ear;
use super::inspect::{Inspected, Read, Rules};
use super::known::{CommandState, Known};
use super::proc::procfs::Unread;
use crate::metrics::CpuClock;
use crate::model::{Collect, Status};
use crate::source::{DetailReading, ProcessRow, Reading, Row, ScanSummary};

/// Rows that wait for their command lines, or to be checked. Its buffers are reused from scan to scan.
#[derive(Default)]
pub(super) struct Waiting {
    rows: Vec<WaitingRow>,
    names: Vec<u8>,
    requests: Vec<Request>,
    /// The optional fields of all rows of this scan so far.
    pub(super) gathered: Gathered,
    /// How many of them the scan before did not emit.
    new: usize,
    /// Their share of the rows that waited last.
    new_share: f64,
}

struct WaitingRow {
    /// Index among the known.
    index: usize,
    /// Range of its name in `names`.
    name: Range<usize>,
    /// What to emit if no command line was requested.
    command: Reading<&'static [u8]>,
    /// Range of its optional fields in what was gathered.
    details: Range<usize>,
    is_young: bool,
    /// A process with this pid and start time was reported already.
    is_heard: bool,
}

impl Waiting {
    /// Emits the row of a process and stores what is known of it, or lets the row wait.
    pub(super) fn add(
        &mut self,
        rules: &Rules,
        pid: u32,
        inspected: Inspected<'_>,
        known: &mut Vec<Known>,
        seen: &mut ScanSummary,
        emit: &mut dyn FnMut(Row<'_>),
    ) {
        match inspected {
            Inspected::Unchanged(process) => {
                emit(Row::Unchanged {
                    pid,
                    read_at_ns: process.read_at_ns,
                });
                known.push(process);
            }
            Inspected::Read(read) => {
                if read.has_unread_memory {
                    seen.count_unreadable("rss_bytes");
                }
                if read.is_young || read.known.command == CommandState::Needed {
                    self.wait(rules, known.len(), &read);
                } else {
                    let command = rules.unread_command(&read);
                    emit(Row::Process(rules.row(
                        &read.known,
                        rules.name(&read),
                        command,
                        &self.gathered.readings(read.details.clone()),
                    )));
                }
                known.push(read.known);
            }
            Inspected::Gone => seen.vanished = seen.vanished.map(|vanished| vanished + 1),
            Inspected::Denied {
                known: process,
                cpu_time_ns,
                read_at_ns,
            } => {
                known.push(process);
                let row = ProcessRow {
                    cpu_time_ns,
                    read_at_ns,
                    ..ProcessRow::unknown(pid)
                };
                emit(Row::Process(row));
                rules.count_unread(cpu_time_ns.is_some(), seen);
            }
            Inspected::Failed(lost) => {
                emit(Row::Unreadable { pid });
                rules.count_unread(false, seen);
                known.extend(lost);
            }
        }
    }

    /// Returns which share of the rows that waited last the scan before did not emit.
    pub(super) fn new_share(&self) -> f64 {
        self.new_share
    }

    fn wait(&mut self, rules: &Rules, index: usize, read: &Read<'_>) {
        let begin = self.names.len();
        self.names.extend_from_slice(read.name);
        self.new += usize::from(read.is_new);
        self.rows.push(WaitingRow {
            index,
            name: begin..self.names.len(),
            command: rules.unread_command(read),
            details: read.details.clone(),
            is_young: read.is_young,
            is_heard: read.is_heard,
        });
        if read.known.command == CommandState::Needed {
            self.requests.push(Request {
                target: target(&read.known),
                inode: read.known.inode,
            });
        }
    }

    /// Emits the waiting rows, with the command lines that arrived in time.
    ///
    /// Of a young process, `ear` has to know whether what was read may be of several processes.
    pub(super) fn emit_all(
        &mut self,
        rules: &Rules,
        commands: &mut Commands,
        ear: Option<&Ear>,
        known: &mut [Known],
        seen: &mut ScanSummary,
        emit: &mut dyn FnMut(Row<'_>),
    ) {
        self.new_share = 0.0;
        if self.rows.is_empty() {
            self.gathered.clear();
            return;
        }
        self.new_share = self.new as f64 / self.rows.len() as f64;
        self.new = 0;
        let mut clock = CpuClock::start();
        let mut answers = commands.fetch(&self.requests);
        let first_reads = clock.lap().unwrap_or_default().mul_f64(self.new_share);
        seen.first_read_cpu_ns += first_reads.as_nanos() as u64;
        answers.sort_unstable_by_key(|answer| answer.target.pid);
        let has_young = self.rows.iter().any(|row| row.is_young);
        let replaced = ear.filter(|_| has_young).map(Ear::replaced);
        let is_replaced = |pid: u32| replaced.as_ref().is_some_and(|replaced| replaced.has(pid));
        for row in self.rows.drain(..) {
            let known = &mut known[row.index];
            if row.is_young && is_replaced(known.pid) {
                // The drain that follows reports each of them.
                known.has_exited = true;
                if row.is_heard {
                    emit(Row::Unreadable { pid: known.pid });
                }
                continue;
            }
            let answer = answers.binary_search_by_key(&known.pid, |answer| answer.target.pid);
            let answer = answer.ok().map(|index| &answers[index]);
            let answer = answer.filter(|answer| answer.target == target(known));
            let command = match answer.map(|answer| answer.command.as_deref()) {
                Some(Ok(command)) => {
                    known.command = CommandState::Done;
                    known.has_run = false;
                    Reading::Known(command)
                }
                // The process existed when its other files were read, so it is still emitted.
                Some(Err(Unread::Gone)) => Reading::Unknown,
                Some(Err(Unread::Denied)) => {
                    known.command = CommandState::Done;
                    seen.count_unreadable("command");
                    Reading::Unknown
                }
                None if known.command != CommandState::Needed => row.command,
                Some(Err(Unread::Failed | Unread::NotAFile | Unread::TooLong)) | None => {
                    seen.count_unreadable("command");
                    Reading::Unknown
                }
            };
            let name = Reading::Known(&self.names[row.name]);
            let details = self.gathered.readings(row.details);
            let row = rules.row(known, name, command, &details);
            emit(Row::Process(row));
        }
        self.names.clear();
        self.gathered.clear();
        self.requests.clear();
    }
}

impl Rules {
    /// Counts all fields of a process that could not be read. `has_cpu_time`: but its CPU time.
    fn count_unread(&self, has_cpu_time: bool, seen: &mut ScanSummary) {
        seen.count_unreadable("start_time_ms");
        seen.count_unreadable("name");
        for (group, field, is_known) in [
            (Collect::CPU, "cpu_time_ms", has_cpu_time),
            (Collect::MEMORY, "rss_bytes", false),
            (Collect::COMMAND, "command", false),
        ] {
            if self.collect.contains(group) && !is_known {
                seen.count_unreadable(field);
            }
        }
        // Only of those that are asked for.
        let details = self.collect.without(Collect::PSS).details();
        for detail in details {
            seen.count_unreadable(detail.field().name);
        }
    }

    /// Creates the row of a process. Its command line was not needed, or has arrived.
    pub(super) fn row<'a>(
        &self,
        known: &Known,
        name: Reading<&'a [u8]>,
        command: Reading<&'a [u8]>,
        details: &'a [DetailReading<'a>],
    ) -> ProcessRow<'a> {
        ProcessRow {
            pid: known.pid,
            start_time_ms: self.start_time_ms(known),
            parent_pid: (known.parent != 0).then_some(known.parent),
            name,
            command,
            status: known.status,
            cpu_time_ns: self.collect.contains(Collect::CPU).then_some(known.cpu_ns),
            read_at_ns: known.read_at_ns,
            resources: known.resources,
            kernel_thread: Some(known.is_kernel_thread),
            is_other_program: false,
            details,
        }
    }

    /// Returns the name for the row. The name of a kernel worker follows its work, so it is only
    /// emitted once.
    pub(super) fn name<'a>(&self, read: &Read<'a>) -> Reading<&'a [u8]> {
        match read.known.is_kernel_thread && !read.is_new {
            true => Reading::Unchanged,
            false => Reading::Known(read.name),
        }
    }

    /// Returns the command line for the row, if it was not read.
    pub(super) fn unread_command<'a>(&self, read: &Read<'_>) -> Reading<&'a [u8]> {
        match self.collect.contains(Collect::COMMAND) {
            false => Reading::Unknown,
            true if read.known.is_kernel_thread => Reading::Known(&[]),
            // A zombie has lost it, and may have changed it before it exited.
            true if read.is_new || read.known.status == Some(Status::Zombie) => Reading::Unknown,
            true => Reading::Unchanged,
        }
    }
}

fn target(known: &Known) -> Target {
    Target {
        pid: known.pid,
        start_ticks: known.start_ticks,
        program: known.program,
    }
}
