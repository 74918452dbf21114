//! Which processes are told.

use std::fmt;

use clap::{Args, ValueEnum};
use process_scanner::{ProcessInfo, Status};
use regex_lite::Regex;

/// All that is given must hold.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Filter {
    /// Only these processes
    #[arg(short, long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    pid: Vec<u32>,
    /// Only processes whose name matches; (?i) ignores case
    #[arg(long, value_name = "REGEX")]
    name: Option<Regex>,
    /// Only processes in this state, such as running, zombie or Z
    #[arg(
        long,
        value_name = "S",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    state: Vec<State>,
    /// No threads of the kernel
    #[arg(long)]
    no_kernel: bool,
}

/// A state by its name in JSON, or by its letter in proc_pid_stat(5), which ps prints too.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum State {
    #[value(alias = "R")]
    Running,
    #[value(alias = "S")]
    Sleeping,
    #[value(alias = "D")]
    DiskSleep,
    #[value(alias = "I")]
    Idle,
    #[value(alias = "T")]
    Stopped,
    #[value(alias = "t")]
    Traced,
    #[value(alias = "Z")]
    Zombie,
    #[value(alias = "X")]
    Dead,
    Other,
}

impl State {
    fn status(self) -> Status {
        match self {
            Self::Running => Status::Running,
            Self::Sleeping => Status::Sleeping,
            Self::DiskSleep => Status::DiskSleep,
            Self::Idle => Status::Idle,
            Self::Stopped => Status::Stopped,
            Self::Traced => Status::Traced,
            Self::Zombie => Status::Zombie,
            Self::Dead => Status::Dead,
            Self::Other => Status::Other,
        }
    }
}

/// So long are the names that Linux keeps, without the NUL (`TASK_COMM_LEN`, proc_pid_comm(5)).
const LINUX_NAME_BYTES: usize = 15;

impl Filter {
    /// Whether it lets all pass.
    pub(super) fn is_empty(&self) -> bool {
        self.pid.is_empty() && self.name.is_none() && self.state.is_empty() && !self.no_kernel
    }

    pub(super) fn matches(&self, process: &ProcessInfo) -> bool {
        let has_state = |state: &State| process.status == Some(state.status());
        (self.pid.is_empty() || self.pid.contains(&process.pid))
            && (self.state.is_empty() || self.state.iter().any(has_state))
            && !(self.no_kernel && process.kernel_thread == Some(true))
            && self
                .name
                .as_ref()
                .is_none_or(|name| full_name(process).is_some_and(|full| name.is_match(full)))
    }
}

/// As it stands on the command line.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut given = Vec::new();
        if !self.pid.is_empty() {
            let pids: Vec<_> = self.pid.iter().map(u32::to_string).collect();
            given.push(format!("--pid {}", pids.join(",")));
        }
        if let Some(name) = &self.name {
            given.push(format!("--name '{name}'"));
        }
        if !self.state.is_empty() {
            let states: Vec<_> = self.state.iter().map(|s| s.status().as_str()).collect();
            given.push(format!("--state {}", states.join(",")));
        }
        if self.no_kernel {
            given.push("--no-kernel".into());
        }
        f.write_str(&given.join(" "))
    }
}

/// The name, and where Linux has cut it the whole of it, from the command line.
fn full_name(process: &ProcessInfo) -> Option<&str> {
    let name = process.name.as_deref()?;
    let program = process.command.as_ref().and_then(|c| c.args().next());
    let program = program.map(|path| path.rsplit('/').next().unwrap_or(path));
    match program {
        Some(program) if name.len() == LINUX_NAME_BYTES && program.starts_with(name) => {
            Some(program)
        }
        _ => Some(name),
    }
}
