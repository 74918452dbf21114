//! Processes of all kinds, to compare their fields.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::threads::end_first_thread;
use crate::faults::users::NOBODY;
use crate::live::Waiting;

/// A process whose fields are known to be those of `/proc`.
pub(super) struct Member {
    pub(super) pid: u32,
    pub(super) kind: &'static str,
    /// Id of the container that its control group is named after.
    pub(super) container: Option<String>,
}

/// Processes that end when this is dropped.
#[derive(Default)]
pub(super) struct Crowd {
    pub(super) members: Vec<Member>,
    children: Vec<Child>,
    waiting: Vec<Waiting>,
    /// Groups to remove afterwards.
    cgroups: Vec<PathBuf>,
}

impl Crowd {
    fn start(&mut self, kind: &'static str, command: &mut Command) {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        match command.stderr(Stdio::null()).spawn() {
            Ok(child) => {
                self.add(child.id(), kind);
                self.children.push(child);
            }
            Err(error) => eprintln!("SKIPPED: no process of the kind {kind}: {error}"),
        }
    }

    fn start_with_threads(&mut self, ends_first: bool) {
        let waiting = Waiting::start_with("wait", &[], &[]);
        let pid = waiting.pid();
        self.waiting.push(waiting);
        if !ends_first {
            return self.add(pid, "of several threads");
        }
        match end_first_thread(pid) {
            Ok(()) => self.add(pid, "without its first thread"),
            Err(error) => eprintln!("SKIPPED: no process without its first thread: {error}"),
        }
    }

    fn add(&mut self, pid: u32, kind: &'static str) {
        self.members.push(Member {
            pid,
            kind,
            container: None,
        });
    }

    /// Waits until each child has ended or waits for its input.
    fn settle(&self) {
        for child in &self.children {
            let stat = procfs::process::Process::new(child.id().cast_signed()).unwrap();
            while !matches!(stat.stat().unwrap().state, 'S' | 'Z') {
                std::thread::yield_now();
            }
        }
    }

    /// Moves the last child to the group of a container.
    fn move_last(&mut self, container: String) {
        let hierarchies =
            ["unified", "systemd", "."].map(|name| Path::new("/sys/fs/cgroup").join(name));
        let procs = |path: &Path| path.join("cgroup.procs");
        let Some(root) = hierarchies.into_iter().find(|root| procs(root).exists()) else {
            return eprintln!("SKIPPED: no control group can be made");
        };
        let group = root.join(format!("docker-{container}.scope"));
        let last = self.members.last_mut().unwrap();
        let moved =
            fs::create_dir(&group).and_then(|()| fs::write(procs(&group), last.pid.to_string()));
        self.cgroups.push(group);
        match moved {
            Ok(()) => last.container = Some(container),
            Err(error) => eprintln!("SKIPPED: no control group can be made: {error}"),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for group in &self.cgroups {
            let _ = fs::remove_dir(group);
        }
    }
}

fn cat() -> Command {
    Command::new("cat")
}

/// Copies cat(1) with this mode, as a program of root.
fn copy_of_cat(folder: &Path, name: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    let copied = Command::new("cp")
        .args(["-L", "/bin/cat"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(copied.success());
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    path
}

/// Starts this number of each kind.
pub(super) fn crowd(folder: &Path, is_root: bool, of_each: u32) -> Crowd {
    let mut crowd = Crowd::default();
    for nth in 0..of_each {
        crowd.start("plain", &mut cat());
        crowd.start("in a group of its own", cat().process_group(0));
        crowd.start("nice", Command::new("nice").args(["-n", "5", "cat"]));
        crowd.start("leader of a session", Command::new("setsid").arg("cat"));
        crowd.start(
            "in a user namespace",
            Command::new("unshare").args(["-U", "cat"]),
        );
        crowd.start("ended", &mut Command::new("true"));
        crowd.start_with_threads(false);
        crowd.start_with_threads(true);
        if !is_root {
            continue;
        }
        crowd.start("another user's", cat().uid(NOBODY).gid(NOBODY));
        let setuid = copy_of_cat(folder, &format!("setuid{nth}"), 0o4755);
        crowd.start("setuid", Command::new(setuid).uid(NOBODY).gid(NOBODY));
        // A program that its user may not read is not dumpable.
        let unreadable = copy_of_cat(folder, &format!("unreadable{nth}"), 0o711);
        crowd.start(
            "not dumpable",
            Command::new(unreadable).uid(NOBODY).gid(NOBODY),
        );
        crowd.start(
            "in a pid namespace",
            Command::new("unshare").args(["-p", "-f", "cat"]),
        );
        let id = format!(
            "{:064x}",
            u64::from(std::process::id()) << 8 | u64::from(nth)
        );
        crowd.start("in a container", &mut cat());
        crowd.move_last(id);
        let removed = copy_of_cat(folder, &format!("removed{nth}"), 0o755);
        crowd.start("of a removed program", &mut Command::new(removed));
        let _ = fs::remove_file(folder.join(format!("removed{nth}")));
    }
    crowd.settle();
    crowd
}
