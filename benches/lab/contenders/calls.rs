//! The system calls of our scan on Linux, without anything else: the list of processes, the CPU clock of
//! each, and `stat` of those whose clock has advanced. It keeps only the clocks, and reports nothing.

use std::collections::HashMap;
use std::error::Error;
use std::mem::MaybeUninit;

use rustix::fs::{Mode, OFlags, RawDir, openat};

use super::contender::{BARE_CALLS, Contender, Scan};
use crate::measure::cost::Cost;
use crate::measure::proc::cpu_clock;

pub(crate) struct Calls {
    clocks: HashMap<u32, i64>,
    list: Vec<MaybeUninit<u8>>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            clocks: HashMap::new(),
            list: vec![MaybeUninit::uninit(); 32 * 1024],
        }
    }

    fn scan(&mut self) -> rustix::io::Result<usize> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = rustix::fs::open("/proc", flags, Mode::empty())?;
        let mut entries = RawDir::new(&proc, &mut self.list);
        let mut processes = 0;
        let mut stat = [0; 2048];
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_str().unwrap_or("");
            let Ok(pid) = name.parse::<u32>() else {
                continue;
            };
            processes += 1;
            let clock = cpu_clock(pid);
            let Ok(now) = clock.now() else {
                continue;
            };
            let now_ns = now.tv_sec() * 1_000_000_000 + now.tv_nsec();
            if self.clocks.insert(pid, now_ns) == Some(now_ns) {
                continue;
            }
            let path = format!("{pid}/stat");
            if let Ok(file) = openat(&proc, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
                let _ = rustix::io::read(&file, &mut stat);
            }
        }
        Ok(processes)
    }
}

impl Contender for Calls {
    fn name(&self) -> &'static str {
        BARE_CALLS
    }

    fn scan(&mut self) -> Result<Scan, Box<dyn Error>> {
        let (cost, processes) = Cost::of(|| self.scan());
        Ok(Scan {
            cost,
            has_failed: processes.is_err(),
            processes: processes.ok(),
        })
    }
}
