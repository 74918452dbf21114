//! Divides metrics into requests: a receiver refuses one of more than some MB.

use prost::Message;

use super::otlp_messages::{Data, Gauge, Metric, NumberDataPoint, Sum};

/// Bytes of the data points of a request, about.
const MAX_BYTES: usize = 1 << 20;

/// Divides metrics into parts, in order. A metric can be in several, with other data points.
pub(super) fn parts(metrics: Vec<Metric>) -> Vec<Vec<Metric>> {
    parts_of(metrics, MAX_BYTES)
}

fn parts_of(metrics: Vec<Metric>, max_bytes: usize) -> Vec<Vec<Metric>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for metric in metrics {
        let mut taken = Vec::new();
        let (points, without_points) = taken_apart(metric);
        for point in points {
            let len = point.encoded_len();
            if bytes + len > max_bytes && bytes > 0 {
                if !taken.is_empty() {
                    part.push(with_points(&without_points, std::mem::take(&mut taken)));
                }
                parts.push(std::mem::take(&mut part));
                bytes = 0;
            }
            bytes += len;
            taken.push(point);
        }
        if !taken.is_empty() {
            part.push(with_points(&without_points, taken));
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Returns the data points of a metric, and the metric without them.
fn taken_apart(mut metric: Metric) -> (Vec<NumberDataPoint>, Metric) {
    let points = match &mut metric.data {
        Some(Data::Gauge(gauge)) => std::mem::take(&mut gauge.data_points),
        Some(Data::Sum(sum)) => std::mem::take(&mut sum.data_points),
        None => Vec::new(),
    };
    (points, metric)
}

fn with_points(metric: &Metric, data_points: Vec<NumberDataPoint>) -> Metric {
    let data = metric.data.as_ref().map(|data| match data {
        Data::Gauge(_) => Data::Gauge(Gauge { data_points }),
        Data::Sum(sum) => Data::Sum(Sum {
            data_points,
            ..sum.clone()
        }),
    });
    Metric {
        data,
        ..metric.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::data_points::count;
    use super::super::written_metrics::{Kind, Written};
    use super::*;

    #[test]
    fn parts_have_all_points_in_order_and_are_small() {
        let mut written = Written::new(9);
        for (kind, name) in [
            (Kind::Counter, "process.cpu.time"),
            (Kind::Gauge, "pscan.group.oldest_start_time"),
        ] {
            let points = (0..10_u64).map(|n| (Vec::new(), 5, n.into()));
            written.metric(kind, (name, "s"), points);
        }
        let whole = written.metrics;
        assert_eq!(parts(whole.clone()), std::slice::from_ref(&whole));
        let len = taken_apart(whole[0].clone()).0[1].encoded_len();
        let small = parts_of(whole.clone(), 7 * len);
        assert_eq!(small.len(), 3);
        assert_eq!(small.iter().map(|part| count(part)).sum::<u64>(), 20);
        let joined = |name: &str| {
            let metrics = small.iter().flatten().filter(|metric| metric.name == name);
            let points = metrics.flat_map(|metric| taken_apart(metric.clone()).0);
            points.collect::<Vec<_>>()
        };
        for metric in &whole {
            assert_eq!(joined(&metric.name), taken_apart(metric.clone()).0);
        }
        for metric in small.iter().flatten() {
            let (_, without_points) = taken_apart(metric.clone());
            let same = whole.iter().find(|whole| whole.name == metric.name);
            let same = same.cloned().map(taken_apart).expect("the metric").1;
            assert_eq!(without_points, same);
        }
        // One that is too large is alone.
        assert_eq!(parts_of(whole, 1).len(), 20);
        assert!(parts(Vec::new()).is_empty());
    }
}
