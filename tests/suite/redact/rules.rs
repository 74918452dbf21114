//! Rules of the user: what they redact, and what is an error.

use process_scanner::{Config, ErrorClass, Redact, RedactRule, Redactor};

use super::{lossy, terminated};

fn with(rules: &[&str], args: &[&str]) -> Vec<String> {
    let rules = rules.iter().map(|rule| RedactRule::new(rule).unwrap());
    let redactor = Redactor::new(Redact::Secrets, Vec::new()).with_rules(rules.collect());
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    lossy(&redactor.command(&terminated(&args)))
}

#[test]
fn a_rule_redacts_where_it_says_that_the_secret_is() {
    for (rule, args, expected) in [
        (
            "bill -k",
            &["bill", "-k", "x1"][..],
            &["bill", "-k", "[redacted]"][..],
        ),
        ("bill -k", &["bill", "-kx1"], &["bill", "-k[redacted]"]),
        ("bill -k!", &["bill", "-k", "x1"], &["bill", "-k", "x1"]),
        ("bill -k !", &["bill", "-kx1"], &["bill", "-kx1"]),
        (
            "bill|billd --kk",
            &["/usr/bin/billd", "--kk=x1"],
            &["/usr/bin/billd", "--kk=[redacted]"],
        ),
        (
            "bill* -k",
            &["bill2", "-k", "x1"],
            &["bill2", "-k", "[redacted]"],
        ),
        (
            "bill add * !",
            &["sudo", "bill", "-v", "add", "me", "x1"],
            &["sudo", "bill", "-v", "add", "me", "[redacted]"],
        ),
        (
            "bill add * !",
            &["bill", "list", "me", "x1"],
            &["bill", "list", "me", "x1"],
        ),
        (
            "bill add|set !",
            &["bill", "set", "x1", "y"],
            &["bill", "set", "[redacted]", "y"],
        ),
        (
            "bill ... to !",
            &["bill", "a", "b", "to", "x1"],
            &["bill", "a", "b", "to", "[redacted]"],
        ),
        (
            "bill -u user:!",
            &["bill", "-u", "me:x1"],
            &["bill", "-u", "me:[redacted]"],
        ),
        (
            "bill -u user%!",
            &["bill", "-ume%x1"],
            &["bill", "-ume%[redacted]"],
        ),
        (
            "bill -o kk=!,ll=me:!",
            &["bill", "-o", "a=b,kk=x1,c"],
            &["bill", "-o", "a=b,kk=[redacted],c"],
        ),
        ("bill kk=!", &["bill", "kk=x1"], &["bill", "kk=[redacted]"]),
        ("bill /k:!", &["bill", "/k:x1"], &["bill", "/k:[redacted]"]),
        (
            "bill --arg @ !",
            &["bill", "--arg", "a", "x1"],
            &["bill", "--arg", "a", "x1"],
        ),
        (
            "bill --arg @ !",
            &["bill", "--arg", "password", "x1"],
            &["bill", "--arg", "password", "[redacted]"],
        ),
        (
            "bill not --token",
            &["bill", "--token", "x1"],
            &["bill", "--token", "x1"],
        ),
        (
            "curl not -u",
            &["curl", "-u", "me:x1"],
            &["curl", "-u", "me:x1"],
        ),
        (
            "bill switch --password",
            &["bill", "--password", "x1"],
            &["bill", "--password", "x1"],
        ),
        (
            "bill >",
            &["bill", "mysql", "-px1"],
            &["bill", "mysql", "-p[redacted]"],
        ),
        (
            "bill stdin",
            &["sh", "-c", "echo x1 | bill"],
            &["sh", "-c", "echo [redacted] | bill"],
        ),
    ] {
        assert_eq!(with(&[rule], args), expected, "{rule}");
    }
}

#[test]
fn a_bad_rule_is_an_error_that_shows_where() {
    for (rule, fault) in [
        ("", "it ends at column 1: expected a program"),
        ("bill", "it ends at column 5: expected where the secret is"),
        (
            "bill add me",
            "it ends at column 12: expected where the secret is",
        ),
        ("bill -k x!y", "\"x!y\" at column 9: expected `!` alone"),
        (
            "  -k bill",
            "\"-k\" at column 3: expected the name of a program",
        ),
        (
            "bill||x -k",
            "\"bill||x\" at column 1: expected the name of a program",
        ),
        ("bill not", "it ends at column 9: expected"),
    ] {
        let error = RedactRule::new(rule).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Config);
        assert!(error.to_string().contains(fault), "{rule:?}: {error}");
        assert!(
            error
                .to_string()
                .contains(&format!("{rule:?} is not a rule")),
            "{error}"
        );
    }
}

#[test]
fn rules_are_a_setting() {
    let mut config = Config::default();
    config.redact_rules = vec![RedactRule::new("bill -k").unwrap()];
    let json = serde_json::to_string(&config).unwrap();
    assert!(json.contains(r#""redact_rules":["bill -k"]"#), "{json}");
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    let redactor = Redactor::from(&config);
    assert_eq!(
        &*redactor.command(b"bill\0-k\0x1\0"),
        b"bill\0-k\0[redacted]\0"
    );
    assert_ne!(redactor, Redactor::default());
    assert!(serde_json::from_str::<Config>(r#"{"redact_rules": ["bill"]}"#).is_err());
    config.redact = Redact::Off;
    assert!(config.validate().is_err());
    assert_eq!(
        format!("{:?}", config.redact_rules[0]),
        r#"RedactRule("bill -k")"#
    );
}
