//! The life of one process: [`Life`].

use std::sync::Arc;

use process_scanner::{
    CommandLine, Detail, Event, Exit, ExitStatus, GroupBy, GroupId, ProcessInfo, Value,
};

use super::exit_kind::ExitKind;
use super::time_axis::bounded;
use super::used_cpu::{UsedCpu, ms_to_ns};

/// Identifies a life: its number in the order of first sight, from 0.
pub(crate) type LifeId = u64;

/// Programs of one life that are kept, from its first one on.
const MAX_PROGRAMS: usize = 32;

/// The life of a process, from its birth to its end, through every `exec`.
///
/// Times are milliseconds since the Unix epoch, by the [axis](super::TimeAxis) of the history.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) id: LifeId,
    pub(crate) pid: u32,
    /// The start time in its key.
    key_start_ms: Option<u64>,
    /// When the process started; `None` if unknown.
    pub(crate) start_ms: Option<u64>,
    pub(crate) first_seen_ms: u64,
    /// Its birth is in the recording.
    pub(crate) is_birth: bool,
    /// The life of its parent when it was first seen; `None` if unknown.
    pub(crate) parent: Option<LifeId>,
    pub(crate) parent_pid: Option<u32>,
    /// The program that it runs, as the library groups processes by name.
    pub(crate) program: GroupId,
    /// The programs that it has run, if there are several.
    pub(crate) programs: Vec<ProgramRun>,
    /// The system's name for it.
    name: Option<Arc<str>>,
    pub(crate) command: Option<CommandLine>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) unit: Option<Arc<str>>,
    pub(crate) container: Option<Arc<str>>,
    pub(crate) is_kernel_thread: bool,
    cpu: UsedCpu,
    /// Resident memory as last reported.
    pub(crate) rss_bytes: Option<u64>,
    pub(crate) peak_rss_bytes: Option<u64>,
    /// The process as last reported.
    pub(crate) process: ProcessInfo,
    /// How it ended; `None` if no exit was reported.
    pub(crate) ending: Option<Ending>,
    /// When it was there last, if the next recording does not have it. Whether it has ended is unknown.
    pub(crate) left_ms: Option<u64>,
}

/// A program that a process has run, from one `exec` to the next.
#[derive(Debug, Clone)]
pub(crate) struct ProgramRun {
    /// When the program was first seen; of the first one, when the life began.
    pub(crate) since_ms: u64,
    pub(crate) name: Arc<str>,
    /// Its command line, as last read.
    pub(crate) command: Option<CommandLine>,
}

/// The end of a life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    pub(crate) kind: ExitKind,
    pub(crate) status: Option<ExitStatus>,
    /// When it ended. Where that is unknown, the time of the scan that missed the process.
    pub(crate) at_ms: u64,
    /// How long it lived, in nanoseconds; `None` if its start is unknown.
    pub(crate) lived_ns: Option<u64>,
    /// Milliseconds that it lived, as the event of its exit has them.
    pub(crate) lived_ms: Option<u64>,
    /// What else that event has; nothing if its exit was not reported.
    pub(crate) exit: Exit,
}

impl Life {
    /// Begins a life with the event in which its process is first seen.
    ///
    /// `began_ms`: the time of the first batch, if this is another one.
    pub(super) fn new(
        id: LifeId,
        event: &Event,
        seen_ms: u64,
        of_scan: bool,
        began_ms: Option<u64>,
    ) -> Self {
        let process = event.process();
        let is_birth = matches!(event, Event::Created(_));
        // A process that one scan could not read is created by the next one: its start shows that.
        let is_born = match (began_ms, process.start_time_ms) {
            (None, _) => false,
            (Some(began_ms), Some(start_ms)) => is_birth && start_ms >= began_ms,
            (Some(_), None) => is_birth && !of_scan,
        };
        Self {
            id,
            pid: process.pid,
            key_start_ms: process.start_time_ms,
            start_ms: process.start_time_ms.map(bounded),
            first_seen_ms: seen_ms,
            is_birth,
            parent: None,
            parent_pid: process.parent_pid,
            program: GroupId::Unknown,
            programs: Vec::new(),
            name: None,
            command: None,
            user: None,
            unit: None,
            container: None,
            is_kernel_thread: false,
            cpu: UsedCpu::new(is_born),
            rss_bytes: None,
            peak_rss_bytes: None,
            process: process.clone(),
            ending: None,
            left_ms: None,
        }
    }

    /// Takes the program of the process, and what it belongs to.
    pub(super) fn see_texts(&mut self, process: &ProcessInfo, seen_ms: u64) {
        self.is_kernel_thread |= process.kernel_thread == Some(true);
        self.see_program(process, seen_ms);
        if let Some(command) = &process.command {
            self.command = Some(command.clone());
            if let Some(last) = self.programs.last_mut() {
                last.command.clone_from(&self.command);
            }
        }
        let text = |detail| process.details.get(detail);
        keep(&mut self.unit, text(Detail::SystemdUnit));
        keep(&mut self.container, text(Detail::ContainerId));
        if let GroupId::Named(user) = GroupBy::User.group_of(process)
            && self.user.as_ref() != Some(&user)
        {
            self.user = Some(user);
        }
    }

    /// Takes the measured values of the process.
    pub(super) fn measure(&mut self, process: &ProcessInfo) {
        self.process.clone_from(process);
        self.cpu.count(process.cpu_time_ms.map(ms_to_ns));
        self.rss_bytes = process.resources.rss_bytes;
        let peak = match process.details.get(Detail::PeakRssBytes) {
            Value::Count(bytes) => Some(bytes),
            _ => None,
        };
        self.peak_rss_bytes = self.peak_rss_bytes.max(self.rss_bytes).max(peak);
    }

    fn see_program(&mut self, process: &ProcessInfo, seen_ms: u64) {
        let program = GroupBy::Name.group_of(process);
        // What was known stays where it cannot be read any more.
        if program == GroupId::Unknown {
            return;
        }
        // A cut name is completed by the command line, which is no other program. The names of
        // kernel threads have what they do.
        let is_exec = !self.is_kernel_thread
            && self.name.is_some()
            && process.name.is_some()
            && process.name != self.name;
        if is_exec && self.programs.len() < MAX_PROGRAMS {
            if self.programs.is_empty() {
                self.programs.push(ProgramRun {
                    since_ms: self.begin_ms(),
                    name: self.program.name().into(),
                    command: self.command.clone(),
                });
            }
            self.programs.push(ProgramRun {
                since_ms: seen_ms,
                name: program.name().into(),
                command: None,
            });
        } else if let (Some(last), false) = (self.programs.last_mut(), is_exec)
            && *last.name != *program.name()
        {
            last.name = program.name().into();
        }
        if self.name != process.name {
            self.name.clone_from(&process.name);
        }
        if self.program != program {
            self.program = program;
        }
    }

    /// Ends the life with the event of its exit.
    pub(super) fn end(&mut self, event: &Event, seen_ms: u64) {
        let (Event::Exited { lived_ms, .. }, Some(exit)) = (event, event.exit()) else {
            return;
        };
        if let Some(usage) = exit.usage {
            self.cpu.count(usage.cpu_time_ns);
            self.peak_rss_bytes = self.peak_rss_bytes.max(usage.peak_rss_bytes);
        }
        let whole_ns = lived_ms.map(|ms| ms.saturating_mul(1_000_000));
        self.ending = Some(Ending {
            kind: ExitKind::of(event),
            status: exit.status,
            at_ms: exit
                .ended_at_ms
                .map_or(seen_ms, bounded)
                .max(self.begin_ms()),
            lived_ns: exit.lived_ns.or(whole_ns),
            lived_ms: *lived_ms,
            exit,
        });
    }

    /// Leaves with the recording that has it, which ended then.
    pub(super) fn leave(&mut self, recorded_ms: u64) {
        self.left_ms = Some(recorded_ms.max(self.begin_ms()));
    }

    /// Stops counting CPU time, until it is known in the next recording.
    pub(super) fn pause(&mut self) {
        self.cpu.pause();
    }

    /// Returns whether it is the life of this process.
    pub(super) fn is_of(&self, process: &ProcessInfo) -> bool {
        self.pid == process.pid && self.key_start_ms == process.start_time_ms
    }

    /// Returns when it started, or else when it was first seen.
    pub(crate) fn begin_ms(&self) -> u64 {
        self.start_ms.unwrap_or(self.first_seen_ms)
    }

    /// Returns the system's name for it, as last read.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the name of its program; of a kernel thread its own name.
    pub(crate) fn program_name(&self) -> &str {
        match (&self.program, self.process.name.as_deref()) {
            (GroupId::Kernel, Some(name)) => name,
            (program, _) => program.name(),
        }
    }

    /// Returns the CPU time that it used while it was watched, in nanoseconds; `None` if unknown.
    pub(crate) fn cpu_ns(&self) -> Option<u64> {
        self.cpu.ns()
    }

    /// Returns when it ended or left; `None` while it lives.
    pub(crate) fn end_ms(&self) -> Option<u64> {
        self.ending.map(|ending| ending.at_ms).or(self.left_ms)
    }

    /// Returns how it ended; `None` if no exit was reported.
    pub(crate) fn kind(&self) -> Option<ExitKind> {
        self.ending.map(|ending| ending.kind)
    }

    /// Returns whether it failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.kind().is_some_and(ExitKind::is_failure)
    }

    /// Returns the milliseconds of it between two times; `to_ms` is the end of one that lives.
    pub(crate) fn within_ms(&self, from_ms: u64, to_ms: u64) -> u64 {
        let end_ms = self.end_ms().unwrap_or(to_ms).min(to_ms);
        end_ms.saturating_sub(self.begin_ms().max(from_ms))
    }
}

/// Keeps a text if it is known.
fn keep(kept: &mut Option<Arc<str>>, value: Value<'_>) {
    if let Value::Text(text) = value
        && kept.as_deref() != Some(text)
    {
        *kept = Some(text.into());
    }
}
