//! What clients can read: the groups, and the text of the last batch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use process_scanner::{Batch, BreakerState, Consumer, Consumers, Groups, Metrics};

use super::gzip::gzip;
use super::measured::Measured;
use super::metrics_text::text;
use super::serving::Serving;
use super::text_format::Format;
use super::textfile::Textfile;

/// How current the values are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Freshness {
    /// Time of the last good scan, by the monotonic clock; `None` before the first.
    pub(crate) good_scan_ns: Option<u64>,
    /// The interval in use, in milliseconds; `None` before the first batch.
    pub(crate) interval_ms: Option<u64>,
    pub(crate) breaker: BreakerState,
    /// The time that CPU shares of the last scan cover, in milliseconds.
    pub(crate) shares_cover_ms: Option<f64>,
    /// Why the last scan failed; `None` if it did not.
    pub(crate) failure: Option<String>,
}

/// What clients can read.
///
/// Text is made once for each batch and format, however many clients there are.
pub(crate) struct Published {
    groups: Groups,
    consumers: Consumers,
    /// The pid of pscan where it is scanned.
    own_pid: Option<u32>,
    serving: Serving,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    freshness: Freshness,
    texts: [Option<Arc<str>>; Format::ALL.len()],
    /// The same, compressed.
    gzipped: [Option<Arc<[u8]>>; Format::ALL.len()],
    /// Number of batches so far.
    batches: u64,
    /// What the groups are to be like from the next batch on.
    regroup: Option<Groups>,
}

impl Published {
    /// `consumers`: those of the scanner. `own_pid`: that of pscan, if it is scanned.
    pub(crate) fn new(groups: Groups, consumers: Consumers, own_pid: Option<u32>) -> Arc<Self> {
        Arc::new(Self {
            groups,
            consumers,
            own_pid,
            serving: Serving::default(),
            state: Mutex::default(),
        })
    }

    /// Returns the metrics as text, as of the last batch.
    pub(crate) fn text(&self, format: Format) -> Arc<str> {
        let batches = {
            let state = self.lock();
            if let Some(text) = &state.texts[format as usize] {
                return Arc::clone(text);
            }
            state.batches
        };
        let report = self.groups.report();
        let metrics = self.consumers.metrics();
        let snapshot = self.consumers.snapshot();
        let measured = Measured {
            groups: &report,
            metrics: &metrics,
            served: &self.serving.counts(),
            own: self.own_pid.and_then(|pid| snapshot.by_pid(pid)),
        };
        let text: Arc<str> = text(&measured, format).into();
        let mut state = self.lock();
        // If a batch has come meanwhile, the text may be older than that.
        if state.batches == batches {
            state.texts[format as usize] = Some(Arc::clone(&text));
        }
        text
    }

    /// Returns the metrics as text that is compressed with gzip, as of the last batch.
    pub(crate) fn gzipped(&self, format: Format) -> Arc<[u8]> {
        if let Some(gzipped) = &self.lock().gzipped[format as usize] {
            return Arc::clone(gzipped);
        }
        let text = self.text(format);
        let gzipped: Arc<[u8]> = gzip(text.as_bytes()).into();
        let mut state = self.lock();
        let is_current = state.texts[format as usize]
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, &text));
        if is_current {
            state.gzipped[format as usize] = Some(Arc::clone(&gzipped));
        }
        gzipped
    }

    /// Returns how current the values are.
    pub(crate) fn freshness(&self) -> Freshness {
        self.lock().freshness.clone()
    }

    /// Returns the groups.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Returns what the server counts.
    pub(crate) fn serving(&self) -> &Serving {
        &self.serving
    }

    /// Returns the consumers of the scanner.
    pub(crate) fn consumers(&self) -> &Consumers {
        &self.consumers
    }

    /// Returns what the scanner has counted.
    pub(crate) fn metrics(&self) -> Metrics {
        self.consumers.metrics()
    }

    /// Groups processes as `like` does from the next batch on.
    pub(crate) fn regroup(&self, like: Groups) {
        self.lock().regroup = Some(like);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The consumer that publishes each batch.
pub(crate) struct Publisher {
    published: Arc<Published>,
    groups: Groups,
    textfile: Option<Textfile>,
}

impl Publisher {
    pub(crate) fn new(published: &Arc<Published>, textfile: Option<Textfile>) -> Self {
        Self {
            published: Arc::clone(published),
            groups: published.groups.clone(),
            textfile,
        }
    }
}

impl Consumer for Publisher {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        self.groups.on_batch(batch);
        let regroup = self.published.lock().regroup.take();
        if let Some(like) = regroup {
            let processes = self.published.consumers.snapshot();
            self.groups.regroup(&like, &processes);
        }
        {
            let mut state = self.published.lock();
            state.texts = Default::default();
            state.gzipped = Default::default();
            state.batches += 1;
            let freshness = &mut state.freshness;
            if let Some(pace) = batch.pace {
                freshness.interval_ms = Some(pace.interval_ms);
                freshness.breaker = pace.breaker;
            }
            match &batch.failure {
                Some(failure) => freshness.failure = Some(failure.full_message()),
                None if batch.of_scan => {
                    freshness.failure = None;
                    freshness.shares_cover_ms = batch.interval_ms;
                    freshness.good_scan_ns = Some(batch.monotonic_ns);
                }
                None => {}
            }
        }
        if batch.of_scan
            && let Some(textfile) = &mut self.textfile
        {
            textfile.replace(&self.published.text(Format::Textfile));
        }
    }
}
