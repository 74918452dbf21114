//! Parts that are hidden: in order, apart from each other, and replaced by the mark.

use std::ops::Range;

/// What stands for a secret.
pub(super) const MARK: &str = "[redacted]";

/// Parts of a text that are hidden.
pub(super) type Spans = Vec<Range<usize>>;

/// Brings the spans into order, apart from each other, and out of what is hidden already. Whether
/// any is left.
pub(super) fn settle(argument: &[u8], spans: &mut Spans) -> bool {
    if spans.is_empty() {
        return false;
    }
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| span.start);
    merge(spans);
    let marks = marks(argument);
    let mut marks = &marks[..];
    spans.retain_mut(|span| {
        let over = marks
            .iter()
            .take_while(|mark| mark.end <= span.start)
            .count();
        marks = &marks[over..];
        let count = marks
            .iter()
            .take_while(|mark| mark.start < span.end)
            .count();
        let (Some(first), Some(last)) = (marks[..count].first(), marks[..count].last()) else {
            return true;
        };
        let is_hidden = first.start <= span.start && span.end <= first.end;
        // What touches a mark takes it along, so that no half of one is left.
        span.start = span.start.min(first.start);
        span.end = span.end.max(last.end);
        !is_hidden
    });
    merge(spans);
    !spans.is_empty()
}

/// One span of those that overlap or touch, in order.
fn merge(spans: &mut Spans) {
    spans.dedup_by(|next, span| {
        let is_part = next.start <= span.end;
        if is_part {
            span.end = span.end.max(next.end);
        }
        is_part
    });
}

fn marks(text: &[u8]) -> Spans {
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|&byte| byte == b'[') {
        at += found;
        match text[at..].starts_with(MARK.as_bytes()) {
            true => {
                marks.push(at..at + MARK.len());
                at += MARK.len();
            }
            false => at += 1,
        }
    }
    marks
}

pub(super) fn replace(text: &[u8], spans: &Spans, output: &mut Vec<u8>) {
    let mut at = 0;
    for span in spans {
        output.extend_from_slice(&text[at..span.start]);
        output.extend_from_slice(MARK.as_bytes());
        at = span.end;
    }
    output.extend_from_slice(&text[at..]);
}

/// What one pass over a command line came to.
pub(super) enum Outcome {
    /// Nothing was hidden in the first `len` bytes, which are as many as were asked for.
    Unchanged {
        len: usize,
    },
    Hidden(Vec<u8>),
}

/// Hides each argument whole.
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
