//! Errors of usage suggest what was probably meant.

use super::{run, text};

/// Returns the tips of a command line that must be wrong usage.
fn tips(line: &str) -> Vec<String> {
    let output = run(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(output.stdout.is_empty(), "{line}");
    let lines = text(&output.stderr).lines();
    let tips = lines.filter_map(|line| line.strip_prefix("  tip: "));
    tips.map(str::to_owned).collect()
}

#[test]
fn a_value_under_another_name_is_suggested() {
    for (line, tip) in [
        ("--sort mem", "use '--sort rss'"),
        ("--sort %mem", "use '--sort rss'"),
        ("--sort RSS", "use '--sort rss'"),
        ("--sort PSS", "use '--sort pss_bytes'"),
        ("-o mem", "use '--columns rss_bytes'"),
        ("-o +pid,%CPU", "use '--columns cpu_percent'"),
        ("--columns USER", "use '--columns user_name'"),
        ("--columns pid,args", "use '--columns command'"),
        ("--sort %cpu", "use '--sort cpu'"),
        ("--sort cmd", "use '--sort command'"),
        ("--sort etime", "use '--sort age'"),
        ("--sort=-rss", "use '--sort rss'"),
        ("--sort=-pid", "use '--sort pid --reverse'"),
        ("--sort=+%mem", "use '--sort rss --reverse'"),
        ("--sort=-etimes", "use '--sort age'"),
        ("--sort=-nlwp", "use '--sort threads'"),
        (
            "--sort tree",
            "to print children below their parents, use '--tree'",
        ),
        ("--state z", "use '--state zombie'"),
        ("--state R,Ss+", "use '--state sleeping'"),
        ("--state disk-sleep", "use '--state disk_sleep'"),
        ("watch --state defunct", "use '--state zombie'"),
        ("replay f --state zombies", "use '--state zombie'"),
        ("watch --events created,births", "use '--events created'"),
        ("watch --events death", "use '--events exited'"),
        ("replay f --events exec", "use '--events updated'"),
        ("--color on", "use '--color always'"),
        ("--color OFF", "use '--color never'"),
        ("--source procfs", "use '--source linux'"),
        ("record f --source native", "use '--source linux'"),
        ("completions pwsh", "use 'pscan completions powershell'"),
        ("man list", "for the page of pscan itself, use 'pscan man'"),
    ] {
        assert_eq!(tips(line), [tip], "{line}");
    }
    // clap finds what is similar.
    assert_eq!(
        tips("watch --events exitd"),
        ["a similar value exists: 'exited'"]
    );
    let list = "'pscan -o help' lists all columns";
    assert_eq!(tips("--sort nonsense"), [list]);
    for line in ["-o pid,thraeds", "--sort thraeds", "-o +thraeds"] {
        assert_eq!(
            tips(line),
            ["a similar value exists: 'threads'", list],
            "{line}"
        );
    }
}

#[test]
fn an_option_of_another_command_is_named_with_it() {
    for (line, tip) in [
        (
            "record f --tree",
            "'--tree' is an option of 'pscan' without a command, 'pscan top' and 'pscan replay'",
        ),
        (
            "watch -n 3",
            "'-n' is an option of 'pscan' without a command and 'pscan replay'",
        ),
        (
            "--interval=5s",
            "'--interval' is an option of 'pscan top', 'pscan watch', 'pscan run' and 'pscan record'",
        ),
        (
            "record f --speed 3",
            "'--speed' is an option of 'pscan top' and 'pscan replay'",
        ),
        ("--limit 3", "use '--top N'"),
        ("--ppid 1", "use '--children PID'"),
        ("watch --parent 1", "use '--children PID'"),
        ("--group-by user", "use '--by WHAT'"),
        ("--group user", "use '--by WHAT'"),
        ("-U root", "use '--user USER'"),
        ("--uid 0", "use '--user USER'"),
        ("watch --exit", "use '--failed'"),
        ("watch --exit-code 3", "use '--failed'"),
        ("replay f --signal=9", "use '--failed'"),
        (
            "watch --status 1",
            "use '--state S' for what processes do, or '--failed' for how they end",
        ),
        ("--status zombie", "use '--state S'"),
        (
            "--killed",
            "use '--failed', an option of 'pscan watch' and 'pscan replay'",
        ),
        (
            "watch --limit 3",
            "use '--top N', an option of 'pscan' without a command and 'pscan replay'",
        ),
        ("watch --no-color", "use '--color never'"),
        ("watch --duration 5s", "use '--for TIME'"),
        ("replay f --since 14:03", "use '--from TIME'"),
        ("record f --max-size 1MB", "use '--rotate SIZE'"),
        ("--zombies", "use '--state zombie'"),
        ("--watch", "use 'pscan watch'"),
        ("-f", "use 'pscan watch'"),
        (
            "-aux",
            "without options that select, pscan lists all processes",
        ),
    ] {
        assert_eq!(tips(line), [tip], "{line}");
    }
    // It is this command already.
    for option in ["--live", "--interactive", "--monitor"] {
        let there = tips(&format!("top {option}"));
        assert!(
            !there.iter().any(|tip| tip.contains("pscan top")),
            "{there:?}"
        );
        assert_eq!(tips(option), ["use 'pscan top'"]);
    }
    assert_eq!(
        tips("--jsn"),
        ["a similar argument exists: '--json'"],
        "clap finds what is similar"
    );
}

#[test]
fn a_bare_word_gets_the_option_that_it_needs() {
    let by_name = |prefix: &str, name: &str| {
        format!("to select processes by name, use '{prefix}--name {name}'")
    };
    for (line, expected) in [
        ("watch bash", &[by_name("", "bash")][..]),
        ("watch my.app", &[by_name("", "\"my\\.app\"")]),
        (
            "watch 12",
            &["to select this process, use '--pid 12'".into()],
        ),
        ("watch 5m", &["use '--for 5m', or '--interval 5m'".into()]),
        (
            "record f 5m",
            &["use '--for 5m', or '--interval 5m'".into()],
        ),
        (
            "watch exited",
            &["use '--events exited'".into(), by_name("", "exited")],
        ),
    ] {
        assert_eq!(tips(line), expected, "{line}");
    }
    assert_eq!(tips("record f bash"), [""; 0]);
}

#[test]
fn a_name_that_is_a_command_has_to_be_escaped() {
    for word in ["watch", "help"] {
        let output = run(&["--json", word]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = text(&output.stderr);
        let escaped = format!("to list what has '{word}' in its name, use 'pscan -- {word}'");
        assert!(error.contains(&escaped), "{error}");
    }
    let nobody = ["--pid", "4294967295", "--", "watch"];
    assert_eq!(run(&nobody).status.code(), Some(1));
}

#[test]
fn a_name_of_no_process_gets_what_was_probably_meant() {
    for (word, tip) in [
        ("zombie", "(use 'pscan --state zombie')"),
        ("top", "(options follow the command: 'pscan top [OPTIONS]'"),
        (
            "./host.ndjson",
            "(to replay a recording, use 'pscan replay ./host.ndjson')",
        ),
        (
            "ls",
            "(to list the processes, use 'pscan' without a command)",
        ),
        ("monitor", "(use 'pscan top')"),
        ("wacth", "(a similar subcommand exists: 'pscan watch')"),
        ("sshd", ""),
    ] {
        let output = run(&["--pid", "4294967295", "--", word]);
        assert_eq!(output.status.code(), Some(1), "{word}");
        let error = text(&output.stderr);
        let expected = format!("pscan: no process matches '{word}' --pid 4294967295 {tip}");
        assert!(error.starts_with(expected.trim_end()), "{error}");
    }
}
