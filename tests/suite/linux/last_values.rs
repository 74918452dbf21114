//! What a process that has ended keeps of its optional fields, until its parent reaps it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use process_scanner::{
    Changes, Collect, Detail, Details, Event, LinuxSource, ListenOptions, Scanner, Status, Value,
};

use super::fake::Fake;
use super::{about, known, scan};
use crate::support::await_some;

const KEPT: [Detail; 7] = [
    Detail::UserId,
    Detail::UserName,
    Detail::Cgroup,
    Detail::ContainerId,
    Detail::SystemdUnit,
    Detail::PodUid,
    Detail::Executable,
];

/// A scanner that reads everything; with `listens`, it also hears what happens between scans.
fn scanner(listens: bool) -> Scanner {
    let source = LinuxSource::new(Collect::ALL).unwrap();
    let source = match listens {
        true => source.listening(ListenOptions::default()),
        false => source,
    };
    Scanner::builder().source(source).build().unwrap()
}

fn cat() -> Child {
    let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    // The first scan must see the program, and not the copy of this one before its exec.
    while !fs::read_to_string(format!("/proc/{}/comm", child.id()))
        .is_ok_and(|name| name == "cat\n")
    {
        std::thread::yield_now();
    }
    child
}

/// Lets it end, and waits until it is a zombie.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let stat = format!("/proc/{}/stat", child.id());
    while !fs::read_to_string(&stat).unwrap().contains(") Z ") {
        std::thread::yield_now();
    }
}

fn kept(details: &Details) -> [Value<'_>; 7] {
    KEPT.map(|detail| details.get(detail))
}

#[test]
fn a_zombie_and_its_exit_have_the_last_user_group_and_program() {
    let mut child = cat();
    let pid = child.id();
    let mut scanners = [scanner(false), scanner(true)];
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    let has_name = user.is_ok_and(|user| user.is_some());
    for scanner in &mut scanners {
        scan(scanner);
        // A name can come late.
        let lacks_name = |scanner: &Scanner| {
            let details = known(scanner, pid).details.clone();
            has_name && details.get(Detail::UserName).is_unknown()
        };
        while lacks_name(scanner) {
            scan(scanner);
        }
    }
    let keys = scanners.each_ref().map(|scanner| known(scanner, pid).key());
    let before = known(&scanners[0], pid).details.clone();
    for detail in [Detail::UserId, Detail::Cgroup, Detail::Executable] {
        assert!(!before.get(detail).is_unknown(), "{detail:?}");
    }
    assert_eq!(kept(&known(&scanners[1], pid).details), kept(&before));
    end(&mut child);
    for scanner in &mut scanners {
        // Its turn comes in one of them, that of its owner too.
        for nth in 0..130 {
            let batch = scan(scanner);
            for event in about(&batch, pid) {
                let Event::Updated { changed, .. } = event else {
                    panic!("{event:?}");
                };
                for change in [Changes::USER, Changes::CGROUP, Changes::EXECUTABLE] {
                    assert!(!changed.contains(change), "{nth}: {event:?}");
                }
            }
            let process = known(scanner, pid);
            assert_eq!(process.status, Some(Status::Zombie));
            assert_eq!(kept(&process.details), kept(&before), "{nth}");
        }
    }
    child.wait().unwrap();
    for (scanner, key) in scanners.iter_mut().zip(keys) {
        // Another process may get the pid.
        let is_its_exit =
            |event: &&Event| matches!(event, Event::Exited { process, .. } if process.key() == key);
        let exit = await_some("its exit", || {
            let batch = scan(scanner);
            about(&batch, pid).into_iter().find(is_its_exit).cloned()
        });
        assert_eq!(kept(&exit.process().details), kept(&before));
    }
}

/// Makes the line of `stat` one of a zombie, as the kernel writes it.
fn end_in(fake: &Fake, pid: u32, name: &str) {
    let stat = format!(
        "{pid} ({name}) Z 1 1 1 0 -1 4227084 0 0 0 0 3 0 0 0 20 0 1 0 {pid} 0 0 \
         18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    );
    fs::write(fake.folder(pid).join("stat"), stat).unwrap();
    let _ = fs::remove_file(fake.folder(pid).join("exe"));
    // Version 1 no longer knows where it was.
    fs::write(
        fake.folder(pid).join("cgroup"),
        "4:memory:/\n1:name=systemd:/\n0::/\n",
    )
    .unwrap();
}

fn start_in(fake: &Fake, pid: u32) {
    fake.add(pid, "app", pid.into());
    let cgroup = "4:memory:/m\n1:name=systemd:/system.slice/a.service\n0::/\n";
    fs::write(fake.folder(pid).join("cgroup"), cgroup).unwrap();
    let status = "Uid:\t5\t6\t5\t5\n";
    fs::write(fake.folder(pid).join("status"), status).unwrap();
    std::os::unix::fs::symlink("/usr/bin/app", fake.folder(pid).join("exe")).unwrap();
}

fn scanner_of(fake: &Fake) -> Scanner {
    let collect = Collect::CGROUP | Collect::EXECUTABLE | Collect::USER;
    let source = LinuxSource::with_proc(fake.path(), collect).unwrap();
    let source = source.with_idle_reads_every(Duration::ZERO);
    Scanner::builder().source(source).build().unwrap()
}

#[test]
fn version_1_loses_the_group_of_a_zombie_and_the_scanner_does_not() {
    let fake = Fake::new();
    for pid in [1, 7, 8] {
        start_in(&fake, pid);
    }
    let mut scanner = scanner_of(&fake);
    scan(&mut scanner);
    let before = known(&scanner, 7).details.clone();
    let group = Value::Text("/system.slice/a.service");
    assert_eq!(before.get(Detail::Cgroup), group);
    assert_eq!(before.get(Detail::Executable), Value::Text("/usr/bin/app"));
    end_in(&fake, 7, "app");
    // It has become another program, and ended, since the scan before.
    end_in(&fake, 8, "other");
    for _ in 0..10 {
        scan(&mut scanner);
        assert_eq!(known(&scanner, 7).details, before);
        let other = known(&scanner, 8).details.clone();
        assert_eq!(other.get(Detail::Cgroup), group);
        assert!(other.get(Detail::Executable).is_unknown());
        assert!(!other.get(Detail::UserId).is_unknown());
    }
    // At first sight, nothing shows where it was.
    let mut second = scanner_of(&fake);
    scan(&mut second);
    let process = known(&second, 7).details.clone();
    for detail in [Detail::Cgroup, Detail::SystemdUnit, Detail::Executable] {
        assert!(process.get(detail).is_unknown(), "{detail:?}");
    }
    assert_eq!(known(&second, 1).details.get(Detail::Cgroup), group);
}
