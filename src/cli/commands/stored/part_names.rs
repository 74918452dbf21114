//! The names of the parts of a recording.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Digits of a number in a name, at least: in order of name, parts are in order of their numbers.
const DIGITS: usize = 6;

/// The names of the parts of a recording: `host.000001.ndjson.gz` for `host.ndjson.gz`.
///
/// A part gets its name when it is created, and keeps it: nothing is ever renamed, so a crash at any moment leaves
/// each part as it is.
#[derive(Debug, Clone)]
pub(crate) struct PartNames {
    folder: PathBuf,
    /// The name until the number.
    begin: OsString,
    /// The name from the number on, with its point.
    end: OsString,
}

impl PartNames {
    /// Returns the names for the parts of this file; `None` if it has no name, as `/`.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let name = Path::new(file.file_name()?);
        let compression = name.extension().filter(|end| is_gz(end));
        let inner = match compression {
            Some(_) => Path::new(name.file_stem()?),
            None => name,
        };
        let mut end = OsString::new();
        for extension in [inner.extension(), compression].into_iter().flatten() {
            end.push(".");
            end.push(extension);
        }
        Some(Self {
            folder: file.parent()?.to_owned(),
            begin: inner.file_stem()?.to_owned(),
            end,
        })
    }

    /// Returns the path of a part.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        let mut name = self.begin.clone();
        name.push(format!(".{number:0DIGITS$}"));
        name.push(&self.end);
        self.folder.join(name)
    }

    /// Returns the number in the name of a file; `None` if the file is no part.
    fn number(&self, name: &OsStr) -> Option<u64> {
        let (begin, end) = (self.begin.as_encoded_bytes(), self.end.as_encoded_bytes());
        let digits = name.as_encoded_bytes().strip_prefix(begin)?;
        let digits = digits.strip_prefix(b".")?.strip_suffix(end)?;
        let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        (format!("{number:0DIGITS$}").as_bytes() == digits).then_some(number)
    }

    /// Lists the numbers of the parts that exist, in order.
    pub(crate) fn existing(&self) -> io::Result<Vec<u64>> {
        let folder = match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            numbers.extend(self.number(&entry?.file_name()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Returns whether the name of a file requests compression.
pub(crate) fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(is_gz)
}

fn is_gz(extension: &OsStr) -> bool {
    extension.eq_ignore_ascii_case("gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_before_the_extension() {
        for (file, part) in [
            ("host.ndjson", "host.000007.ndjson"),
            ("/a/host.ndjson.gz", "/a/host.000007.ndjson.gz"),
            ("host", "host.000007"),
            ("host.gz", "host.000007.gz"),
            ("a.b.c", "a.b.000007.c"),
            (".hidden", ".hidden.000007"),
            ("x.GZ", "x.000007.GZ"),
        ] {
            let names = PartNames::of(Path::new(file)).expect(file);
            assert_eq!(names.path(7), Path::new(part));
            let name = names.path(7);
            assert_eq!(names.number(name.file_name().expect("it has one")), Some(7));
        }
        assert!(PartNames::of(Path::new("/")).is_none());
    }

    #[test]
    fn other_names_are_no_parts() {
        let names = PartNames::of(Path::new("host.ndjson.gz")).expect("a name");
        let number = |name: &str| names.number(OsStr::new(name));
        assert_eq!(number("host.1234567.ndjson.gz"), Some(1_234_567));
        for name in [
            "host.ndjson.gz",
            "host.1.ndjson.gz",
            "host.0000001.ndjson.gz",
            "host.+00001.ndjson.gz",
            "host.000001.ndjson",
            "host.000001.ndjson.gz.bak",
            "host2.000001.ndjson.gz",
            "host.99999999999999999999.ndjson.gz",
            "host..ndjson.gz",
        ] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
