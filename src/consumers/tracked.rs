//! One process of a ranking: its CPU use over a window.

use std::collections::VecDeque;

use crate::model::{Event, ProcessInfo};

/// A process with its CPU time, as it was told from batch to batch.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) process: ProcessInfo,
    /// CPU time as it is known to have been, oldest first: the last of those before the window, and
    /// those in it.
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at_ns: u64,
    cpu_time_ms: f64,
}

impl Sample {
    /// What it comes to if so much goes on being used. Without a threshold every change is told, and no
    /// word means that nothing was used.
    fn at_the_use_of(self, percent: Option<f32>, at_ns: u64) -> Self {
        let share = percent.map_or(0.0, |percent| f64::from(percent) / 100.0);
        let over_ms = at_ns.saturating_sub(self.at_ns) as f64 / 1e6;
        Self {
            at_ns,
            cpu_time_ms: self.cpu_time_ms + share * over_ms,
        }
    }
}

impl Tracked {
    /// One that is told for the first time.
    pub(super) fn new(event: &Event, at_ns: u64) -> Self {
        let process = event.process();
        let mut samples = VecDeque::new();
        // Of one that was born since the scan before, CPU use is that of its life, which began when
        // nothing was used yet.
        if let (Event::Created(_), Some(cpu_time_ms), Some(percent)) =
            (event, process.cpu_time_ms, process.cpu_percent)
            && percent > 0.0
        {
            let life_ns = cpu_time_ms * 1e6 / (f64::from(percent) / 100.0);
            samples.push_back(Sample {
                at_ns: at_ns.saturating_sub(life_ns as u64),
                cpu_time_ms: 0.0,
            });
        }
        Self {
            process: process.clone(),
            samples,
        }
    }

    /// Takes down the CPU time as it is told now. Until the batch before its use stood as it was told
    /// last, so that what was used besides was used since then.
    pub(super) fn sample(
        &mut self,
        stood_until_ns: u64,
        stood_at_percent: Option<f32>,
        at_ns: u64,
    ) {
        let Some(cpu_time_ms) = self.process.cpu_time_ms else {
            return;
        };
        match self.samples.back() {
            // It never shrinks: this is another process, or the count began anew.
            Some(last) if last.cpu_time_ms > cpu_time_ms => self.samples.clear(),
            Some(&last) if last.at_ns < stood_until_ns => {
                let stood = last.at_the_use_of(stood_at_percent, stood_until_ns);
                self.samples.push_back(Sample {
                    cpu_time_ms: stood.cpu_time_ms.min(cpu_time_ms),
                    ..stood
                });
            }
            _ => {}
        }
        self.samples.push_back(Sample { at_ns, cpu_time_ms });
    }

    /// One sample from before the window is enough to know what CPU time was when it began.
    pub(super) fn forget_before(&mut self, window_begin_ns: u64) {
        let is_before = |sample: &Sample| sample.at_ns <= window_begin_ns;
        while self.samples.get(1).is_some_and(is_before) {
            self.samples.pop_front();
        }
    }

    /// CPU use over the window, or over as much of it as the process is known for.
    pub(super) fn percent(&self, now_ns: u64, window_ns: u64) -> Option<f64> {
        // A failed scan that showed it has told more of it than of the others.
        let now_ns = self
            .samples
            .back()
            .map_or(now_ns, |last| last.at_ns.max(now_ns));
        let window_begin_ns = now_ns.saturating_sub(window_ns);
        let begin = self.at(window_begin_ns)?;
        let last = self.last_at(now_ns)?;
        let over_ns = now_ns.saturating_sub(begin.at_ns);
        let used_ms = last.cpu_time_ms - begin.cpu_time_ms;
        (over_ns > 0).then(|| used_ms * 1e6 / over_ns as f64 * 100.0)
    }

    /// CPU time now that nothing was told since the last sample.
    fn last_at(&self, at_ns: u64) -> Option<Sample> {
        let last = self.samples.back()?;
        Some(last.at_the_use_of(self.process.cpu_percent, at_ns))
    }

    /// CPU time at a moment, evenly used between two samples; the first sample if that is later.
    fn at(&self, at_ns: u64) -> Option<Sample> {
        let next = self.samples.iter().position(|sample| sample.at_ns > at_ns);
        let Some(next) = next else {
            return self.last_at(at_ns);
        };
        let after = self.samples[next];
        let Some(&before) = next
            .checked_sub(1)
            .and_then(|before| self.samples.get(before))
        else {
            return Some(after);
        };
        let share = (at_ns - before.at_ns) as f64 / (after.at_ns - before.at_ns) as f64;
        let used_ms = after.cpu_time_ms - before.cpu_time_ms;
        Some(Sample {
            at_ns,
            cpu_time_ms: before.cpu_time_ms + used_ms * share,
        })
    }
}
