//! The optional fields of processes that start, call `exec` and exit between two scans.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use process_scanner::{Changes, Collect, Detail, Event, ProcessInfo, Value};

use super::between::Bells;
use super::{code, sh};
use crate::faults::users::NOBODY;

const COLLECT: Collect = Collect::USER
    .with(Collect::THREADS)
    .with(Collect::SESSION)
    .with(Collect::CGROUP)
    .with(Collect::EXECUTABLE)
    .with(Collect::PEAK_RSS)
    .with(Collect::COMMAND);

/// Returns the path of the control group of a process that has the same as this one.
fn own_cgroup(bells: &Bells) -> String {
    let own = bells.about(std::process::id()).next().unwrap();
    own.process()
        .details
        .get(Detail::Cgroup)
        .as_text()
        .unwrap()
        .to_owned()
}

/// Returns the session of this process: unknown where its leader is in another pid namespace, as
/// in a container that was entered from outside.
fn own_session() -> Value<'static> {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let session: u64 = after_name.split(' ').nth(3).unwrap().parse().unwrap();
    (session != 0).then_some(session).into()
}

/// Returns the last state of a process.
fn last(bells: &Bells, pid: u32) -> &ProcessInfo {
    bells.about(pid).last().unwrap().process()
}

fn has_name(bells: &Bells, pid: u32, name: &str) -> bool {
    let mut about = bells.about(pid);
    about.any(|event| event.process().name.as_deref() == Some(name))
}

#[track_caller]
fn assert_value(process: &ProcessInfo, detail: Detail, expected: Value<'_>) {
    assert_eq!(
        process.details.get(detail),
        expected,
        "{detail:?}: {process:?}"
    );
}

#[test]
fn a_process_between_two_scans_has_its_optional_fields() {
    let Some(mut bells) = Bells::start_with(COLLECT) else {
        return;
    };
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    bells.until("its exec", |bells| has_name(bells, pid, "cat"));
    let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    let own = bells.about(std::process::id()).next().unwrap().process();
    let own_name = own
        .details
        .get(Detail::UserName)
        .as_text()
        .map(str::to_owned);
    let session = own_session();
    let cgroup = own_cgroup(&bells);
    drop(child.stdin.take());
    child.wait().unwrap();
    bells.until("its exit", |bells| bells.exit(pid) == Some(code(0)));
    // The last event is its exit.
    let process = last(&bells, pid);
    let user = rustix::process::geteuid().as_raw();
    assert_value(process, Detail::UserId, Value::Count(user.into()));
    assert_value(process, Detail::UserName, own_name.as_deref().into());
    assert_value(process, Detail::Threads, Value::Count(1));
    assert_value(process, Detail::SessionId, session);
    assert_value(process, Detail::Cgroup, Value::Text(&cgroup));
    let executable = executable.to_str().unwrap();
    assert_value(process, Detail::Executable, Value::Text(executable));
    bells.stop();
}

#[test]
fn after_an_exec_no_field_is_that_of_the_program_before() {
    let Some(mut bells) = Bells::start_with(COLLECT) else {
        return;
    };
    let mut child = sh("read x; exec cat", "execs");
    let pid = child.id();
    bells.until("its start", |bells| has_name(bells, pid, "sh"));
    let shell = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    assert_value(
        last(&bells, pid),
        Detail::Executable,
        Value::Text(shell.to_str().unwrap()),
    );
    let stdin = child.stdin.as_mut().unwrap();
    std::io::Write::write_all(stdin, b"\n").unwrap();
    bells.until("its exec", |bells| has_name(bells, pid, "cat"));
    let cat = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    bells.until("its exit", |bells| bells.exit(pid) == Some(code(0)));
    let is_cat = |event: &&Event| event.process().name.as_deref() == Some("cat");
    for event in bells.about(pid).filter(is_cat) {
        let executable = event.process().details.get(Detail::Executable);
        assert_eq!(executable, Value::Text(cat.to_str().unwrap()), "{event:?}");
        if let Event::Updated { changed, .. } = event {
            assert!(changed.contains(Changes::NAME) && changed.contains(Changes::EXECUTABLE));
        }
    }
    bells.stop();
}

#[test]
fn a_program_that_gets_another_user_has_that_one_at_once() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("SKIPPED: a program with another user needs root");
    }
    let folder = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let setuid = folder.path().join("setuid");
    let copied = Command::new("cp")
        .args(["-L", "/bin/cat"])
        .arg(&setuid)
        .status();
    assert!(copied.unwrap().success());
    fs::set_permissions(&setuid, PermissionsExt::from_mode(0o4755)).unwrap();
    let Some(mut bells) = Bells::start_with(COLLECT) else {
        return;
    };
    let mut child = Command::new("sh")
        .args(["-c", "read x; exec \"$0\""])
        .arg(&setuid)
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    bells.until("its start", |bells| has_name(bells, pid, "sh"));
    assert_value(
        last(&bells, pid),
        Detail::UserId,
        Value::Count(NOBODY.into()),
    );
    let stdin = child.stdin.as_mut().unwrap();
    std::io::Write::write_all(stdin, b"\n").unwrap();
    bells.until("its exec", |bells| has_name(bells, pid, "setuid"));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let ids = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .unwrap();
    let user: u64 = ids.split_whitespace().nth(1).unwrap().parse().unwrap();
    if user == u64::from(NOBODY) {
        eprintln!("SKIPPED: programs in /tmp do not change the user");
    }
    assert_value(last(&bells, pid), Detail::UserId, Value::Count(user));
    drop(child.stdin.take());
    child.wait().unwrap();
    bells.until("its exit", |bells| bells.exit(pid) == Some(code(0)));
    assert_value(last(&bells, pid), Detail::UserId, Value::Count(user));
    bells.stop();
}
