//! Folders of `/proc` that lack files, or have odd ones: as recorded elsewhere.

use std::fs;

use process_scanner::{Changes, Event, ProcessInfo, Status};

use super::fake::Fake;
use super::{about, args, known, scan};

/// Returns the line `stat` of a thread or process.
fn stat(pid: u32, name: &str, state: char, threads: u32, environment_end: u32) -> String {
    let rss = if state == 'Z' { 0 } else { 25 };
    format!(
        "{pid} ({name}) {state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 5 {} {rss} \
         18446744073709551615 1 1 7 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 1 1 8 9 1 \
         {environment_end} 0\n",
        rss * 4096
    )
}

#[test]
fn a_process_without_one_of_its_files_is_reported_without_its_values() {
    for file in ["stat", "statm", "cmdline"] {
        for content in [None, Some(""), Some("nonsense\n")] {
            let fake = Fake::new();
            for pid in 2..=4 {
                fake.add(pid, "x", 5);
            }
            let path = fake.folder(2).join(file);
            match content {
                None => fs::remove_file(path).unwrap(),
                Some(content) => fs::write(path, content).unwrap(),
            }
            let what = format!("{file} {content:?}");
            let mut scanner = fake.scanner();
            for _ in 0..40 {
                let batch = scan(&mut scanner);
                let count = |kind| batch.events.iter().filter(|e| e.kind() == kind).count();
                assert_eq!(count("exited"), 0, "{what}");
                let process = known(&scanner, 2);
                let has_stat = file != "stat";
                assert_eq!(process.name.is_some(), has_stat, "{what}");
                assert_eq!(process.start_time_ms.is_some(), has_stat, "{what}");
                assert_eq!(
                    process.resources.rss_bytes.is_some(),
                    has_stat && file != "statm",
                    "{what}"
                );
                if content.is_none() {
                    assert!(batch.counts.unreadable_fields > 0, "{what}");
                }
            }
            let command = known(&scanner, 2).command.clone();
            let expected = match (file, content) {
                ("statm", _) => Some(&["/bin/x", "-v"][..]),
                ("cmdline", Some("")) => Some(&[][..]),
                ("cmdline", Some(_)) => Some(&["nonsense\n"][..]),
                _ => None,
            };
            let command = command
                .as_ref()
                .map(|command| Vec::from_iter(command.args()));
            assert_eq!(command.as_deref(), expected, "{what}");
            // Without its folder it has exited.
            fs::remove_dir_all(fake.folder(2)).unwrap();
            let batch = scan(&mut scanner);
            assert_eq!(about(&batch, 2)[0].kind(), "exited", "{what}");
        }
    }
}

#[test]
fn a_process_that_loses_a_file_stays() {
    for file in ["stat", "statm", "cmdline"] {
        let fake = Fake::new();
        fake.add(1, "x", 5);
        fake.add(2, "x", 5);
        let mut scanner = fake.scanner();
        scan(&mut scanner);
        let before = known(&scanner, 2);
        fs::remove_file(fake.folder(2).join(file)).unwrap();
        if file != "stat" {
            fake.write(2, "x", 5, 9);
        }
        for _ in 0..40 {
            scan(&mut scanner);
        }
        let now = known(&scanner, 2);
        assert_eq!((now.key(), &now.name), (before.key(), &before.name));
        assert_eq!(now.command, before.command, "{file}");
        assert_eq!(now.resources.rss_bytes.is_none(), file == "statm");
    }
}

#[test]
fn nothing_read_is_no_command_line_only_if_the_arguments_are_in_place() {
    let fake = Fake::new();
    let write = |environment_end| {
        let line = stat(1, "x", 'S', 1, environment_end);
        fs::write(fake.folder(1).join("stat"), line).unwrap();
    };
    fake.add(1, "x", 5);
    fs::write(fake.folder(1).join("cmdline"), "").unwrap();
    // In the middle of an `exec`.
    write(0);
    let mut scanner = fake.scanner();
    for _ in 0..3 {
        let batch = scan(&mut scanner);
        assert_eq!(known(&scanner, 1).command, None);
        assert_eq!(batch.counts.unreadable_fields, 1);
    }
    write(9);
    scan(&mut scanner);
    assert!(known(&scanner, 1).command.clone().unwrap().is_empty());
}

/// A process whose first thread has ended, of three.
fn without_first_thread() -> Fake {
    let fake = Fake::new();
    fake.add(1, "init", 5);
    fake.add(7, "x", 5);
    let folder = fake.folder(7);
    fs::write(folder.join("stat"), stat(7, "first", 'Z', 3, 0)).unwrap();
    fs::write(folder.join("statm"), "0 0 0 0 0 0 0\n").unwrap();
    fs::write(folder.join("cmdline"), "").unwrap();
    for (tid, state) in [(7, 'Z'), (8, 'Z'), (9, 'D')] {
        let thread = folder.join("task").join(tid.to_string());
        fs::create_dir_all(&thread).unwrap();
        fs::write(thread.join("stat"), stat(tid, "other", state, 3, 1)).unwrap();
        fs::write(thread.join("statm"), "100 26 3 1 0 5 0\n").unwrap();
        fs::write(thread.join("cmdline"), "/bin/y\0\0").unwrap();
    }
    fake
}

fn assert_lives(process: &ProcessInfo) {
    assert_eq!(process.name.as_deref(), Some("first"));
    assert_eq!(process.status, Some(Status::DiskSleep));
    let page_bytes = rustix::param::page_size() as u64;
    assert_eq!(process.resources.rss_bytes, Some(26 * page_bytes));
    assert_eq!(args(process), ["/bin/y", ""]);
}

#[test]
fn a_living_thread_is_read_instead_of_the_first_one() {
    let fake = without_first_thread();
    let mut scanner = fake.scanner();
    for _ in 0..40 {
        scan(&mut scanner);
        assert_lives(&known(&scanner, 7));
    }
    // Another thread lives instead.
    let thread = |tid: u32| fake.folder(7).join("task").join(tid.to_string());
    fs::rename(thread(9), thread(10)).unwrap();
    let batch = scan(&mut scanner);
    // The CPU share is known or not, by how long ago the scan before was.
    let is_of_cpu = |event: &&Event| matches!(event, Event::Updated { changed, .. } if *changed == Changes::CPU);
    assert!(about(&batch, 7).iter().all(is_of_cpu), "{batch:?}");
    // All have ended, and a debugger has not released one.
    fs::write(thread(10).join("stat"), stat(10, "other", 'Z', 3, 0)).unwrap();
    scan(&mut scanner);
    let process = known(&scanner, 7);
    assert_eq!(process.status, Some(Status::Zombie));
    assert_eq!(process.resources.rss_bytes, Some(0));
    // A zombie keeps its command line.
    assert_eq!(args(&process), ["/bin/y", ""]);
}

#[test]
fn without_its_threads_the_state_of_such_a_process_is_unknown() {
    let fake = without_first_thread();
    fs::remove_dir_all(fake.folder(7).join("task")).unwrap();
    let mut scanner = fake.scanner();
    for _ in 0..3 {
        scan(&mut scanner);
        let process = known(&scanner, 7);
        assert_eq!(process.name.as_deref(), Some("first"));
        assert_eq!(process.status, None);
        assert_eq!(process.resources.rss_bytes, None);
        assert_eq!(process.command, None);
    }
}

#[test]
fn a_thread_that_is_exiting_or_without_memory_is_not_read_if_another_lives() {
    let fake = without_first_thread();
    let exiting = fake.folder(7).join("task/8");
    let line = stat(8, "other", 'R', 3, 0).replace(" 102400 25 ", " 0 0 ");
    fs::write(exiting.join("stat"), line).unwrap();
    fs::write(exiting.join("statm"), "0 0 0 0 0 0 0\n").unwrap();
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    assert_lives(&crate::support::scan_for_command(&mut scanner, 7));
    // It ends after its `stat` was read.
    fs::write(exiting.join("stat"), stat(8, "other", 'D', 3, 1)).unwrap();
    for is_there in [true, false] {
        if !is_there {
            fs::remove_file(exiting.join("statm")).unwrap();
        }
        let mut scanner = fake.scanner();
        scan(&mut scanner);
        let page_bytes = rustix::param::page_size() as u64;
        let process = known(&scanner, 7);
        assert_eq!(process.resources.rss_bytes, Some(26 * page_bytes));
        assert_eq!(process.status, Some(Status::DiskSleep));
    }
}

#[test]
fn a_process_is_no_zombie_while_a_thread_is_not_listed() {
    let fake = without_first_thread();
    // It has four threads, and the fourth one came after the list.
    fs::write(fake.folder(7).join("stat"), stat(7, "first", 'Z', 4, 0)).unwrap();
    fs::write(
        fake.folder(7).join("task/9/stat"),
        stat(9, "other", 'Z', 4, 0),
    )
    .unwrap();
    let mut scanner = fake.scanner();
    scan(&mut scanner);
    let process = known(&scanner, 7);
    assert_eq!(process.status, None);
    assert_eq!(process.resources.rss_bytes, None);
}

#[test]
fn something_else_in_the_place_of_a_file_makes_its_values_unknown() {
    for file in ["stat", "statm", "cmdline"] {
        for what in ["a folder", "a loop", "a file as a folder", "a socket"] {
            let fake = Fake::new();
            fake.add(1, "x", 5);
            fake.add(2, "x", 5);
            let path = fake.folder(2).join(file);
            fs::remove_file(&path).unwrap();
            match what {
                "a folder" => fs::create_dir(&path).unwrap(),
                "a loop" => std::os::unix::fs::symlink(file, &path).unwrap(),
                "a file as a folder" => std::os::unix::fs::symlink("../stat/x", &path).unwrap(),
                _ => drop(std::os::unix::net::UnixListener::bind(&path).unwrap()),
            }
            let mut scanner = fake.scanner();
            for _ in 0..3 {
                let batch = scan(&mut scanner);
                let process = known(&scanner, 2);
                assert_eq!(process.name.is_some(), file != "stat", "{file}: {what}");
                let has_memory = process.resources.rss_bytes.is_some();
                assert_eq!(has_memory, file == "cmdline", "{file}: {what}");
                assert!(batch.unconfirmed.is_empty(), "{file}: {what}");
                assert!(batch.counts.unreadable_fields > 0, "{file}: {what}");
            }
        }
    }
}
