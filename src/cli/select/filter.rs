//! Selects processes.

use std::fmt;

use clap::Args;
use process_scanner::ProcessInfo;
use regex_lite::Regex;

use super::state::{State, StateParser};
use super::whole_text::{command_line, has_name};

/// Options that select processes; a process must match all of them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Filter {
    /// Select processes by pid
    ///
    /// Separate several pids by commas, or repeat --pid.
    #[arg(
        short,
        long,
        value_name = "N",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = pid,
        allow_negative_numbers = true
    )]
    pid: Vec<u32>,
    /// Select processes by name; (?i) ignores case
    ///
    /// Linux cuts names at 15 bytes. If the command line has the whole name, REGEX is matched
    /// against that.
    #[arg(long, value_name = "REGEX")]
    name: Option<Regex>,
    /// Select processes by command line
    ///
    /// REGEX is matched against the arguments, joined by spaces. pscan never matches itself. The
    /// command that started it, such as sudo or timeout, can contain the pattern too, and matches.
    #[arg(long, value_name = "REGEX")]
    command: Option<Regex>,
    /// Select processes by state, such as zombie or Z
    ///
    /// A state is a name in upper or lower case, or a letter of proc_pid_stat(5): running (R), sleeping
    /// (S), disk_sleep (D), idle (I, kernel threads), stopped (T), traced (t, by a debugger), zombie (Z),
    /// dead (X), other. Separate several states by commas, or repeat --state.
    #[arg(
        long,
        value_name = "S",
        value_parser = StateParser,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    state: Vec<State>,
    /// Hide kernel threads
    #[arg(long)]
    no_kernel: bool,
    /// The pid of pscan itself; `None` if it is not scanned.
    #[arg(skip)]
    own_pid: Option<u32>,
}

fn pid(text: &str) -> Result<u32, String> {
    let advice =
        "must be a process id, a whole number of at most 4294967295; to select by name, use --name";
    text.parse().map_err(|_| advice.into())
}

impl Filter {
    /// Returns whether every process matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.pid.is_empty()
            && self.name.is_none()
            && self.command.is_none()
            && self.state.is_empty()
            && !self.no_kernel
    }

    /// Returns the pids of `--pid`.
    pub(crate) fn pids(&self) -> &[u32] {
        &self.pid
    }

    /// Returns this filter for a host where pscan has this pid.
    ///
    /// Its own command line contains the pattern, so `--command` excludes it, as pgrep(1) does.
    pub(crate) fn on_host_with(&self, own_pid: Option<u32>) -> Self {
        Self {
            own_pid,
            ..self.clone()
        }
    }

    /// Returns whether a process matches; one with an unknown value does not.
    pub(crate) fn matches(&self, process: &ProcessInfo) -> bool {
        self.verdict(process) == Some(true)
    }

    /// Returns whether a process matches; `None` if that depends on a value that is unknown.
    ///
    /// A process that is not known to be a kernel thread is none.
    pub(crate) fn verdict(&self, process: &ProcessInfo) -> Option<bool> {
        let is_own = self.command.is_some() && self.own_pid == Some(process.pid);
        let is_hidden = self.no_kernel && process.kernel_thread == Some(true);
        if is_own || is_hidden || !(self.pid.is_empty() || self.pid.contains(&process.pid)) {
            return Some(false);
        }
        let has_state = || {
            let status = process.status?;
            Some(self.state.iter().any(|state| state.status() == status))
        };
        let verdicts = [
            (!self.state.is_empty()).then(has_state),
            self.name.as_ref().map(|name| has_name(process, name)),
            self.command.as_ref().map(|command| {
                let line = command_line(process)?;
                Some(command.is_match(&line))
            }),
        ];
        let mut given = verdicts.into_iter().flatten();
        match given.clone().any(|verdict| verdict == Some(false)) {
            true => Some(false),
            false => given.all(|verdict| verdict.is_some()).then_some(true),
        }
    }
}

/// Writes the options as on the command line.
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
        if let Some(command) = &self.command {
            given.push(format!("--command '{command}'"));
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

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use process_scanner::{Field, ProcessKey, ReplaySource, Scanner, Status, Unit};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        filter: Filter,
    }

    fn filter(args: &[&str]) -> Filter {
        let line = Line::try_parse_from([&["pscan"], args].concat());
        line.expect("the arguments are valid").filter
    }

    fn process(pid: u32, name: &str) -> ProcessInfo {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: None,
        });
        process.name = Some(name.into());
        process
    }

    #[test]
    fn a_process_must_match_all_options() {
        let mut make = process(7, "make");
        make.status = Some(Status::Zombie);
        make.kernel_thread = Some(false);
        for args in [
            &[][..],
            &["--pid", "7"],
            &["--pid", "6,7"],
            &["--pid", "6", "7"],
            &["-p", "7", "--name", "^ma"],
            &["--name", "(?i)MAKE"],
            &["--state", "zombie"],
            &["--state", "R,Z"],
            &["--state", "ZOMBIE"],
            &["--state", "Running,Zombie"],
            &["--state", "t", "--state", "Z"],
            &["--no-kernel"],
        ] {
            assert!(filter(args).matches(&make), "{args:?}");
            assert_eq!(filter(args).is_empty(), args.is_empty());
        }
        for args in [
            &["--pid", "6"][..],
            &["--name", "cmake"],
            &["--pid", "7", "--name", "^k"],
            &["--state", "running,T,t"],
            &["--state", "Disk_Sleep"],
        ] {
            assert!(!filter(args).matches(&make), "{args:?}");
        }
        make.kernel_thread = Some(true);
        assert!(!filter(&["--no-kernel"]).matches(&make));
        // An unknown value never matches a pattern or a state, and is never a kernel thread.
        make.kernel_thread = None;
        make.status = None;
        make.name = None;
        assert!(filter(&["--no-kernel"]).matches(&make));
        assert!(!filter(&["--state", "Z"]).matches(&make));
        assert!(!filter(&["--name", ""]).matches(&make));
    }

    #[test]
    fn a_verdict_is_unknown_only_if_it_depends_on_an_unknown_value() {
        let mut born = process(7, "");
        born.name = None;
        for (args, expected) in [
            (&["--name", "make"][..], None),
            (&["--command", "j2"], None),
            (&["--state", "Z"], None),
            (&["--pid", "7", "--name", "make"], None),
            (&["--pid", "8", "--name", "make"], Some(false)),
            (&["--no-kernel"], Some(true)),
            (&["--pid", "7"], Some(true)),
        ] {
            assert_eq!(filter(args).verdict(&born), expected, "{args:?}");
        }
        born.kernel_thread = Some(true);
        let user_make = ["--no-kernel", "--name", "make"];
        assert_eq!(filter(&user_make).verdict(&born), Some(false));
        let both = ["--name", "make", "--command", "j2"];
        assert_eq!(filter(&both).verdict(&process(7, "cc")), Some(false));
        assert_eq!(filter(&both).verdict(&process(7, "make")), None);
        let own = filter(&["--command", "x"]).on_host_with(Some(7));
        assert_eq!(own.verdict(&born), Some(false));
        // The rest of the name is in the command line.
        let mut cut = process(7, "a-very-long-nam");
        assert_eq!(filter(&["--name", "indeed"]).verdict(&cut), None);
        assert_eq!(filter(&["--name", "very"]).verdict(&cut), Some(true));
        cut.command = Some(["/bin/other"].iter().collect());
        assert_eq!(filter(&["--name", "indeed"]).verdict(&cut), Some(false));
    }

    #[test]
    fn each_filter_matches_a_field() {
        let unit_of = |name: &str| Field::named(name).map(|field| field.unit);
        for arg in Line::command().get_arguments() {
            let (field, unit) = match arg.get_id().as_str() {
                "state" => ("status", Unit::State),
                "no_kernel" => ("kernel_thread", Unit::Flag),
                "pid" => ("pid", Unit::Pid),
                "command" => ("command", Unit::Arguments),
                "name" => ("name", Unit::Text),
                other => panic!("no field for --{other}"),
            };
            assert_eq!(unit_of(field), Some(unit), "{field}");
        }
    }

    #[test]
    fn the_display_form_repeats_the_options() {
        let args = [
            "--pid",
            "6,7",
            "--name",
            "^x y$",
            "--command",
            "a b",
            "--state",
            "Z",
            "--no-kernel",
        ];
        assert_eq!(
            filter(&args).to_string(),
            "--pid 6,7 --name '^x y$' --command 'a b' --state zombie --no-kernel"
        );
    }

    #[test]
    fn name_cut_by_linux_matches_whole() {
        let recording = r#"{"pscan_recording":1,"source":"x","start_time_resolution_ms":1,"own_pid":null}
{"scan":{"wall_ms":1,"monotonic_ns":1,"shown":{"rows":[{"pid":1,"start_time_ms":1,"parent_pid":null,"name":"a-very-long-nam","command":["/bin/a-very-long-name-indeed","more"],"status":null,"cpu_time_ns":null,"rss_bytes":null,"kernel_thread":null},{"pid":2,"start_time_ms":1,"parent_pid":null,"name":"a-very-long-nam","command":["other"],"status":null,"cpu_time_ns":null,"rss_bytes":null,"kernel_thread":null}]}}}
"#;
        let source = ReplaySource::new(recording.as_bytes()).expect("it is a recording");
        let mut scanner = Scanner::builder()
            .source(source)
            .build()
            .expect("it can be played");
        let batch = scanner.scan_once().expect("there is a scan");
        let matching = |filter: &Filter| -> Vec<u32> {
            let processes = batch.events.iter().map(|event| event.process());
            let matching = processes.filter(|process| filter.matches(process));
            matching.map(|process| process.pid).collect()
        };
        assert_eq!(matching(&filter(&["--name", "indeed$"])), [1]);
        assert_eq!(matching(&filter(&["--name", "^a-very-long-nam$"])), [2]);
        assert_eq!(matching(&filter(&["--name", "other"])), [0; 0]);
        assert_eq!(matching(&filter(&["--command", "^/bin/.* more$"])), [1]);
        assert_eq!(matching(&filter(&["--command", ""])), [1, 2]);
        let not_the_first = filter(&["--command", "more"]).on_host_with(Some(1));
        assert_eq!(matching(&not_the_first), [0; 0]);
        let named = filter(&["--name", "indeed$"]).on_host_with(Some(1));
        assert_eq!(matching(&named), [1]);
    }
}
