//! Describe this machine and this day.

use std::process::Command;
use std::{env, fs, thread};

use jiff::Timestamp;

/// Where and when something was measured.
pub(super) struct Machine {
    date: String,
    processor: String,
    cores: Option<usize>,
    system: String,
    rust: String,
    /// The load average of the minute before; `None` if unknown.
    load: Option<String>,
}

impl Machine {
    pub(super) fn now() -> Self {
        let read = |path| fs::read_to_string(path).ok();
        let processor = read("/proc/cpuinfo").and_then(|text| {
            let mut lines = text.lines();
            let model = lines.find_map(|line| line.strip_prefix("model name"))?;
            Some(model.trim_start_matches([' ', '\t', ':']).to_owned())
        });
        let release = read("/proc/sys/kernel/osrelease");
        let rust = Command::new("rustc").arg("--version").output().ok();
        let rust = rust.and_then(|output| String::from_utf8(output.stdout).ok());
        let rust = rust.and_then(|text| text.split(' ').nth(1).map(str::to_owned));
        let load = read("/proc/loadavg");
        Self {
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            processor: processor.unwrap_or("processor of unknown model".into()),
            cores: thread::available_parallelism().ok().map(Into::into),
            system: match release {
                Some(release) => format!("Linux {}", release.trim()),
                None => env::consts::OS.into(),
            },
            rust: rust.unwrap_or("of unknown version".into()),
            load: load.and_then(|text| text.split(' ').next().map(str::to_owned)),
        }
    }

    /// Returns a sentence about it.
    pub(super) fn sentence(&self) -> String {
        let Self {
            date,
            processor,
            system,
            rust,
            ..
        } = self;
        let or_unknown = |value: Option<String>| value.unwrap_or("unknown".into());
        let cores = or_unknown(self.cores.map(|cores| cores.to_string()));
        let load = or_unknown(self.load.clone());
        format!(
            "Measured on {date}: {processor}, cores: {cores}, {system}, Rust {rust}. The load average of the \
             minute before was {load}."
        )
    }
}
