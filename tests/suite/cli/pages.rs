//! Completions and manual pages.

use super::stdout_of;

#[test]
fn each_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "zsh"] {
        let script = stdout_of(&["completions", shell]);
        assert!(script.contains(" __complete "), "{shell}: {script}");
    }
    let script = stdout_of(&["completions", "powershell"]);
    for word in ["pscan", "max-interval", "poll-only", "no-kernel"] {
        assert!(script.contains(word), "{word}");
    }
    assert!(!script.contains("interval-ms") && !script.contains("sample-ms"));
}

#[test]
fn completion_scripts_get_the_kind_and_the_candidates() {
    let of = |args: &[&str]| stdout_of(&[&["__complete"], args].concat());
    assert_eq!(
        of(&["=e", "watch", "--events"]),
        "words\nexisting\t\nexited\t\n"
    );
    assert_eq!(of(&["=rs", "--sort"]), "words\nrss\tThe largest first\n");
    assert_eq!(of(&["=", "replay"]), "files\n");
    assert_eq!(of(&["=/", "--proc"]), "folders\n");
    assert_eq!(of(&["=x", "--name"]), "words\n");
}

#[test]
fn the_synopsis_of_a_manual_page_is_one_line() {
    for (command, expected) in [
        ("show", "\\fBpscan show\\fR [OPTIONS] <PID>..."),
        ("top", "\\fBpscan top\\fR [OPTIONS] [NAME]..."),
        ("watch", "\\fBpscan watch\\fR [OPTIONS]"),
        ("run", "\\fBpscan run\\fR [OPTIONS] <COMMAND>..."),
        ("record", "\\fBpscan record\\fR [OPTIONS] <FILE>"),
        ("replay", "\\fBpscan replay\\fR [OPTIONS] <FILE>..."),
        ("report", "\\fBpscan report\\fR [OPTIONS] <FILE>..."),
        #[cfg(feature = "export")]
        ("export", "\\fBpscan export\\fR [OPTIONS] <FILE>..."),
        ("completions", "\\fBpscan completions\\fR <SHELL>"),
        ("man", "\\fBpscan man\\fR [COMMAND]"),
    ] {
        let page = stdout_of(&["man", command]);
        let synopsis = page
            .lines()
            .skip_while(|line| *line != ".SH SYNOPSIS")
            .nth(1);
        assert_eq!(synopsis, Some(expected));
    }
}

#[test]
fn manual_pages_have_the_version_and_the_exit_status() {
    let version = concat!("\"pscan ", env!("CARGO_PKG_VERSION"), "\"");
    for page in [
        &["man"][..],
        &["man", "watch"],
        &["man", "completions"],
        &["man", "man"],
    ] {
        let text = stdout_of(page);
        let title = text.lines().find(|line| line.starts_with(".TH ")).unwrap();
        assert!(title.contains(version), "{title}");
        assert_eq!(text.matches(".SH \"EXIT STATUS\"").count(), 1, "{text}");
    }
}

#[test]
fn help_and_manual_pages_have_no_aliases() {
    for page in [
        &["--help"][..],
        &["watch", "--help"],
        &["record", "--help"],
        &["man"],
        &["man", "watch"],
        &["man", "record"],
    ] {
        let text = stdout_of(page).replace('\\', "");
        assert!(
            text.contains("--sample") || text.contains("--interval"),
            "{text}"
        );
        assert!(!text.contains("-ms"), "{text}");
    }
}

#[test]
fn manual_pages_list_the_states() {
    for page in [&["man"][..], &["man", "watch"], &["man", "replay"]] {
        let text = stdout_of(page);
        for state in ["disk_sleep (D)", "stopped (T)", "traced (t", "other"] {
            assert!(text.contains(state), "{state}: {text}");
        }
    }
}

#[test]
fn the_program_and_each_command_have_a_manual_page() {
    let page = stdout_of(&["man"]);
    for word in [
        ".TH pscan 1",
        "pscan\\-watch",
        "\\-\\-no\\-kernel",
        ".SH EXAMPLES\n.nf",
        ".SH COLUMNS",
        ".SH ENVIRONMENT",
        "\n.BR proc_pid_stat (5)\n",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    for (command, word) in [
        ("show", "<PID>"),
        ("top", ".SS Sort\n.TP\n\\fBP\\fR"),
        ("watch", "\\-\\-events"),
        ("run", "ended COMMAND."),
        ("record", "<FILE>"),
        ("replay", "\\-\\-speed"),
        ("report", "\\-\\-force"),
        ("completions", "<SHELL>"),
        ("man", "[COMMAND]"),
    ] {
        let page = stdout_of(&["man", command]);
        assert!(page.contains(&format!(".TH pscan-{command} 1")), "{page}");
        let also = ".SH \"SEE ALSO\"\n.BR pscan (1)\n";
        assert!(page.ends_with(also), "{page}");
        // Only commands with filters can match no process.
        assert_eq!(
            page.contains("has the reason; or no process matches"),
            ["show", "watch", "replay"].contains(&command),
            "{page}"
        );
        assert!(page.contains(word), "{page}");
    }
}
