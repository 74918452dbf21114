//! Folds texts with a heading, so that no line is too long.

use super::cells;

/// Width of headings, the gap to the text included.
const HEADING_WIDTH: usize = 15;

/// Narrowest line with all text to the right of the headings.
const ALIGNED: usize = 40;

/// Indentation on narrower lines.
const NARROW_INDENT: usize = 2;

/// A line: the heading or the indentation, and its part of the text.
pub(super) type Folded = (String, String);

/// Folds a text into lines of at most `width` columns.
///
/// Lines end after a comma or a semicolon, or between words where that is not enough. A word that is wider
/// than a line stays whole.
pub(super) fn fold(heading: &str, text: &str, width: Option<usize>) -> Vec<Folded> {
    let is_aligned = width.is_none_or(|width| width >= ALIGNED);
    let (begin, indent) = match is_aligned {
        true => (
            format!("{heading:<0$}", HEADING_WIDTH - 1) + " ",
            HEADING_WIDTH,
        ),
        false => (format!("{heading} "), NARROW_INDENT),
    };
    let width = width.unwrap_or(usize::MAX);
    let mut lines = vec![(begin, String::new())];
    for clause in split_after(text, &[", ", "; "]) {
        let clause_width = cells::width(clause.trim_end());
        let (room, is_empty) = room(&lines, width);
        // On the next line there is as much room as on an empty one, except that of the heading.
        let fits =
            clause_width <= room || (!is_empty && clause_width <= width.saturating_sub(indent));
        let parts = match fits {
            true => vec![clause],
            false => split_after(clause, &[" "]),
        };
        for part in parts {
            let (room, is_empty) = self::room(&lines, width);
            if cells::width(part.trim_end()) > room && !is_empty {
                lines.push((" ".repeat(indent), String::new()));
            }
            if let Some((_, line)) = lines.last_mut() {
                line.push_str(part);
            }
        }
    }
    for (_, line) in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// Returns the room on the last line, and whether it has no text yet.
fn room(lines: &[Folded], width: usize) -> (usize, bool) {
    lines.last().map_or((width, true), |(begin, line)| {
        let used = cells::width(begin) + cells::width(line);
        (width.saturating_sub(used), line.is_empty())
    })
}

/// Splits a text after each separator.
fn split_after<'a>(text: &'a str, separators: &[&str]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let ends = separators.iter().filter_map(|separator| {
            let at = rest.find(separator)?;
            Some(at + separator.len())
        });
        match ends.min() {
            Some(end) => {
                let (part, others) = rest.split_at(end);
                parts.push(part);
                rest = others;
            }
            None => break,
        }
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "3.0s: 1 birth, at most 297 more unseen; none exited";

    fn folded(text: &str, width: usize) -> Vec<String> {
        let lines = fold("watched", text, Some(width)).into_iter();
        lines
            .map(|(begin, text)| format!("{begin}{text}").trim_end().to_owned())
            .collect()
    }

    #[test]
    fn lines_end_at_clauses_and_then_between_words() {
        assert_eq!(
            folded(TEXT, 80),
            ["watched        3.0s: 1 birth, at most 297 more unseen; none exited"]
        );
        assert_eq!(
            folded(TEXT, 55),
            [
                "watched        3.0s: 1 birth, at most 297 more unseen;",
                "               none exited"
            ]
        );
        assert_eq!(
            folded(TEXT, 30),
            [
                "watched 3.0s: 1 birth,",
                "  at most 297 more unseen;",
                "  none exited"
            ]
        );
        assert_eq!(
            folded(TEXT, 20),
            [
                "watched 3.0s: 1",
                "  birth, at most 297",
                "  more unseen;",
                "  none exited"
            ]
        );
    }

    #[test]
    fn no_line_is_too_wide_and_no_text_is_lost() {
        let text = "4242 日本語日本語, at most 1.5s; a, b, c, d, e, f, g and the others of them";
        for width in 20..90 {
            let lines = folded(text, width);
            assert!(
                lines.iter().all(|line| cells::width(line) <= width),
                "{width}: {lines:?}"
            );
            let words: Vec<_> = lines
                .iter()
                .flat_map(|line| line.split_whitespace())
                .collect();
            assert_eq!(words.join(" "), format!("watched {text}"), "{width}");
        }
        assert_eq!(fold("", text, None).len(), 1);
    }
}
