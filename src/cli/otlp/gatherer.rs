//! Makes requests of metrics and records, in time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};
use process_scanner::Timestamp;

use super::data_points::{self, Starts};
use super::otlp_messages::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, Resource, ResourceLogs, ResourceMetrics,
    ScopeLogs, ScopeMetrics,
};
use super::otlp_resource::{resource, scope};
use super::record_buffer::{PER_REQUEST, RecordBuffer};
use super::request_queue::{Request, RequestQueue, Signal};
use crate::cli::exposition::Published;

/// The thread that makes requests. It never waits for the receiver.
pub(super) struct Gatherer {
    published: Arc<Published>,
    records: Arc<RecordBuffer>,
    queue: RequestQueue,
    has_metrics: bool,
    is_gzip: bool,
    resource: Resource,
    starts: Starts,
}

impl Gatherer {
    pub(super) fn new(
        published: &Arc<Published>,
        records: &Arc<RecordBuffer>,
        queue: RequestQueue,
        has_metrics: bool,
        is_gzip: bool,
    ) -> Self {
        Self {
            published: Arc::clone(published),
            records: Arc::clone(records),
            queue,
            has_metrics,
            is_gzip,
            resource: resource(),
            starts: Starts::new(now_ns()),
        }
    }

    /// Makes requests until `stop` is dropped, and the last ones then.
    ///
    /// `first`: the time until the first metrics. `due`: reports that there are records for a request.
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
        self.logs(1);
    }

    fn metrics(&mut self) {
        if !self.has_metrics {
            return;
        }
        let report = self.published.groups().report();
        let counted = self.published.metrics();
        let sent = self.queue.counts();
        let metrics = data_points::metrics(&report, &counted, &sent, &mut self.starts, now_ns());
        let count = data_points::count(&metrics);
        let message = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(scope()),
                    metrics,
                }],
            }],
        };
        let request = Request::new(Signal::Metrics, count, &message, self.is_gzip);
        self.queue.push(request);
    }

    /// Makes requests as long as there are at least so many records.
    fn logs(&self, at_least: usize) {
        while let Some(log_records) = self.records.take(at_least) {
            let count = log_records.len() as u64;
            let message = ExportLogsServiceRequest {
                resource_logs: vec![ResourceLogs {
                    resource: Some(self.resource.clone()),
                    scope_logs: vec![ScopeLogs {
                        scope: Some(scope()),
                        log_records,
                    }],
                }],
            };
            let request = Request::new(Signal::Logs, count, &message, self.is_gzip);
            self.queue.push(request);
        }
    }
}

/// Returns the time in nanoseconds since the Unix epoch.
fn now_ns() -> u64 {
    Timestamp::now().wall_ms.saturating_mul(1_000_000)
}
