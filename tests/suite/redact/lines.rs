//! The realistic command lines in `fixtures/redact/lines.jsonl`, and what a redactor leaves of them.

use std::collections::BTreeMap;

use process_scanner::Redactor;
use serde::Deserialize;

/// A command line, the parts that must not survive, and those that must.
///
/// `‖` stands within tokens that look like a vendor's, so that no host takes them for real ones. It is removed here.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) argv: Vec<String>,
    pub(crate) hide: Vec<String>,
    pub(crate) keep: Vec<String>,
}

/// How much was leaked or changed, of how much.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rate {
    pub(crate) bad: usize,
    pub(crate) all: usize,
}

impl Rate {
    #[allow(dead_code, reason = "the bench prints it")]
    pub(crate) fn percent(self) -> f64 {
        100.0 * self.bad as f64 / self.all.max(1) as f64
    }

    fn count(&mut self, is_bad: bool) {
        self.bad += usize::from(is_bad);
        self.all += 1;
    }
}

/// What a redactor leaves of all lines.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// Secrets that survive.
    pub(crate) leaked: Rate,
    /// Lines without a secret that change.
    pub(crate) changed: Rate,
    /// Lines of which a part is lost that must survive.
    pub(crate) damaged: Rate,
    /// Secrets that survive, by the kind of their place.
    pub(crate) kinds: BTreeMap<&'static str, Rate>,
    /// The lines that are not as they should be.
    pub(crate) faults: Vec<String>,
}

/// Reads all lines.
pub(crate) fn read() -> Vec<Line> {
    let text = include_str!("../../../fixtures/redact/lines.jsonl").replace('‖', "");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"));
    lines.collect()
}

/// Redacts the lines.
pub(crate) fn rates(redactor: &Redactor, lines: &[Line]) -> Rates {
    let mut rates = Rates::default();
    for line in lines {
        let command: Vec<u8> = line
            .argv
            .iter()
            .flat_map(|arg| arg.bytes().chain([0]))
            .collect();
        let redacted = redactor.command(&command);
        let redacted = String::from_utf8_lossy(&redacted);
        let mut is_bad = false;
        for secret in &line.hide {
            let is_leaked = redacted.contains(secret.as_str());
            rates.leaked.count(is_leaked);
            rates
                .kinds
                .entry(kind(&line.argv, secret))
                .or_default()
                .count(is_leaked);
            is_bad |= is_leaked;
        }
        if line.hide.is_empty() {
            let is_changed = redacted.as_bytes() != command;
            rates.changed.count(is_changed);
            is_bad |= is_changed;
        }
        let is_kept = |part: &String| redacted.split('\0').any(|arg| arg.contains(part.as_str()));
        let is_damaged = !line.keep.iter().all(is_kept);
        rates.damaged.count(is_damaged);
        if is_bad || is_damaged {
            rates.faults.push(redacted.replace('\0', " "));
        }
    }
    rates
}

/// The kind of place in which a secret stands.
fn kind(argv: &[String], secret: &str) -> &'static str {
    let Some(at) = argv.iter().position(|arg| arg.contains(secret)) else {
        return "other";
    };
    let arg = &argv[at];
    let before = &arg[..arg.find(secret).expect("it contains the secret")];
    let after = &arg[before.len() + secret.len()..];
    let previous = at.checked_sub(1).map_or("", |at| &argv[at]);
    let url = before.rsplit_once("://");
    match url {
        Some((_, host)) if !host.contains([' ', '"', '\'']) => {
            return if after.contains('@') && !host.contains(['?', '/']) {
                "URL user"
            } else {
                "URL path or query"
            };
        }
        _ => {}
    }
    if arg.contains("<<<") || arg.contains('|') && (arg.contains("echo") || arg.contains("printf"))
    {
        "pipe"
    } else if arg.contains(['{', '[']) && arg.contains("\":") {
        "JSON"
    } else if before.ends_with(['=', '"', '\'']) && before.contains('=') {
        "name=value"
    } else if before.contains('(') {
        "code"
    } else if before.trim_end().ends_with(':') {
        "name: value"
    } else if !before.is_empty() && before.starts_with('-') && !before.contains(' ') {
        "-xvalue"
    } else if !before.is_empty() {
        "text"
    } else if previous.starts_with("--") {
        "--long value"
    } else if previous.starts_with('-') && previous.len() == 2 {
        "-x value"
    } else if previous.starts_with('-') {
        "-word value"
    } else {
        "position"
    }
}
