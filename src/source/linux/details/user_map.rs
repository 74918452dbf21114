//! The user ids that have a number of their own in this user namespace (user_namespaces(7)).

use std::path::Path;

use crate::source::linux::proc::procfs::{Procfs, USUAL};
use crate::source::linux::proc::stat::number;

/// The number of user ids.
const ALL: u64 = u32::MAX as u64;

/// The kernel's default for an id that has no number here.
const OVERFLOW: u32 = 65_534;

/// The mapping of user ids, as far as it matters.
///
/// The kernel has one number for all users that this user namespace lacks, usually 65534, which is
/// `nobody` elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::source) struct UserMap {
    /// `None` if every user has a number here.
    overflow: Option<u32>,
}

impl UserMap {
    /// Reads the mapping of this process.
    pub(in crate::source) fn here() -> Self {
        let Ok(procfs) = Procfs::open(Path::new(USUAL)) else {
            return Self::default();
        };
        let mut map = Vec::new();
        let mut overflow = [0; 16];
        match procfs.read_long(c"self/uid_map", 1 << 20, &mut map) {
            Ok(()) => {
                let overflow = procfs.read(c"sys/kernel/overflowuid", &mut overflow);
                Self::parse(&map, overflow.unwrap_or_default())
            }
            // A kernel without user namespaces.
            Err(_) => Self::default(),
        }
    }

    /// Parses `uid_map`, whose lines have an id here, an id outside and a number of ids.
    fn parse(map: &[u8], overflow: &[u8]) -> Self {
        let lines = map.split(|&byte| byte == b'\n');
        let counts = lines.filter_map(|line| {
            let fields = line.split(u8::is_ascii_whitespace);
            let count = fields.filter(|field| !field.is_empty()).nth(2)?;
            number(count)
        });
        let is_whole = counts.fold(0, u64::saturating_add) >= ALL;
        let overflow = number(overflow.trim_ascii());
        let overflow = overflow.and_then(|uid| u32::try_from(uid).ok());
        Self {
            overflow: (!is_whole).then_some(overflow.unwrap_or(OVERFLOW)),
        }
    }

    /// Returns an id that the kernel has reported; `None` if it may stand for any user.
    pub(in crate::source) fn known(self, uid: u32) -> Option<u32> {
        (self.overflow != Some(uid)).then_some(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overflow_id_is_a_user_only_where_all_users_are_mapped() {
        let map = |map: &[u8]| UserMap::parse(map, b"65534\n");
        let whole = map(b"         0          0 4294967295\n");
        assert_eq!(whole.known(65_534), Some(65_534));
        for part in [
            &b""[..],
            b"         0       1000          1\n",
            b"0 1000 1\n1 100000 65536\n",
        ] {
            let part = map(part);
            assert_eq!(part.known(65_534), None);
            assert_eq!(part.known(0), Some(0));
        }
        let parts = map(b"0 1000 1\n1 0 4294967294\n");
        assert_eq!(parts.known(65_534), Some(65_534));
        assert_eq!(UserMap::parse(b"", b"99\n").known(99), None);
        assert_eq!(UserMap::parse(b"", b"").known(65_534), None);
        assert_eq!(UserMap::default().known(65_534), Some(65_534));
    }
}
