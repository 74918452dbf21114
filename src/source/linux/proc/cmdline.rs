//! What is kept of `/proc/PID/cmdline`.

/// The most bytes of a command line that are read: one more than a table keeps, so that it marks
/// the cut.
pub(in crate::source) const MAX_COMMAND_BYTES: usize = (1 << 20) + 1;

/// Capacity of the buffer that is kept between command lines.
pub(in crate::source) const KEPT_COMMAND_BYTES: usize = 1 << 16;

/// The most empty arguments that are kept at the end. More are padding.
const MAX_EMPTY_AT_END: usize = 4;

/// The most arguments that are kept if all are empty. A program's name and its NUL have more bytes,
/// so more are those of a process that has wiped its arguments.
const MAX_ALL_EMPTY: usize = 2;

/// Removes NULs at the end, which a process leaves that has overwritten its arguments, and adds one
/// where there is none.
///
/// A few at the end are empty arguments, except after a title: a single argument with a blank. An
/// argument that the limit cuts is replaced by a mark: half a secret is not recognisable as one.
pub(in crate::source) fn trim_command(command: &mut Vec<u8>) {
    let mut is_cut = false;
    if command.len() >= MAX_COMMAND_BYTES {
        let is_end = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
        let end = command
            .iter()
            .rposition(|&byte| byte == 0)
            .or_else(|| command.iter().rposition(is_end));
        let end = end.map_or(0, |end| end + 1);
        is_cut = command[end..].iter().any(|&byte| byte != 0);
        command.truncate(end);
    }
    trim_end(command, is_cut);
    if is_cut {
        command.extend_from_slice("…\0".as_bytes());
    }
}

fn trim_end(command: &mut Vec<u8>, is_cut: bool) {
    let Some(last) = command.iter().rposition(|&byte| byte != 0) else {
        if command.len() > MAX_ALL_EMPTY {
            command.clear();
        }
        return;
    };
    let text = &command[..=last];
    let is_title = !text.contains(&0) && text.contains(&b' ');
    let empty = (command.len() - text.len()).saturating_sub(1);
    let kept = match is_title || empty > MAX_EMPTY_AT_END {
        true => 0,
        false => empty,
    };
    match text.len() == command.len() {
        // The mark continues it.
        true if is_cut => {}
        true => command.push(0),
        false => command.truncate(last + 2 + kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_replaces_an_argument_that_the_limit_cuts() {
        let filled = |start: &[u8]| {
            let mut command = start.to_vec();
            command.resize(MAX_COMMAND_BYTES, b'x');
            command
        };
        for (start, left) in [
            (&b"app\0--password="[..], "app\0…\0"),
            (b"app --password=", "app …\0"),
            (b"app", "…\0"),
        ] {
            let mut command = filled(start);
            trim_command(&mut command);
            assert_eq!(command, left.as_bytes());
        }
        let mut command = b"app\0".to_vec();
        command.resize(MAX_COMMAND_BYTES, 0);
        trim_command(&mut command);
        assert_eq!(command, b"app\0");
    }

    #[test]
    fn empty_arguments_are_kept_and_padding_is_removed() {
        for (read, kept) in [
            (&b"a\0\0"[..], &b"a\0\0"[..]),
            (b"a\0", b"a\0"),
            (b"a\0x\0\0\0", b"a\0x\0\0\0"),
            (b"a b\0x\0\0", b"a b\0x\0\0"),
            (b"\0", b"\0"),
            (b"\0\0x\0", b"\0\0x\0"),
            (b"", b""),
            // Without a NUL at the end, as a long title.
            (b"a b", b"a b\0"),
            // Wiped, padded, and a title that is one byte shorter than the arguments.
            (b"\0\0\0\0", b""),
            (b"(worker)\0\0\0\0\0\0\0", b"(worker)\0"),
            (b"app\0-p\0\0\0\0\0\0\0\0", b"app\0-p\0"),
            (b"sshd: root@notty\0\0", b"sshd: root@notty\0"),
        ] {
            let mut command = read.to_vec();
            trim_command(&mut command);
            assert_eq!(command, kept, "{}", read.escape_ascii());
        }
    }
}
