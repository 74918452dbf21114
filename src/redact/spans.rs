//! Parts that are hidden, and the mark that replaces them.

use std::ops::Range;

/// The text that replaces a secret.
pub(super) const MARK: &str = "[redacted]";

/// Parts of a text that are hidden.
pub(super) type Spans = Vec<Range<usize>>;

/// Moves a part of a text that begins at `by`.
pub(super) fn shift(part: Range<usize>, by: usize) -> Range<usize> {
    part.start + by..part.end + by
}

/// Sorts and merges the spans without those that are hidden already. Returns whether any is left.
pub(super) fn settle(argument: &[u8], spans: &mut Spans) -> bool {
    spans.retain(|span| !span.is_empty());
    if spans.is_empty() {
        return false;
    }
    // A span that touches a mark includes it, so that no half of one is left.
    let parts = argument.windows(MARK.len()).enumerate();
    let marks = parts.filter(|(_, part)| *part == MARK.as_bytes());
    spans.extend(marks.map(|(at, _)| at..at + MARK.len()));
    spans.sort_unstable_by_key(|span| span.start);
    spans.dedup_by(|next, span| {
        let is_part = next.start <= span.end;
        if is_part {
            span.end = span.end.max(next.end);
        }
        is_part
    });
    spans.retain(|span| &argument[span.clone()] != MARK.as_bytes());
    !spans.is_empty()
}

/// Appends the text with a mark for each span.
pub(super) fn replace(text: &[u8], spans: &Spans, output: &mut Vec<u8>) {
    let mut at = 0;
    for span in spans {
        output.extend_from_slice(&text[at..span.start]);
        output.extend_from_slice(MARK.as_bytes());
        at = span.end;
    }
    output.extend_from_slice(&text[at..]);
}

/// Replaces each argument.
pub(super) fn hide_all_arguments(line: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    for argument in line.split_inclusive(|&byte| byte == 0) {
        let text = argument.strip_suffix(b"\0").unwrap_or(argument);
        if !text.is_empty() {
            output.extend_from_slice(MARK.as_bytes());
        }
        output.extend_from_slice(&argument[text.len()..]);
    }
    output
}
