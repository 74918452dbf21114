//! Parses `/proc/PID/status`, `io` and `smaps_rollup`.

use crate::source::linux::proc::stat::number;

/// Returns the number after a name; 1024 times as much if its unit is kB.
pub(super) fn number_of(content: &[u8], name: &[u8]) -> Option<u64> {
    let mut words = words(line(content, name)?);
    let count = words.next().and_then(number)?;
    match words.next() {
        Some(b"kB") => count.checked_mul(1024),
        Some(_) => None,
        None => Some(count),
    }
}

/// Returns whether `status` is of a process with memory.
pub(super) fn has_memory(status: &[u8]) -> bool {
    line(status, b"VmSize:").is_some()
}

fn line<'a>(content: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut lines = content.split(|&byte| byte == b'\n');
    lines.find_map(|line| line.strip_prefix(name))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &[u8] = b"Name:\tVmSwap:\\n 7 kB\nVmSize:\t  9 kB\n\
        VmHWM:\t   5208 kB\nVmSwap:\t       0 kB\nvoluntary_ctxt_switches:\t12\n\
        nonvoluntary_ctxt_switches:\t3\n";

    #[test]
    fn numbers_are_found_after_their_names() {
        assert_eq!(number_of(STATUS, b"VmHWM:"), Some(5208 * 1024));
        assert_eq!(number_of(STATUS, b"VmSwap:"), Some(0));
        assert_eq!(number_of(STATUS, b"voluntary_ctxt_switches:"), Some(12));
        assert_eq!(number_of(STATUS, b"nonvoluntary_ctxt_switches:"), Some(3));
        assert_eq!(
            number_of(b"rchar: 1\nread_bytes: 4096\n", b"read_bytes:"),
            Some(4096)
        );
        assert!(has_memory(STATUS));
    }

    #[test]
    fn what_is_missing_or_malformed_is_none() {
        for content in [
            &b""[..],
            b"VmHWM:",
            b"VmHWM:\t-1 kB",
            b"VmHWM:\t1 MB",
            b"xVmHWM: 1",
        ] {
            assert_eq!(
                number_of(content, b"VmHWM:"),
                None,
                "{}",
                content.escape_ascii()
            );
        }
        let most = format!("VmHWM: {} kB", u64::MAX);
        assert_eq!(number_of(most.as_bytes(), b"VmHWM:"), None);
    }
}
