//! Emits the counts to the `metrics` facade, for the exporter that the agent installs.
//!
//! Without an exporter, each call costs a few nanoseconds. Counters and queue depths are emitted as
//! increments, so several scanners in one program add up. Other gauges have the value of the
//! scanner that emitted last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::observation::{CpuThread, Observation, QueueChange};
use super::tally::in_ns;
use super::{EventCounts, exits_without_usage};
use crate::model::{Batch, BreakerState, Hearing, ListenStep, Pace, Transition};

const SCANS: &str = "pscan_scan_total";
const ERRORS: &str = "pscan_scan_errors_total";
const RETRIES: &str = "pscan_scan_retries_total";
const DURATION: &str = "pscan_scan_duration_seconds";
const DISPATCH: &str = "pscan_scan_dispatch_duration_seconds";
const CPU: &str = "pscan_scan_cpu_microseconds_total";
const INTERVAL: &str = "pscan_scan_interval_seconds";
const INTERVAL_ASKED: &str = "pscan_scan_interval_asked_seconds";
const INTERVAL_CHANGES: &str = "pscan_scan_interval_changes_total";
const BUDGET_EXCEEDED: &str = "pscan_scan_budget_exceeded_total";
const HEARING: &str = "pscan_scan_hearing_state";
const LISTENING: &str = "pscan_scan_listening_state";
const HEARING_LOST: &str = "pscan_scan_hearing_lost_total";
const USAGE: &str = "pscan_scan_usage_state";
const USAGE_LOST: &str = "pscan_scan_usage_lost_total";
const WITHOUT_USAGE: &str = "pscan_scan_exits_without_usage_total";
const HEARD: &str = "pscan_scan_heard_batches_total";
const BREAKER: &str = "pscan_scan_breaker_state";
const BREAKER_OPENED: &str = "pscan_scan_breaker_opened_total";
const PROCESSES: &str = "pscan_scan_processes";
const TABLE: &str = "pscan_scan_table_bytes";
const EVENTS: &str = "pscan_scan_events_total";
const UNSEEN: &str = "pscan_scan_unseen_births_at_most_total";
const UNREADABLE: &str = "pscan_scan_unreadable_fields_total";
const UNREADABLE_BY_FIELD: &str = "pscan_scan_unreadable_total";
const VANISHED: &str = "pscan_scan_vanished_total";
const PANICS: &str = "pscan_scan_consumer_panics_total";
const STALLS: &str = "pscan_scan_consumer_stalls_total";
const DELIVERED: &str = "pscan_scan_batches_delivered_total";
const LOST: &str = "pscan_scan_batches_lost_total";
const LATENCY: &str = "pscan_scan_latency_seconds";
const QUEUE: &str = "pscan_scan_queue_depth";

/// Emits one observation.
pub(super) fn observe(observation: &Observation<'_>) {
    match *observation {
        Observation::Built { interval_ms } => {
            describe();
            interval_asked(interval_ms);
        }
        Observation::IntervalAsked { interval_ms } => interval_asked(interval_ms),
        // The gauge of what is heard shows it.
        Observation::NotListening { .. } => {}
        Observation::Scan(batch) => {
            scan(batch);
            notice(batch);
        }
        Observation::Notice(batch) => notice(batch),
        Observation::Dispatched { took } => histogram!(DISPATCH).record(took),
        Observation::ConsumerPanicked => counter!(PANICS).increment(1),
        Observation::ConsumerStalled => counter!(STALLS).increment(1),
        Observation::CpuUsed { thread, spent } => cpu(thread, spent),
        Observation::Queue { consumer, change } => queue(consumer, change),
    }
}

/// Describes each metric, for exporters that use the descriptions.
fn describe() {
    use Unit::{Bytes, Count, Microseconds, Seconds};
    for (name, unit, text) in [
        (SCANS, Count, "Scans by result: good or failed"),
        (ERRORS, Count, "Failed and stuck scans by class"),
        (RETRIES, Count, "Retried scans"),
        (
            CPU,
            Microseconds,
            "CPU time by thread: scan, dispatch or callbacks",
        ),
        (INTERVAL_CHANGES, Count, "Changes of the interval"),
        (
            BUDGET_EXCEEDED,
            Count,
            "Times the scans began to exceed the CPU budget",
        ),
        (
            HEARING_LOST,
            Count,
            "Times the source ceased to hear all births and exits",
        ),
        (
            USAGE_LOST,
            Count,
            "Times the source ceased to hear what all exited processes used",
        ),
        (WITHOUT_USAGE, Count, "Exits whose usage is unknown"),
        (
            HEARD,
            Count,
            "Batches of what the source heard between scans",
        ),
        (BREAKER_OPENED, Count, "Times the breaker opened"),
        (EVENTS, Count, "Events by kind"),
        (
            UNSEEN,
            Count,
            "Upper limit of processes born and exited between scans",
        ),
        (UNREADABLE, Count, "Fields that could not be read"),
        (
            UNREADABLE_BY_FIELD,
            Count,
            "Values that could not be read, by field",
        ),
        (
            VANISHED,
            Count,
            "Processes that exited between being listed and read",
        ),
        (PANICS, Count, "Callbacks that panicked and were removed"),
        (STALLS, Count, "Times a blocking consumer delayed the scans"),
        (DELIVERED, Count, "Batches received, by consumer"),
        (LOST, Count, "Batches lost, by consumer"),
    ] {
        describe_counter!(name, unit, text);
    }
    for (name, unit, text) in [
        (INTERVAL, Seconds, "Interval in use"),
        (INTERVAL_ASKED, Seconds, "Interval requested"),
        (
            BREAKER,
            Count,
            "1 for the current state of the breaker: closed, open or half_open",
        ),
        (
            HEARING,
            Count,
            "1 for what the source hears now: off, complete, exits, lossy or deaf",
        ),
        (
            LISTENING,
            Count,
            "1 for the current step: prompt, gathered, bare, exits_only or deaf",
        ),
        (
            USAGE,
            Count,
            "1 if the source hears what all exited processes used, else 0",
        ),
        (PROCESSES, Count, "Processes in the table"),
        (TABLE, Bytes, "Heap bytes of the table"),
        (QUEUE, Count, "Batches in the queue, by consumer"),
    ] {
        describe_gauge!(name, unit, text);
    }
    for (name, text) in [
        (DURATION, "Wall time of a scan: reading and comparing"),
        (
            DISPATCH,
            "Time from a finished batch to all queues with room",
        ),
        (
            LATENCY,
            "Time from a finished batch to the consumer that receives it",
        ),
    ] {
        describe_histogram!(name, Seconds, text);
    }
}

fn interval_asked(interval_ms: u64) {
    gauge!(INTERVAL_ASKED).set(interval_ms as f64 / 1e3);
}

fn scan(batch: &Batch) {
    match &batch.failure {
        _ if !batch.of_scan => counter!(HEARD).increment(1),
        None => counter!(SCANS, "result" => "good").increment(1),
        Some(_) => counter!(SCANS, "result" => "failed").increment(1),
    }
    counter!(RETRIES).increment(batch.counts.retries.into());
    counter!(UNREADABLE).increment(batch.counts.unreadable_fields.into());
    for (field, count) in batch.counts.unreadable.iter() {
        counter!(UNREADABLE_BY_FIELD, "field" => field).increment(count.into());
    }
    if let Some(unseen) = batch.counts.unseen_at_most {
        counter!(UNSEEN).increment(unseen);
    }
    if let Some(vanished) = batch.counts.vanished {
        counter!(VANISHED).increment(vanished.into());
    }
    let events = EventCounts::of(batch);
    for (kind, count) in [
        ("existing", events.existing),
        ("created", events.created),
        ("updated", events.updated),
        ("exited", events.exited),
    ] {
        counter!(EVENTS, "kind" => kind).increment(count);
    }
    counter!(WITHOUT_USAGE).increment(exits_without_usage(batch));
    gauge!(PROCESSES).set(batch.counts.processes);
    gauge!(TABLE).set(batch.counts.table_bytes as f64);
    if batch.of_scan {
        histogram!(DURATION).record(Duration::from_micros(batch.cost.scan_us));
    }
}

fn notice(batch: &Batch) {
    if let Some(failure) = &batch.failure {
        counter!(ERRORS, "class" => failure.class().as_str()).increment(1);
    }
    if let Some(pace) = batch.pace {
        self::pace(pace);
    }
    for state in [
        Hearing::Off,
        Hearing::Complete,
        Hearing::Exits,
        Hearing::Lossy,
        Hearing::Deaf,
    ] {
        gauge!(HEARING, "state" => state.as_str()).set(u8::from(state == batch.hearing));
    }
    if let Some(usage) = &batch.usage {
        gauge!(USAGE).set(u8::from(usage.is_complete));
    }
    if batch.full && batch.hearing != Hearing::Off {
        listening(ListenStep::default());
    }
    for transition in &batch.transitions {
        match transition {
            Transition::Interval { .. } => counter!(INTERVAL_CHANGES).increment(1),
            Transition::Budget { exceeded, .. } => {
                counter!(BUDGET_EXCEEDED).increment((*exceeded).into());
            }
            Transition::Hearing { to, .. } => {
                let is_lost = matches!(to, Hearing::Lossy | Hearing::Deaf);
                counter!(HEARING_LOST).increment(is_lost.into());
            }
            Transition::Listening { to, .. } => listening(*to),
            Transition::Usage { to, .. } => counter!(USAGE_LOST).increment((!*to).into()),
            Transition::Breaker { to, .. } => {
                breaker(*to);
                counter!(BREAKER_OPENED).increment((*to == BreakerState::Open).into());
            }
        }
    }
}

fn listening(now: ListenStep) {
    for state in ListenStep::ALL {
        gauge!(LISTENING, "state" => state.as_str()).set(u8::from(state == now));
    }
}

fn pace(pace: Pace) {
    gauge!(INTERVAL).set(pace.interval_ms as f64 / 1e3);
    breaker(pace.breaker);
}

fn breaker(now: BreakerState) {
    for state in [
        BreakerState::Closed,
        BreakerState::Open,
        BreakerState::HalfOpen,
    ] {
        gauge!(BREAKER, "state" => state.as_str()).set(u8::from(state == now));
    }
}

/// Emits whole microseconds of the sum, so that rounding loses nothing.
fn cpu(thread: CpuThread, spent: Duration) {
    static USED_NS: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
    let name = match thread {
        CpuThread::Scan => "scan",
        CpuThread::Dispatch => "dispatch",
        CpuThread::Callbacks => "callbacks",
    };
    let spent_ns = in_ns(spent);
    let before_ns = USED_NS[thread as usize].fetch_add(spent_ns, Ordering::Relaxed);
    let now_ns = before_ns.saturating_add(spent_ns);
    counter!(CPU, "thread" => name).increment(now_ns / 1000 - before_ns / 1000);
}

fn queue(consumer: Option<&str>, change: QueueChange) {
    let consumer = label(consumer);
    let deeper = |by: f64| gauge!(QUEUE, "consumer" => consumer.clone()).increment(by);
    match change {
        QueueChange::Put => deeper(1.0),
        QueueChange::Taken { age } => {
            deeper(-1.0);
            counter!(DELIVERED, "consumer" => consumer.clone()).increment(1);
            histogram!(LATENCY, "consumer" => consumer).record(age);
        }
        QueueChange::Lost => counter!(LOST, "consumer" => consumer).increment(1),
        QueueChange::Abandoned { waiting } => deeper(-(waiting as f64)),
    }
}

/// Unnamed consumers share one label. Their ids would add a label for each that comes and goes,
/// forever.
fn label(name: Option<&str>) -> String {
    name.unwrap_or("unnamed").to_owned()
}
