//! Names of processes that chose them: Linux cuts them at 15 bytes, and a secret with them.

use std::ops::Range;

use super::mark::MARK;
use super::values::Holds;
use super::{names, shapes};

/// As long as Linux lets a name be.
pub(super) const CUT: usize = 15;

/// The part of a name that is a secret, as far as it is cut off or a bare word tells it.
pub(super) fn secret(name: &[u8]) -> Option<Range<usize>> {
    if name.windows(MARK.len()).any(|part| part == MARK.as_bytes()) {
        return None;
    }
    let whole = 0..name.len();
    if name.len() == CUT && shapes::may_begin(name) {
        return Some(whole);
    }
    if let Some(scheme) = name.windows(3).position(|window| window == b"://") {
        let rest = &name[scheme + 3..];
        let colon = rest.iter().position(|&byte| byte == b':')?;
        let password = &rest[colon + 1..];
        let is_cut = !rest.contains(&b'@') && !rest[..colon].contains(&b'/');
        let is_port = password
            .split(|&byte| byte == b'/')
            .next()
            .is_none_or(|port| port.iter().all(u8::is_ascii_digit));
        return (is_cut && !is_port).then_some(scheme + 3 + colon + 1..name.len());
    }
    let blank = name.iter().position(|&byte| byte == b' ')?;
    let is_password = names::judge(&name[..blank]) == Some(Holds::Password);
    (is_password && blank + 1 < name.len()).then_some(blank + 1..name.len())
}
