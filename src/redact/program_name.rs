//! Names of programs, as they stand in a command line.

/// The name of a program in small letters, without its folder and `.exe`; `None` for what is too long
/// for one that is known.
pub(super) fn program<'n>(word: &[u8], name: &'n mut [u8; 24]) -> Option<&'n [u8]> {
    let start = word.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
    let base = &word[start.map_or(0, |at| at + 1)..];
    let name = name.get_mut(..base.len())?;
    name.copy_from_slice(base);
    name.make_ascii_lowercase();
    let name = &*name;
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    // An interactive shell's own name begins with a dash; a title ends in a colon.
    let name = name.strip_suffix(b":").unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

/// `python3.11`, `psql-15`, `mysql8.0`.
pub(super) fn without_version(name: &[u8]) -> &[u8] {
    let version = name
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    &name[..name.len() - version.count()]
}

/// Whether a program is a known one: by its name, its name without a version, or how it starts (`known*`).
pub(super) fn fits(name: &[u8], plain: &[u8], known: &str) -> bool {
    // It goes by each word for each that is known, and most differ here.
    if known.as_bytes().first() != name.first() {
        return false;
    }
    match known.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == known.as_bytes() || plain == known.as_bytes(),
    }
}
