//! Selects processes.

use std::fmt;

use clap::Args;
use process_scanner::Filter;
use regex_lite::Regex;

use super::state::{State, StateParser};

/// Options that select processes; a process must match all of them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FilterArgs {
    /// Select processes by pid
    ///
    /// Separate several pids by commas, or repeat --pid.
    #[arg(
        short,
        long,
        value_name = "N",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = pid_or(BY_NAME),
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
    /// Select processes of a user, by name or id
    ///
    /// It is the effective user. Separate several users by commas, or repeat --user.
    #[arg(short = 'u', long, value_name = "USER", value_delimiter = ',', value_parser = some_text)]
    user: Vec<String>,
    /// Select processes in a container, by the begin of its id
    ///
    /// Containers of docker, containerd, CRI-O and podman are known, on Linux. Separate several ids
    /// by commas, or repeat --container.
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = some_text)]
    container: Vec<String>,
    /// Select processes of a systemd unit, such as ssh or ssh.service
    ///
    /// Separate several units by commas, or repeat --unit.
    #[arg(long, value_name = "UNIT", value_delimiter = ',', value_parser = some_text)]
    unit: Vec<String>,
    /// Select children of a process, their children, and so on
    ///
    /// watch selects them also after their parents have exited. Separate several pids by commas, or
    /// repeat --children.
    #[arg(long, value_name = "PID", value_delimiter = ',', value_parser = pid_or(BY_NAME), allow_negative_numbers = true)]
    children: Vec<u32>,
    /// Hide kernel threads
    #[arg(long)]
    no_kernel: bool,
}

/// Parses a text that is not empty.
pub(crate) fn some_text(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("must not be empty".into()),
        false => Ok(text.into()),
    }
}

/// Returns a parser of pids. `advice`: what selects by name.
pub(crate) fn pid_or(advice: &'static str) -> impl Fn(&str) -> Result<u32, String> + Clone {
    move |text| {
        let limits = "must be a process id, a whole number of at most 4294967295";
        text.parse().map_err(|_| format!("{limits}; {advice}"))
    }
}

const BY_NAME: &str = "to select by name, use --name";

impl FilterArgs {
    /// Returns the pids of `--pid`.
    pub(crate) fn pids(&self) -> &[u32] {
        &self.pid
    }

    /// Returns the filter with the names of the command line, of which one must be there.
    ///
    /// `own_pid`: see [`on_host_with`](Self::on_host_with).
    pub(crate) fn on_host_with_names(&self, own_pid: Option<u32>, names: &[String]) -> Filter {
        let names = names.iter().map(String::as_str);
        names.fold(self.on_host_with(own_pid), Filter::with_text)
    }

    /// Returns whether it selects by parents.
    pub(crate) fn has_family(&self) -> bool {
        !self.children.is_empty()
    }

    /// Returns the filter on a host where pscan has this pid; `None` if it is not scanned.
    ///
    /// The command line of pscan itself contains the pattern, so it never matches, as with pgrep(1).
    pub(crate) fn on_host_with(&self, own_pid: Option<u32>) -> Filter {
        const VALID: &str = "BUG: the parser has compiled the pattern";
        let mut filter = Filter::new();
        if let Some(name) = &self.name {
            filter = filter.with_name(name.as_str()).expect(VALID);
        }
        if let Some(command) = &self.command {
            filter = filter.with_command(command.as_str()).expect(VALID);
        }
        filter = self.pid.iter().copied().fold(filter, Filter::with_pid);
        let statuses = self.state.iter().map(|state| state.status());
        filter = statuses.fold(filter, Filter::with_status);
        filter = self.user.iter().fold(filter, Filter::with_user);
        filter = self.container.iter().fold(filter, Filter::with_container);
        filter = self.unit.iter().fold(filter, Filter::with_unit);
        let parents = self.children.iter().copied();
        filter = parents.fold(filter, Filter::with_descendants_of);
        if self.no_kernel {
            filter = filter.without_kernel_threads();
        }
        own_pid.into_iter().fold(filter, Filter::without_texts_of)
    }
}

/// Writes the options as on the command line.
impl fmt::Display for FilterArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pids = |pids: &[u32]| {
            pids.iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        let states: Vec<_> = self.state.iter().map(|s| s.status().as_str()).collect();
        let in_quotes = |regex: &Option<Regex>| {
            let text = regex.as_ref().map(|regex| format!("'{regex}'"));
            text.unwrap_or_default()
        };
        let options = [
            ("--pid", pids(&self.pid)),
            ("--name", in_quotes(&self.name)),
            ("--command", in_quotes(&self.command)),
            ("--state", states.join(",")),
            ("--user", self.user.join(",")),
            ("--container", self.container.join(",")),
            ("--unit", self.unit.join(",")),
            ("--children", pids(&self.children)),
        ];
        let given = options.into_iter().filter(|(_, value)| !value.is_empty());
        let mut given: Vec<_> = given
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        if self.no_kernel {
            given.push("--no-kernel".into());
        }
        f.write_str(&given.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use process_scanner::{Detail, Field, ProcessInfo, ProcessKey, Snapshot, Status, Unit};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        filter: FilterArgs,
    }

    fn filter(args: &[&str]) -> FilterArgs {
        let line = Line::try_parse_from([&["pscan"], args].concat());
        line.expect("the arguments are valid").filter
    }

    fn matches(args: &[&str], process: &ProcessInfo) -> bool {
        let filter = filter(args).on_host_with(Some(99));
        filter.matches(process, &Snapshot::new())
    }

    fn process(pid: u32, name: &str) -> ProcessInfo {
        let start_time_ms = None;
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.name = Some(name.into());
        process
    }

    #[test]
    fn a_process_must_match_all_options() {
        let mut make = process(7, "make");
        make.status = Some(Status::Zombie);
        make.kernel_thread = Some(false);
        make.details.set(Detail::UserName, "anna".into());
        make.details.set(Detail::Cgroup, "/x".into());
        make.details.set(Detail::ContainerId, "0123".into());
        make.details.set(Detail::SystemdUnit, "ssh.service".into());
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
            &["--user", "anna"],
            &["-u", "root,anna", "--container", "01", "--unit", "ssh"],
            &["--no-kernel"],
        ] {
            assert!(matches(args, &make), "{args:?}");
            let is_empty = filter(args).on_host_with(None).is_empty();
            assert_eq!(is_empty, args.is_empty());
        }
        for args in [
            &["--pid", "6"][..],
            &["--name", "cmake"],
            &["--pid", "7", "--name", "^k"],
            &["--state", "running,T,t"],
            &["--state", "Disk_Sleep"],
            &["--user", "root"],
            &["--container", "1"],
            &["--unit", "sshd"],
            &["--children", "1"],
        ] {
            assert!(!matches(args, &make), "{args:?}");
        }
        make.kernel_thread = Some(true);
        assert!(!matches(&["--no-kernel"], &make));
    }

    #[test]
    fn pscan_itself_matches_no_pattern_for_command_lines() {
        let mut own = process(99, "pscan");
        own.command = Some(["pscan", "--command", "x"].iter().collect());
        assert!(!matches(&["--command", "x"], &own));
        assert!(matches(&["--name", "pscan"], &own));
        own.pid = 98;
        assert!(matches(&["--command", "x"], &own));
    }

    #[test]
    fn an_empty_value_is_refused() {
        for option in ["--user", "--container", "--unit"] {
            let line = Line::try_parse_from(["pscan", option, ""]);
            let error = line.expect_err("it is empty").to_string();
            assert!(error.contains("must not be empty"), "{error}");
        }
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
                "user" => ("user_name", Unit::Text),
                "container" => ("container_id", Unit::Text),
                "unit" => ("systemd_unit", Unit::Text),
                "children" => ("parent_pid", Unit::Pid),
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
            "-u",
            "0,anna",
            "--container",
            "1",
            "--unit",
            "ssh",
            "--children",
            "1,2",
            "--no-kernel",
        ];
        assert_eq!(
            filter(&args).to_string(),
            "--pid 6,7 --name '^x y$' --command 'a b' --state zombie --user 0,anna --container 1 \
             --unit ssh --children 1,2 --no-kernel"
        );
    }
}
