//! A built-in consumer that ranks processes, and an example of how to write a consumer.
//!
//! It stores only what it needs of each batch, replaces its state with each full batch, and can be
//! read from any thread while it receives batches on its own.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ahash::RandomState;
use serde::Serialize;

use super::tracked::{Tracked, WindowUse};
use crate::dispatch::Consumer;
use crate::model::{Batch, Event, ProcessInfo, ProcessKey};

/// Ranks the busiest processes, or the largest in memory.
///
/// CPU use is that over a sliding window. Clones share their state: register one as a consumer, and
/// read the ranking from another.
///
/// ```
/// use process_scanner::{ConsumerOptions, Scanner, TopN, Usage};
///
/// let mut scanner = Scanner::builder().build()?;
/// let largest = TopN::largest(3);
/// scanner.consumers().register(ConsumerOptions::default(), largest.clone())?;
/// scanner.scan_once().expect("a live source never ends");
/// // Returns when it has received every batch. A running scanner sends them as it scans.
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

/// A process, and the value that ranks it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The process as last reported.
    pub process: ProcessInfo,
    /// Its usage. In JSON it is `{"cpu_percent": 12.5}` or `{"rss_bytes": 4096}`.
    pub usage: Usage,
}

/// How much a process uses of the ranked resource.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Usage {
    /// CPU use over the window, in percent of one core.
    CpuPercent(f64),
    /// Resident memory, in bytes.
    RssBytes(u64),
}

/// The scan that a ranking is as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AsOf {
    /// Number of the scan, as in [`Batch::seq`].
    pub seq: u64,
    /// When it began, in milliseconds since the Unix epoch.
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
            // A ranking has only one kind.
            _ => Ordering::Equal,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    processes: HashMap<ProcessKey, Tracked, RandomState>,
    /// Monotonic time of the last good batch. Values not reported since then are as of this time.
    now_ns: u64,
    /// Monotonic time of the last scan, good or not.
    scan_ns: u64,
    as_of: Option<AsOf>,
}

impl TopN {
    /// Ranks the `len` processes with the highest CPU use.
    ///
    /// CPU use is that over the last `window`. A process is ranked once its CPU time has been
    /// reported twice. A process born since the scan before is ranked at once. CPU time from before
    /// a process was first read does not count.
    ///
    /// It stores two samples of 16 bytes for each scan of the window in which a process used CPU,
    /// so a long window with many scans costs memory. With
    /// [`cpu_threshold_percent`](crate::Config::cpu_threshold_percent), CPU use that is not
    /// reported again counts as unchanged, which is exact to within that threshold.
    pub fn busiest(len: usize, window: Duration) -> Self {
        let window_ns = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Self::by(len, By::Cpu { window_ns })
    }

    /// Ranks the `len` processes with the most resident memory.
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

    /// Returns the ranking, highest usage first, equal usage in order of key.
    ///
    /// It is shorter than `len` if fewer processes use anything.
    pub fn ranking(&self) -> Vec<Ranked> {
        let state = self.lock();
        let mut ranked: Vec<(Usage, ProcessKey, &ProcessInfo)> = state
            .processes
            .iter()
            .filter_map(|(&key, tracked)| {
                let usage = self.usage(&state, tracked)?;
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

    /// Returns how much one process uses: its CPU use over the window, or its resident memory.
    ///
    /// `None` if it has exited, or if that is not known yet. `len` does not matter. CPU use of a
    /// process that is known for less than the window is that since it is known;
    /// [`usage_over_window`](Self::usage_over_window) is `None` then.
    pub fn usage_of(&self, key: ProcessKey) -> Option<Usage> {
        let state = self.lock();
        self.usage(&state, state.processes.get(&key)?)
    }

    /// Returns how much one process uses, if that is known for the whole window.
    ///
    /// It is [`usage_of`](Self::usage_of), but `None` too for a process that is younger than the
    /// window, or that was first read less than the window ago. It is the mean over the window. It
    /// is as of the last scan that the consumer [received](Self::as_of): one with a filter receives
    /// no scan in which its processes use nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use process_scanner::{ProcessKey, TopN, Usage};
    ///
    /// /// Returns whether a process has used more than 80 % of a core for 30 s.
    /// fn is_too_busy(over_30_s: &TopN, key: ProcessKey) -> bool {
    ///     matches!(over_30_s.usage_over_window(key), Some(Usage::CpuPercent(80.0..)))
    /// }
    ///
    /// let over_30_s = TopN::busiest(0, Duration::from_secs(30));
    /// # let key = ProcessKey { pid: 1, start_time_ms: None };
    /// assert!(!is_too_busy(&over_30_s, key));
    /// ```
    pub fn usage_over_window(&self, key: ProcessKey) -> Option<Usage> {
        let state = self.lock();
        let tracked = state.processes.get(&key)?;
        let is_whole = match self.by {
            By::Cpu { window_ns } => tracked.use_over(state.now_ns, window_ns)?.is_whole,
            By::Rss => true,
        };
        self.usage(&state, tracked).filter(|_| is_whole)
    }

    fn usage(&self, state: &State, tracked: &Tracked) -> Option<Usage> {
        Some(match self.by {
            By::Cpu { window_ns } => {
                let WindowUse { percent, .. } = tracked.use_over(state.now_ns, window_ns)?;
                Usage::CpuPercent(percent)
            }
            By::Rss => Usage::RssBytes(tracked.process.resources.rss_bytes?),
        })
    }

    /// Returns the scan that the ranking is as of.
    ///
    /// That is the last good scan; `None` before the first. It stays the same while scans fail or
    /// the breaker is open.
    pub fn as_of(&self) -> Option<AsOf> {
        self.lock().as_of
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Events are applied one by one, and none can panic half way.
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
        let valid_until_ns = self.valid_until_ns(batch);
        let at_ns = batch.monotonic_ns;
        if batch.of_scan {
            (self.now_ns, self.scan_ns) = (valid_until_ns, at_ns);
        }
        // A failed scan has no news of the processes that it missed: for them no time has passed.
        // Neither has a batch between two scans: no CPU time is read for it.
        if batch.of_scan && batch.failure.is_none() {
            self.now_ns = at_ns;
            self.as_of = Some(AsOf {
                seq: batch.seq,
                taken_at_ms: batch.taken_at_ms,
            });
        }
        // A full batch lists all processes. The samples of those that live on are kept: CPU time
        // only grows, so samples from before lost batches are still correct.
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
            let last_percent = tracked.process.cpu_percent;
            tracked.process = process.clone();
            // A full batch of a failed scan mostly repeats what an earlier scan measured.
            if batch.of_scan && (batch.failure.is_none() || !batch.full) {
                tracked.sample(valid_until_ns, last_percent, at_ns);
            }
            tracked.forget(self.now_ns, window_ns);
            self.processes.insert(key, tracked);
        }
    }

    /// Returns the time of the last good scan before this batch: until then, the use that was
    /// reported last applied.
    fn valid_until_ns(&self, batch: &Batch) -> u64 {
        /// The interval is a fraction of milliseconds.
        const ROUNDING_NS: u64 = 1000;
        let interval_ns = batch.interval_ms.map(|ms| (ms * 1e6) as u64);
        let scan_before = interval_ns.map(|interval| batch.monotonic_ns.saturating_sub(interval));
        match scan_before {
            // The filter skipped it: it was good, and nothing had changed.
            Some(skipped) if !batch.full && skipped > self.scan_ns + ROUNDING_NS => skipped,
            _ => self.now_ns,
        }
    }
}
