//! The file that `record` writes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use process_scanner::{Error, ErrorClass, Result};

use crate::cli::outcome::{cannot, remark};

/// Where a recording goes.
#[derive(Debug)]
pub(super) enum Target {
    Stdout,
    /// A regular file, locked while it is open.
    File(File),
    /// A pipe or a device: it is neither locked nor emptied, and cannot be replayed later.
    Stream(File),
}

impl Target {
    /// Opens a file, locks it, and checks that no data will be lost.
    ///
    /// The file keeps its content until [`empty`](Self::empty). `may_replace`: it may have some.
    pub(super) fn open(path: &Path, may_replace: bool) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout);
        }
        let file = create(path)?;
        let metadata = file
            .metadata()
            .map_err(|error| cannot("open", path, error, None))?;
        if !metadata.is_file() {
            return match may_replace || !holds_data(&metadata) {
                true => Ok(Self::Stream(file)),
                false => Err(refusal(path, "is a disk")),
            };
        }
        lock(&file, path)?;
        // Another recorder can have written to it before the lock.
        let len = file.metadata().map_or(metadata.len(), |now| now.len());
        if len > 0 && !may_replace {
            return Err(refusal(path, "is not empty"));
        }
        if !may_replace && is_of_another_user(&metadata) {
            return Err(refusal(path, "belongs to another user"));
        }
        if is_readable_by_others(&metadata) {
            remark(&format!(
                "other users can read {}; to prevent that, run chmod 600 on it",
                path.display()
            ));
        }
        Ok(Self::File(file))
    }

    /// Returns whether `replay` can read the recording later.
    pub(super) fn can_replay(&self) -> bool {
        matches!(self, Self::File(_))
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Empties the file and returns it for writing.
    pub(super) fn empty(self, path: &Path) -> Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(io::stdout()),
            Self::Stream(file) => Box::new(file),
            Self::File(file) => {
                file.set_len(0)
                    .map_err(|error| cannot("empty", path, error, None))?;
                Box::new(file)
            }
        })
    }
}

/// Creates and locks a file for a part of a recording. It is an error if it exists.
pub(super) fn create_part(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    let file = open_private(path, options)?;
    lock(&file, path)?;
    Ok(file)
}

/// Fails if another recorder writes to a file.
pub(super) fn check_unlocked(path: &Path) -> Result<()> {
    let mut options = File::options();
    // Where a lock needs the right to write, as in some network file systems, that is asked for.
    options.read(true).write(true);
    match open_private(path, options) {
        Ok(file) => lock(&file, path),
        // It is not ours to judge.
        Err(error) if error.class() != ErrorClass::Output => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file for writing; it is created if there is none.
fn create(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    open_private(path, options)
}

/// Opens a file with these options; a new one can only be read by its owner.
///
/// Command lines of other users can be confidential.
fn open_private(path: &Path, mut options: fs::OpenOptions) -> Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Other programs may read it meanwhile. A lock of this system would not let them.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1);
    options.open(path).map_err(|error| {
        if is_in_use(&error) {
            return in_use(path);
        }
        let advice = match error.kind() {
            io::ErrorKind::NotFound => Some("check the path; pscan does not create folders"),
            io::ErrorKind::PermissionDenied => Some("choose a file that you may write"),
            io::ErrorKind::IsADirectory => Some("name a file in that folder"),
            io::ErrorKind::AlreadyExists => Some("name another file, or delete that one"),
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => {
                Some("choose a file on another file system")
            }
            _ => None,
        };
        cannot("create", path, error, advice)
    })
}

/// Returns whether another program has opened the file for writing, and shares that with no other.
fn is_in_use(error: &io::Error) -> bool {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    cfg!(windows) && error.raw_os_error() == Some(ERROR_SHARING_VIOLATION)
}

/// Locks the file against other recorders, as long as it is open.
fn lock(file: &File, path: &Path) -> Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use(path)),
        Err(TryLockError::Error(error)) => {
            // Some file systems have no locks.
            log::warn!("cannot lock {}: {error}", path.display());
            Ok(())
        }
    }
}

/// Returns whether a file that is not regular holds data: a disk does.
fn holds_data(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    let is_disk = std::os::unix::fs::FileTypeExt::is_block_device(&metadata.file_type());
    #[cfg(not(unix))]
    let is_disk = {
        let _ = metadata;
        false
    };
    is_disk
}

/// Returns whether a file has another owner than the files that this process creates.
fn is_of_another_user(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    let is_other =
        std::os::unix::fs::MetadataExt::uid(metadata) != rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    let is_other = {
        let _ = metadata;
        false
    };
    is_other
}

/// Returns whether the mode of a file lets its group or others read it.
fn is_readable_by_others(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    let is_readable = std::os::unix::fs::MetadataExt::mode(metadata) & 0o044 != 0;
    #[cfg(not(unix))]
    let is_readable = {
        let _ = metadata;
        false
    };
    is_readable
}

fn refusal(path: &Path, why: &str) -> Error {
    let message = format!("{} {why}", path.display());
    Error::new(ErrorClass::Output, message)
        .with_advice("name another file, or add --force to replace what it contains")
}

fn in_use(path: &Path) -> Error {
    let message = format!("another program is recording to {}", path.display());
    Error::new(ErrorClass::Output, message).with_advice("name another file, or end that program")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_disk_holds_data_and_other_devices_do_not() {
        let metadata = |path: &Path| fs::metadata(path).expect("it exists");
        assert!(!holds_data(&metadata(Path::new("/dev/null"))));
        let devices = fs::read_dir("/dev").expect("it can be listed");
        let mut paths = devices.filter_map(|entry| Some(entry.ok()?.path()));
        let is_disk = |path: &std::path::PathBuf| {
            let kind = fs::metadata(path).map(|found| found.file_type());
            kind.is_ok_and(|kind| std::os::unix::fs::FileTypeExt::is_block_device(&kind))
        };
        match paths.find(is_disk) {
            Some(disk) => assert!(holds_data(&metadata(&disk))),
            None => eprintln!("skipped: there is no disk in /dev"),
        }
    }
}
