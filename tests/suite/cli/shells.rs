//! Completions in the shells that are installed here.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

use super::{stdout_of, text};

/// Returns a folder with a completion script, a file and a folder.
fn folder(shell: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("script"),
        stdout_of(&["completions", shell]),
    )
    .unwrap();
    fs::write(dir.path().join("my host.ndjson"), "").unwrap();
    fs::create_dir(dir.path().join("my proc")).unwrap();
    dir
}

/// Runs a script; `None` if this shell is not installed.
fn run_in(shell: &str, args: &[&str], dir: &Path) -> Option<Vec<String>> {
    let bin = cargo_bin!("pscan").parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(env::split_paths(&path));
    let mut command = Command::new(shell);
    command.args(args).current_dir(dir);
    command
        .env("PATH", env::join_paths(paths).unwrap())
        .env("HOME", dir);
    let Ok(output) = command.output() else {
        eprintln!("skipped: {shell} is not installed here");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(text(&output.stdout).lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes_values_files_and_folders() {
    let dir = folder("bash");
    // As bash splits them: words, the index of the current one, and what is before the cursor.
    for (words, current, expected) in [
        (
            &["--sort", ""][..],
            "",
            &["cpu", "rss", "pid", "name", "age"][..],
        ),
        (&["--sort", "=", "r"], "r", &["rss"]),
        (&["--color", "="], "", &["auto", "always", "never"]),
        (
            &["--state", "zombie,s"],
            "zombie,s",
            &["zombie,sleeping", "zombie,stopped"],
        ),
        (
            &["watch", "--events", "created,ex"],
            "created,ex",
            &["created,existing", "created,exited"],
        ),
        (
            &["watch", "--events", "=", "created,u"],
            "created,u",
            &["created,updated"],
        ),
        (&["re"], "re", &["record", "replay"]),
        (
            &["watch", "--st"],
            "--st",
            &["--state", "--strip-args", "--stats"],
        ),
        (&["record", "my"], "my", &["my host.ndjson", "my proc"]),
        (&["--proc", "my"], "my", &["my proc"]),
        (&["--proc", "=", "my"], "my", &["my proc"]),
        (&["--name", "my"], "my", &[]),
        (&["watch", "my"], "my", &[]),
    ] {
        let mut args = vec![
            "--norc",
            "-c",
            // Without a terminal there is no `compopt`; then the script lists files itself.
            "source ./script; current=$1; shift; COMP_WORDS=(pscan \"$@\"); COMP_CWORD=$#
             _pscan pscan \"$current\" 2>/dev/null
             for word in \"${COMPREPLY[@]}\"; do printf '%s\\n' \"$word\"; done",
            "bash",
            current,
        ];
        args.extend(words);
        let Some(mut found) = run_in("bash", &args, dir.path()) else {
            return;
        };
        // The order of files is that of their folder.
        if expected.iter().any(|word| word.contains(' ')) {
            found.sort();
        }
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn fish_completes_values_files_and_folders() {
    let dir = folder("fish");
    for (line, expected) in [
        ("pscan --sort ", &["cpu", "rss", "pid", "name", "age"][..]),
        ("pscan --sort=r", &["--sort=rss"]),
        (
            "pscan --tree --state zombie,s",
            &["zombie,sleeping", "zombie,stopped"],
        ),
        (
            "pscan watch --events created,ex",
            &["created,existing", "created,exited"],
        ),
        (
            "pscan watch --events=created,u",
            &["--events=created,updated"],
        ),
        ("pscan re", &["record", "replay"]),
        ("pscan watch --st", &["--state", "--strip-args", "--stats"]),
        ("pscan completions b", &["bash"]),
        ("pscan record my", &["my host.ndjson", "my proc/"]),
        ("pscan --proc my", &["my proc/"]),
        ("pscan --proc=my", &["--proc=my proc/"]),
        ("pscan --name my", &[]),
        ("pscan watch my", &[]),
    ] {
        let args = ["-c", "source ./script; complete -C $argv[1]", line];
        let Some(found) = run_in("fish", &args, dir.path()) else {
            return;
        };
        // A tab and the description follow each word.
        let words: Vec<_> = found
            .iter()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        assert_eq!(words, expected, "{line}");
    }
}
