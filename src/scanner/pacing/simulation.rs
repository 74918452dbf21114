//! The promises of the budget, on hosts made up of costs.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::costs::ScanCost;
use super::governor::Governor;
use super::ledger::WINDOW;

const BUDGET_PERCENT: f64 = 0.75;
const MINUTE: Duration = Duration::from_secs(60);

/// What reading a process costs for the first time, and again and again: about what `/proc`
/// charges.
const FIRST_READ: Duration = Duration::from_micros(57);
const SETTLED_READ: Duration = Duration::from_micros(4);

/// A scan as it was made.
#[derive(Debug, Clone, Copy)]
struct Made {
    at: Duration,
    cost: Duration,
}

fn governor(requested_ms: u64, percent: f64) -> Governor {
    Governor::new(Duration::from_millis(requested_ms), None, Some(percent))
}

/// Makes scans of these costs, each as long after the one before as the governor says.
fn play(governor: &mut Governor, costs: impl IntoIterator<Item = ScanCost>) -> Vec<Made> {
    let mut at = Duration::ZERO;
    let mut made = Vec::new();
    for cost in costs {
        let total = cost.first_reads + cost.settled;
        made.push(Made { at, cost: total });
        governor.record(at, cost);
        at += governor.interval();
    }
    made
}

fn budget(time: Duration) -> Duration {
    time.mul_f64(BUDGET_PERCENT / 100.0)
}

/// Returns the most that scans used of the budget of this length, in any window of it.
fn worst_share(made: &[Made], window: Duration) -> f64 {
    let (mut oldest, mut spent, mut worst) = (0, Duration::ZERO, Duration::ZERO);
    for scan in made {
        spent += scan.cost;
        while made[oldest].at + window <= scan.at {
            spent -= made[oldest].cost;
            oldest += 1;
        }
        worst = worst.max(spent);
    }
    worst.as_secs_f64() / budget(window).as_secs_f64()
}

/// A host with so many processes, of which some are new in each scan.
fn host(processes: u32, births: &[u32], noise: &[f64]) -> Vec<ScanCost> {
    let mut first = processes;
    let mut costs = Vec::new();
    for (&births, &noise) in births.iter().zip(noise) {
        costs.push(ScanCost {
            first_reads: FIRST_READ * first,
            settled: (SETTLED_READ * processes.saturating_sub(first)).mul_f64(noise),
        });
        first = births;
    }
    costs
}

fn persistence() -> ProptestConfig {
    ProptestConfig {
        cases: 32,
        ..ProptestConfig::with_failure_persistence(FileFailurePersistence::Direct(
            "tests/proptest-regressions/budget.txt",
        ))
    }
}

/// Scans a host for an hour and a half on which processes are born at a steady rate and live as
/// long as each other. Returns the longest and the last interval in seconds, and the worst ten
/// minutes.
fn play_births(processes: u32, births_per_s: f64, life_s: f64) -> (f64, f64, f64) {
    let mut governor = governor(1000, BUDGET_PERCENT);
    let (mut at, mut made) = (Duration::ZERO, Vec::new());
    let mut first_reads = FIRST_READ * processes;
    let mut settled = Duration::ZERO;
    while at < Duration::from_secs(5400) {
        governor.record(
            at,
            ScanCost {
                first_reads,
                settled,
            },
        );
        made.push(Made {
            at,
            cost: first_reads + settled,
        });
        let interval = governor.interval();
        // The others that were born since the last scan have ended.
        let alive_s = interval.as_secs_f64().min(life_s);
        first_reads = FIRST_READ.mul_f64(births_per_s * alive_s);
        settled = SETTLED_READ * processes;
        at += interval;
    }
    let intervals = made.windows(2).map(|pair| pair[1].at - pair[0].at);
    let longest = intervals.max().unwrap_or_default();
    let last = governor.interval();
    let worst = worst_share(&made, WINDOW);
    (longest.as_secs_f64(), last.as_secs_f64(), worst)
}

proptest! {
    #![proptest_config(persistence())]

    #[test]
    fn steady_births_lengthen_the_interval_gradually(
        processes in 100..10_000_u32,
        births_per_s in 0.0..65.0_f64,
        life_s in 0.5..20.0_f64,
    ) {
        let (longest_s, last_s, worst) = play_births(processes, births_per_s, life_s);
        prop_assert!(worst <= 1.02, "{worst}");
        // First reads use up to half of the budget; half is left for the rest.
        let needed_s = (SETTLED_READ * processes).as_secs_f64() / (BUDGET_PERCENT / 100.0);
        let needed_s = needed_s.max(1.0);
        prop_assert!(last_s <= needed_s * 4.0, "{last_s} s for {needed_s} s");
        prop_assert!(longest_s <= needed_s * 8.0, "{longest_s} s for {needed_s} s");
    }

    #[test]
    fn a_storm_of_births_does_not_blind_the_scanner(
        processes in 100..3000_u32,
        births_per_s in 100.0..2000.0_f64,
        life_s in 0.05..1.0_f64,
    ) {
        let (longest_s, _, worst) = play_births(processes, births_per_s, life_s);
        prop_assert!(worst <= 1.02, "{worst}");
        // How long they live is known only once the interval is longer than that.
        prop_assert!(longest_s <= 75.0, "{longest_s} s");
    }

    #[test]
    fn ten_minutes_hold_the_budget_with_the_first_scan_in_it(
        requested_ms in 50..5000_u64,
        processes in 1..75_000_u32,
        noise in proptest::collection::vec(0.92..1.08_f64, 1500),
    ) {
        // The first scan fits the credit.
        prop_assert!(FIRST_READ * processes < budget(WINDOW));
        let costs = host(processes, &[0; 1500], &noise);
        let made = play(&mut governor(requested_ms, BUDGET_PERCENT), costs);
        let worst = worst_share(&made, WINDOW);
        // Nothing was known of the cost of the second scan when it was made.
        let unknown = made[1].cost.as_secs_f64() / budget(WINDOW).as_secs_f64();
        prop_assert!(worst <= 1.0 + unknown, "{worst}");
    }

    #[test]
    fn a_minute_of_settled_scans_uses_the_budget_and_one_scan_at_most(
        requested_ms in 50..5000_u64,
        processes in 1..20_000_u32,
        noise in proptest::collection::vec(0.92..1.08_f64, 600),
    ) {
        let costs = host(processes, &[0; 600], &noise);
        let made = play(&mut governor(requested_ms, BUDGET_PERCENT), costs);
        let settled = &made[10..];
        let one_scan = (SETTLED_READ * processes).mul_f64(1.08);
        let at_most = 1.0 + one_scan.as_secs_f64() / budget(MINUTE).as_secs_f64();
        let worst = worst_share(settled, MINUTE);
        prop_assert!(worst <= at_most, "{worst} of {at_most}");
    }

    #[test]
    fn whatever_scans_cost_only_one_can_exceed_the_credit(
        requested_ms in 50..5000_u64,
        costs in proptest::collection::vec((0..400_000_u64, 0..1_000_000_u64), 300),
    ) {
        let costs: Vec<_> = costs
            .into_iter()
            .map(|(first_us, settled_us)| ScanCost {
                first_reads: Duration::from_micros(first_us),
                settled: Duration::from_micros(settled_us),
            })
            .collect();
        let made = play(&mut governor(requested_ms, BUDGET_PERCENT), costs);
        for (last, scan) in made.iter().enumerate() {
            let inside = made[..last].iter().rev();
            let inside = inside.take_while(|before| before.at + WINDOW > scan.at);
            let spent: Duration = inside.map(|before| before.cost).sum();
            prop_assert!(spent <= budget(WINDOW), "{spent:?} before {scan:?}");
        }
    }

    #[test]
    fn crowds_are_paid_from_the_credit(
        processes in 100..4000_u32,
        births in proptest::collection::vec(prop_oneof![9 => Just(0_u32), 1 => 0..1500_u32], 600),
    ) {
        let costs = host(processes, &births, &[1.0; 600]);
        let largest = costs[1..].iter().map(|cost| cost.first_reads).max().unwrap_or_default();
        let made = play(&mut governor(1000, BUDGET_PERCENT), costs);
        // A crowd is not known before it has been read.
        let at_most = 1.0 + (largest + made[1].cost).as_secs_f64() / budget(WINDOW).as_secs_f64();
        let worst = worst_share(&made, WINDOW);
        prop_assert!(worst <= at_most, "{worst} of {at_most}");
    }

    #[test]
    fn costs_that_differ_a_little_do_not_swing_the_interval(
        processes in 100..20_000_u32,
        noise in proptest::collection::vec(0.92..1.08_f64, 600),
    ) {
        let mut governor = governor(50, BUDGET_PERCENT);
        let (mut at, mut changes) = (Duration::ZERO, 0);
        for (scan, cost) in host(processes, &[0; 600], &noise).into_iter().enumerate() {
            let change = governor.record(at, cost);
            changes += u32::from(scan > 20 && change.is_some());
            at += governor.interval();
        }
        prop_assert!(changes <= 5, "{changes} changes");
    }
}

#[test]
fn a_large_host_is_scanned_often_from_the_second_scan_on() {
    for (processes, at_most_ms) in [
        (500, 1000),
        (2000, 1300),
        (2500, 2000),
        (6000, 4500),
        (10_000, 8000),
    ] {
        let mut governor = governor(1000, BUDGET_PERCENT);
        for (scan, cost) in host(processes, &[0; 400], &[1.0; 400])
            .into_iter()
            .enumerate()
        {
            governor.record(governor.interval() * scan as u32, cost);
            let interval_ms = governor.interval().as_millis();
            assert!(
                interval_ms <= at_most_ms,
                "{processes}: {interval_ms} ms after scan {scan}"
            );
        }
    }
}

#[test]
fn a_first_scan_above_the_credit_is_made_and_reported_and_waits_for_its_end() {
    let mut governor = governor(1000, 0.01);
    let costs = host(100_000, &[0; 8], &[1.0; 8]);
    governor.record(Duration::ZERO, costs[0]);
    let change = governor.budget_change().expect("it is exceeded");
    assert!(change.is_exceeded);
    assert!(
        change.reason.contains("5700ms of CPU time in ten minutes"),
        "{}",
        change.reason
    );
    assert!(governor.interval() >= WINDOW - Duration::from_secs(1));
    assert!(governor.budget_change().is_none());
    governor.record(WINDOW, costs[1]);
    // One scan costs more than ten minutes' budget: it holds in the long run.
    assert!(governor.interval() >= Duration::from_secs(4000));
}

#[test]
fn a_budget_that_holds_is_not_reported_as_exceeded() {
    let max = Duration::from_secs(2);
    let mut governor = Governor::new(Duration::from_secs(1), Some(max), Some(BUDGET_PERCENT));
    let first = ScanCost {
        first_reads: Duration::from_secs(3),
        settled: Duration::ZERO,
    };
    let settled = ScanCost {
        first_reads: Duration::ZERO,
        settled: Duration::from_millis(5),
    };
    let mut at = Duration::ZERO;
    governor.record(at, first);
    for _ in 0..1000 {
        // The rest of the credit is not enough for an interval of a second, but lasts for now.
        let has_changed = governor.budget_change().is_some();
        let spent = first.total() + settled.total() * (at.as_secs() as u32);
        assert!(!has_changed || spent > budget(WINDOW), "at {at:?}");
        at += governor.interval();
        governor.record(at, settled);
    }
}

#[test]
fn the_interval_never_grows_beyond_its_maximum_and_that_is_reported() {
    let max = Duration::from_secs(2);
    let mut governor = Governor::new(Duration::from_secs(1), Some(max), Some(BUDGET_PERCENT));
    let costs = host(10_000, &[0; 30], &[1.0; 30]);
    let mut at = Duration::ZERO;
    let mut reported = Vec::new();
    for cost in costs {
        governor.record(at, cost);
        reported.extend(governor.budget_change());
        assert!(governor.interval() <= max);
        at += governor.interval();
    }
    assert_eq!(reported.len(), 1);
    assert!(reported[0].is_exceeded);
    assert_eq!(
        reported[0].reason,
        "scans every 2000ms, the longest interval allowed, use 2.00 % of one core, and the \
         budget is 0.75 %"
    );
    // The processes exit.
    for _ in 0..400 {
        governor.record(at, ScanCost::default());
        reported.extend(governor.budget_change());
        at += governor.interval();
    }
    assert_eq!(reported.len(), 2);
    assert!(!reported[1].is_exceeded);
    assert_eq!(governor.interval(), Duration::from_secs(1));
}
