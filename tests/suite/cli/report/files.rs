//! The file of the page.

use std::fs;

use tempfile::TempDir;

use super::{data_of, eventful, run, text, to_file};
use crate::cli::{failure_of, pscan};

/// Returns the names in a folder.
fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn run_all(args: &[String]) -> std::process::Output {
    run(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_page_is_written_and_never_replaced_by_mistake() {
    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let mut args = to_file(&recording, &dir);
    let path = dir.path().join("page.html");
    let output = run_all(&args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let message = text(&output.stderr);
    assert!(
        message.starts_with("pscan: wrote ") && message.contains(" kB to "),
        "{message}"
    );
    let page = fs::read_to_string(&path).unwrap();
    assert_eq!(data_of(&page)["recording"], "made.ndjson");
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    fs::write(&path, "mine").unwrap();
    let error = run_all(&args);
    assert!(failure_of(&error).contains("add --force"), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    args.push("--force".into());
    assert_eq!(run_all(&args).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), page);
    assert_eq!(names(&dir), ["page.html"]);
}

#[test]
fn the_page_has_the_name_of_the_recording_by_default() {
    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let output = pscan(&["report", &recording.arg()])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(names(&dir), ["made.html"]);
    // So standard input has a name too.
    let output = pscan(&["report", "-"])
        .current_dir(dir.path())
        .stdin(fs::File::open(recording.path()).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(names(&dir), ["made.html", "report.html"]);
    let page = fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert_eq!(data_of(&page)["recording"], "standard input");
}

#[test]
fn a_damaged_recording_has_a_page_of_what_could_be_read() {
    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let mut bytes = fs::read(recording.path()).unwrap();
    bytes.extend_from_slice(b"{\"scan\":{\"wall_ms\":\n");
    fs::write(recording.path(), bytes).unwrap();
    let output = run_all(&to_file(&recording, &dir));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("line 7"), "{output:?}");
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    let report = data_of(&page);
    assert_eq!(report["totals"]["births"], 1);
    let note = report["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("The recording is damaged") && note.contains("line 7"),
        "{note}"
    );
}

#[test]
fn a_failure_leaves_no_file() {
    let dir = TempDir::new().unwrap();
    let recording = eventful();
    fs::write(recording.path(), "no recording").unwrap();
    failure_of(&run_all(&to_file(&recording, &dir)));
    fs::remove_file(recording.path()).unwrap();
    let output = run_all(&to_file(&recording, &dir));
    assert!(
        failure_of(&output).contains("(check the path)"),
        "{output:?}"
    );
    assert_eq!(names(&dir), [""; 0]);
    // What cannot be written is found before the recording is read.
    let nowhere = dir.path().join("no/page.html");
    let output = run(&["report", &recording.arg(), "-o", nowhere.to_str().unwrap()]);
    assert!(
        failure_of(&output).contains("does not create folders"),
        "{output:?}"
    );
    let output = run(&[
        "report",
        &recording.arg(),
        "-o",
        dir.path().to_str().unwrap(),
    ]);
    assert!(failure_of(&output).contains("in that folder"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let target = dir.path().join("target.html");
    fs::write(&target, "old").unwrap();
    std::os::unix::fs::symlink(&target, dir.path().join("page.html")).unwrap();
    let mut args = to_file(&recording, &dir);
    args.push("--force".into());
    assert_eq!(run_all(&args).status.code(), Some(0));
    assert_eq!(names(&dir), ["page.html", "target.html"]);
    assert!(
        fs::symlink_metadata(dir.path().join("page.html"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .starts_with("<!doctype html>")
    );
}

/// As a shell creates the file of a redirection.
#[cfg(unix)]
#[test]
fn the_target_of_a_link_is_created() {
    use std::os::unix::fs::symlink;

    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    fs::create_dir(dir.path().join("folder")).unwrap();
    symlink("folder/second", dir.path().join("page.html")).unwrap();
    symlink("new.html", dir.path().join("folder/second")).unwrap();
    let output = run_all(&to_file(&recording, &dir));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(names(&dir), ["folder", "page.html"]);
    let target = fs::symlink_metadata(dir.path().join("folder/new.html")).unwrap();
    assert!(target.is_file());
    // Links in a circle lead nowhere.
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    symlink(&one, &other).unwrap();
    symlink(&other, &one).unwrap();
    let output = run(&["report", &recording.arg(), "-o", one.to_str().unwrap()]);
    assert!(failure_of(&output).contains("exists"), "{output:?}");
    // A folder that is missing stays so.
    let nowhere = dir.path().join("nowhere");
    symlink("missing/page.html", &nowhere).unwrap();
    let output = run(&["report", &recording.arg(), "-o", nowhere.to_str().unwrap()]);
    assert!(
        failure_of(&output).contains("does not create folders"),
        "{output:?}"
    );
    assert!(fs::symlink_metadata(&nowhere).unwrap().is_symlink());
}

#[cfg(unix)]
#[test]
fn a_recording_that_is_read_is_never_replaced() {
    use std::os::unix::fs::symlink;

    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let content = fs::read(recording.path()).unwrap();
    let file = |name: &str| dir.path().join(name);
    fs::write(file("one.000001.ndjson"), &content).unwrap();
    fs::write(file("lives.csv"), &content).unwrap();
    fs::hard_link(file("one.000001.ndjson"), file("hard")).unwrap();
    symlink(file("one.000001.ndjson"), file("soft")).unwrap();
    let parts = file("one.ndjson");
    let part = file("one.000001.ndjson");
    for (input, output) in [
        (&part, &part),
        (&part, &file("hard")),
        (&part, &file("soft")),
        (&file("hard"), &file("soft")),
        (&parts, &part),
        // A file of that name would hide the parts.
        (&parts, &parts),
        (&parts, &file("soft")),
    ] {
        let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
        let mut commands = vec![vec!["report", input, "--force", "-o", output]];
        if cfg!(feature = "export") {
            commands.push(vec!["export", input, "--force", "--perfetto", output]);
        }
        for command in commands {
            let done = run(&command);
            assert!(
                failure_of(&done).contains("is a recording that is read"),
                "{command:?} {done:?}"
            );
        }
    }
    // Standard input has a name too.
    #[cfg(target_os = "linux")]
    {
        let mut command = pscan(&["report", "-", "--force", "-o", part.to_str().unwrap()]);
        let done = command.stdin(fs::File::open(&part).unwrap()).output();
        assert!(failure_of(&done.unwrap()).contains("is a recording that is read"));
    }
    #[cfg(feature = "export")]
    {
        let (table, folder) = (file("lives.csv"), dir.path().to_str().unwrap());
        let done = run(&[
            "export",
            table.to_str().unwrap(),
            "--force",
            "--csv",
            folder,
        ]);
        assert!(
            failure_of(&done).contains("is a recording that is read"),
            "{done:?}"
        );
    }
    for name in ["one.000001.ndjson", "lives.csv"] {
        assert_eq!(fs::read(file(name)).unwrap(), content);
    }
    assert_eq!(
        names(&dir),
        ["hard", "lives.csv", "one.000001.ndjson", "soft"]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn dev_stdout_is_standard_output() {
    let (recording, dir) = (eventful(), TempDir::new().unwrap());
    let path = dir.path().join("page.html");
    // A shell has created it.
    let page = fs::File::create(&path).unwrap();
    let output = pscan(&["report", &recording.arg(), "-o", "/dev/stdout"])
        .stdout(page)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .trim_end()
            .ends_with("</html>")
    );
    assert_eq!(names(&dir), ["page.html"]);
}

#[cfg(unix)]
#[test]
fn a_device_is_written_and_not_replaced() {
    let recording = eventful();
    let output = run(&["report", &recording.arg(), "-o", "/dev/null"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_no_page() {
    let recording = eventful();
    let args = ["report", &recording.arg(), "-o", "-"];
    let (out, output) = crate::cli::terminal::outcome_on_terminal(80, &args, &[]);
    assert_eq!(out, "");
    assert!(
        failure_of(&output).contains("not for a terminal"),
        "{output:?}"
    );
}
