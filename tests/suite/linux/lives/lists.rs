//! A scan that does not list `/proc`, because births and exits are heard, finds the same processes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use fastrand::Rng;
use process_scanner::{Collect, Hearing, LinuxSource, ListenOptions, Source};

use super::{Ears, sh};

/// Children that wait for their input.
#[derive(Default)]
struct Family {
    living: BTreeMap<u32, Child>,
    ended: BTreeSet<u32>,
}

impl Family {
    fn bear(&mut self) {
        let child = sh("read x", "waits");
        self.ended.remove(&child.id());
        self.living.insert(child.id(), child);
    }

    fn end(&mut self, random: &mut Rng) {
        let pids: Vec<u32> = self.living.keys().copied().collect();
        if let Some(pid) = random.choice(pids) {
            let mut child = self.living.remove(&pid).unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            self.ended.insert(pid);
        }
    }

    /// Checks the pids that a scan found.
    fn check(&self, found: &BTreeSet<u32>) {
        let living: BTreeSet<u32> = self.living.keys().copied().collect();
        let missing: Vec<_> = living.difference(found).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let false_ones: Vec<_> = self.ended.intersection(found).collect();
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

fn found(ears: &Ears) -> BTreeSet<u32> {
    ears.scanned.keys().copied().collect()
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
            family.end(&mut random);
        }
        if random.bool() {
            ears.drain();
        }
        ears.scan();
        let mut listed = BTreeSet::new();
        let mut other = LinuxSource::new(Collect::default()).unwrap();
        let scan = other.scan(&mut |row| {
            listed.insert(row.pid());
        });
        scan.unwrap();
        family.check(&found(&ears));
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
    let mut started = 0;
    while !matches!(ears.hearings.last(), Some((Hearing::Lossy, _))) {
        for _ in 0..50 {
            sh("exit 0", "storm").wait().unwrap();
            started += 1;
        }
        family.bear();
        ears.drain();
        assert!(started < 20_000, "no event was lost");
    }
    ears.scan();
    family.check(&found(&ears));
}
