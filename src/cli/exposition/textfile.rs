//! The file for node_exporter, replaced after each scan.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::outcome::{cannot, complain, remark};

/// A file that always has complete text.
pub(crate) struct Textfile {
    path: PathBuf,
    /// The last attempt failed, and was reported.
    is_failing: bool,
}

impl Textfile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_failing: false,
        }
    }

    /// Replaces the content. A failure is reported once, and tried again with the next text.
    pub(crate) fn replace(&mut self, text: &str) {
        let outcome = write(&self.path, text);
        let was_failing = std::mem::replace(&mut self.is_failing, outcome.is_err());
        match outcome {
            Err(error) if !was_failing => {
                let advice = "check folder, rights and space; the next scan tries again";
                // The error of tempfile has the name of the new file.
                let error = error.kind().into();
                complain(&cannot("write", &self.path, error, Some(advice)));
            }
            Ok(()) if was_failing => remark(&format!("wrote {} again", self.path.display())),
            _ => {}
        }
    }
}

/// Writes a new file, and gives it the name of the old one: readers see the old text or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // node_exporter runs as another user. It reads no file with this ending.
    builder.prefix(".pscan-").suffix(".new");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pscan.prom");
        let mut textfile = Textfile::new(path.clone());
        for text in ["a 1\n", "b 2\n"] {
            textfile.replace(text);
            assert_eq!(std::fs::read_to_string(&path).expect("it exists"), text);
        }
        let files = std::fs::read_dir(folder.path()).expect("it exists");
        assert_eq!(files.count(), 1);
        assert!(!textfile.is_failing);
        let mut lost = Textfile::new(folder.path().join("none/pscan.prom"));
        lost.replace("a 1\n");
        assert!(lost.is_failing);
    }
}
