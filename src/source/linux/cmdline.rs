//! What is kept of `/proc/PID/cmdline`.

/// More of a command line is not read: one byte more than a table keeps at the most, so that it marks
/// what was cut.
pub(in crate::source) const MAX_COMMAND_BYTES: usize = (1 << 20) + 1;

/// How much room for a command line is kept.
pub(in crate::source) const KEPT_COMMAND_BYTES: usize = 1 << 16;

/// One that wrote over its arguments leaves the rest of their room empty.
/// In place of an argument that the limit cuts off there is a mark: of half a secret nobody can tell that it
/// is one.
pub(in crate::source) fn cut_empty_end(command: &mut Vec<u8>) {
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
    let end = command.iter().rposition(|&byte| byte != 0);
    command.truncate(end.map_or(0, |end| end + 2));
    if is_cut {
        command.extend_from_slice("…\0".as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_argument_that_the_limit_cuts_off_a_mark_is_left() {
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
            cut_empty_end(&mut command);
            assert_eq!(command, left.as_bytes());
        }
        let mut command = b"app\0".to_vec();
        command.resize(MAX_COMMAND_BYTES, 0);
        cut_empty_end(&mut command);
        assert_eq!(command, b"app\0");
        let mut command = b"app\0x\0\0\0".to_vec();
        cut_empty_end(&mut command);
        assert_eq!(command, b"app\0x\0");
    }
}
