//! Properties of all command lines.

use process_scanner::{Pattern, Redact, Redactor};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{args, lossy, terminated};

/// Pieces that rules begin or end at, and bytes of any kind.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "--password",
        "--token=",
        "-p",
        "-pX",
        "PASSWORD=",
        "password: ",
        "key",
        "mysql",
        "curl",
        "-u",
        "sh",
        "-c",
        "=",
        ":",
        ";",
        "&",
        "?",
        ",",
        "@",
        "://",
        "https://u:",
        "\"",
        "'",
        "\\\"",
        "{",
        "}",
        "[redacted]",
        "[redac",
        "ted]",
        " ",
        "  ",
        "|",
        "/",
        "--",
        "-",
        "Bearer ",
        "eyJhbGciOi.",
        "ghp_",
        "sk-",
        "0123456789abcdef",
        "-----BEGIN PRIVATE KEY-----",
        "secret",
        "htpasswd",
        "sqlplus",
        "me/",
        "cargo login ",
        "net user me",
        "echo ",
        "chpasswd",
        "sudo -S",
        "<<<",
        "|& ",
        "mount -o user=me%",
        "vault login ",
        "(",
        "ü",
        "\n",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(1..=255u8, 0..4),
    ]
}

fn line() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let arg = prop::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat());
    prop::collection::vec(arg, 0..6)
}

static REDACTORS: LazyLock<Vec<Redactor>> = LazyLock::new(|| {
    let patterns = || {
        ["[a-z]+", "x(.)", "r|ed", "."]
            .map(|pattern| Pattern::new(pattern).unwrap())
            .into()
    };
    vec![
        Redactor::default(),
        Redactor::new(Redact::Secrets, patterns()),
        Redactor::new(Redact::Arguments, Vec::new()),
        Redactor::new(Redact::Arguments, patterns()),
    ]
});

/// No word of the rules, and no part of the mark.
fn secret() -> impl Strategy<Value = String> {
    "[!-~&&[^\"'`@]]{0,3}Zq[ -~&&[^\"'`@\\\\]]{0,12}qZ"
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing_more(line in line()) {
        let line: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        let command = terminated(&line);
        for redactor in REDACTORS.iter() {
            let once = redactor.command(&command);
            let twice = redactor.command(&once);
            prop_assert_eq!(lossy(&twice), lossy(&once), "of {:?}", lossy(&command));
            let name = redactor.name(line.first().copied().unwrap_or_default());
            prop_assert_eq!(&redactor.name(&name), &name);
        }
    }

    #[test]
    fn a_first_look_misses_nothing(line in line()) {
        let line: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        let command = terminated(&line);
        // With a pattern of the user every line is walked through.
        let pattern = Pattern::new("no such text \u{1}").unwrap();
        let thorough = Redactor::new(Redact::Secrets, vec![pattern]);
        let redacted = thorough.command(&command);
        prop_assert_eq!(lossy(&Redactor::default().command(&command)), lossy(&redacted));
    }

    #[test]
    fn redaction_keeps_the_number_of_arguments(line in line(), is_ended: bool) {
        let line: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
        let mut command = terminated(&line);
        if !is_ended {
            command.pop();
        }
        for redactor in REDACTORS.iter().take(2) {
            let redacted = redactor.command(&command);
            prop_assert_eq!(args(&redacted).len(), args(&command).len());
            prop_assert_eq!(redacted.ends_with(b"\0"), command.ends_with(b"\0"));
        }
    }

    #[test]
    fn any_bytes_can_be_redacted(command in prop::collection::vec(any::<u8>(), 0..200)) {
        for redactor in REDACTORS.iter() {
            redactor.command(&command);
            redactor.name(&command);
        }
    }

    #[test]
    fn a_secret_after_a_secret_name_is_redacted(secret in secret(), program in "[a-z]{1,8}") {
        // Text with a leading dash is an option, not a value.
        prop_assume!(!secret.starts_with('-'));
        for line in [
            vec!["--password".to_owned(), secret.clone()],
            vec![format!("--password={secret}")],
            vec![format!("PASSWORD={secret}")],
            vec!["-H".to_owned(), format!("Authorization: Bearer {secret}")],
            vec![format!("--header=X-Api-Key: {secret}")],
            vec!["--data".to_owned(), format!("{{\"user\":\"u\",\"password\":\"{secret}\"}}")],
        ] {
            let mut line: Vec<&[u8]> = line.iter().map(|arg| arg.as_bytes()).collect();
            line.insert(0, program.as_bytes());
            line.push(b"--last");
            let redacted = lossy(&Redactor::default().command(&terminated(&line)));
            prop_assert!(!redacted.concat().contains("Zq"), "{redacted:?}");
            prop_assert_eq!(redacted.last().map(String::as_str), Some("--last"));
        }
    }

    #[test]
    fn a_password_in_a_url_is_redacted(secret in "[A-Za-z@/:!$%.~_-]{0,4}Zq[A-Za-z0-9@/:!$%.~_-]{0,12}") {
        let line = [format!("https://u:{secret}@h/"), format!("--url=amqp://u:{secret}@h/,amqp://h2/")];
        let line: Vec<&[u8]> = line.iter().map(|arg| arg.as_bytes()).collect();
        let redacted = lossy(&Redactor::default().command(&terminated(&line)));
        prop_assert!(!redacted.concat().contains("Zq"), "{redacted:?}");
    }
}
