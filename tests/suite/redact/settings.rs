//! Redaction that is off, stripped arguments, patterns, and bytes that are not UTF-8.

use process_scanner::{Config, ErrorClass, Pattern, Redact, Redactor};

use super::{lossy, terminated};

fn with(redactor: &Redactor, args: &[&str]) -> Vec<String> {
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    lossy(&redactor.command(&terminated(&args)))
}

fn patterns(patterns: &[&str]) -> Redactor {
    let patterns = patterns
        .iter()
        .map(|pattern| Pattern::new(pattern).unwrap());
    Redactor::new(Redact::Secrets, patterns.collect())
}

#[test]
fn redaction_that_is_off_changes_nothing() {
    let redactor = Redactor::new(Redact::Off, Vec::new());
    let args = ["app", "--password", "hunter2", "https://a:b@c"];
    assert_eq!(with(&redactor, &args), args);
    assert_eq!(&*redactor.name(b"password=x"), b"password=x");
}

#[test]
fn stripping_arguments_keeps_the_program() {
    let redactor = Redactor::new(Redact::Arguments, Vec::new());
    assert_eq!(with(&redactor, &["app", "--verbose", "x"]), ["app"]);
    assert_eq!(with(&redactor, &["app --verbose x"]), ["app"]);
    assert_eq!(with(&redactor, &["app"]), ["app"]);
    assert_eq!(with(&redactor, &[""]), [""]);
    assert_eq!(with(&redactor, &["PASSWORD=x"]), ["PASSWORD"]);
    // Text that follows a title without a separator.
    assert_eq!(with(&redactor, &["/bin/appHOME=/x"]), ["/bin/appHOME"]);
    let url = with(&redactor, &["https://u:pa=ss@h/?a=b"]);
    assert_eq!(url, ["https://u:[redacted]@h/?a"]);
    assert!(redactor.command(b"").is_empty());
    assert_eq!(&*redactor.command(b"app x"), b"app");
    let path = r"C:\Program Files\App\app.exe";
    assert_eq!(with(&redactor, &[path, "x"]), [path]);
    assert_eq!(with(&redactor, &[&format!("{path} --verbose")]), [path]);
    assert_eq!(with(&redactor, &[r"C:\x\app.cmd a b"]), [r"C:\x\app.cmd"]);
    assert_eq!(with(&redactor, &[r"c:\a.com b"]), [r"c:\a.com"]);
    assert_eq!(with(&redactor, &[r"C:\x hunter2 foo"]), [r"C:\x"]);
    let quoted = format!("\"{path}\"");
    assert_eq!(with(&redactor, &[&format!("{quoted} a")]), [&*quoted]);
    // The pattern redacts the closing quote, so the quoted text no longer counts as one word.
    let with_pattern = Redactor::new(Redact::Arguments, vec![Pattern::new("\"$").unwrap()]);
    assert_eq!(with(&with_pattern, &["\"/opt/an app\""]), ["\"/opt/an"]);
}

#[test]
fn a_pattern_redacts_its_match_or_its_first_group() {
    let redactor = patterns(&["K-[0-9]+", "^--customer=(.*)$", "(?i)ticket (\\S+)"]);
    assert_eq!(
        with(
            &redactor,
            &[
                "K-12",
                "xK-3 K-4",
                "--customer=a b",
                "a TICKET 7 b",
                "--token",
                "t"
            ]
        ),
        [
            "[redacted]",
            "x[redacted] [redacted]",
            "--customer=[redacted]",
            "a TICKET [redacted] b",
            "--token",
            "[redacted]",
        ]
    );
    assert_eq!(&*redactor.name(b"K-12"), b"[redacted]");
}

#[test]
fn a_pattern_does_not_change_the_redaction_mark() {
    let redactor = patterns(&["[a-z]+", "\\w"]);
    assert_eq!(with(&redactor, &["--token=x", "1abc2"]).len(), 2);
    assert_eq!(with(&redactor, &["[redacted]"]), ["[redacted]"]);
    let nothing = patterns(&["x*"]);
    assert_eq!(with(&nothing, &["abc", "axxb"]), ["abc", "a[redacted]b"]);
}

#[test]
fn patterns_compare_by_text_and_bad_ones_are_config_errors() {
    let pattern = Pattern::new("a+").unwrap();
    assert_eq!(pattern, "a+".parse().unwrap());
    assert_ne!(pattern, Pattern::new("a").unwrap());
    assert_eq!(format!("{pattern:?}"), r#"Pattern("a+")"#);
    let error = Pattern::new("(").unwrap_err();
    assert_eq!(error.class(), ErrorClass::Config);
    assert!(error.to_string().contains("\"(\""), "{error}");
    let mut config = Config::default();
    config.redact = Redact::Arguments;
    config.redact_patterns = vec![pattern];
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    assert!(
        json.contains(r#""redact":"arguments","redact_patterns":["a+"]"#),
        "{json}"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_kept_or_redacted_like_text() {
    let redactor = patterns(&["(.)end"]);
    let command = terminated(&[
        b"\xff\xfeapp",
        b"--password=\xff\xfe",
        b"--password",
        b"\xc3(",
        b"\xff--token=x",
        b"\xffend",
    ]);
    let expected = terminated(&[
        b"\xff\xfeapp",
        b"--password=[redacted]",
        b"--password",
        b"[redacted]",
        b"\xff--token=[redacted]",
        b"[redacted]end",
    ]);
    assert_eq!(lossy(&redactor.command(&command)), lossy(&expected));
    assert_eq!(redactor.command(&command), expected);
}

#[test]
fn a_process_name_is_redacted_like_other_text() {
    let redactor = Redactor::default();
    for (name, expected) in [
        ("kworker/0:1-events", "kworker/0:1-events"),
        ("(sd-pam)", "(sd-pam)"),
        ("x --token=abc", "x --token=[redacted]"),
        ("password=x", "password=[redacted]"),
        ("a://b:c@d", "a://b:[redacted]@d"),
    ] {
        assert_eq!(&*redactor.name(name.as_bytes()), expected.as_bytes());
    }
}

#[test]
fn part_of_a_secret_in_a_truncated_name_is_redacted() {
    let redactor = Redactor::default();
    for (name, left) in [
        ("https://u:hunte", "https://u:[redacted]"),
        ("ghp_abcdefghijk", "[redacted]"),
        ("AKIAIOSFODNN7EX", "[redacted]"),
        ("password hunter", "password [redacted]"),
        ("pw hunter2", "pw [redacted]"),
        ("http://host:8080", "http://host:8080"),
        ("kworker/0:1-mm_p", "kworker/0:1-mm_p"),
        ("ghp_abc", "ghp_abc"),
    ] {
        let redacted = redactor.name(name.as_bytes()).into_owned();
        assert_eq!(String::from_utf8_lossy(&redacted), left);
        assert_eq!(*redactor.name(&redacted), redacted);
    }
}
