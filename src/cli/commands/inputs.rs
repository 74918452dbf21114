//! Refuses outputs that would replace the recordings that are read.

use std::fs;
use std::path::{Path, PathBuf};

use process_scanner::{Error, ErrorClass, Result};

use super::stored::Runs;
use crate::cli::args;

/// Fails if an output is one of the recordings, by any of its names.
pub(super) fn refuse<'p>(
    recorded: &args::Recorded,
    outputs: impl IntoIterator<Item = &'p Path>,
) -> Result<()> {
    let mut inputs = Runs::files(&recorded.files);
    // A name that stands for parts: a file of that name would hide them.
    inputs.extend(recorded.files.iter().cloned());
    for input in &mut inputs {
        if cfg!(unix) && input.as_os_str() == "-" {
            *input = PathBuf::from("/dev/stdin");
        }
    }
    for output in outputs.into_iter().filter(|path| path.as_os_str() != "-") {
        if inputs.iter().any(|input| is_same(input, output)) {
            let message = format!("{} is a recording that is read", output.display());
            return Err(Error::new(ErrorClass::Output, message)
                .with_advice("write to another file; pscan does not replace a recording"));
        }
    }
    Ok(())
}

/// Returns whether two paths are of the same file, which need not exist.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        // A terminal or a null device can be input and output.
        (Ok(one), Ok(other)) if !(one.is_file() && other.is_file()) => false,
        (Ok(a), Ok(b)) => is_same_file(&a, &b) || is_same_place(one, other),
        (Err(_), Err(_)) => is_same_place(one, other),
        _ => false,
    }
}

#[cfg(unix)]
fn is_same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Hard links cannot be recognised without unsafe code.
#[cfg(not(unix))]
fn is_same_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

/// Returns whether two paths have the same name in the same folder, through all links.
pub(super) fn is_same_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        if let Ok(whole) = fs::canonicalize(path) {
            return Some(whole);
        }
        let folder = path.parent()?;
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
    };
    one == other || place(one).is_some_and(|one| place(other) == Some(one))
}
