//! Folds texts, so that no line is too long.

use super::width::width as width_of;

/// A line: its begin, which is an indentation after the first, and its part of the text.
pub(crate) type Folded = (String, String);

/// Folds a text into lines of at most `width` columns.
///
/// Lines end after a comma or a semicolon, or between words where that is not enough. A word that
/// is wider than a line stays whole. `indent`: columns before the text of each line but the first.
pub(crate) fn fold(begin: &str, indent: usize, text: &str, width: Option<usize>) -> Vec<Folded> {
    let width = width.unwrap_or(usize::MAX);
    let mut lines = vec![(begin.to_owned(), String::new())];
    for clause in split_after(text, &[", ", "; "]) {
        let clause_width = width_of(clause.trim_end());
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
            if width_of(part.trim_end()) > room && !is_empty {
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
        let used = width_of(begin) + width_of(line);
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

    fn folded(begin: &str, text: &str, width: usize) -> Vec<String> {
        let lines = fold(begin, 2, text, Some(width)).into_iter();
        lines.map(|(begin, text)| begin + &text).collect()
    }

    #[test]
    fn lines_end_at_clauses_and_then_between_words() {
        let text = "f is not empty (name another file, or add --force to replace it)";
        assert_eq!(folded("", text, 64), [text]);
        assert_eq!(
            folded("", text, 40),
            [
                "f is not empty (name another file,",
                "  or add --force to replace it)"
            ]
        );
        assert_eq!(
            folded("pscan: ", text, 20),
            [
                "pscan: f is not",
                "  empty (name",
                "  another file, or",
                "  add --force to",
                "  replace it)"
            ]
        );
    }

    #[test]
    fn a_word_that_is_wider_than_a_line_stays_whole() {
        let path = "/a/path/without/any/space";
        assert_eq!(
            folded("", &format!("cannot open {path}: no"), 16),
            ["cannot open", &format!("  {path}:"), "  no"]
        );
        assert_eq!(fold("", 0, "", Some(10)).len(), 1);
    }
}
