//! Start and reap the children, and record the truth about them.

use std::io;
use std::process::Child;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::shared::Shared;
use super::truth::{Life, Truth};
use crate::crowd::births::Spawner;
use crate::measure::proc;

const LONGEST_LIFE_MS: u64 = 2000;

/// The living children.
pub(super) struct Family {
    truth: Shared<Truth>,
    children: Vec<(Instant, Child)>,
    spawner: Spawner,
    random: Rng,
}

impl Family {
    pub(super) fn new(truth: &Shared<Truth>) -> io::Result<Self> {
        Ok(Self {
            truth: truth.clone(),
            children: Vec::new(),
            spawner: Spawner::new()?,
            random: Rng::with_seed(0),
        })
    }

    /// Starts a child that waits or ends at once, and is reaped at once or in up to two seconds.
    pub(super) fn start_one(&mut self, now: Instant) -> io::Result<()> {
        let life_ms = match self.random.u8(..4) {
            0 => 0,
            _ => self.random.u64(..LONGEST_LIFE_MS),
        };
        let ends_at_once = self.random.u8(..4) == 0;
        self.start(now + Duration::from_millis(life_ms), ends_at_once)
    }

    /// Starts a child that is reaped at this time.
    pub(super) fn start(&mut self, reap_at: Instant, ends_at_once: bool) -> io::Result<()> {
        // The lock delays the comparison of a batch until the child is recorded.
        let mut truth = self.truth.lock();
        let child = match ends_at_once {
            true => self.spawner.start_brief()?,
            false => self.spawner.start()?,
        };
        truth.born += 1;
        truth.lives.push(Life {
            pid: child.id(),
            start_ms: proc::start_ms_since_boot(child.id()),
            born_by: Instant::now(),
            there_until: None,
            gone_by: None,
            key: None,
        });
        self.children.push((reap_at, child));
        Ok(())
    }

    /// Returns when the next child must be reaped.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.children.iter().map(|(reap_at, _)| *reap_at).min()
    }

    /// Kills and reaps the children whose time is over.
    pub(super) fn reap_due(&mut self, now: Instant) -> io::Result<()> {
        for (_, child) in self.children.iter_mut().filter(|(at, _)| *at <= now) {
            let pid = child.id();
            let note = |set: &dyn Fn(&mut Life)| {
                let mut truth = self.truth.lock();
                let mut lives = truth.lives.iter_mut();
                if let Some(life) = lives.find(|life| life.pid == pid && life.gone_by.is_none()) {
                    set(life);
                }
            };
            note(&|life| life.there_until = Some(Instant::now()));
            child.kill()?;
            child.wait()?;
            note(&|life| life.gone_by = Some(Instant::now()));
        }
        self.children.retain(|(at, _)| *at > now);
        Ok(())
    }
}
