//! One process of a ranking: its CPU use over a window.

use std::collections::VecDeque;

use crate::model::{Event, ProcessInfo};

/// A process with its CPU time, as batches reported it.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) process: ProcessInfo,
    /// Known CPU times, oldest first: the last one before the window, and those within it.
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at_ns: u64,
    cpu_time_ms: f64,
}

/// CPU use over a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowUse {
    pub(super) percent: f64,
    /// The process is known for the whole window, not only for the last part of it.
    pub(super) is_whole: bool,
}

impl Sample {
    /// Extrapolates the sample at this CPU use. Without a threshold every change is reported, so no
    /// report means no use.
    fn extrapolate(self, percent: Option<f32>, at_ns: u64) -> Self {
        let share = percent.map_or(0.0, |percent| f64::from(percent) / 100.0);
        let over_ms = at_ns.saturating_sub(self.at_ns) as f64 / 1e6;
        Self {
            at_ns,
            cpu_time_ms: self.cpu_time_ms + share * over_ms,
        }
    }
}

impl Tracked {
    pub(super) fn new(event: &Event, at_ns: u64) -> Self {
        let process = event.process();
        let mut samples = VecDeque::new();
        // The CPU use of a process born since the scan before covers its life, at the start of
        // which its CPU time was 0.
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

    /// Adds a sample. Until the batch before, the last reported use applied; the remaining CPU time
    /// was used since then.
    pub(super) fn sample(&mut self, valid_until_ns: u64, last_percent: Option<f32>, at_ns: u64) {
        let Some(cpu_time_ms) = self.process.cpu_time_ms else {
            return;
        };
        match self.samples.back() {
            // CPU time never shrinks, so this is another process, or the count started again.
            Some(last) if last.cpu_time_ms > cpu_time_ms => self.samples.clear(),
            Some(&last) if last.at_ns < valid_until_ns => {
                let extrapolated = last.extrapolate(last_percent, valid_until_ns);
                self.samples.push_back(Sample {
                    cpu_time_ms: extrapolated.cpu_time_ms.min(cpu_time_ms),
                    ..extrapolated
                });
            }
            _ => {}
        }
        self.samples.push_back(Sample { at_ns, cpu_time_ms });
    }

    /// Drops samples from before the window, except the last of them, which gives the CPU time at
    /// its begin.
    pub(super) fn forget(&mut self, now_ns: u64, window_ns: u64) {
        let window_begin_ns = self.now(now_ns).saturating_sub(window_ns);
        let is_before = |sample: &Sample| sample.at_ns <= window_begin_ns;
        while self.samples.get(1).is_some_and(is_before) {
            self.samples.pop_front();
        }
    }

    /// Returns CPU use over the window, or over the part of it for which the process is known.
    pub(super) fn use_over(&self, now_ns: u64, window_ns: u64) -> Option<WindowUse> {
        let now_ns = self.now(now_ns);
        let window_begin_ns = now_ns.saturating_sub(window_ns);
        let begin = self.at(window_begin_ns)?;
        let last = self.last_at(now_ns)?;
        let over_ns = now_ns.saturating_sub(begin.at_ns);
        let used_ms = last.cpu_time_ms - begin.cpu_time_ms;
        (over_ns > 0).then(|| WindowUse {
            percent: used_ms * 1e6 / over_ns as f64 * 100.0,
            is_whole: over_ns >= window_ns,
        })
    }

    /// Returns the end of the window, if the last good scan was at `now_ns`.
    ///
    /// A failed scan that read the process has newer values than that.
    fn now(&self, now_ns: u64) -> u64 {
        let last = self.samples.back();
        last.map_or(now_ns, |last| last.at_ns.max(now_ns))
    }

    /// Returns CPU time at this moment, extrapolated from the last sample.
    fn last_at(&self, at_ns: u64) -> Option<Sample> {
        let last = self.samples.back()?;
        Some(last.extrapolate(self.process.cpu_percent, at_ns))
    }

    /// Returns CPU time at this moment, interpolated between two samples; the first sample if it is
    /// later.
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
