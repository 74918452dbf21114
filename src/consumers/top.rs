//! The few processes that use most: a consumer that is ready to use, and the example of how to write
//! one.
//!
//! It keeps what it needs of each batch and no more, it is right again after a full one, and what it
//! knows is asked for from any thread while it is fed on its own.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ahash::RandomState;
use serde::Serialize;

use crate::dispatch::Consumer;
use crate::model::{Batch, Event, ProcessInfo, ProcessKey};

/// The N processes that are busiest over a sliding window, or largest in memory.
///
/// Clones are one and the same: one is registered as a consumer, another is asked.
///
/// ```
/// use process_scanner::{ConsumerOptions, Scanner, TopN, Usage};
///
/// let mut scanner = Scanner::builder().build()?;
/// let largest = TopN::largest(3);
/// scanner.consumers().register(ConsumerOptions::default(), largest.clone())?;
/// scanner.scan_once().expect("a live source never ends");
/// // It has taken in every batch when this returns. A running scanner feeds it as it goes.
/// scanner.finish();
/// for ranked in largest.ranking() {
///     if let Usage::RssBytes(bytes) = ranked.usage {
///         println!("{bytes:>12} bytes  {:?}", ranked.process.name);
///     }
/// }
/// # assert!(!largest.ranking().is_empty());
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct TopN {
    len: usize,
    by: By,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Cpu { window_ns: u64 },
    Rss,
}

/// A process and what it is ranked by.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The process as it was last told.
    pub process: ProcessInfo,
    /// What it uses. In JSON it stands beside the process, as `{"cpu_percent": 12.5}`.
    pub usage: Usage,
}

/// How much a process uses of what it is ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Usage {
    /// CPU use over the window, in percent of one core.
    CpuPercent(f64),
    /// Resident memory, in bytes.
    RssBytes(u64),
}

/// Which scan something is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AsOf {
    /// Its number, as in [`Batch::seq`].
    pub seq: u64,
    /// When it began, in milliseconds from the Unix epoch.
    pub taken_at_ms: u64,
}

impl Usage {
    fn is_any(self) -> bool {
        match self {
            Self::CpuPercent(percent) => percent > 0.0,
            Self::RssBytes(bytes) => bytes > 0,
        }
    }

    fn total_cmp(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::CpuPercent(one), Self::CpuPercent(other)) => one.total_cmp(&other),
            (Self::RssBytes(one), Self::RssBytes(other)) => one.cmp(&other),
            // A ranking is by one of them.
            _ => Ordering::Equal,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    processes: HashMap<ProcessKey, Tracked, RandomState>,
    /// Monotonic time of the last good batch: what was not told since stood until then.
    now_ns: u64,
    as_of: Option<AsOf>,
}

#[derive(Debug)]
struct Tracked {
    process: ProcessInfo,
    /// CPU time as it is known to have been, oldest first: the last of those before the window, and
    /// those in it.
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at_ns: u64,
    cpu_time_ms: f64,
}

impl TopN {
    /// The `len` processes with the highest CPU use over the last `window`.
    ///
    /// One is ranked from the second time its CPU time is told, and one that was born since the scan
    /// before at once: nobody is billed with what was used before it was first seen.
    ///
    /// It keeps two samples of 16 bytes for each scan of the window in which a process used CPU, so a
    /// window of very many scans costs memory. It knows what is told: with
    /// [`cpu_threshold_percent`](crate::Config::cpu_threshold_percent) set, use that is not told again is
    /// taken to be what it was, which is true to within that threshold.
    pub fn busiest(len: usize, window: Duration) -> Self {
        let window_ns = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Self::by(len, By::Cpu { window_ns })
    }

    /// The `len` processes with the most resident memory.
    pub fn largest(len: usize) -> Self {
        Self::by(len, By::Rss)
    }

    fn by(len: usize, by: By) -> Self {
        Self {
            len,
            by,
            state: Arc::default(),
        }
    }

    /// The processes that use most, the first the most; those that use equally much in order of
    /// their keys. Fewer where fewer are known to use anything.
    pub fn ranking(&self) -> Vec<Ranked> {
        let state = self.lock();
        let mut ranked: Vec<(Usage, ProcessKey, &ProcessInfo)> = state
            .processes
            .iter()
            .filter_map(|(&key, tracked)| {
                let usage = match self.by {
                    By::Cpu { window_ns } => {
                        Usage::CpuPercent(tracked.percent(state.now_ns, window_ns)?)
                    }
                    By::Rss => Usage::RssBytes(tracked.process.rss_bytes?),
                };
                usage.is_any().then_some((usage, key, &tracked.process))
            })
            .collect();
        ranked.sort_unstable_by(|(usage, key, _), (other_usage, other_key, _)| {
            other_usage.total_cmp(*usage).then(key.cmp(other_key))
        });
        ranked
            .into_iter()
            .take(self.len)
            .map(|(usage, _, process)| Ranked {
                process: process.clone(),
                usage,
            })
            .collect()
    }

    /// Number and time of the good scan that the ranking is of; `None` before the first. While scans fail or
    /// the breaker is open it stays what it was.
    pub fn as_of(&self) -> Option<AsOf> {
        self.lock().as_of
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A batch is applied event by event, and no event can panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumer for TopN {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        let window_ns = match self.by {
            By::Cpu { window_ns } => window_ns,
            By::Rss => 0,
        };
        self.lock().apply(batch, window_ns);
    }
}

impl fmt::Debug for TopN {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopN")
            .field("len", &self.len)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl State {
    fn apply(&mut self, batch: &Batch, window_ns: u64) {
        let stood_until_ns = self.now_ns;
        let at_ns = batch.monotonic_ns;
        // A failed scan says nothing of those that it did not show: for them no time has passed.
        if batch.failure.is_none() {
            self.now_ns = at_ns;
            self.as_of = Some(AsOf {
                seq: batch.seq,
                taken_at_ms: batch.taken_at_ms,
            });
        }
        // A full batch tells all there are. What is known of those that live on stays: CPU time only
        // grows, so that the sample before the loss is as good as ever.
        let mut before = match batch.full {
            true => std::mem::take(&mut self.processes),
            false => HashMap::default(),
        };
        for event in &batch.events {
            let process = event.process();
            let key = process.key();
            if let Event::Exited { .. } = event {
                self.processes.remove(&key);
                continue;
            }
            let mut tracked = before
                .remove(&key)
                .or_else(|| self.processes.remove(&key))
                .unwrap_or_else(|| Tracked::new(event, at_ns));
            let stood_at_percent = tracked.process.cpu_percent;
            tracked.process = process.clone();
            // A full batch whose scan failed has for most of them what an earlier one has measured.
            if batch.failure.is_none() || !batch.full {
                tracked.sample(stood_until_ns, stood_at_percent, at_ns);
            }
            tracked.forget_before(at_ns.saturating_sub(window_ns));
            self.processes.insert(key, tracked);
        }
    }
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
    fn new(event: &Event, at_ns: u64) -> Self {
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
    fn sample(&mut self, stood_until_ns: u64, stood_at_percent: Option<f32>, at_ns: u64) {
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
    fn forget_before(&mut self, window_begin_ns: u64) {
        let is_before = |sample: &Sample| sample.at_ns <= window_begin_ns;
        while self.samples.get(1).is_some_and(is_before) {
            self.samples.pop_front();
        }
    }

    /// CPU use over the window, or over as much of it as the process is known for.
    fn percent(&self, now_ns: u64, window_ns: u64) -> Option<f64> {
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
