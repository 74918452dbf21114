//! What a scanner uses on a large host with default settings: the command, and the library beside it.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::plan::Plan;
use crate::crowd::children::Children;
use crate::crowd::room;
use crate::host::watch::{Watching, megabytes};
use crate::lives::watcher::{Setting, Watcher};

pub(super) const PROMISES: &[&str] = &["cpu", "library-cpu", "memory"];

/// After this time all children are idle, and ten scans have settled the interval.
const SETTLE: Duration = Duration::from_secs(30);
const QUICK_SETTLE: Duration = Duration::from_secs(3);

pub(super) fn measure(plan: &Plan) -> Result<Vec<Finding>, Box<dyn Error>> {
    if let Err(why) = room::check(plan.many) {
        let missing = PROMISES
            .iter()
            .map(|name| Finding::not_measured(name, &why));
        return Ok(missing.collect());
    }
    let _children = Children::idle(plan.many)?;
    let mut library = Watcher::start(Setting::with_default_budget())?;
    let command = Watching::start()?;
    thread::sleep(if plan.is_quick { QUICK_SETTLE } else { SETTLE });
    let (begun, before_ns) = (Instant::now(), library.cpu_ns()?);
    let watched = command
        .measure(plan.watch_time)?
        .ok_or("the kernel does not count its CPU time")?;
    let used_ns = library.cpu_ns()? - before_ns;
    let elapsed = begun.elapsed();
    let library_percent = used_ns as f64 / elapsed.as_nanos() as f64 * 100.0;
    let peak_mb = megabytes(watched.peak_kib);
    Ok(vec![
        Finding::new(
            "cpu",
            watched.cpu_percent,
            format!(
                "{:.2} %; {:.0} s",
                watched.cpu_percent,
                watched.elapsed.as_secs_f64()
            ),
        ),
        Finding::new(
            "library-cpu",
            library_percent,
            format!("{library_percent:.2} %; {:.0} s", elapsed.as_secs_f64()),
        ),
        Finding::new(
            "memory",
            peak_mb,
            format!(
                "{peak_mb:.1} MB; {:.1} MB at the end",
                megabytes(watched.rss_kib)
            ),
        ),
    ])
}
