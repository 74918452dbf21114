//! Divides a recording into files.

use std::fs;
use std::io;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use process_scanner::{Error, ErrorClass, RecordingPart, Result, Timestamp};

use super::input;
use super::part_names::{PartNames, is_compressed};
use super::sink::Sink;
use crate::cli::args::Limit;
use crate::cli::commands::target;
use crate::cli::outcome::cannot;

/// The files of a recording that is divided into parts.
pub(crate) struct Rotation {
    names: PartNames,
    limit: Limit,
    keep: Option<u64>,
    is_compressed: bool,
    all_bytes: Arc<AtomicU64>,
    first: u64,
    /// Number of the part that is being written.
    current: u64,
    began: Instant,
}

impl Rotation {
    /// Creates the first part of a run; its number follows those of the parts that exist.
    ///
    /// `all_bytes`: counter of the bytes written, of all parts.
    pub(crate) fn begin(
        file: &Path,
        limit: Limit,
        keep: Option<u64>,
        all_bytes: Arc<AtomicU64>,
    ) -> Result<(Self, Sink, RecordingPart)> {
        let names = PartNames::of(file).ok_or_else(|| no_name(file))?;
        if fs::symlink_metadata(file).is_ok() {
            let message = format!(
                "{} exists, and --rotate writes files beside it",
                file.display()
            );
            return Err(Error::new(ErrorClass::Output, message)
                .with_advice("name another file, so that replay does not take that one for it"));
        }
        let existing = names.existing().map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::NotFound => Some("check the path; pscan does not create folders"),
                _ => None,
            };
            cannot("list the folder of", file, error, advice)
        })?;
        let last = existing.last().copied();
        if let Some(last) = last {
            target::check_unlocked(&names.path(last))?;
        }
        let number = last.map_or(Some(1), |last| last.checked_add(1));
        let mut rotation = Self {
            is_compressed: is_compressed(file),
            first: 0,
            current: number.ok_or_else(|| no_name(file))?,
            began: Instant::now(),
            names,
            limit,
            keep,
            all_bytes,
        };
        rotation.first = rotation.current;
        let sink = rotation.open()?;
        // No other run on this host has the same pid at the same time.
        let run = format!("{}-{}", Timestamp::now().wall_ms, process::id());
        let mut part = RecordingPart::new(run, rotation.current);
        part.keep = keep;
        Ok((rotation, sink, part))
    }

    /// Returns whether the part that is being written, of so many bytes, is long enough.
    pub(super) fn is_due(&self, bytes: u64) -> bool {
        match self.limit {
            Limit::Bytes(limit) => bytes >= limit,
            Limit::Time(limit) => self.began.elapsed() >= limit,
        }
    }

    /// Creates the next part, and deletes those that are not to be kept.
    pub(super) fn begin_next(&mut self) -> Result<Sink> {
        self.current += 1;
        self.open()
    }

    /// Creates the current part.
    fn open(&mut self) -> Result<Sink> {
        let path = self.names.path(self.current);
        let file = target::create_part(&path)?;
        self.began = Instant::now();
        self.delete_old()?;
        let all_bytes = Arc::clone(&self.all_bytes);
        Ok(Sink::new(Box::new(file), self.is_compressed, all_bytes))
    }

    /// Deletes the oldest parts until `keep` are left.
    ///
    /// A part says itself that it may be deleted: it was recorded with a number of parts to keep. Any other file of
    /// such a name stays, and is not counted.
    fn delete_old(&self) -> Result<()> {
        let Some(keep) = self.keep else {
            return Ok(());
        };
        let numbers = self.names.existing().unwrap_or_default();
        let before = numbers.into_iter().filter(|&number| number < self.current);
        let mut old: Vec<_> = before
            .map(|number| self.names.path(number))
            .filter(|path| may_delete(path))
            .collect();
        let kept = usize::try_from(keep.saturating_sub(1)).unwrap_or(usize::MAX);
        old.truncate(old.len().saturating_sub(kept));
        for path in old {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    let advice = "delete it, or record without --keep";
                    return Err(cannot("delete", &path, error, Some(advice)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes the current part, which is empty: no scan could be written to it.
    pub(super) fn remove_empty(&self) {
        let path = self.names.path(self.current);
        if fs::metadata(&path).is_ok_and(|file| file.len() == 0) {
            let _ = fs::remove_file(path);
        }
    }

    /// Returns the number of parts of this run so far.
    pub(super) fn files(&self) -> u64 {
        self.current - self.first + 1
    }
}

/// Returns whether a file is a part that may be deleted.
fn may_delete(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|file| file.is_file());
    is_file && input::part_of(path).is_some_and(|part| part.keep.is_some())
}

fn no_name(file: &Path) -> Error {
    let message = format!(
        "{} cannot be the name of a recording in parts",
        file.display()
    );
    Error::new(ErrorClass::Output, message).with_advice("name a file, such as host.ndjson")
}
