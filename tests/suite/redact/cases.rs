//! Runs the tables of cases.

use std::borrow::Cow;

use process_scanner::Redactor;

use super::hidden::HIDDEN;
use super::hidden_parts::HIDDEN_PARTS;
use super::shown::SHOWN;
use super::{MARK, redact, terminated};

/// Replaces `‹…›`, which marks a secret in a case.
fn with_mark(arg: &str) -> String {
    let mut text = String::new();
    let mut rest = arg;
    while let Some((before, after)) = rest.split_once('‹') {
        let (_, after) = after.split_once('›').expect("both or none");
        text.push_str(before);
        text.push_str(MARK);
        rest = after;
    }
    text + rest
}

#[test]
fn only_the_secret_is_redacted() {
    let mut wrong = Vec::new();
    for case in HIDDEN.iter().chain(HIDDEN_PARTS) {
        let input: Vec<String> = case.iter().map(|arg| arg.replace(['‹', '›'], "")).collect();
        let input: Vec<&str> = input.iter().map(String::as_str).collect();
        let expected: Vec<String> = case.iter().map(|arg| with_mark(arg)).collect();
        assert_ne!(input, expected, "a case hides something");
        let actual = redact(&input);
        if actual != expected {
            wrong.push(format!(
                "{input:?}\n  is       {actual:?}\n  not      {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_without_secrets_stays_unchanged() {
    let mut wrong = Vec::new();
    for case in SHOWN {
        let args: Vec<&[u8]> = case.iter().map(|arg| arg.as_bytes()).collect();
        let command = terminated(&args);
        let redactor = Redactor::default();
        let redacted = redactor.command(&command);
        let counted = allocation_counter::measure(|| drop(redactor.command(&command)));
        assert_eq!(counted.count_total, 0, "{case:?}");
        if !matches!(redacted, Cow::Borrowed(same) if same == command) {
            wrong.push(format!("{case:?}\n  became   {:?}", redact(case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_tables_have_at_least_45_cases() {
    assert!(HIDDEN.len() >= 45 && SHOWN.len() >= 45);
}
