//! The files of each process that a first scan on Linux has to read, without anything else: `stat`, `statm`
//! and `cmdline`.

use std::error::Error;
use std::fmt::Write;
use std::mem::MaybeUninit;

use rustix::fs::{Mode, OFlags, RawDir, openat};

use super::contender::{Contender, Scan};
use crate::measure::cost::Cost;

pub(crate) struct ThreeFiles(Vec<MaybeUninit<u8>>);

impl ThreeFiles {
    pub(crate) fn new() -> Self {
        Self(vec![MaybeUninit::uninit(); 32 * 1024])
    }

    fn scan(&mut self) -> rustix::io::Result<usize> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = rustix::fs::open("/proc", flags, Mode::empty())?;
        let mut entries = RawDir::new(&proc, &mut self.0);
        let mut processes = 0;
        let (mut path, mut content) = (String::new(), [0; 4096]);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_str().unwrap_or("");
            let Ok(pid) = name.parse::<u32>() else {
                continue;
            };
            processes += 1;
            for name in ["stat", "statm", "cmdline"] {
                path.clear();
                let _ = write!(path, "{pid}/{name}");
                let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                if let Ok(file) = openat(&proc, path.as_str(), flags, Mode::empty()) {
                    let _ = rustix::io::read(&file, &mut content);
                }
            }
        }
        Ok(processes)
    }
}

impl Contender for ThreeFiles {
    fn name(&self) -> &'static str {
        "stat, statm and cmdline of all"
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
