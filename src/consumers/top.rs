//! The few processes that use most: a consumer that is ready to use, and the example of how to write
//! one.
//!
//! It keeps what it needs of each batch and no more, it is right again after a full one, and what it
//! knows is asked for from any thread while it is fed on its own.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ahash::RandomState;
use serde::Serialize;

use super::tracked::Tracked;
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
                    By::Rss => Usage::RssBytes(tracked.process.resources.rss_bytes?),
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
