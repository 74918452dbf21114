//! `pscan export`: writes a recording for other viewers.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;
use process_scanner::{Batch, Config, Error, ErrorClass, HostInfo, Result};

use super::inputs;
use super::interruptible::{self, Interrupted};
use super::new_file::{NewFile, failed, is_reader_gone, not_written};
use super::replayed::{self, Replayed};
use crate::cli::args;
use crate::cli::history::{LifeFold, TimeAxis};
use crate::cli::outcome::remark;
use crate::cli::perfetto::PerfettoTrace;
use crate::cli::signals;
use crate::cli::tables::{CsvTables, TABLES};

type Out = Box<dyn Write + Send>;

pub(crate) fn run(args: args::Export) -> Result<()> {
    let stopped = signals::stop()?;
    // What can fail fails before a long recording is read.
    let targets = Targets::create(&args, &stopped)?;
    let mut outputs = targets.outputs()?;
    let exported = interruptible::run(&stopped, move |interrupted| {
        export(&args, &mut outputs, interrupted)
    })?;
    match exported {
        Ok(exported) => targets.finish(exported),
        // The reader of standard output needs no more.
        Err(Failure::ReaderLeft) => Ok(()),
        Err(Failure::Error(error)) => Err(error),
    }
}

/// The files that are being written.
struct Targets {
    perfetto: Option<(PathBuf, NewFile)>,
    csv: Option<NewFolder>,
}

/// A folder with the files that are being written to it.
struct NewFolder {
    path: PathBuf,
    files: Vec<NewFile>,
    /// pscan has created it.
    is_new: bool,
}

impl Targets {
    fn create(args: &args::Export, stopped: &Receiver<()>) -> Result<Self> {
        let tables = args
            .csv
            .iter()
            .flat_map(|folder| TABLES.map(|name| folder.join(name)));
        let all: Vec<PathBuf> = tables.chain(args.perfetto.clone()).collect();
        inputs::refuse(&args.recorded, all.iter().map(PathBuf::as_path))?;
        // The folder first: the trace can be in it.
        let csv = args.csv.as_deref();
        let csv = csv.map(|path| NewFolder::create(path, args.force, stopped));
        let csv = csv.transpose()?;
        let perfetto = match &args.perfetto {
            Some(path) => {
                let trace = NewFile::create(path, args.force, stopped)?;
                let tables = csv.iter().flat_map(|folder: &NewFolder| &folder.files);
                let mut tables = tables.filter_map(NewFile::path);
                if let Some(place) = trace.path()
                    && tables.any(|table| inputs::is_same_place(table, place))
                {
                    let message = format!("{} would be the trace and a table", path.display());
                    return Err(Error::new(ErrorClass::Config, message)
                        .with_advice("give the trace another name"));
                }
                Some((path.clone(), trace))
            }
            None => None,
        };
        Ok(Self { perfetto, csv })
    }

    fn outputs(&self) -> Result<Outputs> {
        let trace = match &self.perfetto {
            Some((path, file)) => {
                let trace = PerfettoTrace::new(file.writer()?);
                Some((path.clone(), trace, file.is_stream()))
            }
            None => None,
        };
        let tables = match &self.csv {
            Some(folder) => Some((folder.path.clone(), folder.tables()?)),
            None => None,
        };
        Ok(Outputs {
            axis: TimeAxis::default(),
            fold: LifeFold::default(),
            trace,
            tables,
        })
    }

    /// Gives the files their names. A damaged recording has what could be read.
    fn finish(self, exported: Exported) -> Result<()> {
        if let Some((_, file)) = self.perfetto {
            file.finish()?;
        }
        if let Some(mut folder) = self.csv {
            folder.is_new = false;
            for file in std::mem::take(&mut folder.files) {
                file.finish()?;
            }
        }
        if exported.scans == 0 && exported.damage.is_none() && !exported.lacks_window {
            remark("the recording contains no scans");
        }
        exported.damage.map_or(Ok(()), Err)
    }
}

impl NewFolder {
    fn create(path: &Path, may_replace: bool, stopped: &Receiver<()>) -> Result<Self> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(false);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        let is_new = match folder.create(path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(failed(path, &error)),
        };
        let mut new = Self {
            path: path.to_owned(),
            files: Vec::new(),
            is_new,
        };
        if !is_new && !path.is_dir() {
            return Err(failed(path, &io::ErrorKind::NotADirectory.into()));
        }
        for name in TABLES {
            let file = NewFile::create(&path.join(name), may_replace, stopped)?;
            new.files.push(file);
        }
        Ok(new)
    }

    fn tables(&self) -> Result<CsvTables<Out>> {
        let mut writers = Vec::new();
        for file in &self.files {
            writers.push(file.writer()?);
        }
        let writers = <[Out; 3]>::try_from(writers).map_err(drop);
        let writers = writers.expect("BUG: there is a file for each table");
        CsvTables::new(writers).map_err(|error| not_written(&self.path, error))
    }
}

/// Removes a folder that stays empty.
impl Drop for NewFolder {
    fn drop(&mut self) {
        self.files.clear();
        if self.is_new {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// What writes the files.
struct Outputs {
    axis: TimeAxis,
    fold: LifeFold,
    /// With whether it goes to a reader.
    trace: Option<(PathBuf, PerfettoTrace<Out>, bool)>,
    tables: Option<(PathBuf, CsvTables<Out>)>,
}

/// What was read.
struct Exported {
    scans: u64,
    /// A remark says that no scan is in the chosen time.
    lacks_window: bool,
    /// Why the recording could not be read to its end.
    damage: Option<Error>,
}

/// Why the files are not complete.
enum Failure {
    ReaderLeft,
    Error(Error),
}

fn export(
    args: &args::Export,
    outputs: &mut Outputs,
    interrupted: &Interrupted,
) -> std::result::Result<Exported, Failure> {
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.secrets.configure(&mut config);
    let mut scans = 0;
    let mut has_reader = true;
    let outcome = replayed::replay(&args.recorded, &config, |info, batch| {
        interrupted.check()?;
        scans += u64::from(batch.of_scan);
        outputs.take(&info.host, batch, &mut has_reader)
    });
    let outcome = outcome.and_then(|replayed| {
        outputs.finish(&mut has_reader)?;
        Ok(replayed)
    });
    match outcome {
        _ if !has_reader => Err(Failure::ReaderLeft),
        Ok(Replayed { damage, lack, .. }) => Ok(Exported {
            scans,
            lacks_window: lack.is_some(),
            damage,
        }),
        Err(error) => Err(Failure::Error(error)),
    }
}

impl Outputs {
    fn take(&mut self, host: &HostInfo, batch: &Batch, has_reader: &mut bool) -> Result<()> {
        let at_ms = self.axis.of(batch);
        let steps = self.fold.take(batch, at_ms);
        if let Some((path, trace, is_stream)) = &mut self.trace {
            let outcome = trace.take(host, batch, at_ms, &steps, &self.fold);
            *has_reader = !(*is_stream && is_reader_gone(&outcome));
            outcome.map_err(|error| not_written(path, error))?;
        }
        if let Some((path, tables)) = &mut self.tables {
            let outcome = tables.take(batch, at_ms, &steps, &self.fold);
            outcome.map_err(|error| not_written(path, error))?;
        }
        Ok(())
    }

    fn finish(&mut self, has_reader: &mut bool) -> Result<()> {
        if let Some((path, trace, is_stream)) = &mut self.trace {
            let outcome = trace.finish(&self.fold);
            *has_reader = !(*is_stream && is_reader_gone(&outcome));
            outcome.map_err(|error| not_written(path, error))?;
        }
        if let Some((path, tables)) = &mut self.tables {
            let outcome = tables.finish(&self.fold);
            outcome.map_err(|error| not_written(path, error))?;
        }
        Ok(())
    }
}
