//! What is handed over of each process, at once or when its command line has come.

use std::ops::Range;

use super::command_reader::Of;
use super::commands::Commands;
use super::known::{CommandLine, Known};
use super::look::{Look, Read, Rules};
use super::procfs::Unread;
use crate::source::row::known_unless_empty;
use crate::source::{ProcessRow, Reading, Row, Seen};

/// Rows that wait for their command lines. Its room is kept from scan to scan.
#[derive(Default)]
pub(super) struct Waiting {
    /// The place of each among the known, and which part of `names` is its name.
    rows: Vec<(usize, Range<usize>)>,
    names: Vec<u8>,
    wanted: Vec<Of>,
}

impl Waiting {
    /// Hands over what came of looking at a process and remembers it, or has it wait.
    pub(super) fn take(
        &mut self,
        rules: &Rules,
        pid: u32,
        look: Look<'_>,
        known: &mut Vec<Known>,
        seen: &mut Seen,
        hand_over: &mut dyn FnMut(Row<'_>),
    ) {
        match look {
            Look::Unchanged(process) => {
                hand_over(Row::Unchanged { pid });
                known.push(process);
            }
            Look::Read(read) => {
                seen.unreadable_fields += read.unreadable_fields;
                if read.known.command == CommandLine::Wanted {
                    self.add(known.len(), &read);
                } else {
                    let command = rules.unasked(&read);
                    hand_over(Row::Process(rules.row(
                        &read.known,
                        rules.name(&read),
                        command,
                    )));
                }
                known.push(read.known);
            }
            Look::Gone => seen.vanished = seen.vanished.map(|vanished| vanished + 1),
            Look::Denied { cpu_time_ns } => {
                let row = ProcessRow {
                    cpu_time_ns,
                    ..ProcessRow::unknown(pid)
                };
                hand_over(Row::Process(row));
                seen.unreadable_fields += rules.fields() - u32::from(cpu_time_ns.is_some());
            }
            Look::Failed(lost) => {
                hand_over(Row::Unreadable { pid });
                seen.unreadable_fields += rules.fields();
                known.extend(lost);
            }
        }
    }

    fn add(&mut self, index: usize, read: &Read<'_>) {
        let begin = self.names.len();
        self.names.extend_from_slice(read.name);
        self.rows.push((index, begin..self.names.len()));
        self.wanted.push(of(&read.known));
    }

    /// Hands over those that wait, with their command lines as far as they come in time.
    pub(super) fn hand_over(
        &mut self,
        rules: &Rules,
        commands: &mut Commands,
        known: &mut [Known],
        seen: &mut Seen,
        hand_over: &mut dyn FnMut(Row<'_>),
    ) {
        if self.rows.is_empty() {
            return;
        }
        let mut answers = commands.fetch(&self.wanted);
        answers.sort_unstable_by_key(|answer| answer.of.pid);
        for (index, name) in self.rows.drain(..) {
            let known = &mut known[index];
            let answer = answers.binary_search_by_key(&known.pid, |answer| answer.of.pid);
            let answer = answer.ok().map(|index| &answers[index]);
            let answer = answer.filter(|answer| answer.of == of(known));
            let command = match answer.map(|answer| answer.command.as_deref()) {
                Some(Ok(command)) => {
                    known.command = CommandLine::Asked;
                    known.has_run = false;
                    known_unless_empty(command)
                }
                // It was there when its other files were read.
                Some(Err(Unread::Gone)) => Reading::Unknown,
                Some(Err(Unread::Denied)) => {
                    known.command = CommandLine::Asked;
                    seen.unreadable_fields += 1;
                    Reading::Unknown
                }
                Some(Err(Unread::Failed)) | None => {
                    seen.unreadable_fields += 1;
                    Reading::Unknown
                }
            };
            let name = known_unless_empty(&self.names[name]);
            let row = rules.row(known, name, command);
            hand_over(Row::Process(row));
        }
        self.names.clear();
        self.wanted.clear();
    }
}

fn of(known: &Known) -> Of {
    Of {
        pid: known.pid,
        start_ticks: known.start_ticks,
        program: known.program,
    }
}
