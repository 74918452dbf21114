//! What an installed command needs: completions and manual pages.

use super::stdout_of;

#[test]
fn there_are_completions_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout_of(&["completions", shell]);
        for word in ["pscan", "interval-ms", "no-kernel"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn there_is_a_manual_page_for_the_program_and_each_command() {
    let page = stdout_of(&["man"]);
    for word in [
        ".TH pscan 1",
        "pscan\\-watch",
        "\\-\\-no\\-kernel",
        ".SH EXAMPLES\n.nf",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    for (command, word) in [
        ("watch", "\\-\\-events"),
        ("record", "<\\fIFILE\\fR>"),
        ("replay", "\\-\\-speed"),
        ("completions", "<\\fISHELL\\fR>"),
        ("man", "<\\fICOMMAND\\fR>"),
    ] {
        let page = stdout_of(&["man", command]);
        assert!(page.contains(&format!(".TH pscan-{command} 1")), "{page}");
        assert!(
            page.contains(word) || page.contains(&word.replace(['<', '>'], "")),
            "{page}"
        );
    }
}
