//! A process that the kernel kills for lack of memory, in a cgroup of its own.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;

use process_scanner::ListenOptions;

use super::{Ears, Told, sh};
use crate::linux::is_root;

/// A cgroup with little memory.
struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes one; `None`, with a message, where that is not possible.
    fn new(name: &str) -> Option<Self> {
        if !is_root() {
            eprintln!("SKIPPED: a cgroup needs root");
            return None;
        }
        let limits = [
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.memsw.limit_in_bytes",
            ),
            ("/sys/fs/cgroup", "memory.max", "memory.swap.max"),
        ];
        for (root, memory, swap) in limits {
            let folder = PathBuf::from(root).join(format!("pscan-{name}-{}", std::process::id()));
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            let cgroup = Self(folder);
            let bytes = (32 << 20).to_string();
            if fs::write(cgroup.0.join(memory), bytes).is_ok() {
                // Not everywhere is swapping counted.
                let most = if swap.contains("memsw") { 32 << 20 } else { 0 };
                fs::write(cgroup.0.join(swap), most.to_string()).ok();
                return Some(cgroup);
            }
        }
        eprintln!("SKIPPED: no cgroup with the memory controller can be made");
        None
    }

    /// Starts a shell in it that runs `script` when its input ends.
    fn start(&self, script: &str) -> Child {
        let procs = self.0.join("cgroup.procs").display().to_string();
        sh(
            &format!("echo $$ > {procs}; exec sh -c 'read x; {script}'"),
            "memory",
        )
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).ok();
    }
}

/// Ends the input of a process, or kills it, and returns whether it likely ran out of memory.
fn end(ears: &mut Ears, mut child: Child, is_killed: bool) -> Option<bool> {
    match is_killed {
        true => child.kill().unwrap(),
        false => drop(child.stdin.take()),
    }
    let status = child.wait().unwrap();
    ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
    let oom = ears.about(child.id()).iter().find_map(|told| match told {
        Told::Exited { likely_oom, .. } => Some(*likely_oom),
        _ => None,
    });
    oom.unwrap_or_else(|| panic!("{status}"))
}

#[test]
fn a_process_that_the_kernel_kills_for_lack_of_memory_is_likely_out_of_it() {
    let (Some(small), Some(other)) = (Cgroup::new("small"), Cgroup::new("other")) else {
        return;
    };
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let grow = "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done";
    let mut children = vec![
        small.start(grow),
        small.start("exit 0"),
        other.start("exit 0"),
    ];
    children.push(sh("read x; exit 0", "elsewhere"));
    // All are known, with their cgroups, once they wait for their input.
    let is_in = |child: &Child, cgroup: &Cgroup| {
        let procs = fs::read_to_string(cgroup.0.join("cgroup.procs")).unwrap();
        procs.lines().any(|line| line == child.id().to_string())
    };
    ears.until("the cgroups", |_| {
        is_in(&children[0], &small) && is_in(&children[1], &small) && is_in(&children[2], &other)
    });
    // It was read at the exec.
    let is_read = |told: &Told| match told {
        Told::Born(read) | Told::Changed(read) => {
            let command = read.command.as_deref();
            command.is_some_and(|command| command.starts_with("sh\0-c\0read x"))
        }
        Told::Exited { .. } => false,
    };
    ears.until("the execs", |ears| {
        let reads = |child: &Child| ears.about(child.id()).iter().any(is_read);
        children.iter().all(reads)
    });
    let mut children = children.into_iter();
    let [grows, same, other_one, elsewhere] = std::array::from_fn(|_| children.next().unwrap());
    assert_eq!(end(&mut ears, grows, false), Some(true));
    // A kill by a person just after it, in the same cgroup and in others.
    assert_eq!(end(&mut ears, same, true), None);
    assert_eq!(end(&mut ears, other_one, true), Some(false));
    let mut elsewhere = elsewhere;
    writeln!(elsewhere.stdin.as_mut().unwrap()).unwrap();
    assert_eq!(end(&mut ears, elsewhere, false), Some(false));
}
