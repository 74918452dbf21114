//! Values that are no secrets by how they look: paths, names, numbers and ports.

/// `db-secret`: what a cluster calls an object with secrets in it.
pub(super) fn is_object_name(value: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let ends = [
        "-secret",
        "-secrets",
        "-credentials",
        "-creds",
        "-tls",
        "-token",
        "-key",
    ];
    value.iter().all(is_name) && ends.iter().any(|end| value.ends_with(end.as_bytes()))
}

/// `128`, `0.1`, `375e6`, `300B`.
pub(super) fn is_amount(value: &[u8]) -> bool {
    let number = match value {
        [number @ .., unit] if unit.is_ascii_alphabetic() => number,
        number => number,
    };
    number.first().is_some_and(u8::is_ascii_digit)
        && number
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'_' | b','))
}

pub(super) fn starts_with_any(value: &[u8], starts: &[&str]) -> bool {
    starts
        .iter()
        .any(|start| value.starts_with(start.as_bytes()))
}

/// A path does not have such long words of mixed letters and digits; an AWS secret can begin with a
/// slash.
const RANDOM_LEN: usize = 20;

pub(super) fn is_path(value: &[u8]) -> bool {
    let is_rooted = starts_with_any(value, &["/", "./", "../", "~/", "file:/"])
        || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    if !is_rooted && !has_extension(value) {
        return false;
    }
    !is_aws_secret(value)
        && !value
            .split(|byte| matches!(byte, b'/' | b'\\' | b'.' | b'-' | b'_'))
            .any(|segment| segment.len() >= RANDOM_LEN && is_mixed(segment))
}

/// `logs/2024/app.gz`: what a store of objects calls a key. A password may have a slash and a point too.
pub(super) fn is_object(value: &[u8]) -> bool {
    #[rustfmt::skip]
    const KNOWN: &[&str] = &[
        "avro", "bak", "bin", "bz2", "css", "csv", "dump", "gif", "gz", "html", "jar", "jpeg", "jpg", "js",
        "json", "log", "md", "mp4", "orc", "parquet", "pdf", "png", "rpm", "sql", "svg", "tar", "tfstate",
        "tgz", "tsv", "txt", "war", "webp", "xml", "xz", "yaml", "yml", "zip", "zst",
    ];
    let name = value.rsplit(|&byte| byte == b'/').next();
    let is_file = |name: &[u8]| {
        let end = name.rsplit(|&byte| byte == b'.').next();
        end.is_some_and(|end| {
            end.len() < name.len() && KNOWN.iter().any(|known| known.as_bytes() == end)
        })
    };
    name.is_some_and(is_file)
        && value
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        && !value
            .split(|byte| matches!(byte, b'/' | b'.' | b'-' | b'_'))
            .any(|segment| segment.len() >= RANDOM_LEN && is_mixed(segment))
}

fn has_extension(value: &[u8]) -> bool {
    const KNOWN: [&[u8]; 23] = [
        b"asc", b"cer", b"cert", b"conf", b"cfg", b"crt", b"der", b"env", b"gpg", b"ini", b"jks",
        b"json", b"key", b"keytab", b"kdbx", b"p12", b"p8", b"pem", b"pfx", b"pub", b"txt",
        b"yaml", b"yml",
    ];
    if value
        .iter()
        .any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'@'))
    {
        return false;
    }
    let Some(dot) = value.iter().rposition(|&byte| byte == b'.') else {
        return false;
    };
    dot > 0 && KNOWN.contains(&&value[dot + 1..])
}

/// 40 characters of base64, without any that a path would have.
fn is_aws_secret(value: &[u8]) -> bool {
    value.len() == 40
        && is_mixed(value)
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'='))
}

fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && text.iter().any(u8::is_ascii_digit)
}

/// `2`, `2,2`, `1.2nr`: as sort(1) has them.
pub(super) fn is_sort_key(value: &[u8]) -> bool {
    let letters = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic());
    let letters = letters.count();
    let digits = &value[..value.len() - letters];
    letters <= 2
        && digits.first().is_some_and(u8::is_ascii_digit)
        && digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'))
}

/// A number, a range of numbers, or what docker(1) maps to what: `127.0.0.1:80:80/tcp`.
pub(super) fn is_port(value: &[u8]) -> bool {
    let value = [&b"/tcp"[..], b"/udp", b"/sctp"]
        .iter()
        .find_map(|protocol| value.strip_suffix(*protocol))
        .unwrap_or(value);
    let value = value.strip_prefix(b"localhost:").unwrap_or(value);
    value.iter().any(u8::is_ascii_digit)
        && value.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b':' | b'-' | b',' | b'[' | b']')
        })
}
