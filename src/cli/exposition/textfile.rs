//! The file for node_exporter, replaced after each scan.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use process_scanner::{Error, Result};
use tempfile::NamedTempFile;

use crate::cli::outcome::{cannot, complain, remark, warn};

/// A file that always has complete text.
pub(crate) struct Textfile {
    path: PathBuf,
    /// The last attempt failed, and was reported.
    is_failing: bool,
}

impl Textfile {
    /// Checks that the file can be written. Its content stays until the first scan.
    ///
    /// # Errors
    ///
    /// If its folder does not exist, or takes no new files.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        new_file(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self {
            path,
            is_failing: false,
        })
    }

    /// Replaces the content. A failure is reported once, and tried again with the next text.
    pub(crate) fn replace(&mut self, text: &str) {
        let outcome = write(&self.path, text);
        let was_failing = std::mem::replace(&mut self.is_failing, outcome.is_err());
        match outcome {
            Err(error) if !was_failing => {
                complain(&failed(&self.path, &error));
                warn("the next scan tries again");
            }
            Ok(()) if was_failing => remark(&format!("wrote {} again", self.path.display())),
            _ => {}
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    // The error of tempfile has the name of the new file.
    let error = io::Error::new(
        error.kind(),
        error
            .to_string()
            .split(" at path")
            .next()
            .unwrap_or_default(),
    );
    cannot("write", path, error, Some("check folder, rights and space"))
}

/// Writes a new file, and gives it the name of the old one: readers see the old text or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = new_file(path)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Creates a file in the same folder, which is removed unless it gets a name.
fn new_file(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // node_exporter runs as another user. It reads no file with this ending.
    builder.prefix(".pscan-").suffix(".new");
    let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Not when it is created, since the umask would remove rights.
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pscan.prom");
        let mut textfile = Textfile::open(path.clone()).expect("the folder exists");
        for text in ["a 1\n", "b 2\n"] {
            textfile.replace(text);
            assert_eq!(std::fs::read_to_string(&path).expect("it exists"), text);
        }
        let files = std::fs::read_dir(folder.path()).expect("it exists");
        assert_eq!(files.count(), 1);
        assert!(!textfile.is_failing);
        let missing = folder.path().join("none/pscan.prom");
        Textfile::open(missing)
            .map(drop)
            .expect_err("there is no folder");
        drop(folder);
        textfile.replace("a 1\n");
        assert!(textfile.is_failing);
    }
}
