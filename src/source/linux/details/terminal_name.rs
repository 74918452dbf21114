//! Names of terminals.

/// Returns the name of the terminal with this device number, as under `/dev`; `None` without a
/// terminal.
///
/// A driver without a fixed number (admin-guide/devices.txt of Linux) has the form `MAJOR:MINOR`.
pub(super) fn terminal_name(device: u64) -> Option<String> {
    // The encoding of new_encode_dev in include/linux/kdev_t.h.
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xf_ff00);
    Some(match (major, minor) {
        (0, 0) => return None,
        (4, 0..64) => format!("tty{minor}"),
        (4, _) => format!("ttyS{}", minor - 64),
        (5, 0) => "tty".into(),
        (5, 1) => "console".into(),
        (136..=143, _) => format!("pts/{}", (major - 136) * 256 + minor),
        (204, 64..80) => format!("ttyAMA{}", minor - 64),
        (229, _) => format!("hvc{minor}"),
        _ => format!("{major}:{minor}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_the_names_of_their_files() {
        for (major, minor, expected) in [
            (4, 1, "tty1"),
            (4, 64, "ttyS0"),
            (5, 1, "console"),
            (136, 0, "pts/0"),
            (136, 255, "pts/255"),
            (137, 1, "pts/257"),
            (229, 0, "hvc0"),
            (188, 300, "188:300"),
        ] {
            let device = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
            assert_eq!(terminal_name(device).as_deref(), Some(expected));
        }
        assert_eq!(terminal_name(0), None);
        assert_eq!(terminal_name(u64::MAX).as_deref(), Some("4095:1048575"));
    }
}
