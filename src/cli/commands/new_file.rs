//! Files that appear when they are complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;
use process_scanner::{Error, ErrorClass, Result, escape};
use tempfile::TempPath;

use super::interruptible;

use crate::cli::format::cells;
use crate::cli::outcome::{cannot, printed, remark};

/// A file that is being written.
#[derive(Debug)]
pub(super) enum NewFile {
    Stdout,
    /// A pipe or a device.
    Stream(File, PathBuf),
    /// A new file in the same folder, which gets its name when it is complete. It is deleted if it never is.
    ///
    /// Only its owner can read it, as tempfile makes it: it has command lines.
    File {
        file: File,
        new: TempPath,
        path: PathBuf,
        may_replace: bool,
    },
}

/// Names of standard output. A shell may have redirected it to a file, which is not to be replaced.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Links that are followed to a file that does not exist, as Linux has it: path_resolution(7).
const MAX_LINKS: usize = 40;

impl NewFile {
    /// Prepares a file. An existing one keeps its content until the new one is complete.
    ///
    /// A pipe with a name blocks until something reads it, or until `stopped` gets a message.
    pub(super) fn create(path: &Path, may_replace: bool, stopped: &Receiver<()>) -> Result<Self> {
        if STDOUT.iter().any(|name| path.as_os_str() == *name) {
            return match io::stdout().is_terminal() {
                false => Ok(Self::Stdout),
                true => Err(
                    Error::new(ErrorClass::Output, "this output is not for a terminal")
                        .with_advice("redirect standard output, or name a file"),
                ),
            };
        }
        let path = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(failed(path, &io::ErrorKind::IsADirectory.into()));
            }
            Ok(found) if !found.is_file() => {
                let stream = path.to_owned();
                let opened =
                    interruptible::run(stopped, move |_| File::options().write(true).open(stream))?;
                let file = opened.map_err(|error| failed(path, &error))?;
                return Ok(Self::Stream(file, path.to_owned()));
            }
            Ok(_) if !may_replace => return Err(exists(path)),
            // The target of a link is replaced, not the link.
            Ok(_) => fs::canonicalize(path).map_err(|error| failed(path, &error))?,
            // Nor is a link to a file that does not exist.
            Err(_) => target_of(path),
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let new = tempfile::Builder::new()
            .prefix(".pscan-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(&path, &error))?;
        let (file, new) = new.into_parts();
        Ok(Self::File {
            file,
            new,
            path,
            may_replace,
        })
    }

    /// Returns where the content goes.
    pub(super) fn writer(&self) -> Result<Box<dyn Write + Send>> {
        let cannot_write = |error| Error::from_io("cannot write the file", error);
        Ok(match self {
            Self::Stdout => Box::new(BufWriter::new(io::stdout())),
            Self::Stream(file, _) | Self::File { file, .. } => {
                Box::new(BufWriter::new(file.try_clone().map_err(cannot_write)?))
            }
        })
    }

    /// Writes all content, and gives the file its name, unless `stopped` gets a message meanwhile.
    pub(super) fn write(
        self,
        stopped: &Receiver<()>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut out = self.writer()?;
        // The reader of a pipe need not read it.
        let outcome =
            interruptible::run(stopped, move |_| write(&mut out).and_then(|()| out.flush()))?;
        match &self {
            Self::Stdout => printed(outcome)?,
            Self::Stream(..) if is_reader_gone(&outcome) => {}
            Self::Stream(_, path) | Self::File { path, .. } => {
                outcome.map_err(|error| not_written(path, error))?;
            }
        }
        self.finish()
    }

    /// Returns whether its content is read as it is written, so that the reader can have enough of it.
    pub(super) fn is_stream(&self) -> bool {
        !matches!(self, Self::File { .. })
    }

    /// Returns where the file will be; `None` for a stream.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            Self::Stdout | Self::Stream(..) => None,
        }
    }

    /// Gives the file its name, once the writer was flushed, and prints its size.
    pub(super) fn finish(self) -> Result<()> {
        let Self::File {
            file,
            new,
            path,
            may_replace,
        } = self
        else {
            return Ok(());
        };
        let len = file.metadata().map(|metadata| metadata.len());
        drop(file);
        let outcome = match may_replace {
            true => new.persist(&path),
            false => new.persist_noclobber(&path),
        };
        outcome.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&path),
            _ => not_written(&path, error.error),
        })?;
        let name = path.display().to_string();
        let bytes = cells::bytes(len.unwrap_or(0));
        remark(&format!("wrote {bytes} to {}", escape(&name)));
        Ok(())
    }
}

/// Returns whether a write failed because nothing reads the pipe any more.
pub(super) fn is_reader_gone(outcome: &io::Result<()>) -> bool {
    let kind = outcome.as_ref().err().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

/// Returns the file that a link names; the path itself if it is no link.
fn target_of(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(link) = fs::read_link(&target) else {
            return target;
        };
        let folder = target.parent().unwrap_or(Path::new(""));
        target = folder.join(link);
    }
    // Links in a circle: the error is that of the path.
    path.to_owned()
}

fn advice(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::NotFound => {
            Some("check the path; pscan does not create folders above a file")
        }
        io::ErrorKind::PermissionDenied => Some("choose a folder that you may write to"),
        io::ErrorKind::IsADirectory => Some("name a file in that folder"),
        io::ErrorKind::NotADirectory => Some("name a folder"),
        io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => {
            Some("choose a file on another file system")
        }
        _ => None,
    }
}

/// Builds the error for a file or folder that cannot be created.
pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    let advice = advice(error.kind());
    // The error of tempfile has the name of the new file.
    cannot("create", path, error.kind().into(), advice)
}

/// Builds the error for a file that cannot be written.
pub(super) fn not_written(path: &Path, error: io::Error) -> Error {
    let advice = advice(error.kind());
    cannot("write", path, error, advice)
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorClass::Output, format!("{} exists", path.display()))
        .with_advice("name another one, or add --force to replace it")
}
