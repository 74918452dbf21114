//! Attaches what was read at execs and births to what happened in [`Lives`].

use super::exec_reading::ExecReading;
use super::life::{Spot, Start, Step};
use super::lives::Lives;

impl Lives {
    /// Attaches what was read after events of earlier rounds, before this round ends their processes.
    pub(super) fn attach_late(&mut self) {
        let is_late = |reading: &ExecReading| {
            let life = self.lives.get(&reading.pid);
            life.is_some_and(|life| life.image_ns == reading.event_ns)
        };
        let late: Vec<ExecReading> = self
            .readings
            .extract_if(|_, reading| is_late(reading))
            .map(|(_, reading)| reading)
            .collect();
        for mut reading in late {
            let end = self.lives.get(&reading.pid).and_then(|life| life.end);
            if let Some(end) = end {
                reading.keep_before(end.at.at_ns);
            }
            self.attach(reading.pid, reading);
        }
    }

    /// Adds a reading to the last step of its process, or makes it a step.
    pub(super) fn attach(&mut self, pid: u32, new: ExecReading) {
        let Some(life) = self.lives.get_mut(&pid) else {
            return;
        };
        let Some(start) = &mut life.start else {
            return;
        };
        life.has_read_program = new.has_program();
        match life.step.of(self.round).map(|index| &mut self.steps[index]) {
            Some(Step::Born {
                start: first,
                reading,
                ..
            }) => {
                // The start time that the kernel stored. A later process would have a later one.
                let stored = new.start_ticks().filter(|&ticks| start.is_of(ticks));
                if let Some(ticks) = stored.filter(|&ticks| ticks != start.ticks) {
                    // An earlier process can have had that one.
                    *start = Start::after(self.recent.get(&(pid, ticks)), ticks);
                    *first = *start;
                }
                *reading = Some(new);
            }
            Some(Step::Execed { reading, .. }) => *reading = new,
            _ => {
                life.step = Spot::new(self.round, self.steps.len());
                self.steps.push(Step::Execed {
                    pid,
                    start: *start,
                    reading: new,
                });
            }
        }
    }

    /// Removes what was read of a process in this round when it had ended by then, since that is of
    /// another process with its pid.
    pub(super) fn keep_before(&mut self, pid: u32, ended_ns: u64) {
        let Some(life) = self.lives.get_mut(&pid) else {
            return;
        };
        let step = life.step.of(self.round);
        match step.map(|index| &mut self.steps[index]) {
            Some(Step::Born {
                reading: Some(reading),
                ..
            })
            | Some(Step::Execed { reading, .. }) => {
                reading.keep_before(ended_ns);
                life.has_read_program = reading.has_program();
            }
            _ => {}
        }
    }
}
