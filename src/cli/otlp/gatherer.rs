//! Makes requests of metrics and records, in time.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};
use process_scanner::Timestamp;

use super::data_points;
use super::metric_parts;
use super::otlp_messages::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, Metric, Resource, ResourceLogs,
    ResourceMetrics, ScopeLogs, ScopeMetrics,
};
use super::otlp_resource::{SCHEMA_URL, resource, scope};
use super::record_buffer::{PER_REQUEST, RecordBuffer};
use super::request_queue::{Request, RequestQueue};
use super::starts::Starts;
use crate::cli::exposition::Published;
use crate::cli::settings::Otlp;

/// Where requests go.
pub(super) struct Queues {
    /// `None` if metrics are not sent.
    pub(super) metrics: Option<RequestQueue>,
    /// `None` if log records are not sent.
    pub(super) logs: Option<RequestQueue>,
}

/// The thread that makes requests. It never waits for the receiver, but at the end.
pub(super) struct Gatherer {
    published: Arc<Published>,
    records: Arc<RecordBuffer>,
    queues: Queues,
    /// When sending must end. It is set when the program ends.
    deadline: Arc<OnceLock<Instant>>,
    is_gzip: bool,
    resource: Resource,
    starts: Starts,
}

impl Gatherer {
    pub(super) fn new(
        published: &Arc<Published>,
        records: &Arc<RecordBuffer>,
        queues: Queues,
        deadline: &Arc<OnceLock<Instant>>,
        settings: &Otlp,
    ) -> Self {
        Self {
            published: Arc::clone(published),
            records: Arc::clone(records),
            queues,
            deadline: Arc::clone(deadline),
            is_gzip: settings.gzip,
            resource: resource(&settings.resource),
            starts: Starts::new(now_ns()),
        }
    }

    /// Makes requests until `stop` is dropped, and the last ones then.
    ///
    /// `first`: the time until the first metrics. `due`: reports that there are records for a request, or that
    /// there is room for one.
    pub(super) fn run(
        mut self,
        first: Duration,
        interval: Duration,
        mut due: Receiver<()>,
        stop: &Receiver<Infallible>,
    ) {
        let mut next = Instant::now() + first;
        loop {
            let timer = at(next);
            select! {
                recv(stop) -> _ => break,
                recv(due) -> more => match more {
                    Ok(()) => self.logs(PER_REQUEST),
                    // No batch can come any more.
                    Err(_) => due = never(),
                },
                recv(timer) -> _ => {
                    self.metrics();
                    self.logs(1);
                    // After a suspend one is enough.
                    next = (next + interval).max(Instant::now());
                }
            }
        }
        self.metrics();
        self.last_logs();
    }

    fn metrics(&mut self) {
        let Some(queue) = &self.queues.metrics else {
            return;
        };
        let report = self.published.groups().report();
        let counted = self.published.metrics();
        let sent = queue.counts();
        let metrics = data_points::metrics(&report, &counted, &sent, &mut self.starts, now_ns());
        let parts = metric_parts::parts(metrics).into_iter();
        queue.push(parts.map(|part| self.metrics_request(part)).collect());
    }

    fn metrics_request(&self, metrics: Vec<Metric>) -> Request {
        let count = data_points::count(&metrics);
        let message = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(scope()),
                    metrics,
                    schema_url: SCHEMA_URL.to_owned(),
                }],
                schema_url: SCHEMA_URL.to_owned(),
            }],
        };
        Request::new(count, &message, self.is_gzip)
    }

    /// Makes requests as long as there are at least so many records.
    ///
    /// While the queue is full, records wait in the buffer until that has no room either.
    fn logs(&self, at_least: usize) {
        let Some(queue) = &self.queues.logs else {
            return;
        };
        while queue.has_room() || self.records.is_half_full() {
            let Some(records) = self.records.take(at_least) else {
                break;
            };
            queue.push(vec![self.logs_request(records)]);
        }
    }

    /// Makes requests of all records that are left. The receiver has until the deadline to make room.
    fn last_logs(&self) {
        let Some(queue) = &self.queues.logs else {
            return;
        };
        let deadline = self.deadline.get().copied().unwrap_or_else(Instant::now);
        while let Some(records) = self.records.take(1) {
            queue.push_until(deadline, vec![self.logs_request(records)]);
        }
    }

    fn logs_request(&self, log_records: Vec<Vec<u8>>) -> Request {
        let count = log_records.len() as u64;
        let message = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(self.resource.clone()),
                scope_logs: vec![ScopeLogs {
                    scope: Some(scope()),
                    log_records,
                    schema_url: SCHEMA_URL.to_owned(),
                }],
                schema_url: SCHEMA_URL.to_owned(),
            }],
        };
        Request::new(count, &message, self.is_gzip)
    }
}

/// Returns the time in nanoseconds since the Unix epoch.
fn now_ns() -> u64 {
    Timestamp::now().wall_ms.saturating_mul(1_000_000)
}
