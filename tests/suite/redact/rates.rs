//! How much is leaked and damaged of realistic command lines.

use process_scanner::Redactor;

use super::lines;

/// Secrets that may survive. A change that leaks more is no improvement.
const MOST_LEAKED: usize = 26;

/// Lines without a secret that may change.
const MOST_CHANGED: usize = 2;

/// Lines of which a part may be lost that should survive.
const MOST_DAMAGED: usize = 4;

#[test]
fn no_more_is_leaked_or_damaged_of_realistic_lines_than_before() {
    let lines = lines::read();
    assert_eq!(lines.len(), 994);
    let rates = lines::rates(&Redactor::default(), &lines);
    let found = (rates.leaked.bad, rates.changed.bad, rates.damaged.bad);
    let is_within = found.0 <= MOST_LEAKED && found.1 <= MOST_CHANGED && found.2 <= MOST_DAMAGED;
    assert!(
        is_within,
        "leaked, changed, damaged: {found:?}\n{}",
        rates.faults.join("\n")
    );
}

#[test]
fn a_redactor_that_is_off_leaks_all_secrets() {
    let redactor = Redactor::new(process_scanner::Redact::Off, Vec::new());
    let rates = lines::rates(&redactor, &lines::read());
    assert_eq!(rates.leaked.bad, rates.leaked.all);
    assert_eq!((rates.changed.bad, rates.damaged.bad), (0, 0));
}
