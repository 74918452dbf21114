//! Cuts a list to the screen.
//!
//! Otherwise its first lines, which matter most, would scroll away.

use std::io::{self, Write};

use crate::cli::format::color;
use crate::cli::terminal;

/// Cuts a list to the screen, and returns the number of removed lines.
///
/// `others`: the lines before it, and the prompt.
pub(super) fn cut<T>(lines: &mut Vec<T>, others: usize) -> usize {
    let Some(height) = terminal::screen_height() else {
        return 0;
    };
    let left_out = lines.len() - fitting(lines.len(), height.saturating_sub(others));
    lines.truncate(lines.len() - left_out);
    left_out
}

/// Writes the number of removed lines, if there are any, and how to get them.
pub(super) fn write_left_out(
    out: &mut impl Write,
    left_out: usize,
    what: &str,
    width: Option<usize>,
) -> io::Result<()> {
    if left_out == 0 {
        return Ok(());
    }
    let text = left_out_text(left_out, what, width);
    color::write_line(out, &[(color::DIM, text)], width)
}

fn left_out_text(left_out: usize, what: &str, width: Option<usize>) -> String {
    let whole = format!("and {left_out} more; --top N prints N {what}, | less -S all");
    match width.is_some_and(|width| terminal::width(&whole) > width) {
        true => format!("and {left_out} more (--top N, | less -S)"),
        false => whole,
    }
}

/// Returns how many of `all` lines `room` lines have room for.
fn fitting(all: usize, room: usize) -> usize {
    match all <= room {
        true => all,
        // The number of removed lines needs one too.
        false => room.saturating_sub(1).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_others_has_a_short_form() {
        let whole = "and 76 more; --top N prints N processes, | less -S all";
        let text = |width| left_out_text(76, "processes", width);
        assert_eq!(text(None), whole);
        assert_eq!(text(Some(54)), whole);
        assert_eq!(text(Some(53)), "and 76 more (--top N, | less -S)");
    }

    #[test]
    fn a_list_that_does_not_fit_leaves_a_line_for_the_number_of_others() {
        for (all, room, expected) in [
            (0, 21, 0),
            (21, 21, 21),
            (22, 21, 20),
            (5000, 21, 20),
            // On the smallest screens one line scrolls the headings away.
            (2, 1, 1),
            (2, 0, 1),
        ] {
            assert_eq!(fitting(all, room), expected, "{all} of {room}");
        }
    }
}
