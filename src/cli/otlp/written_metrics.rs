//! Metrics as messages, with their kind and unit.

use super::metric_families::description;
use super::otlp_messages::{
    CUMULATIVE, Data, Gauge, KeyValue, Metric, Number, NumberDataPoint, Sum,
};

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sum that never falls while its start stays.
    Counter,
    /// A sum that can fall.
    UpDown,
    Gauge,
}

/// Metrics with their data points.
pub(super) struct Written {
    pub(super) metrics: Vec<Metric>,
    /// The time of all data points, in nanoseconds since the Unix epoch.
    now: u64,
}

/// Attributes, start, and value of a data point.
type Point = (Vec<KeyValue>, u64, Number);

impl Written {
    /// Begins without metrics.
    pub(super) fn new(now: u64) -> Self {
        Self {
            metrics: Vec::new(),
            now,
        }
    }

    /// Adds a metric, unless it has no data points.
    pub(super) fn metric(
        &mut self,
        kind: Kind,
        (name, unit): (&str, &str),
        points: impl IntoIterator<Item = Point>,
    ) {
        let points = points.into_iter().map(|(attributes, start, value)| {
            let start = if kind == Kind::Gauge { 0 } else { start };
            NumberDataPoint {
                start_time_unix_nano: start,
                time_unix_nano: self.now,
                value: Some(value),
                attributes,
            }
        });
        let data_points: Vec<_> = points.collect();
        if data_points.is_empty() {
            return;
        }
        let data = match kind {
            Kind::Gauge => Data::Gauge(Gauge { data_points }),
            kind => Data::Sum(Sum {
                data_points,
                aggregation_temporality: CUMULATIVE,
                is_monotonic: kind == Kind::Counter,
            }),
        };
        self.metrics.push(Metric {
            name: name.to_owned(),
            description: description(name).to_owned(),
            unit: unit.to_owned(),
            data: Some(data),
        });
    }
}
