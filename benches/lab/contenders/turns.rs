//! Compare contenders that scan in turns, at the default interval: what is read by time counts as much as in a
//! scanner.

use std::error::Error;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::contender::Contender;
use crate::measure::cost::Cost;
use crate::measure::scan::WARM_UP_SCANS;
use crate::statistics::median;

/// A round begins so long after the one before.
const INTERVAL: Duration = Duration::from_secs(1);

/// The result of one contender.
pub(crate) struct Compared {
    pub(crate) name: &'static str,
    /// The most that any contender found in a round; the median of the rounds.
    pub(crate) processes: f64,
    pub(crate) cpu_us: Option<f64>,
    pub(crate) wall_us: f64,
    /// The ratio to the first contender in the same round; the median of the rounds.
    pub(crate) cpu_ratio: Option<f64>,
    pub(crate) wall_ratio: f64,
    pub(crate) scans: u64,
    pub(crate) failed: u64,
}

/// Lets each contender scan once in each round.
pub(crate) fn compare(
    contenders: &mut [Box<dyn Contender>],
    rounds: usize,
    mut before_round: impl FnMut() -> io::Result<()>,
) -> Result<Vec<Compared>, Box<dyn Error>> {
    let len = contenders.len();
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); len];
    let mut failed = vec![0; len];
    let mut processes = Vec::new();
    let mut next = Instant::now();
    for round in 0..rounds + WARM_UP_SCANS {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        next = Instant::now() + INTERVAL;
        before_round()?;
        let mut found = 0;
        for turn in 0..len {
            // Another contender is first in each round: the first one finds cold caches.
            let index = (turn + round) % len;
            let scan = contenders[index].scan()?;
            failed[index] += u64::from(scan.has_failed);
            found = found.max(scan.processes.unwrap_or(0));
            if round >= WARM_UP_SCANS {
                costs[index].push(scan.cost);
            }
        }
        processes.push(found as f64);
    }
    let processes = median(processes);
    let ratios = |costs: &[Cost], base: &[Cost], of: fn(&Cost) -> Option<f64>| {
        let ratio = |(cost, base)| Some(of(cost)? / of(base)?);
        let ratios: Option<Vec<f64>> = costs.iter().zip(base).map(ratio).collect();
        ratios.map(median)
    };
    let compared = contenders.iter().zip(&costs).zip(failed);
    let compared = compared.map(|((contender, own), failed)| Compared {
        name: contender.name(),
        processes,
        cpu_us: own
            .iter()
            .map(|cost| cost.cpu_us)
            .collect::<Option<_>>()
            .map(median),
        wall_us: median(own.iter().map(|cost| cost.wall_us).collect()),
        cpu_ratio: ratios(own, &costs[0], |cost| cost.cpu_us),
        wall_ratio: ratios(own, &costs[0], |cost| Some(cost.wall_us)).unwrap_or(f64::NAN),
        scans: (rounds + WARM_UP_SCANS) as u64,
        failed,
    });
    Ok(compared.collect())
}
