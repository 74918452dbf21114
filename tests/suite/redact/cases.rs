//! The table of cases, held against the redactor.

use std::borrow::Cow;

use process_scanner::Redactor;

use super::hidden::HIDDEN;
use super::hidden_parts::HIDDEN_PARTS;
use super::shown::SHOWN;
use super::{MARK, redact, terminated};

/// `‹…›` in a case stands around what has to be hidden.
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
fn what_is_secret_is_hidden_and_nothing_beside_it() {
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
fn what_is_no_secret_stays_as_it_is() {
    let mut wrong = Vec::new();
    for case in SHOWN {
        let args: Vec<&[u8]> = case.iter().map(|arg| arg.as_bytes()).collect();
        let command = terminated(&args);
        let redactor = Redactor::default();
        let redacted = redactor.command(&command);
        let looked = allocation_counter::measure(|| drop(redactor.command(&command)));
        assert_eq!(looked.count_total, 0, "{case:?}");
        if !matches!(redacted, Cow::Borrowed(same) if same == command) {
            wrong.push(format!("{case:?}\n  became   {:?}", redact(case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_as_many_cases_as_were_promised() {
    assert!(HIDDEN.len() >= 45 && SHOWN.len() >= 45);
}
