//! The programs, and how each is started.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// All programs scan this often; their options below request it.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

const PSCAN: &str = env!("CARGO_BIN_EXE_pscan");

/// Where netdata's package has its plugins. They are in no `PATH`.
const PLUGINS: [&str; 2] = [
    "/usr/lib/netdata/plugins.d",
    "/usr/libexec/netdata/plugins.d",
];

/// Groups by name, as `pscan serve` has them.
const EXPORTER_CONFIG: &str = "process_names: [{name: '{{.Comm}}', cmdline: ['.+']}]\n";

/// How the experiment learns when a program has scanned.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scans {
    /// It scans by a timer, and its output does not say when.
    ByClock,
    /// The same, on a terminal.
    OnTerminal,
    /// It prints a line that begins like this in each scan, leading blanks aside.
    Line(&'static str),
    /// The same, but a shell starts the program anew for each scan.
    LineOfEach(&'static str),
    /// It scans when it is scraped, at its address.
    Scraped,
}

/// A program, as the table has it.
struct Entry {
    /// The name for tables.
    name: &'static str,
    /// Prints its version, and fails where it is not installed.
    version: &'static [&'static str],
    /// What has it.
    package: &'static str,
    /// In arguments, `FOLDER` and `ADDRESS` are replaced.
    command: &'static [&'static str],
    scans: Scans,
}

/// The first is the one that the others are compared with. It polls, as they do.
const ENTRIES: &[Entry] = &[
    Entry {
        name: "`pscan watch --json --poll-only`",
        version: &[PSCAN, "--version"],
        package: "this crate",
        command: &[
            PSCAN,
            "watch",
            "--json",
            "--poll-only",
            "--interval",
            "1s",
            "--cpu-budget",
            "off",
        ],
        scans: Scans::ByClock,
    },
    Entry {
        name: "`pscan top --poll-only`",
        version: &[PSCAN, "--version"],
        package: "this crate",
        command: &[
            PSCAN,
            "top",
            "--poll-only",
            "--interval",
            "1s",
            "--cpu-budget",
            "off",
        ],
        scans: Scans::OnTerminal,
    },
    Entry {
        name: "`top -b`",
        version: &["top", "-V"],
        package: "the Debian package procps",
        command: &["top", "-b", "-d", "1"],
        scans: Scans::Line("top - "),
    },
    Entry {
        name: "`ps`, again and again",
        version: &["ps", "-V"],
        package: "the Debian package procps",
        command: &[
            "sh",
            "-c",
            "while :; do sleep 1 & ps -eo pid,comm,pcpu,rss,args; wait; done",
        ],
        scans: Scans::LineOfEach("PID COMMAND"),
    },
    Entry {
        name: "htop",
        version: &["htop", "--version"],
        package: "the Debian package htop",
        command: &["htop", "-d", "10"],
        scans: Scans::OnTerminal,
    },
    Entry {
        name: "btm",
        version: &["btm", "--version"],
        package: "the crate bottom",
        command: &["btm", "-r", "1000"],
        scans: Scans::OnTerminal,
    },
    Entry {
        name: "`atop -w`",
        version: &["atop", "-V"],
        package: "the Debian package atop",
        command: &["atop", "-w", "FOLDER/atop", "1"],
        scans: Scans::ByClock,
    },
    Entry {
        name: "netdata's apps.plugin, `without-files`",
        version: &["apps.plugin", "-v"],
        package: "the Debian package netdata-core",
        command: &["apps.plugin", "1", "without-files"],
        scans: Scans::Line("BEGIN apps.cpu "),
    },
    Entry {
        name: "process-exporter, `-threads=false -gather-smaps=false`",
        version: &["prometheus-process-exporter", "-version"],
        package: "the Debian package prometheus-process-exporter",
        command: &[
            "prometheus-process-exporter",
            "-config.path=FOLDER/exporter.yml",
            "-web.listen-address=ADDRESS",
            "-threads=false",
            "-gather-smaps=false",
        ],
        scans: Scans::Scraped,
    },
    Entry {
        name: "psutil in Python",
        version: &[
            "python3",
            "-c",
            "import psutil; print('psutil', psutil.__version__)",
        ],
        package: "the Python package psutil",
        command: &["python3", "-c", include_str!("psutil_scans.py")],
        scans: Scans::Line("scan "),
    },
];

/// A program that is installed.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) scans: Scans,
    pub(super) address: String,
    /// Where it may write files.
    pub(super) folder: PathBuf,
    args: Vec<String>,
    path: OsString,
}

/// Finds those that are installed. Prints the versions, and on standard error which are skipped.
pub(super) fn find(folder: &Path) -> Result<Vec<Program>, Box<dyn Error>> {
    fs::write(folder.join("exporter.yml"), EXPORTER_CONFIG)?;
    let address = free_address()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(env::split_paths(&path).chain(PLUGINS.map(PathBuf::from)))?;
    let mut programs = Vec::new();
    for entry in ENTRIES {
        let Some(version) = version(entry, &path) else {
            eprintln!(
                "skipped: {}: `{}` fails; {} has it",
                entry.name,
                entry.version.join(" "),
                entry.package
            );
            continue;
        };
        println!("{}: {version}", entry.name);
        let replaced = |arg: &&str| {
            let folder = folder.to_string_lossy();
            arg.replace("FOLDER", &folder).replace("ADDRESS", &address)
        };
        programs.push(Program {
            name: entry.name,
            scans: entry.scans,
            address: address.clone(),
            folder: folder.to_owned(),
            args: entry.command.iter().map(replaced).collect(),
            path: path.clone(),
        });
    }
    Ok(programs)
}

/// Returns the first line that it prints about its version; `None` if it fails.
fn version(entry: &Entry, path: &OsString) -> Option<String> {
    let output = Command::new(entry.version[0])
        .args(&entry.version[1..])
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    // Some print it on standard error.
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or("unknown version");
    output.status.success().then(|| line.trim().to_owned())
}

/// Returns an address on which no program listens now.
fn free_address() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

impl Program {
    /// Returns the command, without its streams.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.args[0]);
        command
            .args(&self.args[1..])
            .env("PATH", &self.path)
            .env("TERM", "xterm-256color")
            // Default settings, and not those of the user.
            .env("XDG_CONFIG_HOME", &self.folder)
            .env("HTOPRC", self.folder.join("htoprc"))
            // Otherwise atop as root turns process accounting on for the whole host.
            .env("ATOPACCT", "");
        command
    }
}
