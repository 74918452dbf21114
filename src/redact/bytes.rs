//! What a byte is: a blank, or a part of a name or a token.

/// Whether a byte can be part of a name.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Whether a byte is a blank or ends a line.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// How many blanks a text begins with.
pub(super) fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| is_blank(byte)).count()
}

pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

pub(super) fn run(text: &[u8], alphabet: fn(u8) -> bool) -> usize {
    text.iter().take_while(|&&byte| alphabet(byte)).count()
}
