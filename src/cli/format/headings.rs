//! Writes texts to the right of a heading.

use crate::cli::terminal::{self, Folded, fold};

/// Width of headings, the gap to the text included.
const HEADING_WIDTH: usize = 15;

/// Narrowest line with all text to the right of the headings.
const ALIGNED: usize = 40;

/// Indentation on narrower lines.
const NARROW_INDENT: usize = 2;

/// Folds a text with its heading into lines of at most `width` columns.
pub(super) fn headed(heading: &str, text: &str, width: Option<usize>) -> Vec<Folded> {
    match width.is_none_or(|width| width >= ALIGNED) {
        true => {
            let heading = format!("{heading:<0$}", HEADING_WIDTH - 1) + " ";
            fold(&heading, HEADING_WIDTH, text, width)
        }
        false => fold(&format!("{heading} "), NARROW_INDENT, text, width),
    }
}

/// Folds a text with its heading, and breaks words that are wider than a line.
pub(crate) fn headed_within(heading: &str, text: &str, width: Option<usize>) -> Vec<Folded> {
    let folded = headed(heading, text, width);
    let Some(width) = width else {
        return folded;
    };
    let indent = match width >= ALIGNED {
        true => HEADING_WIDTH,
        false => NARROW_INDENT,
    };
    let mut lines = Vec::with_capacity(folded.len());
    for (mut begin, text) in folded {
        let mut rest = &text[..];
        loop {
            let room = width.saturating_sub(terminal::width(&begin));
            let part = terminal::cut(rest, Some(room));
            if part.is_empty() || part.len() == rest.len() {
                lines.push((begin, rest.to_owned()));
                break;
            }
            lines.push((begin, part.to_owned()));
            rest = &rest[part.len()..];
            begin = " ".repeat(indent);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "3.0s: 1 birth, at most 297 more unseen; none exited";

    fn folded(text: &str, width: usize) -> Vec<String> {
        let lines = headed("watched", text, Some(width)).into_iter();
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
                lines.iter().all(|line| terminal::width(line) <= width),
                "{width}: {lines:?}"
            );
            let words: Vec<_> = lines
                .iter()
                .flat_map(|line| line.split_whitespace())
                .collect();
            assert_eq!(words.join(" "), format!("watched {text}"), "{width}");
        }
        assert_eq!(headed("", text, None).len(), 1);
    }

    #[test]
    fn long_words_are_broken_where_lines_end() {
        let path = "/a/path/without/spaces".repeat(4);
        for width in 20..100 {
            let text = format!("see {path}, 日本語日本語");
            let lines = headed_within("program", &text, Some(width));
            let whole: Vec<_> = lines
                .iter()
                .map(|(begin, text)| format!("{begin}{text}"))
                .collect();
            let is_narrow = |line: &String| terminal::width(line) <= width;
            assert!(whole.iter().all(is_narrow), "{width}: {whole:?}");
            let texts: String = lines.iter().map(|(_, text)| &text[..]).collect();
            assert_eq!(texts.replace(' ', ""), text.replace(' ', ""), "{width}");
        }
        assert_eq!(headed_within("program", &path, None).len(), 1);
    }
}
