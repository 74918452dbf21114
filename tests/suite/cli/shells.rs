//! Completions in the shells that are installed here.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

use super::{stdout_of, text};

/// Returns a folder with a completion script, files and a folder.
fn folder(shell: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("script"),
        stdout_of(&["completions", shell]),
    )
    .unwrap();
    for name in ["my host.ndjson", "a:b.ndjson", "c=d.ndjson"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    fs::create_dir(dir.path().join("my proc")).unwrap();
    dir
}

/// Runs a script; `None` if this shell is not installed.
fn run_in(shell: &str, args: &[&str], dir: &Path) -> Option<Vec<String>> {
    run_with(Stdio::null(), shell, args, dir)
}

fn run_with(stdin: Stdio, shell: &str, args: &[&str], dir: &Path) -> Option<Vec<String>> {
    let bin = cargo_bin!("pscan").parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(env::split_paths(&path));
    let mut command = Command::new(shell);
    command.args(args).current_dir(dir).stdin(stdin);
    command
        .env("PATH", env::join_paths(paths).unwrap())
        .env("HOME", dir)
        .env("INPUTRC", "/dev/null");
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
        (&["--sort", "rs"][..], "rs", &["rss"][..]),
        (&["--sort", "=", "rs"], "rs", &["rss"]),
        (&["-o", "+unit,thr"], "+unit,thr", &["+unit,threads"]),
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
        (&["re"], "re", &["record", "replay", "report"]),
        (
            &["watch", "--st"],
            "--st",
            &["--state", "--strip-args", "--stats"],
        ),
        (&["record", "my"], "my", &["my\\ host.ndjson", "my\\ proc/"]),
        (&["--proc", "my"], "my", &["my\\ proc/"]),
        (&["--proc", "=", "my"], "my", &["my\\ proc/"]),
        (&["--name", "my"], "my", &[]),
        (&["watch", "my"], "my", &[]),
    ] {
        let line = format!("pscan {}", words.join(" "));
        let line = line.replace(" = ", "=").replace(" =", "=");
        let mut args = vec![
            "--norc",
            "-c",
            // Out of a completion `compopt` fails; then the script lists files itself.
            "source ./script; COMP_LINE=$0; COMP_POINT=${#0}
             current=$1; shift; COMP_WORDS=(pscan \"$@\"); COMP_CWORD=$#
             _pscan pscan \"$current\" 2>/dev/null
             for word in \"${COMPREPLY[@]}\"; do printf '%s\\n' \"$word\"; done",
            &line,
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

/// Returns the arguments that lines have after Tab in an interactive bash.
fn completed_by_bash(setup: &str, lines: &[&str]) -> Option<Vec<String>> {
    let dir = folder("bash");
    run_in("bash", &["--version"], dir.path())?;
    let keys: String = lines
        .iter()
        // After Ctrl-A: print the arguments, run nothing.
        .map(|line| format!("{line}\t\u{1}arguments \u{5}\n"))
        .collect();
    let start = "arguments() { printf '[%s]' \"${@/#$HOME/HOME}\"; echo; }; source ./script";
    let keys = format!("{start}\n{setup}\n{keys}");
    fs::write(dir.path().join("keys"), keys).unwrap();
    let keys = fs::File::open(dir.path().join("keys")).unwrap();
    // In a session of its own, bash does not take the terminal of the tests.
    let args = ["bash", "--norc", "--noprofile", "-i"];
    run_with(keys.into(), "setsid", &args, dir.path())
}

#[test]
fn bash_completes_quoted_words_and_whatever_breaks_words() {
    let home_file = "[pscan][replay][HOME/my host.ndjson]";
    let cases = [
        ("pscan replay \"my h", "[pscan][replay][my host.ndjson]"),
        ("pscan replay 'my h", "[pscan][replay][my host.ndjson]"),
        ("pscan replay my\\ h", "[pscan][replay][my host.ndjson]"),
        ("pscan replay ~/my\\ h", home_file),
        ("pscan replay $HOME/my\\ h", home_file),
        ("pscan replay a:", "[pscan][replay][a:b.ndjson]"),
        ("pscan replay a:b", "[pscan][replay][a:b.ndjson]"),
        ("pscan replay c=", "[pscan][replay][c=d.ndjson]"),
        ("pscan --sort=na", "[pscan][--sort=name]"),
        ("pscan --sort 'rs", "[pscan][--sort][rss]"),
        ("pscan --sort \"rs", "[pscan][--sort][rss]"),
        (
            "pscan watch --events=cr",
            "[pscan][watch][--events=created]",
        ),
        ("pscan --proc=./m", "[pscan][--proc=./my proc/]"),
        ("pscan --proc=my", "[pscan][--proc=my proc/]"),
        ("pscan --proc=my\\ p", "[pscan][--proc=my proc/]"),
        ("pscan --proc my", "[pscan][--proc][my proc/]"),
        (
            "pscan --proc 'a b' --sort na",
            "[pscan][--proc][a b][--sort][name]",
        ),
    ];
    for setup in [
        "",
        "COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}",
        "COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}",
    ] {
        let Some(found) = completed_by_bash(setup, &cases.map(|(line, _)| line)) else {
            return;
        };
        assert_eq!(found, cases.map(|(_, expected)| expected), "{setup}");
    }
}

#[test]
fn fish_completes_values_files_and_folders() {
    let dir = folder("fish");
    for (line, expected) in [
        ("pscan --sort rs", &["rss"][..]),
        ("pscan --sort=rs", &["--sort=rss"]),
        ("pscan -o +unit,thr", &["+unit,threads"]),
        ("pscan --columns=pid,thr", &["--columns=pid,threads"]),
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
        ("pscan re", &["record", "replay", "report"]),
        ("pscan watch --st", &["--state", "--strip-args", "--stats"]),
        ("pscan completions b", &["bash"]),
        ("pscan record my", &["my host.ndjson", "my proc/"]),
        ("pscan --proc my", &["my proc/"]),
        ("pscan --proc=my", &["--proc=my proc/"]),
        ("pscan --name my", &[]),
        ("pscan watch my", &[]),
        ("pscan replay my\\ h", &["my host.ndjson"]),
        ("pscan replay \"my h", &["my host.ndjson"]),
        ("pscan replay 'my h", &["my host.ndjson"]),
        ("pscan replay ~/my\\ h", &["~/my host.ndjson"]),
        ("pscan replay $HOME/my\\ h", &["$HOME/my host.ndjson"]),
        ("pscan replay a:b", &["a:b.ndjson"]),
        ("pscan --sort 'rs", &["rss"]),
        ("pscan --sort \"rs", &["rss"]),
        ("pscan --sort=\"rs", &["--sort=rss"]),
        ("pscan --proc my\\ ", &["my proc/"]),
        ("pscan --proc \"my", &["my proc/"]),
        ("pscan --proc ~/my", &["~/my proc/"]),
        ("pscan --proc=~/my", &["--proc=~/my proc/"]),
        ("pscan --proc 'a b' --sort na", &["name"]),
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
