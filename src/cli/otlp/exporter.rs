//! The threads of the export, from start to end.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use process_scanner::{Error, Result};

use super::Encryption;
use super::delivery::{Delivery, RESULTS, Surroundings};
use super::gatherer::{Gatherer, Queues};
use super::http_client::{Client, Headers};
use super::record_buffer::{RecordBuffer, Recorder};
use super::request_queue::{RequestQueue, Signal};
use crate::cli::exposition::{OtlpCounts, Published};
use crate::cli::outcome::warn;
use crate::cli::settings::Otlp;

/// Sends metrics and records to a receiver, from three threads.
///
/// One makes requests in time. Two send them, one for each signal, so that a slow receiver delays neither scans
/// nor requests nor the other signal. Dropping it ends all without waiting.
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
        let urls = [settings.metrics_url(), settings.logs_url()];
        if urls.iter().all(Option::is_none) {
            return Ok(None);
        }
        let encryption = Encryption::read(settings)?;
        let headers: Headers = Arc::new(Mutex::new(settings.all_headers()?));
        let counts = Arc::new(OtlpCounts::new(&RESULTS, &Signal::ALL.map(Signal::as_str)));
        published.serving().exports(Arc::clone(&counts));
        let records = RecordBuffer::new(Arc::clone(&counts));
        let (stop, stopped) = bounded::<Infallible>(0);
        let (due_sender, due) = bounded(1);
        let (alive, ended) = bounded(0);
        let deadline = Arc::new(OnceLock::new());
        let mut queues = [None, None];
        let mut deliveries = Vec::new();
        for ((signal, url), queue) in Signal::ALL.into_iter().zip(&urls).zip(&mut queues) {
            let Some(url) = url else { continue };
            let (len, counts) = (settings.queue, Arc::clone(&counts));
            let room = due_sender.clone();
            let (start, end) = RequestQueue::new(signal, len, Arc::clone(&counts), room);
            *queue = Some(start);
            let timeout = Duration::from_millis(settings.timeout_ms);
            let client = Client::new(url, Arc::clone(&headers), timeout, encryption.clone());
            let surroundings = Here(stopped.clone());
            let deadline = Arc::clone(&deadline);
            let delivery = Delivery::new(client, signal, counts, deadline, surroundings);
            deliveries.push((signal, delivery, end));
        }
        let [metrics, logs] = queues;
        let recorder = logs.is_some().then(|| Recorder {
            buffer: Arc::clone(&records),
            due: due_sender,
            events: settings.log_events.clone().into(),
        });
        let queues = Queues { metrics, logs };
        let gatherer = Gatherer::new(published, &records, queues, &deadline, settings);
        let interval = Duration::from_millis(settings.interval_ms);
        // Many hosts that start at once do not send at once.
        let first = interval.mul_f64(fastrand::f64());
        spawn("pscan-otlp-make", move || {
            gatherer.run(first, interval, due, &stopped);
        })?;
        for (signal, mut delivery, end) in deliveries {
            let alive = alive.clone();
            spawn(&format!("pscan-{}", signal.as_str()), move || {
                delivery.run(&end);
                drop::<Sender<Infallible>>(alive);
            })?;
        }
        Ok(Some(Self {
            headers,
            recorder,
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
        let before = Signal::ALL.map(|signal| self.counts.dropped_of(signal.as_str()));
        let _ = self.deadline.set(deadline);
        drop(self.stop);
        // It disconnects if the thread ends in time.
        let in_time = self.ended.recv_deadline(deadline);
        let is_late = matches!(in_time, Err(error) if error.is_timeout());
        let now = Signal::ALL.map(|signal| self.counts.dropped_of(signal.as_str()));
        let (metrics, logs) = (now[0] - before[0], now[1] - before[1]);
        let waiting = self.counts.counts().waiting;
        // A thread that has ended by a bug leaves requests.
        if is_late || waiting.values().any(|count| *count > 0) {
            // One of each signal is on its way.
            let [metrics, logs] = Signal::ALL.map(|signal| waiting[signal.as_str()] + 1);
            warn(&format!(
                "the receiver of OTLP is too slow: the metrics of up to {metrics} moments, and up to {logs} log \
                 requests are not sent"
            ));
        } else if metrics + logs > 0 {
            warn(&format!(
                "the receiver of OTLP has not accepted the last {metrics} data points and {logs} log records"
            ));
        }
    }
}

/// This process.
struct Here(Receiver<Infallible>);

impl Surroundings for Here {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wait(&mut self, time: Duration) {
        // It disconnects when the program ends.
        let _ = self.0.recv_timeout(time);
    }

    fn random(&mut self) -> f64 {
        fastrand::f64()
    }

    fn report(&mut self, text: &str) {
        warn(text);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let builder = thread::Builder::new().name(name.into());
    builder
        .spawn(run)
        .map(drop)
        .map_err(|error| Error::from_io("cannot start the export", error))
}
