//! The ends that an event alone does not show.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use process_scanner::{ExitStatus, ListenOptions, Status};
use rustix::process::{Pid, Signal, kill_process};

use super::{Ears, Told, code, sh};

/// Set for a child that runs this program again: what it does.
const ROLE: &str = "PSCAN_TEST_END";

const NAME: &str = "linux::lives::ends::a_child_plays_its_role";

#[test]
fn a_child_plays_its_role() {
    let role = std::env::var(ROLE).ok();
    if role.as_deref() == Some("join") {
        // The first thread joins this one, and ends the process with code 101.
        panic!("as planned");
    }
    if role.is_some() {
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let exec = thread::spawn(|| Command::new("sh").args(["-c", "exit 7"]).exec());
        panic!("{:?}", exec.join());
    }
}

/// Starts a process that waits for a line, and of which another thread then calls `exec`. It ends with
/// code 7.
pub(super) fn start_exec_by_a_thread() -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(ROLE, "exec")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn an_exec_by_another_thread_is_no_exit() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut child = start_exec_by_a_thread();
    drop(child.stdin.take());
    child.wait().unwrap();
    ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
    assert_eq!(ears.exits(child.id()), [code(7)]);
}

#[test]
fn a_thread_that_is_joined_just_before_the_end_does_not_change_the_status() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut known = 0;
    for _ in 0..150 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--test-threads=2"])
            .env(ROLE, "join")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(101));
        ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
        // The end of that thread may be reported last. Then the status is unknown.
        let exits = ears.exits(child.id());
        assert!(exits == [code(101)] || exits == [None], "{exits:?}");
        known += usize::from(exits == [code(101)]);
    }
    assert!(known > 0);
}

/// A program whose first thread ends with code 0; another one waits for the end of the input, and ends
/// the process with code 3.
#[cfg(target_arch = "x86_64")]
fn leader_first() -> Vec<u8> {
    const BASE: u32 = 0x40_0000;
    let mut code: Vec<u8> = Vec::new();
    code.extend([0xb8, 56, 0, 0, 0]); // mov eax, clone
    code.extend([0xbf, 0x00, 0x0f, 0x05, 0x00]); // mov edi, VM | FS | FILES | SIGHAND | THREAD | SYSVSEM
    code.push(0xbe); // mov esi, the stack
    code.extend((BASE + 0x1ff0).to_le_bytes());
    code.extend([0x31, 0xd2, 0x45, 0x31, 0xd2, 0x45, 0x31, 0xc0]); // xor edx, r10d, r8d
    code.extend([0x0f, 0x05, 0x85, 0xc0, 0x74, 9]); // syscall; test eax, eax; jz the new thread
    code.extend([0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05]); // exit(0), of this thread
    code.extend([0x31, 0xc0, 0x31, 0xff]); // the new thread: read(0,
    code.push(0xbe); // buffer,
    code.extend((BASE + 0x1000).to_le_bytes());
    code.extend([0xba, 1, 0, 0, 0, 0x0f, 0x05]); // 1)
    code.extend([0xb8, 231, 0, 0, 0, 0xbf, 3, 0, 0, 0, 0x0f, 0x05]); // exit_group(3)
    let len = 120 + code.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    elf.extend(u64::from(BASE + 120).to_le_bytes());
    elf.extend(64_u64.to_le_bytes());
    elf.extend([0; 12]);
    elf.extend([64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    elf.extend([1, 0, 0, 0, 7, 0, 0, 0]);
    for number in [0, u64::from(BASE), u64::from(BASE), len, 0x2000, 0x1000] {
        elf.extend(number.to_le_bytes());
    }
    assert_eq!(elf.len(), 120);
    elf.extend(code);
    elf
}

/// Writes that program to a folder.
#[cfg(target_arch = "x86_64")]
pub(super) fn leader_first_in(folder: &Path) -> PathBuf {
    let path = folder.join("leader-first");
    // Another thread may start a child while the file is open for writing, which could then not be run.
    let written = folder.join("written");
    fs::write(&written, leader_first()).unwrap();
    fs::set_permissions(&written, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(
        Command::new("cp")
            .arg("-p")
            .args([&written, &path])
            .status()
            .unwrap()
            .success()
    );
    path
}

/// Starts that program, and waits until its first thread has ended.
#[cfg(target_arch = "x86_64")]
pub(super) fn start_leader_first(path: &Path) -> Child {
    let child = Command::new(path).stdin(Stdio::piped()).spawn().unwrap();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    while !stat().contains(") Z ") {
        thread::yield_now();
    }
    child
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_process_whose_first_thread_ends_first_lives_until_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = leader_first_in(folder.path());
    // One is older than the listener, and its first thread has ended before.
    let older = start_leader_first(&path);
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        let mut older = older;
        older.kill().unwrap();
        older.wait().unwrap();
        return;
    };
    let younger = start_leader_first(&path);
    for _ in 0..10 {
        ears.scan();
    }
    for mut child in [older, younger] {
        assert!(ears.exits(child.id()).is_empty());
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(3));
        ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
        assert_eq!(ears.exits(child.id()), [code(3)]);
    }
}

#[test]
fn a_signal_is_reported_by_its_number() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    for (name, number) in [("SEGV", 11), ("KILL", 9), ("TERM", 15)] {
        let mut child = sh(&format!("kill -{name} $$; exit 1"), name);
        child.wait().unwrap();
        ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
        let exits = ears.exits(child.id());
        let [Some(status)] = exits[..] else {
            panic!("{exits:?}");
        };
        assert_eq!((status.signal, status.code), (Some(number), None));
    }
}

#[test]
fn a_zombie_is_a_change_and_exits_when_it_is_reaped() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut older = sh("read x; exit 5", "older");
    ears.scan();
    ears.scan();
    let mut zombies = vec![older.id()];
    writeln!(older.stdin.as_mut().unwrap()).unwrap();
    let mut children = vec![older];
    for _ in 0..50 {
        let child = sh("exit 5", "zombie");
        zombies.push(child.id());
        children.push(child);
    }
    let is_zombie =
        |told: &Told| matches!(told, Told::Changed(read) if read.status == Some(Status::Zombie));
    ears.until("the zombies", |ears| {
        zombies
            .iter()
            .all(|&pid| ears.about(pid).iter().any(is_zombie))
    });
    for _ in 0..20 {
        ears.scan();
    }
    assert!(zombies.iter().all(|&pid| ears.exits(pid).is_empty()));
    for child in &mut children {
        child.wait().unwrap();
    }
    // The next scan finds that they were reaped.
    ears.scan();
    for &pid in &zombies {
        assert_eq!(ears.exits(pid), [code(5)], "{:?}", ears.about(pid));
        let reports = ears.about(pid).iter().filter(|told| is_zombie(told));
        assert_eq!(reports.count(), 1, "{:?}", ears.about(pid));
    }
}

#[test]
fn an_orphan_has_its_own_status() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let mut parent = sh("(read x <&3; exit 4) 3<&0 & echo $!; exit 2", "parent");
    let mut out = String::new();
    let mut stdout = parent.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut out).ok();
    let orphan: u32 = out.trim().parse().unwrap();
    drop(parent.stdin.take());
    parent.wait().unwrap();
    // The process that adopts it may reap it late.
    let has_ended = |told: &Told| match told {
        Told::Exited { .. } => true,
        Told::Changed(read) => read.status == Some(Status::Zombie),
        Told::Born(_) => false,
    };
    ears.until("its end", |ears| ears.about(orphan).iter().any(has_ended));
    assert!(matches!(ears.exits(orphan)[..], [] | [Some(_)]));
    assert!(ears.exits(orphan).iter().all(|status| *status == code(4)));
    ears.until("the parent's exit", |ears| {
        !ears.exits(parent.id()).is_empty()
    });
    assert_eq!(ears.exits(parent.id()), [code(2)]);
}

#[test]
fn the_exit_of_a_process_older_than_the_listener_has_its_status() {
    let mut child = sh("read x; exit 6", "older");
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    };
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    child.wait().unwrap();
    ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
    assert_eq!(
        ears.exits(child.id()),
        [Some(ExitStatus::from_wait_status(15))]
    );
}
