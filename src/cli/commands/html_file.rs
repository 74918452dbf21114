//! The page that `report` writes.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use process_scanner::{Error, ErrorClass, Result};
use tempfile::NamedTempFile;

use crate::cli::outcome::{cannot, printed};

/// Where a page goes.
#[derive(Debug)]
pub(super) enum HtmlFile {
    Stdout,
    /// A pipe or a device.
    Stream(File, PathBuf),
    /// A new file in the same folder, which becomes the page when it is complete.
    ///
    /// Only its owner can read it, as tempfile makes it: it has command lines.
    File {
        new: NamedTempFile,
        path: PathBuf,
        may_replace: bool,
    },
}

impl HtmlFile {
    /// Prepares a page. An existing one keeps its content until the new one is complete.
    pub(super) fn open(path: &Path, may_replace: bool) -> Result<Self> {
        if path.as_os_str() == "-" {
            return match io::stdout().is_terminal() {
                false => Ok(Self::Stdout),
                true => Err(
                    Error::new(ErrorClass::Output, "a page is not for a terminal")
                        .with_advice("redirect standard output, or name a file with -o"),
                ),
            };
        }
        let path = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let error = io::ErrorKind::IsADirectory.into();
                return Err(cannot(
                    "create",
                    path,
                    error,
                    advice(io::ErrorKind::IsADirectory),
                ));
            }
            Ok(found) if !found.is_file() => {
                let file = File::options().write(true).open(path);
                let file = file.map_err(|error| failed(path, error))?;
                return Ok(Self::Stream(file, path.to_owned()));
            }
            Ok(_) if !may_replace => return Err(exists(path)),
            // The target of a link is replaced, not the link.
            Ok(_) => fs::canonicalize(path).map_err(|error| failed(path, error))?,
            Err(_) => path.to_owned(),
        };
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let new = tempfile::Builder::new()
            .prefix(".pscan-report-")
            .suffix(".html")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(&path, error))?;
        Ok(Self::File {
            new,
            path,
            may_replace,
        })
    }

    /// Writes the page. Returns its size in bytes, if it is a file.
    pub(super) fn write(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Option<u64>> {
        match self {
            Self::Stdout => {
                let mut out = BufWriter::new(io::stdout().lock());
                printed(write(&mut out).and_then(|()| out.flush()))?;
                Ok(None)
            }
            Self::Stream(file, path) => {
                let mut out = BufWriter::new(file);
                let outcome = write(&mut out).and_then(|()| out.flush());
                outcome.map_err(|error| not_written(&path, error))?;
                Ok(None)
            }
            Self::File {
                new,
                path,
                may_replace,
            } => {
                let mut out = BufWriter::new(new.as_file());
                let outcome = write(&mut out).and_then(|()| out.flush());
                drop(out);
                outcome.map_err(|error| not_written(&path, error))?;
                let len = new.as_file().metadata().map(|metadata| metadata.len());
                let outcome = match may_replace {
                    true => new.persist(&path),
                    false => new.persist_noclobber(&path),
                };
                outcome.map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => exists(&path),
                    _ => not_written(&path, error.error),
                })?;
                Ok(Some(len.unwrap_or(0)))
            }
        }
    }
}

fn advice(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::NotFound => Some("check the path; pscan does not create folders"),
        io::ErrorKind::PermissionDenied => Some("choose a folder that you may write to, with -o"),
        io::ErrorKind::IsADirectory => Some("name a file in that folder"),
        io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => {
            Some("choose a file on another file system, with -o")
        }
        _ => None,
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    let advice = advice(error.kind());
    // The error of tempfile has the name of the new file.
    cannot("create", path, error.kind().into(), advice)
}

fn not_written(path: &Path, error: io::Error) -> Error {
    let advice = advice(error.kind());
    cannot("write", path, error, advice)
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorClass::Output, format!("{} exists", path.display()))
        .with_advice("name another file with -o, or add --force to replace it")
}
