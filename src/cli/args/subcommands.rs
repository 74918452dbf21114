//! The subcommands and their options.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueHint};
use clap_complete::Shell;

use super::collected::Collected;
use super::events::Output;
#[cfg(feature = "export")]
use super::export::Export;
use super::moments::At;
use super::numbers::speed;
use super::recorded::Recorded;
use super::rotate::Rotate;
use super::run_options::Run;
use super::schedule::Schedule;
use super::secrets::Secrets;
#[cfg(feature = "serve")]
use super::serve_options::Serve;
use super::shape::{Request, Shape};
use super::show::Show;
use super::top_options::Top;
use crate::cli::select::Moment;

/// The subcommands, each with a manual page.
pub(super) const SUBCOMMANDS: &[&str] = &[
    "show",
    "top",
    "watch",
    "run",
    "record",
    "replay",
    "report",
    #[cfg(feature = "export")]
    "export",
    #[cfg(feature = "serve")]
    "serve",
    "completions",
    "man",
];

#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
    /// Print all that is known of processes, by pid
    ///
    /// `pscan PID` does the same. It prints when the process started, its user, program and command
    /// line, what it uses, where it belongs (unit, container, pod, session), its parents up to the
    /// first process, and its children. It collects every field, so it takes longer than a list.
    ///
    /// Unknown values are `-`. A last line names what only root, or a pscan with CAP_SYS_PTRACE,
    /// could read. On a terminal, texts end after ten lines; --json has all.
    Show(Show),
    /// Display processes live, with the births and exits in between
    ///
    /// Above, the table of `pscan`, in the same columns, orders and filters; below it births and exits
    /// as they come, with exit status, age and parent; beside or below, the facts of the selected process
    /// and curves of its CPU use and memory over the last minutes. `h` lists the keys, which are those of
    /// htop and less; `q` ends it. It looks and never acts: it sends no signal and changes no priority.
    ///
    /// It scans at --interval, and less often where that would cost more than --cpu-budget, 5 % of a
    /// core by default; a line on the screen says so. On Linux the kernel reports births and exits
    /// between scans. Where only scans find them, `sampled` is beside them.
    ///
    /// With --replay it displays a recording: pause, step and jump in both directions.
    ///
    /// It needs a terminal of at least 20 columns and 5 lines. Without one, use `pscan` for one table
    /// and `pscan watch` for events.
    Top(Box<Top>),
    /// Print births, exits and changes of processes until Ctrl-C
    ///
    /// Text has births, exits, and changes of name, command line, parent and status; on a terminal
    /// a summary follows. JSON has all changes, and begins with an `existing` event for each
    /// process. --events selects kinds of events for both; text then has changes of CPU use and
    /// memory too, and so it has with --pid. Narrow terminals get fewer columns, and the narrowest
    /// the signs = + ~ - for existing, created, updated, exited.
    ///
    /// On Linux the kernel reports births and exits, so they are printed between scans too, within
    /// some 20 ms, however short a life was. Where the kernel does not report them, scans find them,
    /// and the first line has the reason. The time of a line is that of its batch: when the scan
    /// began, or when the events of the kernel were read. Lines of a batch are in order of pid, those
    /// of one pid in the order in which they happened.
    ///
    /// A birth is reported at once, and its name and command line can be unknown for a moment. A
    /// filter that needs such a value waits for it: the process is printed as created when its value
    /// becomes known and matches, and never if it exits before. A process that begins to match later,
    /// by an exec for example, is printed as updated.
    ///
    /// An exit has how long the process lived, its exit status, and the CPU time that it used, as
    /// far as they are known: `after 3.21ms, exit 3`, `killed by SIGSEGV, core dumped`. The CPU time
    /// of the whole life comes from the kernel's taskstats, which needs CAP_NET_ADMIN. Without that
    /// it is what scans have measured. A line reports when it begins to be missing, and --stats has
    /// the reason from the start.
    /// `after at most 1.5s`: a scan found the exit. `(out of memory?)`: SIGKILL ended the process
    /// while the kernel killed one of its control group for lack of memory. Signals from 32 on have
    /// their number.
    ///
    /// With --pid it ends when the processes that had these pids at the start have exited. A later
    /// process with the same pid is not watched.
    ///
    /// The summary counts a process from when it first matches the filters until it exits, even if
    /// it no longer matches. Processes that were there before and begin to match are not births,
    /// and have a count of their own.
    ///
    /// A slow reader loses events, and then receives a `resync` event with the number of lost
    /// batches, and an `existing` event for each process.
    Watch(Watch),
    /// Run a command, and summarise what it and its descendants did
    ///
    /// pscan starts COMMAND with its own standard input, output and error, follows all processes
    /// that descend from it, and ends when COMMAND ends. The summary has wall and CPU time, memory,
    /// the number of processes, sums by program, and the slowest and the failed processes. A process
    /// counts for the program that it ran last. Descendants that live on are listed, and go on.
    ///
    /// On Linux the kernel reports all births and exits, however short the lives. pscan adopts
    /// descendants whose parents have exited, so daemons are followed too. It has no CPU budget
    /// here: it reads each program when it starts, some 60 µs of CPU time each. Where the kernel
    /// does not report births, scans find them: the summary begins with `sampled every 50 ms`, and
    /// has how many processes of the host that may miss.
    ///
    /// CPU time is that of all descendants that were waited for, as the system accounts it. The
    /// part that could not be read of a process is `not attributed`. Exit statuses, exact lifetimes
    /// and the memory of short lives need what `watch` needs for them.
    ///
    /// Signals to pscan are passed on to COMMAND: SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
    /// SIGUSR2, SIGTSTP, SIGCONT and SIGWINCH. Those of the terminal, such as Ctrl-C, reach COMMAND
    /// from there. pscan stops when job control stops COMMAND.
    Run(Run),
    /// Record scans to a file, for `replay`, until Ctrl-C
    ///
    /// On Linux it also records the births and exits that the kernel reports between scans. Each scan
    /// is written as soon as it ends, so the scans before a crash can be replayed.
    /// Secrets in command lines are redacted unless --no-redact is given.
    Record(Record),
    /// Print the events of a recording, like `watch`
    ///
    /// It replays as fast as it can, unless --speed is given.
    Replay(Replay),
    /// Write a recording as one HTML page, for any browser
    ///
    /// The page has CPU use and memory over time by program, user, unit and container, births and exits, the lives
    /// of processes as bars with their exit status and cost, and the sums of each program. It needs no other file
    /// and no network. It takes the thousand lives that matter, which are long, costly or failed, and counts the
    /// others.
    Report(Report),
    /// Write a recording for Perfetto, or as tables of CSV
    ///
    /// It reads the recording once, and keeps only the processes that live, so a recording can be of any length.
    /// Only the owner can read the new files, since they have command lines. They appear when they are complete.
    #[cfg(feature = "export")]
    Export(Export),
    /// Serve metrics of groups of processes for Prometheus, until SIGTERM
    ///
    /// It scans like `watch`, within the same CPU budget, and counts what groups of processes use: CPU time,
    /// memory, births, and exits by outcome. GET /metrics returns the values of the last scan. There is no
    /// series per process. It listens at 127.0.0.1:9257 unless the settings have another address.
    ///
    /// Settings are a file of TOML, then variables of the environment that contain `__`, such as
    /// PSCAN_SERVE__LISTEN and PSCAN_SCAN__INTERVAL_MS, and then options. SIGHUP reads the file again: groups,
    /// interval, allowed hosts, token, and what is served change at once. Other settings need a restart, and a
    /// message names them. Counters stay. A file with errors changes nothing.
    #[cfg(feature = "serve")]
    Serve(Serve),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  \
                      pscan completions bash > ~/.local/share/bash-completion/completions/pscan")]
    Completions {
        /// Shell that runs the script
        shell: Shell,
    },
    /// Print a manual page in roff
    #[command(after_help = "Example:\n  pscan man watch | man -l -")]
    Man {
        /// Command to describe: show, top, watch, run, record, replay, report, export, serve, completions or man; default: pscan itself
        #[arg(value_parser = PossibleValuesParser::new(SUBCOMMANDS), hide_possible_values = true)]
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan watch --events created,exited --name '^(cc|rustc)$' --for 1m
  pscan watch --failed                 print why something died
  pscan watch --json | jq 'select(.event == \"exited\") | .process.name'
  pscan watch --stats --interval 200ms --cpu-budget 2")]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) collected: Collected,
    #[command(flatten)]
    pub(crate) schedule: Schedule,
}

impl Watch {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let is_useless = self.output.failed && self.schedule.pace.poll_only;
        let useless = is_useless.then(|| {
            "--failed needs the exit status, which scans alone do not report; remove --poll-only"
                .into()
        });
        useless.or_else(|| {
            let pids = self.output.filter.pids();
            self.collected.conflict(self.output.json, pids)
        })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan record host.ndjson --for 10m
  pscan record /var/tmp/host.ndjson.gz --rotate 100MB --keep 7
  pscan record - --scans 60 | zstd > host.ndjson.zst")]
pub(crate) struct Record {
    /// Recording to write; `-` is standard output
    ///
    /// A file that is not empty is refused without --force, and one that another pscan records to
    /// in any case. Only its owner can read a new file; an existing one keeps its mode. Pipes and
    /// devices such as /dev/null can be written too. If the name ends in .gz, the recording is
    /// compressed; a crash then loses at most the last second.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Replace what the file contains
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) rotate: Rotate,
    #[command(flatten)]
    pub(crate) collected: Collected,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    #[command(flatten)]
    pub(crate) schedule: Schedule,
}

impl Record {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let collected = self.collected.conflict(true, &[]);
        collected.or_else(|| self.rotate.conflict(&self.file))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan replay host.ndjson --events exited --name '^make$'
  pscan replay host.ndjson --from 14:03 --to 14:05
  pscan replay host.ndjson.gz --at -10m --top 10 --sort rss
  pscan replay host.ndjson --speed 10
  zstd -dc host.ndjson.zst | pscan replay - --json")]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) recorded: Recorded,
    #[command(flatten)]
    pub(crate) at: At,
    /// Replay N times as fast as recorded, 0.001 to 1000000; default: as fast as possible
    #[arg(long, value_name = "N", value_parser = speed, allow_negative_numbers = true)]
    pub(crate) speed: Option<f64>,
    #[command(flatten)]
    pub(crate) shape: Shape,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Replay {
    /// Returns the table that is requested with `--at`.
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            shape: &self.shape,
            names: &[],
            filter: &self.output.filter,
            is_json: self.output.json,
            color: self.output.color,
        }
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        let at = self.at.at.as_ref();
        let needs_end = self.recorded.span.needs_end() || at.is_some_and(Moment::is_before_end);
        if let Some(conflict) = self.recorded.conflict(needs_end) {
            return Some(conflict);
        }
        self.shape.conflict(self.output.json, None)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pscan report build.ndjson            writes build.html
  pscan report build.ndjson -o /tmp/build.html --force
  pscan report host.ndjson.gz --from 14:03 --to 14:20
  zstd -dc host.ndjson.zst | pscan report - -o host.html")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) recorded: Recorded,
    /// Page to write; `-` is standard output; default: the recording's name with `.html`, in this folder
    ///
    /// A file that exists is refused without --force. Only its owner can read a new file, since it has command
    /// lines. It appears when it is complete.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replace the page if it exists
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) secrets: Secrets,
}

impl Report {
    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self) -> Option<String> {
        self.recorded.conflict(self.recorded.span.needs_end())
    }
}
