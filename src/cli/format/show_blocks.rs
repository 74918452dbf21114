//! The texts about one process, in blocks.

use std::collections::HashSet;

use anstyle::Style;
use process_scanner::{Collect, Detail, ProcessInfo, Snapshot, Status, Unit, Value};

use super::cells::{self, UNKNOWN};
use super::color;
use super::relatives;
use super::times::{Zone, day, time_of_day};

/// A process and its relatives.
#[derive(Debug)]
pub(crate) struct Relatives<'a> {
    pub(crate) process: &'a ProcessInfo,
    /// Its parent, the parent's parent, and so on.
    pub(crate) parents: Vec<&'a ProcessInfo>,
    pub(crate) children: Vec<&'a ProcessInfo>,
}

impl<'a> Relatives<'a> {
    /// Returns a process of a snapshot with its relatives, the nearest parent first.
    pub(crate) fn of(process: &'a ProcessInfo, snapshot: &'a Snapshot) -> Self {
        let mut parents = Vec::new();
        // Parents are read at different moments, so they can form a circle.
        let mut seen = HashSet::from([process.pid]);
        let mut next = snapshot.parent(process);
        while let Some(parent) = next
            && seen.insert(parent.pid)
        {
            parents.push(parent);
            next = snapshot.parent(parent);
        }
        Self {
            process,
            parents,
            children: snapshot.children(process.key()).collect(),
        }
    }
}

/// What all processes have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Width of lines in columns; `None`: no limit.
    pub(crate) width: Option<usize>,
    /// Time for ages: wall clock, milliseconds from the Unix epoch.
    pub(crate) now_ms: u64,
    /// Time between the two samples; `None`: there was one.
    pub(crate) interval_ms: Option<f64>,
    /// What the source can read.
    pub(crate) collects: Collect,
    /// That of the start time.
    pub(crate) zone: Zone,
    /// Fields that are not collected are left out, instead of being unknown.
    pub(crate) is_brief: bool,
}

/// A heading, and a text with its style.
pub(super) type Entry = (&'static str, String, Style);

/// A process to format.
pub(super) struct Shown<'a> {
    pub(super) process: &'a ProcessInfo,
    pub(super) frame: Frame,
}

impl Shown<'_> {
    fn detail(&self, detail: Detail) -> String {
        let field = detail.field();
        cells::value(field.unit, field.value(self.process), self.frame.now_ms)
    }

    fn is_unknown(&self, detail: Detail) -> bool {
        self.process.details.get(detail).is_unknown()
    }

    fn has(&self, detail: Detail) -> bool {
        !self.frame.is_brief || self.process.details.has(detail)
    }

    /// Joins details with a name after each; empty if there are none.
    fn joined(&self, details: &[(Detail, &str)]) -> String {
        let texts = details
            .iter()
            .filter(|(detail, _)| self.has(*detail))
            .map(|(detail, name)| format!("{} {name}", self.detail(*detail)));
        texts.collect::<Vec<_>>().join(", ")
    }

    /// Returns the line of one detail, if there is one.
    fn alone(&self, heading: &'static str, detail: Detail) -> Option<Entry> {
        let has_line = self.has(detail);
        has_line.then(|| plain(heading, self.detail(detail)))
    }

    pub(super) fn identity(&self) -> Vec<Entry> {
        let process = self.process;
        let started = process.start_time_ms.map(|ms| {
            let zone = self.frame.zone;
            let (day, time) = (day(ms, zone), time_of_day(ms, zone));
            let age = cells::duration(self.frame.now_ms.saturating_sub(ms));
            format!("{day} {time}, {age} ago")
        });
        let id = self.detail(Detail::UserId);
        let user = match self.is_unknown(Detail::UserName) {
            true => id,
            false => format!("{} (id {id})", self.detail(Detail::UserName)),
        };
        let command = match &process.command {
            Some(command) if command.is_empty() => "none".to_owned(),
            command => cells::command(command.as_ref()),
        };
        let has_user = self.has(Detail::UserName) || self.has(Detail::UserId);
        let entries = [
            Some(plain(
                "started",
                started.unwrap_or_else(|| UNKNOWN.to_owned()),
            )),
            has_user.then(|| plain("user", user)),
            self.alone("program", Detail::Executable),
            Some(plain("command", command)),
        ];
        entries.into_iter().flatten().collect()
    }

    pub(super) fn usage(&self) -> Vec<Entry> {
        let process = self.process;
        let percent = Value::from(process.cpu_percent);
        let share = cells::value(Unit::CorePercent, percent, 0);
        let share = match (process.cpu_percent, self.frame.interval_ms) {
            (Some(_), Some(ms)) => {
                let sample = cells::duration(ms.round() as u64);
                format!("{share} % of one core over {sample}")
            }
            // CPU use since the start alone is known.
            (None, None) => "not measured".to_owned(),
            (None, _) if self.frame.is_brief => "not measured".to_owned(),
            _ => format!("{share} % of one core"),
        };
        let modes = [(Detail::CpuUserMs, "user"), (Detail::CpuSystemMs, "system")];
        let modes = self.joined(&modes);
        let colon = if modes.is_empty() { "" } else { ": " };
        let cpu = format!(
            "{share}; {} since the start{colon}{modes}",
            cells::cpu_time(process.cpu_time_ms),
        );
        let style = match process.cpu_percent {
            Some(percent) if percent >= 0.05 => color::of_value(Unit::CorePercent, percent.into()),
            _ => color::PLAIN,
        };
        let rss = cells::value(Unit::Bytes, process.resources.rss_bytes.into(), 0);
        let memory = [
            (Detail::PeakRssBytes, "peak"),
            (Detail::PssBytes, "proportional"),
            (Detail::SwapBytes, "swapped"),
            (Detail::VirtualBytes, "virtual"),
        ];
        let io = [
            (Detail::ReadBytes, "read"),
            (Detail::WrittenBytes, "written"),
        ];
        let switches = [
            (Detail::VoluntarySwitches, "voluntary"),
            (Detail::InvoluntarySwitches, "involuntary"),
        ];
        let faults = [
            (Detail::MinorFaults, "minor"),
            (Detail::MajorFaults, "major"),
        ];
        let memory = self.joined(&memory);
        let comma = if memory.is_empty() { "" } else { ", " };
        let threads = self.after(&[
            ("", Detail::Threads),
            ("nice ", Detail::Nice),
            ("open files ", Detail::OpenFiles),
        ]);
        let entries = [
            plain("disk I/O", self.joined(&io)),
            plain("threads", threads),
            plain("switches", self.joined(&switches)),
            plain("page faults", self.joined(&faults)),
        ];
        let entries = entries.into_iter().filter(|(_, text, _)| !text.is_empty());
        let is_brief = self.frame.is_brief;
        let has_memory = process.resources.rss_bytes.is_some() || !memory.is_empty();
        let memory = plain("memory", format!("{rss} resident{comma}{memory}"));
        // Of a short life no scan has read them.
        let has_cpu = process.cpu_percent.is_some() || process.cpu_time_ms.is_some();
        let cpu = (has_cpu || !is_brief).then_some(("CPU", cpu, style));
        let memory = Some(memory).filter(|_| has_memory || !is_brief);
        cpu.into_iter().chain(memory).chain(entries).collect()
    }

    /// Joins details with a name before each; empty if there are none.
    fn after(&self, details: &[(&str, Detail)]) -> String {
        let texts = details
            .iter()
            .filter(|(_, detail)| self.has(*detail))
            .map(|(name, detail)| format!("{name}{}", self.detail(*detail)));
        texts.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn place(&self) -> Vec<Entry> {
        let session = self.after(&[
            ("", Detail::SessionId),
            ("process group ", Detail::ProcessGroupId),
            ("terminal ", Detail::Tty),
        ]);
        let entries = [
            self.alone("unit", Detail::SystemdUnit),
            self.alone("container", Detail::ContainerId),
            self.alone("pod", Detail::PodUid),
            self.alone("cgroup", Detail::Cgroup),
            Some(plain("session", session)).filter(|(_, text, _)| !text.is_empty()),
        ];
        entries.into_iter().flatten().collect()
    }

    pub(super) fn relatives(&self, relatives: &Relatives<'_>) -> Vec<Entry> {
        let parents = relatives::parents(self.process, &relatives.parents);
        let mut entries = vec![
            plain("parents", parents),
            plain("children", relatives::children(&relatives.children)),
        ];
        entries.extend(self.unread().map(|text| plain("not read", text)));
        entries
    }

    /// Returns what the system does not let this user read.
    ///
    /// A kernel thread has none of it, and a zombie has it no longer.
    fn unread(&self) -> Option<String> {
        let process = self.process;
        let has_none = process.kernel_thread == Some(true)
            || matches!(process.status, Some(Status::Zombie | Status::Dead));
        let needs_rights = [
            (Detail::Executable, "program"),
            (Detail::ReadBytes, "disk I/O"),
            (Detail::OpenFiles, "open files"),
        ];
        let is_unread = |detail: Detail| {
            let group = detail.field().collect.and_then(Collect::named);
            let can_be_read = group.is_some_and(|group| self.frame.collects.contains(group));
            can_be_read && self.has(detail) && self.is_unknown(detail)
        };
        let unread = needs_rights
            .into_iter()
            .filter(|(detail, _)| is_unread(*detail));
        let mut unread: Vec<_> = unread.map(|(_, name)| name).collect();
        if has_none || unread.is_empty() {
            return None;
        }
        if is_unread(Detail::PssBytes) {
            unread.push("proportional memory");
        }
        let names = unread.join(", ");
        Some(format!(
            "{names}; pscan needs CAP_SYS_PTRACE for that, which root usually has"
        ))
    }
}

fn plain(heading: &'static str, text: String) -> Entry {
    (heading, text, color::PLAIN)
}
