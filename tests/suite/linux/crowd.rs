//! Processes of all kinds, to compare their fields.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::faults::users::NOBODY;

/// Children that end when this is dropped.
#[derive(Default)]
pub(super) struct Crowd {
    pub(super) children: Vec<Child>,
    /// Groups to remove afterwards.
    cgroups: Vec<PathBuf>,
    pub(super) kinds: Vec<&'static str>,
}

impl Crowd {
    fn start(&mut self, kind: &'static str, command: &mut Command) {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        match command.stderr(Stdio::null()).spawn() {
            Ok(child) => {
                self.children.push(child);
                self.kinds.push(kind);
            }
            Err(error) => eprintln!("SKIPPED: no process of the kind {kind}: {error}"),
        }
    }

    fn last_pid(&self) -> u32 {
        self.children.last().map_or(0, Child::id)
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

    /// Moves the last child to a group of its own.
    fn move_last(&mut self, name: &str) {
        let hierarchies =
            ["unified", "systemd", "."].map(|name| Path::new("/sys/fs/cgroup").join(name));
        let procs = |path: &Path| path.join("cgroup.procs");
        let Some(root) = hierarchies.into_iter().find(|root| procs(root).exists()) else {
            return eprintln!("SKIPPED: no control group can be made");
        };
        let group = root.join(name);
        let moved = fs::create_dir(&group)
            .and_then(|()| fs::write(procs(&group), self.last_pid().to_string()));
        self.cgroups.push(group);
        if let Err(error) = moved {
            eprintln!("SKIPPED: no control group can be made: {error}");
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

/// Starts three of each kind.
pub(super) fn crowd(folder: &Path, is_root: bool) -> Crowd {
    let mut crowd = Crowd::default();
    for nth in 0..3 {
        crowd.start("plain", &mut cat());
        crowd.start("in a group of its own", cat().process_group(0));
        crowd.start("nice", Command::new("nice").args(["-n", "5", "cat"]));
        crowd.start("leader of a session", Command::new("setsid").arg("cat"));
        crowd.start(
            "in a user namespace",
            Command::new("unshare").args(["-U", "cat"]),
        );
        crowd.start("ended", &mut Command::new("true"));
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
        let id = format!("{:064x}", u128::from(std::process::id()) << 8 | nth);
        crowd.start("in a container", &mut cat());
        crowd.move_last(&format!("docker-{id}.scope"));
        let removed = copy_of_cat(folder, &format!("removed{nth}"), 0o755);
        crowd.start("of a removed program", &mut Command::new(removed));
        let _ = fs::remove_file(folder.join(format!("removed{nth}")));
    }
    crowd.settle();
    crowd
}
