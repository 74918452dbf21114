//! Births, execs and exits that the kernel reports to the source `linux`.

mod between;
mod ends;
mod exit_limits;
mod exits;
mod fields_heard;
mod lists;
mod loss;
mod oom;
mod places;
mod recorded_lives;
mod steps;
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{
    Collect, ExitStatus, ExitUsage, Happening, Hearing, LinuxSource, ListenOptions, ListenStep,
    ProcessRow, Reading, Row, Source, Status,
};

use crate::faults::{OwnNextPid, own_next_pid};
use crate::support::PATIENCE;

/// What happened, in text of its own.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Born(Read),
    Changed(Read),
    Exited {
        start_time_ms: Option<u64>,
        status: Option<ExitStatus>,
        ended_at_ms: Option<u64>,
        lived_ns: Option<u64>,
        likely_oom: Option<bool>,
        usage: Option<ExitUsage>,
    },
}

#[derive(Debug, Clone, PartialEq)]
struct Read {
    start_time_ms: Option<u64>,
    parent: Option<u32>,
    name: Option<String>,
    command: Option<String>,
    status: Option<Status>,
}

impl From<&ProcessRow<'_>> for Read {
    fn from(row: &ProcessRow<'_>) -> Self {
        let text = |bytes: Reading<&[u8]>| match bytes {
            Reading::Known(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        Self {
            start_time_ms: row.start_time_ms,
            parent: row.parent_pid,
            name: text(row.name),
            command: text(row.command),
            status: row.status,
        }
    }
}

/// A source that listens, and all that it has told so far.
struct Ears {
    source: LinuxSource,
    told: BTreeMap<u32, Vec<Told>>,
    /// The start times of the last scan.
    scanned: BTreeMap<u32, Option<u64>>,
    hearings: Vec<(Hearing, Option<String>)>,
    /// How closely each drain listened, and why that had changed.
    steps: Vec<(Option<ListenStep>, Option<String>)>,
    missed: Option<u64>,
    /// No other test chooses pids meanwhile.
    _pids: OwnNextPid,
}

impl Ears {
    /// Begins to listen; `None`, with a message, where that is not possible.
    fn open(options: ListenOptions) -> Option<Self> {
        // While this waits for other tests, nothing would be drained.
        let pids = own_next_pid();
        let source = LinuxSource::new(Collect::default()).unwrap();
        let source = source.listening(options);
        let info = source.info();
        if let Some(why) = info.not_listening {
            eprintln!("SKIPPED: {why}");
            return None;
        }
        assert!(info.hears_lives);
        Some(Self::of(source, pids))
    }

    /// Begins with a source that listens.
    fn of(source: LinuxSource, pids: OwnNextPid) -> Self {
        let mut ears = Self {
            source,
            told: BTreeMap::new(),
            scanned: BTreeMap::new(),
            hearings: Vec::new(),
            steps: Vec::new(),
            missed: None,
            _pids: pids,
        };
        ears.scan();
        ears.told.clear();
        ears
    }

    fn drain(&mut self) {
        let told = &mut self.told;
        let heard = self.source.drain(&mut |happening| {
            let pid = happening.pid();
            let new = match happening {
                Happening::Born(row) => Told::Born((&row).into()),
                Happening::Changed(row) => Told::Changed((&row).into()),
                Happening::Exited {
                    start_time_ms,
                    exit,
                    ..
                } => Told::Exited {
                    start_time_ms,
                    status: exit.status,
                    ended_at_ms: exit.ended_at_ms,
                    lived_ns: exit.lived_ns,
                    likely_oom: exit.likely_oom,
                    usage: exit.usage,
                },
                other => panic!("{other:?}"),
            };
            told.entry(pid).or_default().push(new);
        });
        self.hearings.push((heard.hearing, heard.reason));
        self.steps.push((heard.step, heard.step_reason));
        self.missed = heard.missed_total;
    }

    fn scan(&mut self) {
        self.drain();
        let before = std::mem::take(&mut self.scanned);
        let scanned = &mut self.scanned;
        let scan = self.source.scan(&mut |row| {
            let start_time_ms = match row {
                Row::Process(row) => row.start_time_ms,
                Row::Unchanged { pid, .. } => before[&pid],
                // It may have been born since the scan before.
                Row::Unreadable { pid } => before.get(&pid).copied().flatten(),
                _ => None,
            };
            scanned.insert(row.pid(), start_time_ms);
        });
        scan.unwrap();
        self.drain();
    }

    /// Drains and scans until `is_done` finds what must come.
    fn until(&mut self, what: &str, is_done: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        for turn in 1.. {
            self.drain();
            if is_done(self) {
                return;
            }
            if turn % 50 == 0 {
                self.scan();
            }
            assert!(Instant::now() < until, "{what}: {:?}", self.hearings.last());
            thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// Returns what it has told of all processes that had this pid.
    fn about_all(&self, pid: u32) -> &[Told] {
        self.told.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// Returns what it has told of the last child of this process that had this pid, or else of all
    /// that had it.
    fn about(&self, pid: u32) -> &[Told] {
        let all = self.about_all(pid);
        let own = Some(std::process::id());
        let is_own = |told: &Told| matches!(told, Told::Born(read) if read.parent == own);
        let from = all.iter().rposition(is_own).unwrap_or(0);
        let is_birth = |told: &Told| matches!(told, Told::Born(_));
        let later = all[from..].iter().skip(1).position(is_birth);
        match later {
            Some(later) if is_own(&all[from]) => &all[from..=from + later],
            _ => &all[from..],
        }
    }

    fn exits(&self, pid: u32) -> Vec<Option<ExitStatus>> {
        exits_in(self.about(pid))
    }

    fn is_complete(&self) -> bool {
        let is_complete = |(hearing, _): &(Hearing, _)| *hearing == Hearing::Complete;
        self.hearings.iter().all(is_complete)
    }
}

fn exits_in(told: &[Told]) -> Vec<Option<ExitStatus>> {
    let exits = told.iter().filter_map(|told| match told {
        Told::Exited { status, .. } => Some(*status),
        _ => None,
    });
    exits.collect()
}

/// Starts `sh` for a script, with another argument.
fn sh(script: &str, mark: &str) -> Child {
    Command::new("sh")
        .args(["-c", script, mark])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn code(code: u8) -> Option<ExitStatus> {
    Some(ExitStatus::from_wait_status(u32::from(code) << 8))
}

#[test]
fn all_lives_of_short_processes_are_heard_with_their_status() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut expected = Vec::new();
    for number in 0..250_u32 {
        let script = format!("exit {}", number % 250);
        let mut child = sh(&script, "short");
        expected.push((child.id(), (number % 250) as u8, script));
        if number % 50 == 0 {
            ears.scan();
        }
        child.wait().unwrap();
    }
    ears.until("all exits", |ears| {
        let has_exited = |(pid, exit_code, _): &(u32, u8, String)| {
            exits_in(ears.about_all(*pid)).contains(&code(*exit_code))
        };
        expected.iter().all(has_exited)
    });
    let own_command = fs::read_to_string("/proc/self/cmdline").ok();
    let mut with_command = 0;
    for (pid, exit_code, script) in &expected {
        // Other processes may have had the pid too.
        let lives = ears
            .about_all(*pid)
            .chunk_by(|_, next| !matches!(next, Told::Born(_)));
        let is_ours = |told: &Told| matches!(told, Told::Exited { status, .. } if *status == code(*exit_code));
        let mut ours = lives.filter(|life| life.iter().any(is_ours));
        let (Some(about), None) = (ours.next(), ours.next()) else {
            panic!("{:?}", ears.about_all(*pid));
        };
        let [Told::Born(born), ..] = about else {
            // A scan has read it before its birth was heard.
            continue;
        };
        let Some(Told::Exited {
            start_time_ms,
            ended_at_ms,
            lived_ns,
            ..
        }) = about.last()
        else {
            panic!("{about:?}");
        };
        assert_eq!(*start_time_ms, born.start_time_ms);
        let lived_ms = lived_ns.unwrap() / 1_000_000;
        let between_ms = ended_at_ms.unwrap() - start_time_ms.unwrap();
        assert!(between_ms.abs_diff(lived_ms) <= 1010, "{about:?}");
        assert_eq!(born.parent, Some(std::process::id()));
        for told in about {
            if let Told::Born(read) | Told::Changed(read) = told
                && let Some(command) = &read.command
            {
                // On a slow host it was read before its exec.
                let is_own = *command == format!("sh\0-c\0{script}\0short\0");
                let is_parents = Some(&**command) == own_command.as_deref();
                assert!(is_own || is_parents, "{command}");
                with_command += usize::from(is_own);
            }
        }
    }
    eprintln!(
        "the command line of {with_command} of {} was read",
        expected.len()
    );
    assert!(ears.is_complete(), "{:?}", ears.hearings);
    ears.scan();
    ears.scan();
    assert_eq!(ears.missed, Some(0));
}

#[test]
fn a_birth_has_the_key_of_the_scans_rows_and_an_exec_its_command_line() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut children: Vec<Child> = (0..100)
        .map(|_| sh("read x; exec cat - second", "first"))
        .collect();
    ears.until("all births", |ears| {
        children
            .iter()
            .all(|child| !ears.about(child.id()).is_empty())
    });
    ears.scan();
    for child in &children {
        let [Told::Born(born), ..] = ears.about(child.id()) else {
            panic!("{:?}", ears.about(child.id()));
        };
        assert_eq!(Some(&born.start_time_ms), ears.scanned.get(&child.id()));
    }
    for child in &mut children {
        use std::io::Write;
        writeln!(child.stdin.as_mut().unwrap()).unwrap();
    }
    let is_cat = |told: &Told| {
        matches!(told, Told::Changed(read)
            if read.command.as_deref() == Some("cat\0-\0second\0") && read.name.as_deref() == Some("cat"))
    };
    ears.until("all execs", |ears| {
        children
            .iter()
            .all(|child| ears.about(child.id()).iter().any(is_cat))
    });
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = Some(ExitStatus::from_wait_status(9));
        ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
        assert_eq!(ears.exits(child.id()), [killed]);
    }
}

#[test]
fn threads_are_no_processes() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    for _ in 0..200 {
        thread::spawn(|| {}).join().unwrap();
    }
    let mut child = sh("exit 1", "last");
    child.wait().unwrap();
    ears.until("the last one", |ears| !ears.exits(child.id()).is_empty());
    assert!(ears.about(std::process::id()).is_empty());
    ears.scan();
    ears.scan();
    if ears.is_complete() {
        assert_eq!(ears.missed, Some(0));
    }
}
