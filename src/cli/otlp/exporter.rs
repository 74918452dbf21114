//! The threads of the export, from start to end.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use process_scanner::{Error, Result};

use super::Encryption;
use super::backoff::Backoff;
use super::delivery::{Delivery, RESULTS, Surroundings};
use super::gatherer::Gatherer;
use super::http_client::{Client, Headers};
use super::record_buffer::{RecordBuffer, Recorder};
use super::request_queue::{RequestQueue, Signal};
use crate::cli::exposition::{OtlpCounts, Published};
use crate::cli::outcome::remark;
use crate::cli::settings::Otlp;

/// Sends metrics and records to a receiver, from two threads.
///
/// One makes requests in time, the other sends them, so that a slow receiver delays neither scans nor
/// requests. Dropping it ends both without waiting.
pub(crate) struct Exporter {
    headers: Headers,
    recorder: Option<Recorder>,
    counts: Arc<OtlpCounts>,
    deadline: Arc<OnceLock<Instant>>,
    stop: Sender<Infallible>,
    /// Disconnected when all is sent.
    ended: Receiver<Infallible>,
}

impl Exporter {
    /// Starts the threads; `None` if the settings have no receiver.
    ///
    /// # Errors
    ///
    /// A header or certificates that cannot be read from their file, and a system without room for a thread.
    pub(crate) fn start(settings: &Otlp, published: &Arc<Published>) -> Result<Option<Self>> {
        let Some(endpoint) = &settings.endpoint else {
            return Ok(None);
        };
        let encryption = Encryption::read(settings)?;
        let headers: Headers = Arc::new(Mutex::new(settings.all_headers()?));
        let counts = Arc::new(OtlpCounts::new(&RESULTS, &Signal::ALL.map(Signal::as_str)));
        published.serving().exports(Arc::clone(&counts));
        let (queue, requests) = RequestQueue::new(settings.queue, Arc::clone(&counts));
        let records = RecordBuffer::new(Arc::clone(&counts));
        let (stop, stopped) = bounded::<Infallible>(0);
        let (due_sender, due) = bounded(1);
        let (alive, ended) = bounded(0);
        let deadline = Arc::new(OnceLock::new());
        let gatherer = Gatherer::new(published, &records, queue, settings.metrics, settings.gzip);
        let mut delivery = Delivery {
            client: Client::new(
                endpoint,
                Arc::clone(&headers),
                Duration::from_millis(settings.timeout_ms),
                encryption,
            ),
            counts: Arc::clone(&counts),
            deadline: Arc::clone(&deadline),
            surroundings: Here(stopped.clone()),
            backoff: Backoff::default(),
            before_failure: None,
            reported_at: None,
        };
        let interval = Duration::from_millis(settings.interval_ms);
        // Many hosts that start at once do not send at once.
        let first = interval.mul_f64(fastrand::f64());
        spawn("pscan-otlp-make", move || {
            gatherer.run(first, interval, due, &stopped);
        })?;
        spawn("pscan-otlp-send", move || {
            delivery.run(&requests);
            drop::<Sender<Infallible>>(alive);
        })?;
        let recorder = Recorder {
            buffer: records,
            due: due_sender,
        };
        Ok(Some(Self {
            headers,
            recorder: settings.logs.then_some(recorder),
            counts,
            deadline,
            stop,
            ended,
        }))
    }

    /// Returns what makes records of batches; `None` if the settings want none.
    pub(crate) fn recorder(&self) -> Option<Recorder> {
        self.recorder.clone()
    }

    /// Reads the headers from their files again, and returns whether one has changed.
    ///
    /// # Errors
    ///
    /// A header that cannot be read. Then all stay as they were.
    pub(crate) fn reload_headers(&self, settings: &Otlp) -> Result<bool> {
        let headers = settings.all_headers()?;
        let mut now = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *now, headers);
        Ok(before != *now)
    }

    /// Sends what is left until this time, and reports what could not be sent.
    pub(crate) fn finish(self, deadline: Instant) {
        let before = self.counts.counts().dropped;
        let _ = self.deadline.set(deadline);
        drop(self.stop);
        // It disconnects if the thread ends in time.
        let in_time = self.ended.recv_deadline(deadline);
        let is_late = matches!(in_time, Err(error) if error.is_timeout());
        let counts = self.counts.counts();
        let lost = |signal: Signal| {
            let count = |all: &std::collections::BTreeMap<&str, u64>| {
                all.get(signal.as_str()).copied().unwrap_or_default()
            };
            count(&counts.dropped) - count(&before)
        };
        let (metrics, logs) = (lost(Signal::Metrics), lost(Signal::Logs));
        if is_late {
            let requests = counts.queue_len + 1;
            remark(&format!(
                "the receiver of OTLP is too slow: up to {requests} requests are not sent"
            ));
        } else if metrics + logs > 0 {
            remark(&format!(
                "the receiver of OTLP has not taken the last {metrics} data points and {logs} log records"
            ));
        }
    }
}

/// This process.
struct Here(Receiver<Infallible>);

impl Surroundings for Here {
    fn wait(&mut self, time: Duration) {
        // It disconnects when the program ends.
        let _ = self.0.recv_timeout(time);
    }

    fn random(&mut self) -> f64 {
        fastrand::f64()
    }

    fn report(&mut self, text: &str) {
        remark(text);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let builder = thread::Builder::new().name(name.into());
    builder
        .spawn(run)
        .map(drop)
        .map_err(|error| Error::from_io("cannot start the export", error))
}
