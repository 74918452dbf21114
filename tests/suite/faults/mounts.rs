//! `/proc` is unmounted, or something else is mounted over it.

use std::fs;

use process_scanner::{Collect, ErrorClass, LinuxSource, Source};
#[cfg(feature = "cli")]
use rustix::mount::mount_bind;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::{Cat, Watched, cpu_ticks, exits, is_root, skip, with_own_mounts};
use crate::support::{Live, await_some, live_sources};

#[test]
fn proc_is_unmounted_and_mounted_again() {
    live_sources().for_each(proc_is_unmounted_and_mounted_again_with);
}

fn proc_is_unmounted_and_mounted_again_with(live: Live) {
    if !is_root() {
        return skip("proc_is_unmounted_and_mounted_again", "needs root");
    }
    with_own_mounts(move || {
        let mut stays = Cat::start();
        let goes = Cat::start();
        let (stay, go) = (stays.pid(), goes.pid());
        let mut watched = Watched::new(live);
        assert!(watched.knows(stay) && watched.knows(go));
        // There can be several mounts.
        while unmount("/proc", UnmountFlags::DETACH).is_ok() {}
        assert!(!fs::exists("/proc/self").unwrap());
        drop(goes);
        let mut has_heard = false;
        for _ in 0..3 {
            let batch = watched.scan();
            let failure = batch.failure.as_ref().unwrap();
            assert_eq!(failure.class(), ErrorClass::SourceGone, "{failure:?}");
            // A source that listens still reports what it hears.
            has_heard |= exits(&batch).contains(&go);
            assert!(batch.events.is_empty() || live.listens());
            assert!(watched.knows(stay));
            // Of processes that are born meanwhile it hears too.
            let created = batch
                .events
                .iter()
                .filter(|event| event.kind() == "created");
            assert!(batch.unconfirmed.len() + created.count() >= watched.snapshot.len());
        }
        mount("proc", "/proc", "proc", MountFlags::empty(), None).unwrap();
        let batch = watched.scan();
        assert!(batch.failure.is_none(), "{:?}", batch.failure);
        // Children of other tests come and go; ours are reported correctly.
        assert!(has_heard || exits(&batch).contains(&go));
        assert!(watched.knows(stay));
        assert!(stays.0.try_wait().unwrap().is_none());
    });
}

#[test]
fn another_proc_is_mounted_over_this_one() {
    live_sources().for_each(another_proc_is_mounted_over_this_one_with);
}

fn another_proc_is_mounted_over_this_one_with(live: Live) {
    if !is_root() {
        return skip("another_proc_is_mounted_over_this_one", "needs root");
    }
    with_own_mounts(move || {
        let stays = Cat::start();
        let mut watched = Watched::new(live);
        mount("none", "/proc", "tmpfs", MountFlags::empty(), None).unwrap();
        let batch = watched.scan();
        assert!(batch.failure.is_some());
        // A source that listens still reports what it hears.
        assert!(batch.events.is_empty() || live.listens());
        unmount("/proc", UnmountFlags::DETACH).unwrap();
        assert!(watched.scan().failure.is_none());
        assert!(watched.knows(stays.pid()));
    });
}

#[test]
fn files_of_a_proc_that_is_gone_are_closed() {
    if !is_root() {
        return skip("files_of_a_proc_that_is_gone_are_closed", "needs root");
    }
    with_own_mounts(|| {
        let folder = tempfile::tempdir().unwrap();
        mount("proc", folder.path(), "proc", MountFlags::empty(), None).unwrap();
        let mut works = Cat::start();
        let file = format!("/{}/stat", works.pid());
        // Other tests of this program scan the usual /proc.
        let is_open = || {
            let files = fs::read_dir("/proc/self/fd").unwrap();
            let links = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
            let mut links = links.map(|link| link.to_string_lossy().into_owned());
            links.any(|link| link.ends_with(&file) && !link.starts_with("/proc/"))
        };
        let mut source = LinuxSource::with_proc(folder.path(), Collect::default()).unwrap();
        let mut scan = || source.scan(&mut |_| {});
        // On a busy host files of others can have the places at first.
        await_some("a file that stays open", || {
            scan().unwrap();
            works.work_beyond(cpu_ticks(works.pid()));
            scan().unwrap();
            is_open().then_some(())
        });
        unmount(folder.path(), UnmountFlags::DETACH).unwrap();
        for _ in 0..10 {
            assert_eq!(scan().unwrap_err().class(), ErrorClass::SourceGone);
        }
        assert!(!is_open());
    });
}

#[cfg(feature = "cli")]
#[test]
fn more_memory_available_than_there_is_does_not_wrap() {
    use std::process::{Command, Stdio};

    if !is_root() {
        return skip(
            "more_memory_available_than_there_is_does_not_wrap",
            "needs root",
        );
    }
    with_own_mounts(|| {
        let meminfo = tempfile::NamedTempFile::new().unwrap();
        // As in a container whose limit replaces only the total.
        fs::write(
            meminfo.path(),
            "MemTotal: 524288 kB\nMemFree: 9000000 kB\nMemAvailable: 9500000 kB\n",
        )
        .unwrap();
        mount_bind(meminfo.path(), "/proc/meminfo").unwrap();
        let output = Command::new(assert_cmd::cargo::cargo_bin!("pscan"))
            .args(["--sample", "0", "--top", "3"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let header = text.lines().next().unwrap();
        assert!(
            header.contains(" · up ") && !header.contains("memory"),
            "{header}"
        );
        assert!(!text.contains(" EB"), "{text}");
    });
}
