//! Secrets in command lines: redacted text, unchanged text, and all outputs.

mod cases;
mod everywhere;
mod lines;
#[cfg(target_os = "linux")]
mod live;
mod properties;
mod rates;
mod rules;
mod settings;

use process_scanner::Redactor;

const MARK: &str = "[redacted]";

/// Joins arguments as in a row, each with a NUL at its end.
fn terminated(args: &[&[u8]]) -> Vec<u8> {
    let mut command = Vec::new();
    for arg in args {
        command.extend_from_slice(arg);
        command.push(0);
    }
    command
}

fn args(terminated: &[u8]) -> Vec<Vec<u8>> {
    terminated
        .split_inclusive(|&byte| byte == 0)
        .map(|arg| arg.strip_suffix(b"\0").unwrap_or(arg).to_vec())
        .collect()
}

fn lossy(terminated: &[u8]) -> Vec<String> {
    args(terminated)
        .iter()
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect()
}

/// Redacts arguments, and checks that redacting again changes nothing.
fn redact(args: &[&str]) -> Vec<String> {
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    let redactor = Redactor::default();
    let command = terminated(&args);
    let redacted = redactor.command(&command);
    assert_eq!(
        redactor.command(&redacted),
        redacted,
        "again: {:?}",
        lossy(&redacted)
    );
    lossy(&redacted)
}
