//! Sums by program.

use std::collections::HashMap;

use serde::Serialize;

use super::one_life::OneLife;

/// Programs with a sum of their own. A process can give itself any name, so there can be many.
const MOST: usize = 4096;

/// What the processes of a sum have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A name.
    Named,
    /// Their names are unknown.
    Unknown,
    /// They are of other programs than the first 4096.
    Other,
}

/// What the processes of one program did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ProgramSum {
    pub(crate) name: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) started: u64,
    /// `None` if no exit status is known.
    pub(crate) failed: Option<u64>,
    /// Exits with an unknown status.
    pub(crate) exits_unknown: u64,
    /// Sum of the known CPU times; `None` if none is known.
    pub(crate) cpu_ms: Option<f64>,
    /// Of those that have ended and whose start is known.
    pub(crate) mean_life_ms: Option<f64>,
    pub(crate) longest_life_ms: Option<f64>,
    /// Of the process with the most.
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// The sums of all programs.
#[derive(Debug, Clone, Default)]
pub(super) struct Programs(HashMap<(Kind, Option<String>), Sum>);

#[derive(Debug, Clone, Default)]
struct Sum {
    started: u64,
    failed: u64,
    exits_known: u64,
    exits_unknown: u64,
    cpu_ms: Option<f64>,
    lives: u64,
    lives_ms: f64,
    longest_ms: Option<f64>,
    peak: Option<u64>,
}

impl Programs {
    /// Adds the life of a process, to the program that it ran last.
    pub(super) fn add(&mut self, life: &OneLife, has_ended: bool) {
        let kind = match &life.name {
            Some(_) => Kind::Named,
            None => Kind::Unknown,
        };
        let mut key = (kind, life.name.clone());
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            key = (Kind::Other, None);
        }
        self.0.entry(key).or_default().add(life, has_ended);
    }

    /// Returns all sums: the most CPU time first, then the most processes.
    pub(super) fn sums(self) -> Vec<ProgramSum> {
        let sums = self.0.into_iter();
        let mut sums: Vec<_> = sums.map(|((kind, name), sum)| sum.of(kind, name)).collect();
        let cpu = |sum: &ProgramSum| sum.cpu_ms.unwrap_or(0.0);
        sums.sort_by(|a, b| {
            let order = cpu(b).total_cmp(&cpu(a));
            let order = order.then(b.started.cmp(&a.started));
            order.then_with(|| (a.kind, &a.name).cmp(&(b.kind, &b.name)))
        });
        sums
    }
}

impl Sum {
    fn add(&mut self, life: &OneLife, has_ended: bool) {
        self.started += 1;
        if has_ended {
            match life.exit {
                Some(_) => self.exits_known += 1,
                None => self.exits_unknown += 1,
            }
            self.failed += u64::from(life.has_failed());
            if let Some(ms) = life.life_ms {
                self.lives += 1;
                self.lives_ms += ms;
                self.longest_ms = Some(self.longest_ms.map_or(ms, |longest| longest.max(ms)));
            }
        }
        if let Some(ms) = life.cpu_ms {
            *self.cpu_ms.get_or_insert(0.0) += ms;
        }
        self.peak = self.peak.max(life.peak_rss_bytes);
    }

    fn of(self, kind: Kind, name: Option<String>) -> ProgramSum {
        let has_status = self.exits_known > 0 || self.exits_unknown == 0;
        ProgramSum {
            name,
            kind,
            started: self.started,
            failed: has_status.then_some(self.failed),
            exits_unknown: self.exits_unknown,
            cpu_ms: self.cpu_ms,
            mean_life_ms: (self.lives > 0).then(|| self.lives_ms / self.lives as f64),
            longest_life_ms: self.longest_ms,
            peak_rss_bytes: self.peak,
        }
    }
}
