//! Finds the files of a recording, and reads those of a run as one.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use process_scanner::{Error, ErrorClass, RecordingPart, ReplaySource, Result, Source};

use super::input::{self, Input, name_of};
use super::part_names::PartNames;
use crate::cli::format::cells;
use crate::cli::outcome::{in_file, message, remark};

/// Recordings in order of their times.
pub(crate) struct Runs {
    /// How messages name all together.
    pub(crate) name: String,
    pub(crate) runs: Vec<Run>,
}

/// A recording of one run of a recorder: a file, or parts that follow one another.
pub(crate) struct Run {
    files: Vec<PathBuf>,
    /// When its first scan began, if it was read already.
    pub(crate) begins_ms: Option<u64>,
}

/// What was read of the begin of a file.
struct Begin {
    file: PathBuf,
    part: Option<RecordingPart>,
    begins_ms: u64,
}

impl Runs {
    /// Finds the recordings of the given files.
    ///
    /// A name without a file stands for the parts of that name.
    pub(crate) fn find(given: &[PathBuf]) -> Result<Self> {
        let files = Self::files(given);
        let name = match given {
            [one] => name_of(one),
            several => format!("{} files", several.len()),
        };
        let runs = match &files[..] {
            [_] => vec![Run {
                files,
                begins_ms: None,
            }],
            _ => ordered(begins(files)?),
        };
        Ok(Self { name, runs })
    }

    /// Returns the files that are read, in no particular order.
    pub(crate) fn files(given: &[PathBuf]) -> Vec<PathBuf> {
        let files = given.iter();
        let files = files.flat_map(|file| parts(file).unwrap_or_else(|| vec![file.clone()]));
        files.collect()
    }

    /// Returns when the last scan began, or when the last events after it were heard; `None` if there is none.
    pub(crate) fn end_ms(&self) -> Result<Option<u64>> {
        let last = self.runs.last().and_then(|run| run.files.last());
        let Some(file) = last else {
            return Ok(None);
        };
        let mut source = ReplaySource::new(input::open_quietly(file)?)?;
        let mut end_ms = None;
        loop {
            let at = source.now();
            match source.scan(&mut |_| {}) {
                // Replaying it reports why.
                Err(error) if error.is_final() => return Ok(end_ms),
                Ok(_) | Err(_) => end_ms = Some(at.wall_ms),
            }
            // What was heard just after the scan, which has no time of its own, and the recheck before later events.
            source.drain(&mut |_| {});
            let _ = source.recheck(&[], &mut |_| {});
            let mut has_events = false;
            while let Some(at) = source.drain(&mut |_| has_events = true).at {
                if std::mem::take(&mut has_events) {
                    end_ms = Some(at.wall_ms);
                }
            }
        }
    }

    /// Returns the same where it can be read again; `None` for pipes, and if it cannot be read.
    pub(crate) fn file_end_ms(&self) -> Option<u64> {
        let file = self.runs.last()?.files.last()?;
        let is_file = file.as_os_str() != "-" && file.is_file();
        is_file.then(|| self.end_ms().ok().flatten()).flatten()
    }
}

impl Run {
    /// Opens the files of the run, as one.
    pub(crate) fn open(&self) -> Result<Input> {
        match &self.files[..] {
            [file] => input::open(file),
            files => {
                let mut files = files.to_vec();
                let rest = files.split_off(files.len().min(1));
                let first = files.first().map(|file| input::open(file)).transpose()?;
                Ok(Box::new(Parts {
                    current: first,
                    files: rest.into_iter(),
                    ends_line: false,
                }))
            }
        }
    }

    /// Prints that it follows another recording, whose last batch was taken at `last_ms`.
    pub(crate) fn announce(&self, last_ms: u64) {
        let name = self.name();
        let overlap_ms = self.begins_ms.map_or(0, |ms| last_ms.saturating_sub(ms));
        match overlap_ms {
            0 => remark(&format!("{name} begins another recording")),
            _ => remark(&format!(
                "{name} begins another recording, {} before the end of the one before: they overlap, and what both \
                 have counts twice",
                cells::duration(overlap_ms)
            )),
        }
    }

    /// Returns the name of its first file.
    pub(crate) fn name(&self) -> String {
        self.files
            .first()
            .map_or_else(String::new, |file| name_of(file))
    }
}

/// Returns the parts of a name that no file has; `None` if there are none.
fn parts(file: &Path) -> Option<Vec<PathBuf>> {
    if file.as_os_str() == "-" || file.symlink_metadata().is_ok() {
        return None;
    }
    let names = PartNames::of(file)?;
    let numbers = names.existing().ok()?;
    let parts: Vec<_> = numbers
        .into_iter()
        .map(|number| names.path(number))
        .collect();
    (!parts.is_empty()).then_some(parts)
}

/// Reads the begin of each file.
///
/// A file without a scan, as a recorder leaves it on a full disk, is left out with a remark, unless all are.
fn begins(files: Vec<PathBuf>) -> Result<Vec<Begin>> {
    let mut begins = Vec::new();
    let mut failed = Vec::new();
    for file in files {
        if file.as_os_str() == "-" {
            let error = Error::new(
                ErrorClass::Config,
                "standard input cannot be one of several files",
            );
            return Err(error.with_advice("name files alone, or '-' alone"));
        }
        match begin(&file) {
            Ok(begin) => begins.push(begin),
            Err(error) if error.class() == ErrorClass::BadData => {
                failed.push(in_file(&name_of(&file), error));
            }
            Err(error) => return Err(error),
        }
    }
    match (begins.is_empty(), failed.pop()) {
        (true, Some(error)) => Err(error),
        (_, last) => {
            for error in failed.iter().chain(&last) {
                remark(&format!("left out: {}", message(error)));
            }
            Ok(begins)
        }
    }
}

fn begin(file: &Path) -> Result<Begin> {
    let mut source = ReplaySource::new(input::open_quietly(file)?)?;
    let begins_ms = source.now().wall_ms;
    source
        .scan(&mut |_| {})
        .or_else(|error| match error.is_final() {
            true => Err(match error.class() {
                ErrorClass::Ended => Error::new(ErrorClass::BadData, "it contains no scans"),
                _ => error,
            }),
            // A scan that failed has a time too.
            false => Ok(Default::default()),
        })?;
    Ok(Begin {
        part: source.part().cloned(),
        file: file.to_owned(),
        begins_ms,
    })
}

/// Returns the runs in order of their times, each with its parts in order of their numbers.
fn ordered(begins: Vec<Begin>) -> Vec<Run> {
    let mut by_run: BTreeMap<String, Vec<(RecordingPart, Begin)>> = BTreeMap::new();
    let mut runs = Vec::new();
    for begin in begins {
        match begin.part.clone() {
            Some(part) => by_run
                .entry(part.run.clone())
                .or_default()
                .push((part, begin)),
            None => runs.push(Run {
                files: vec![begin.file],
                begins_ms: Some(begin.begins_ms),
            }),
        }
    }
    for mut parts in by_run.into_values() {
        parts.sort_by_key(|(part, _)| part.number);
        // The same file, named twice.
        parts.dedup_by_key(|(part, _)| part.number);
        let mut before: Option<RecordingPart> = None;
        for (part, begin) in parts {
            let continues = before.as_ref().is_some_and(|before| part.continues(before));
            match runs.last_mut().filter(|_| continues) {
                Some(run) => run.files.push(begin.file),
                None => runs.push(Run {
                    files: vec![begin.file],
                    begins_ms: Some(begin.begins_ms),
                }),
            }
            before = Some(part);
        }
    }
    runs.sort_by_key(|run| run.begins_ms);
    runs
}

/// Reads parts one after the other.
struct Parts {
    /// `None` after the last part.
    current: Option<Input>,
    files: std::vec::IntoIter<PathBuf>,
    /// The last byte ended a line.
    ends_line: bool,
}

impl Parts {
    /// Opens the next part at the end of the current one.
    ///
    /// A part that is cut inside a line is the last one: the reader reports it.
    fn advance(&mut self) -> io::Result<()> {
        while let Some(current) = &mut self.current {
            if !current.fill_buf()?.is_empty() {
                break;
            }
            let next = self.files.next().filter(|_| self.ends_line);
            let opened = next.map(|file| input::open(&file)).transpose();
            self.current = opened.map_err(|error| io::Error::other(error.full_message()))?;
        }
        Ok(())
    }
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Parts {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.advance()?;
        match &mut self.current {
            Some(current) => current.fill_buf(),
            None => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        let Some(current) = &mut self.current else {
            return;
        };
        if amount > 0 {
            // It is what was just returned, without another read.
            let last = current
                .fill_buf()
                .ok()
                .and_then(|bytes| bytes.get(amount - 1));
            self.ends_line = last == Some(&b'\n');
        }
        current.consume(amount);
    }
}
