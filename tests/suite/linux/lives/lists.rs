//! A scan that does not list `/proc`, because births and exits are heard, finds the same processes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use fastrand::Rng;
use process_scanner::{Collect, Hearing, LinuxSource, ListenOptions, Row, Source};

use super::{Ears, sh};
use crate::support::await_some;

/// The pids and start times that a scan found.
type Found = BTreeMap<u32, Option<u64>>;

/// Children that wait for their input.
#[derive(Default)]
struct Family {
    living: BTreeMap<u32, Child>,
    /// With the start time that the last scan before found. Another program can get the pid.
    ended: BTreeSet<(u32, Option<u64>)>,
}

impl Family {
    fn bear(&mut self) {
        let child = sh("read x", "waits");
        self.living.insert(child.id(), child);
    }

    /// Ends a child that the last scan has found.
    fn end(&mut self, random: &mut Rng, found: &Found) {
        let pids = self.living.keys().filter(|pid| found.contains_key(pid));
        let pids: Vec<u32> = pids.copied().collect();
        if let Some(pid) = random.choice(pids) {
            let mut child = self.living.remove(&pid).unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            self.ended.insert((pid, found[&pid]));
        }
    }

    /// Scans, and rechecks the children that the scan missed: very young ones wait for that.
    fn scan(&self, ears: &mut Ears) {
        ears.scan();
        let is_missing = |pid: &&u32| !ears.scanned.contains_key(pid);
        let missing: Vec<u32> = self.living.keys().filter(is_missing).copied().collect();
        let scanned = &mut ears.scanned;
        let rechecked = ears.source.recheck(&missing, &mut |row| {
            if let Row::Process(row) = row {
                scanned.insert(row.pid, row.start_time_ms);
            }
        });
        rechecked.unwrap();
    }

    fn check(&self, found: &Found) {
        let is_missing = |pid: &&u32| !found.contains_key(pid);
        let missing: Vec<_> = self.living.keys().filter(is_missing).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let is_false = |(pid, start): &&(u32, Option<u64>)| found.get(pid) == Some(start);
        let false_ones: Vec<_> = self.ended.iter().filter(is_false).collect();
        assert!(false_ones.is_empty(), "{false_ones:?}");
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        for child in self.living.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn in_churn_a_scan_finds_what_another_source_finds() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let (mut random, mut family) = (Rng::with_seed(17), Family::default());
    for _ in 0..40 {
        for _ in 0..random.u32(0..6) {
            family.bear();
        }
        for _ in 0..random.u32(0..6) {
            family.end(&mut random, &ears.scanned);
        }
        if random.bool() {
            ears.drain();
        }
        family.scan(&mut ears);
        let mut listed = Found::new();
        let mut other = LinuxSource::new(Collect::default()).unwrap();
        let scan = other.scan(&mut |row| {
            if let Row::Process(row) = row {
                listed.insert(row.pid, row.start_time_ms);
            }
        });
        scan.unwrap();
        family.check(&ears.scanned);
        family.check(&listed);
    }
}

#[test]
fn after_a_loss_the_next_scan_finds_every_process() {
    let mut options = ListenOptions::default();
    // The kernel's smallest.
    options.buffer_bytes = 2048;
    let Some(mut ears) = Ears::open(options) else {
        return;
    };
    let mut family = Family::default();
    await_some("a loss", || {
        for _ in 0..50 {
            sh("exit 0", "storm").wait().unwrap();
        }
        family.bear();
        ears.drain();
        matches!(ears.hearings.last(), Some((Hearing::Lossy, _))).then_some(())
    });
    family.scan(&mut ears);
    family.check(&ears.scanned);
}
