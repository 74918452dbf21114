//! What is kept of `/proc/PID/cmdline`.

/// The most bytes of a command line that are read: one more than a table keeps, so that it marks
/// the cut.
pub(in crate::source) const MAX_COMMAND_BYTES: usize = (1 << 20) + 1;

/// Capacity of the buffer that is kept between command lines.
pub(in crate::source) const KEPT_COMMAND_BYTES: usize = 1 << 16;

/// Removes NULs at the end, which a process leaves that has overwritten its arguments.
///
/// An argument that the limit cuts is replaced by a mark: half a secret is not recognisable as one.
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
        let mut command = b"app\0x\0\0\0".to_vec();
        trim_command(&mut command);
        assert_eq!(command, b"app\0x\0");
    }
}
