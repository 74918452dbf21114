//! Settings from files, the environment and options; the file for node_exporter.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use rustix::process::Signal;

use super::{Server, pscan, sample};

/// Returns exit status, output and messages of `pscan serve --check`.
fn check(settings: &str, variables: &[(&str, &str)]) -> (bool, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pscan.toml");
    fs::write(&file, settings).unwrap();
    let mut command = pscan(&["serve", "--check"]);
    command.arg(&file).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_example_is_valid_and_has_the_defaults() {
    let example =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pscan.toml")).unwrap();
    let (is_fine, printed, messages) = check(&example, &[]);
    assert!(is_fine, "{messages}");
    // All that is commented out is valid too, and each setting is there.
    let whole: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "0123456789abcdef").unwrap();
    let token = token.to_str().unwrap();
    let whole = whole.replace("/etc/pscan/token", token);
    let whole = whole.replace("/etc/pscan/otlp-header", token);
    let (is_fine, printed_whole, messages) = check(&whole, &[]);
    assert!(is_fine, "{messages}");
    assert!(printed_whole.contains("php {pool}"), "{printed_whole}");
    let (_, of_server) = printed.split_once("[groups]").unwrap();
    for line in of_server.lines().filter(|line| line.contains(" = ")) {
        let key = line.split(" = ").next().unwrap();
        assert!(
            example.contains(&format!("{key} = ")),
            "{key} is not in the example"
        );
    }
    let (_, defaults, _) = check("", &[]);
    assert_eq!(printed, defaults, "the example changes a setting");
}

#[test]
fn what_is_printed_means_the_same() {
    let settings = "[scan]\ninterval_ms = 5000\n[groups]\nby = \"user\"\n[[group]]\nlabel = \"x {user}\"\n\
        command = \"a.*b\"\nuser = [\"root\", \"1000\"]\nchildren = true\n[serve]\nallowed_hosts = \"node1\"\n";
    let (is_fine, first, messages) = check(settings, &[]);
    assert!(is_fine, "{messages}");
    assert_eq!(check(&first, &[]).1, first);
    for expected in [
        "interval_ms = 5000",
        "by = \"user\"",
        "label = \"x {user}\"",
        "127.0.0.1:9257",
    ] {
        assert!(first.contains(expected), "{expected}: {first}");
    }
}

#[test]
fn errors_have_the_line_or_the_variable() {
    for (settings, variables, reasons) in [
        (
            "\n[serve]\nliste = \"x\"\n",
            &[][..],
            &["line 3", "liste"][..],
        ),
        ("[scan]\ninterval = 5\n", &[], &["line 2", "interval_ms"]),
        (
            "[serve]\nlisten = \"9257\"\n",
            &[],
            &["line 2", "127.0.0.1:9257"],
        ),
        (
            "[serve]\nlisten = [\"127.0.0.1:1\", \"x\"]\n",
            &[],
            &["line 2", "x"],
        ),
        (
            "[[group]]\nname = \"(\"\nlabel = \"a\"\n",
            &[],
            &["line", "("],
        ),
        ("[[group]]\nname = \"a\"\n", &[], &["label"]),
        (
            "[groups]\nby = \"colour\"\n",
            &[],
            &["line 2", "colour", "container"],
        ),
        (
            "[scan]\ninterval_ms = 1\n",
            &[],
            &["line 2", "interval_ms", "50"],
        ),
        (
            "[serve]\n\nmax_connections = 1\n",
            &[],
            &["line 3", "max_connections"],
        ),
        (
            "",
            &[("PSCAN_SCAN__INTERVAL_MS", "1")],
            &["PSCAN_SCAN__INTERVAL_MS", "50"],
        ),
        ("\u{1}", &[], &["line 1"]),
        (
            "[serve]\nlisten = \"0.0.0.0:9257\"\n",
            &[],
            &["0.0.0.0:9257", "--allow-remote"],
        ),
        (
            "",
            &[("PSCAN_SERVE__LISTEN", "nowhere")],
            &["PSCAN_SERVE__LISTEN", "nowhere"],
        ),
        (
            "",
            &[("PSCAN_SERVE__LISTN", "127.0.0.1:1")],
            &["PSCAN_SERVE__LISTN", "listn"],
        ),
        (
            "",
            &[("PSCAN_SCN__INTERVAL_MS", "5")],
            &["PSCAN_SCN__INTERVAL_MS", "PSCAN_SCAN__"],
        ),
        (
            "",
            &[("PSCAN_SCAN__INTERVAL_MS", "soon")],
            &["PSCAN_SCAN__INTERVAL_MS", "soon"],
        ),
    ] {
        let (is_fine, printed, messages) = check(settings, variables);
        assert!(
            !is_fine && printed.is_empty(),
            "{settings} {variables:?}: {printed}"
        );
        for reason in reasons {
            assert!(
                messages.contains(reason),
                "{settings} {variables:?}: {messages}"
            );
        }
    }
}

#[test]
fn variables_override_the_file() {
    let (is_fine, printed, messages) = check(
        "[scan]\ninterval_ms = 5000\n[serve]\nlisten = \"127.0.0.1:1\"\n",
        &[
            ("PSCAN_SCAN__INTERVAL_MS", "7000"),
            ("PSCAN_SCAN__CPU_BUDGET_PERCENT", "off"),
            ("PSCAN_SERVE__LISTEN", "127.0.0.1:2"),
            ("PSCAN_SERVE__ALLOWED_HOSTS", "[\"a\", \"b\"]"),
            ("PSCAN_SERVE__EVENTS", "true"),
            ("PSCAN_GROUPS__BY", "user"),
            // Kubernetes has such names for a service called pscan.
            ("PSCAN_PORT_9257_TCP", "tcp://10.0.0.1:9257"),
            ("PSCAN_SERVICE_HOST", "10.0.0.1"),
            // That of a service called pscan--a.
            ("PSCAN__A_SERVICE_HOST", "10.0.0.1"),
        ],
    );
    assert!(is_fine, "{messages}");
    for expected in [
        "interval_ms = 7000",
        "cpu_budget_percent = \"off\"",
        "listen = [\"127.0.0.1:2\"]",
        "allowed_hosts = [\"a\", \"b\"]",
        "events = true",
        "by = \"user\"",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
}

#[test]
fn a_text_file_is_written_and_nothing_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pscan.prom");
    let mut serve = pscan(&["serve", "--textfile"])
        .arg(&path)
        .env("PSCAN_SCAN__INTERVAL_MS", "50")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        // Each text is complete.
        assert!(text.is_empty() || text.ends_with('\n'));
        if sample(&text, "pscan_scan_total{result=\"good\"}") >= Some(2.0) {
            break text;
        }
    };
    assert!(text.contains("pscan_group_processes{"));
    // node_exporter has these itself, and refuses a family that is there twice.
    assert!(!text.contains("process_start_time_seconds"), "{text}");
    let pid = rustix::process::Pid::from_raw(serve.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let mut messages = String::new();
    serve
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut messages)
        .unwrap();
    assert!(serve.wait().unwrap().success());
    assert!(!messages.contains("serving"), "{messages}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_address_that_is_taken_is_an_error() {
    let server = Server::start("");
    let output = pscan(&["serve", "--listen", &server.address])
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        message.contains(&server.address) && message.contains("--listen"),
        "{message}"
    );
}

#[test]
fn options_and_variables_repair_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pscan.toml");
    fs::write(&file, "\u{feff}[serve]\r\nlisten = \"0.0.0.0:9257\"\r\n").unwrap();
    let check = |option: &[&str], variable: &str| {
        let mut command = pscan(&["serve", "--check"]);
        command
            .arg(&file)
            .args(option)
            .env("PSCAN_SERVE__ALLOW_REMOTE", variable);
        command.output().unwrap().status.success()
    };
    assert!(!check(&[], "false"));
    assert!(check(&["--allow-remote"], "false"));
    assert!(check(&[], "true"));
    assert!(check(&["--listen", "127.0.0.1:0"], "false"));
}

#[test]
fn a_check_needs_no_file_and_warns_of_rules_without_effect() {
    let output = pscan(&["serve", "--check"])
        .env("PSCAN_GROUPS__BY", "unit")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("by = \"unit\"") && printed.contains("\"cgroup\""),
        "{printed}"
    );
    let (is_fine, _, messages) = check(
        "[[group]]\nlabel = \"a\"\n[[group]]\nlabel = \"b\"\nname = \"x\"\n",
        &[],
    );
    assert!(
        is_fine && messages.contains("rule 1 matches every process"),
        "{messages}"
    );
}

#[test]
fn a_text_file_in_a_missing_folder_is_an_error() {
    let output = pscan(&["serve", "--textfile", "/does/not/exist/pscan.prom"])
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("/does/not/exist/pscan.prom"), "{message}");
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_at_once() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    // No process ever opens it for writing.
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let endpoint = "[otlp]\nendpoint = \"http://127.0.0.1:1\"\n";
    for settings in [
        format!("[serve]\ntoken_file = {pipe:?}\n"),
        format!("{endpoint}headers_files = {{ a = {pipe:?} }}\n"),
    ] {
        let (is_fine, _, messages) = check(&settings, &[]);
        assert!(!is_fine && messages.contains("it is a pipe"), "{messages}");
        let file = folder.path().join("pscan.toml");
        fs::write(&file, &settings).unwrap();
        let mut serve = pscan(&["serve", "--listen", "127.0.0.1:0", "--config"]);
        let output = serve.arg(&file).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{messages}");
        assert!(messages.contains("it is a pipe"), "{messages}");
    }
    for option in ["--check", "--config"] {
        let output = pscan(&["serve", option]).arg(&pipe).output().unwrap();
        let messages = String::from_utf8(output.stderr).unwrap();
        assert!(messages.contains("it is a pipe"), "{messages}");
    }
    let mut server = Server::start("");
    fs::remove_file(server.settings()).unwrap();
    let rights = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, server.settings(), FileType::Fifo, rights, 0).unwrap();
    server.send(Signal::HUP);
    server.message("it is a pipe");
    server.message("the settings stay as they were");
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn an_empty_list_of_addresses_needs_another_way_out() {
    let (is_fine, _, message) = check("[serve]\nlisten = []\n", &[]);
    assert!(!is_fine);
    assert!(
        message.contains("line 2") && message.contains("metrics go nowhere else"),
        "{message}"
    );
    let (is_fine, printed, _) = check(
        "[serve]\nlisten = []\n[otlp]\nendpoint = \"http://127.0.0.1:4318\"\n",
        &[],
    );
    assert!(is_fine && printed.contains("listen = []"), "{printed}");
}
