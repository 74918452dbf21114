//! The name of a group as the value of a label.

use std::borrow::Cow;

use process_scanner::escape;
use sha2::{Digest, Sha256};

/// Longest value, in bytes. A program can give itself a name of kilobytes.
const MAX_BYTES: usize = 160;

/// Returns a name that is safe to print, and as unique as the group.
///
/// Control characters are escaped, since people read metrics in terminals. A name that this or its length
/// changes gets a part of its hash, because two samples with equal labels make Prometheus refuse all of them.
pub(crate) fn label(name: &str) -> Cow<'_, str> {
    let escaped = escape(name);
    let is_usual = matches!(escaped, Cow::Borrowed(_)) && name.len() <= MAX_BYTES;
    // A name must not look like a shortened one. To Prometheus a label without text is no label.
    if is_usual && !name.is_empty() && !name.contains('…') {
        return Cow::Borrowed(name);
    }
    let end = (0..=MAX_BYTES.min(escaped.len()))
        .rev()
        .find(|at| escaped.is_char_boundary(*at))
        .unwrap_or_default();
    let hash = Sha256::digest(name.as_bytes());
    let hash: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("{}…{hash}", &escaped[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_stay() {
        for name in ["nginx", "a b\"c\\d", "Ünïcode", &"x".repeat(MAX_BYTES)] {
            assert_eq!(label(name), name);
        }
    }

    #[test]
    fn others_are_short_printable_and_different() {
        let long = "é".repeat(MAX_BYTES);
        let names = [
            "a\u{1b}[31m".to_owned(),
            "a\\x1b[31m…".to_owned(),
            "a\n".to_owned(),
            "a\\n".to_owned(),
            long.clone() + "1",
            long + "2",
            String::new(),
            "…".to_owned(),
            label("a\u{1b}").into_owned(),
            "a\u{1b}".to_owned(),
        ];
        let labels: std::collections::BTreeSet<_> = names.iter().map(|name| label(name)).collect();
        assert_eq!(labels.len(), names.len());
        for label in labels {
            assert!(label.len() <= MAX_BYTES + 16, "{label}");
            assert!(
                !label.contains(char::is_control) && !label.is_empty(),
                "{label}"
            );
        }
    }
}
