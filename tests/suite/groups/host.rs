//! The host without groups: what its processes used while they were watched.

use std::collections::BTreeMap;

use process_scanner::{Batch, Event, ProcessKey};

/// One process from its first sight to its exit, as batches report it.
struct Life {
    /// The CPU time that does not count; `None`: the first one that is known.
    before_ns: Option<u64>,
    most_ns: Option<u64>,
    is_measured: bool,
}

impl Life {
    fn see(&mut self, cpu_ns: Option<u64>) {
        self.is_measured |= cpu_ns.is_some();
        self.before_ns = self.before_ns.or(cpu_ns);
        self.most_ns = self.most_ns.max(cpu_ns);
    }

    fn used_ns(&self) -> u64 {
        self.most_ns.unwrap_or(0) - self.before_ns.unwrap_or(0).min(self.most_ns.unwrap_or(0))
    }
}

/// The host without groups, from the same batches.
#[derive(Default)]
pub struct Host {
    began_ms: Option<u64>,
    living: BTreeMap<ProcessKey, Life>,
    /// Those whose exits were not heard: they can have been hidden.
    vanished: BTreeMap<ProcessKey, u64>,
    ended_ns: u64,
    pub births: u64,
    pub exits: u64,
}

impl Host {
    pub fn apply(&mut self, batch: &Batch) {
        let keys: Vec<ProcessKey> = batch.events.iter().map(|e| e.process().key()).collect();
        for event in &batch.events {
            let process = event.process();
            let cpu_ns = process.cpu_time_ms.map(|ms| (ms * 1e6).round() as u64);
            if let Event::Exited { usage, exit, .. } = event {
                let final_ns = usage.and_then(|usage| usage.cpu_time_ns);
                if let Some(life) = self.living.get_mut(&process.key()) {
                    life.see(cpu_ns.max(final_ns));
                }
                self.end(process.key(), exit.is_some());
                continue;
            }
            if !self.living.contains_key(&process.key()) {
                let mut life = self.begin(event, batch);
                if let Some(seen_ns) = self.vanished.remove(&process.key())
                    && cpu_ns.is_none_or(|cpu_ns| cpu_ns >= seen_ns)
                {
                    life.before_ns = Some(seen_ns);
                    life.most_ns = Some(seen_ns);
                    life.is_measured = true;
                }
                self.living.insert(process.key(), life);
            }
            let life = self.living.get_mut(&process.key()).unwrap();
            life.see(cpu_ns);
        }
        if batch.full {
            let all = self.living.keys().copied();
            let absent: Vec<ProcessKey> = all.filter(|key| !keys.contains(key)).collect();
            absent.into_iter().for_each(|key| self.end(key, false));
        }
        self.began_ms.get_or_insert(batch.taken_at_ms);
    }

    fn begin(&mut self, event: &Event, batch: &Batch) -> Life {
        let is_created = matches!(event, Event::Created(_)) && !batch.full;
        let start_ms = event.process().start_time_ms;
        let can_be_born = is_created || batch.full;
        let is_after = self
            .began_ms
            .is_some_and(|began_ms| start_ms >= Some(began_ms));
        let is_young = can_be_born && is_after;
        let is_created = is_created && self.began_ms.is_some() && start_ms.is_none();
        self.births += u64::from(is_young || is_created);
        Life {
            before_ns: is_young.then_some(0),
            most_ns: is_young.then_some(0),
            is_measured: false,
        }
    }

    fn end(&mut self, key: ProcessKey, was_heard: bool) {
        if let Some(life) = self.living.remove(&key) {
            if let Some(most_ns) = life.most_ns.filter(|_| !was_heard && life.is_measured)
                && key.start_time_ms.is_some()
            {
                self.vanished.insert(key, most_ns);
            }
            self.ended_ns += life.used_ns();
            self.exits += 1;
        }
    }

    pub fn used_ns(&self) -> u64 {
        let living: u64 = self.living.values().map(Life::used_ns).sum();
        self.ended_ns + living
    }
}
