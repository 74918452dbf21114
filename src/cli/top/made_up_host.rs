//! A made-up host, for tests of the view.

use std::collections::BTreeMap;

use process_scanner::{
    Batch, Changes, Detail, Event, Exit, ExitStatus, Hearing, ProcessInfo, ProcessKey, Status,
    Value,
};

use super::view::Top;

pub(super) const BEGIN_MS: u64 = 1_700_000_000_000;

/// Processes, and the batches about them.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) now_ms: u64,
    pub(super) living: BTreeMap<u32, ProcessInfo>,
    events: Vec<Event>,
    seq: u64,
}

impl Host {
    pub(super) fn new() -> Self {
        Self {
            now_ms: BEGIN_MS,
            living: BTreeMap::new(),
            events: Vec::new(),
            seq: 0,
        }
    }

    /// Returns a host with the processes of a small server.
    pub(super) fn small() -> Self {
        let mut host = Self::new();
        for (pid, parent, command, user, cpu, rss) in [
            (1, None, &["/sbin/init"][..], "root", 0.0, 12_300_000),
            (
                412,
                Some(1),
                &["/usr/lib/systemd/systemd-journald"],
                "root",
                0.4,
                48_200_000,
            ),
            (
                690,
                Some(1),
                &["/usr/sbin/sshd", "-D"],
                "root",
                0.0,
                9_100_000,
            ),
            (
                811,
                Some(1),
                &["/usr/bin/postgres", "-D", "/var/lib/postgres/data"],
                "postgres",
                34.2,
                1_240_000_000,
            ),
            (
                830,
                Some(811),
                &["postgres: checkpointer"],
                "postgres",
                3.1,
                220_000_000,
            ),
            (
                1204,
                Some(690),
                &["sshd: anna [priv]"],
                "root",
                0.0,
                11_000_000,
            ),
            (1210, Some(1204), &["-bash"], "anna", 0.0, 5_600_000),
            (
                1377,
                Some(1210),
                &["make", "-j8", "all"],
                "anna",
                1.2,
                7_900_000,
            ),
        ] {
            host.there(pid, parent, command, user).cpu_percent = Some(cpu);
            host.of(pid).resources.rss_bytes = Some(rss);
        }
        let kernel = host.there(2, None, &[], "root");
        kernel.name = Some("kthreadd".into());
        kernel.kernel_thread = Some(true);
        host.of(811).status = Some(Status::Running);
        host
    }

    fn process(
        &self,
        pid: u32,
        parent: Option<u32>,
        command: &[&str],
        start_ms: u64,
    ) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: Some(start_ms),
        });
        process.parent_pid = parent;
        let program = command
            .first()
            .map_or("", |program| program.rsplit('/').next().unwrap());
        process.name = Some(program.chars().take(15).collect::<String>().into());
        process.command = Some(command.iter().collect());
        process.status = Some(Status::Sleeping);
        process.cpu_time_ms = Some(1000.0);
        process.kernel_thread = Some(false);
        process
    }

    /// Adds a process that was there before.
    pub(super) fn there(
        &mut self,
        pid: u32,
        parent: Option<u32>,
        command: &[&str],
        user: &str,
    ) -> &mut ProcessInfo {
        let start_ms = BEGIN_MS - 3_600_000 + u64::from(pid);
        let mut process = self.process(pid, parent, command, start_ms);
        process.details.set(Detail::UserName, Value::Text(user));
        process.details.set(Detail::Threads, Value::Count(1));
        self.events.push(Event::Existing(process.clone()));
        self.living.insert(pid, process);
        self.of(pid)
    }

    pub(super) fn born(&mut self, pid: u32, parent: u32, command: &[&str]) -> &mut ProcessInfo {
        let process = self.process(pid, Some(parent), command, self.now_ms - 100);
        self.events.push(Event::Created(process.clone()));
        self.living.insert(pid, process);
        self.of(pid)
    }

    pub(super) fn of(&mut self, pid: u32) -> &mut ProcessInfo {
        self.living.get_mut(&pid).expect("the process lives")
    }

    /// Reports other values of a process.
    pub(super) fn updates(&mut self, process: ProcessInfo) {
        let event = Event::updated(process, Changes::STATUS);
        self.events.push(event);
    }

    /// Changes CPU use and memory.
    pub(super) fn uses(&mut self, pid: u32, cpu_percent: f32, rss_bytes: u64) {
        let process = self.of(pid);
        process.cpu_percent = Some(cpu_percent);
        process.resources.rss_bytes = Some(rss_bytes);
        let event = Event::updated(process.clone(), Changes::MEASURES);
        self.events.push(event);
    }

    /// Ends a process. `wait_status`: as in wait(2); `None`: a scan has found it.
    pub(super) fn exits(&mut self, pid: u32, wait_status: Option<u32>) {
        let process = self.living.remove(&pid).expect("the process lives");
        let lived_ms = process.start_time_ms.map(|start| self.now_ms - start);
        let mut exit = Exit::default();
        exit.status = wait_status.map(ExitStatus::from_wait_status);
        if wait_status.is_some() {
            exit.ended_at_ms = Some(self.now_ms);
            exit.lived_ns = lived_ms.map(|ms| ms * 1_000_000);
        }
        self.events
            .push(Event::exited(process, lived_ms).with_exit(exit));
    }

    /// Returns the batch of a scan. The first is full.
    pub(super) fn scan(&mut self) -> Batch {
        self.seq += 1;
        let events = match self.seq {
            1 => {
                self.events.clear();
                let living = self.living.values().cloned();
                living.map(Event::Existing).collect()
            }
            _ => std::mem::take(&mut self.events),
        };
        let mut batch = Batch::new(self.seq, self.now_ms, events);
        batch.hearing = Hearing::Complete;
        batch.interval_ms = Some(1000.0);
        batch.counts.processes = u32::try_from(self.living.len()).unwrap();
        batch
    }

    /// Waits, and passes the events on.
    pub(super) fn after(&mut self, ms: u64, top: &mut Top) {
        self.now_ms += ms;
        let batch = self.scan();
        top.take(&batch);
    }

    /// Returns a full batch, as after a loss.
    pub(super) fn lost(&mut self) -> Batch {
        self.events.clear();
        self.seq += 3;
        let events = self.living.values().cloned().map(Event::Existing).collect();
        let mut batch = Batch::new(self.seq, self.now_ms, events);
        batch.full = true;
        batch.lost_batches = 3;
        batch
    }
}
