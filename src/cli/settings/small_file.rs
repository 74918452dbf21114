//! Reads small files: settings, secrets and certificates.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use process_scanner::{Error, ErrorClass, Result};

use crate::cli::outcome::cannot;

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Settings or certificates.
    Plain,
    /// A token, or the value of a header.
    Secret,
}

impl Content {
    /// Returns the largest size of a file, in bytes.
    fn max_bytes(self) -> u64 {
        match self {
            Self::Secret => 1 << 16,
            Self::Plain => 1 << 20,
        }
    }
}

/// Reads a plain file, or one that a symbolic link names. It never waits, as for a writer of a pipe.
///
/// `what`: the content, for messages, such as `the token`.
///
/// # Errors
///
/// A file that does not exist, cannot be read, is not a plain file, or is too large. A message does not have the
/// path of a secret if that can be the secret itself.
pub(crate) fn read_small_file(path: &Path, what: &str, content: Content) -> Result<Vec<u8>> {
    let failed = |error: io::Error| {
        let advice = Some("check path and rights");
        match content == Content::Secret && !is_surely_a_path(path) {
            true => Error::from_io(format!("cannot read {what} in a relative path"), error)
                .with_advice("write the whole path of a file; the secret is in the file"),
            false => cannot(&format!("read {what} in"), path, error, advice),
        }
    };
    let refused = |reason: String, advice: &'static str| {
        let message = format!("cannot read {what} in {}: {reason}", path.display());
        Err(Error::new(ErrorClass::Config, message).with_advice(advice))
    };
    // Opening a device can have an effect of its own, so its kind is checked before too.
    let mut file_type = std::fs::metadata(path).map_err(failed)?.file_type();
    let mut opened = None;
    if file_type.is_file() {
        let file = open(path).map_err(failed)?;
        file_type = file.metadata().map_err(failed)?.file_type();
        opened = Some(file);
    }
    let (Some(file), true) = (opened, file_type.is_file()) else {
        let reason = format!("it is {}", kind(file_type));
        return refused(reason, "only a plain file can be read, or a link to one");
    };
    let max = content.max_bytes();
    let mut bytes = Vec::new();
    let read = file.take(max + 1).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if bytes.len() as u64 > max {
        let reason = format!("it is larger than {} KiB", max >> 10);
        return refused(reason, "check that it is the right file");
    }
    Ok(bytes)
}

/// Returns whether it is a path, and not a secret in the place of one.
pub(super) fn is_surely_a_path(path: &Path) -> bool {
    path.is_absolute() || path.exists()
}

/// Opens a file without waiting, whatever it is.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;
        // It can have become a pipe or a terminal since the check.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// Returns what a file is that is not plain.
fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return "a pipe";
        }
        if file_type.is_socket() {
            return "a socket";
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return "a device";
        }
    }
    "not a plain file"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn error(path: &Path, content: Content) -> String {
        let outcome = read_small_file(path, "the text", content);
        let error = outcome.expect_err("it is refused");
        assert!(error.advice().is_some(), "{error}");
        error.full_message()
    }

    #[test]
    fn a_file_has_a_largest_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        for (content, max) in [(Content::Secret, 65_536), (Content::Plain, 1_048_576)] {
            fs::write(&path, vec![b'x'; max]).expect("a file");
            let bytes = read_small_file(&path, "the text", content).expect("small enough");
            assert_eq!(bytes.len(), max);
            fs::write(&path, vec![b'x'; max + 1]).expect("a file");
            let message = error(&path, content);
            let kib = format!("larger than {} KiB", max / 1024);
            assert!(message.contains(&kib), "{message}");
            assert!(message.contains("file"), "{message}");
        }
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let message = error(folder.path(), Content::Plain);
        assert!(message.contains("a folder"), "{message}");
    }

    #[test]
    fn a_secret_in_the_place_of_a_path_is_not_quoted() {
        let message = error(Path::new("Bearer hunter2"), Content::Secret);
        assert!(!message.contains("hunter2"), "{message}");
        let message = error(Path::new("/does/not/exist"), Content::Secret);
        assert!(message.contains("the text in /does/not/exist"), "{message}");
        let message = error(Path::new("does/not/exist"), Content::Plain);
        assert!(message.contains("does/not/exist"), "{message}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_sockets_and_devices_are_refused_at_once_and_links_are_followed() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;

        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        // No process ever opens it for writing.
        let rights = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, path("pipe"), FileType::Fifo, rights, 0).expect("a pipe");
        let _listener = UnixListener::bind(path("socket")).expect("a socket");
        symlink("pipe", path("to_pipe")).expect("a link");
        symlink("/dev/zero", path("to_device")).expect("a link");
        for (name, kind) in [
            ("pipe", "a pipe"),
            ("to_pipe", "a pipe"),
            ("socket", "a socket"),
            ("to_device", "a device"),
        ] {
            for content in [Content::Plain, Content::Secret] {
                let message = error(&path(name), content);
                assert!(message.contains(kind), "{message}");
                assert!(message.contains(name), "{message}");
            }
        }
        // Kubernetes gives secrets by two links.
        fs::create_dir(path("..data")).expect("a folder");
        fs::write(path("..data/token"), "x").expect("a file");
        symlink("..data/token", path("token")).expect("a link");
        let text = read_small_file(&path("token"), "the token", Content::Secret);
        assert_eq!(text.expect("a file"), b"x");
        fs::remove_file(path("..data/token")).expect("a file");
        error(&path("token"), Content::Secret);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_does_not_block_even_if_it_was_a_file_before() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        let rights = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &path, FileType::Fifo, rights, 0).expect("a pipe");
        let file = open(&path).expect("without a writer");
        assert!(!file.metadata().expect("a file").is_file());
    }
}
