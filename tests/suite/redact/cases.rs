//! Runs the cases in `fixtures/redact`.
//!
//! Each line there is a command line as JSON. A secret stands between `‹` and `›`; `‖` stands within tokens that look
//! like a vendor's, and is removed.

use std::borrow::Cow;

use process_scanner::Redactor;

use super::{MARK, redact, terminated};

const HIDDEN: [&str; 2] = [
    include_str!("../../../fixtures/redact/hidden.txt"),
    include_str!("../../../fixtures/redact/hidden_parts.txt"),
];

const SHOWN: &str = include_str!("../../../fixtures/redact/shown.txt");

fn cases(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with('['));
    let parse = |line: &str| serde_json::from_str(&line.replace('‖', ""));
    lines
        .map(|line| parse(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

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
    for case in HIDDEN.iter().flat_map(|text| cases(text)) {
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
    for case in cases(SHOWN) {
        let case: Vec<&str> = case.iter().map(String::as_str).collect();
        let args: Vec<&[u8]> = case.iter().map(|arg| arg.as_bytes()).collect();
        let command = terminated(&args);
        let redactor = Redactor::default();
        // Its tables are read once.
        drop(redactor.command(b"curl\0ghp_\0"));
        let redacted = redactor.command(&command);
        let counted = allocation_counter::measure(|| drop(redactor.command(&command)));
        let is_same = matches!(redacted, Cow::Borrowed(same) if same == command);
        if !is_same || counted.count_total > 0 {
            wrong.push(format!("{case:?}\n  became   {:?}", redact(&case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_at_least_350_cases_with_secrets_and_200_without() {
    let hidden: usize = HIDDEN.iter().map(|text| cases(text).len()).sum();
    assert!(hidden >= 350 && cases(SHOWN).len() >= 200);
}
