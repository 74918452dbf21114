//! Quotes file names for a shell.

use std::path::Path;

use process_scanner::is_control;

/// Formats a path as one word of a command line, without characters that control a terminal.
pub(crate) fn quoted(path: &Path) -> String {
    // The command would take it for an option.
    let dot = match path.as_os_str().as_encoded_bytes() {
        [b'-', ..] => "./",
        _ => "",
    };
    let path = Path::new(dot).join(path);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    match path.to_str() {
        Some(text)
            if text
                .chars()
                .all(|c| is_plain(c) || cfg!(windows) && c == '\\') =>
        {
            text.to_owned()
        }
        Some(text) if !text.contains(is_control) => in_quotes(text),
        _ => escaped(&path),
    }
}

#[cfg(windows)]
fn in_quotes(text: &str) -> String {
    format!("\"{text}\"")
}

#[cfg(not(windows))]
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(windows)]
fn escaped(path: &Path) -> String {
    // No shell of this system has escapes for these characters.
    in_quotes(&process_scanner::escape(&path.to_string_lossy()))
}

/// Quotes with escapes of bytes, as bash, zsh, ksh and POSIX (2024) have them.
#[cfg(not(windows))]
fn escaped(path: &Path) -> String {
    let mut text = String::from("$'");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\'' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            // Three octal digits end by themselves; hexadecimal ones would take the next character
            // too.
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text + "'"
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn plain_names_have_no_quotes() {
        for (given, expected) in [
            ("host.ndjson", "host.ndjson"),
            ("/tmp/a-b_c+1,2:3@4%.ndjson", "/tmp/a-b_c+1,2:3@4%.ndjson"),
            ("my host.ndjson", "'my host.ndjson'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("-f", "./-f"),
            ("- f", "'./- f'"),
            ("a\nb'\\", r"$'a\012b\'\\'"),
        ] {
            assert_eq!(quoted(Path::new(given)), expected);
        }
    }

    #[test]
    fn a_shell_reads_the_same_name() {
        let wicked = b"a b$(x)`y`\"'\\*?~#&;|<>!{}[]()=\xc3\xa9";
        let with_controls = [&wicked[..], b"\n\x1b[2J1\xff\xe2\x80\xae"].concat();
        for (shell, name) in [("sh", &wicked[..]), ("bash", &with_controls)] {
            let name = OsStr::from_bytes(name);
            let quoted = quoted(Path::new(name));
            assert!(!quoted.contains(is_control), "{quoted}");
            let script = format!("printf %s {quoted}");
            match Command::new(shell).args(["-c", &script]).output() {
                Ok(output) => assert_eq!(output.stdout, name.as_bytes(), "{quoted}"),
                Err(_) => eprintln!("skipped: there is no {shell}"),
            }
        }
    }
}
