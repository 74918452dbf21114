//! `pscan record`: writes scans of the live source to a file.

use std::error::Error as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use process_scanner::{Error, ErrorClass, Recorder, Redactor, Result, live_source};

use super::session;
use crate::cli::args;
use crate::cli::format::printer::Step;
use crate::cli::format::progress::{Counted, Progress};
use crate::cli::format::stats::Stats;
use crate::cli::outcome::{cannot, in_file};
use crate::cli::signals;

pub(crate) fn run(args: &args::Record) -> Result<()> {
    // The source is opened first, so that a failure does not destroy an existing file.
    let mut config = args.schedule.config();
    args.secrets.configure(&mut config);
    let redactor = Redactor::from(&config);
    let source = live_source(&config)?;
    let is_stdout = args.file.as_os_str() == "-";
    let output: Box<dyn Write + Send> = match is_stdout {
        true => Box::new(io::stdout()),
        false => Box::new(create(&args.file)?),
    };
    // Opening a file can block for ever; before this call a signal still ends the process.
    let stopped = signals::stop()?;
    let mut stats = Stats::new(args.schedule.stats, false)?;
    stats.print_below_progress();
    let bytes = Arc::new(AtomicU64::new(0));
    let output = Counted::new(output, Arc::clone(&bytes));
    let mut progress = Progress::new(bytes, is_stdout);
    let outcome = Recorder::new(source, output).and_then(|recorder| {
        session::run(
            recorder.with_redactor(redactor),
            config,
            &args.schedule,
            &stopped,
            stats,
            move |batch| {
                progress.step(batch);
                match &batch.failure {
                    Some(failure) if failure.is_final() => Step::Break(Err(failure.clone())),
                    // The recorder has written any other failed scan as a failure.
                    _ => Step::Continue(()),
                }
            },
        )
    });
    match outcome.map(drop) {
        Err(error) if is_stdout && is_broken_pipe(&error) => Ok(()),
        Err(error) if error.class() == ErrorClass::Output => {
            Err(in_file(&args.file.display().to_string(), error))
        }
        outcome => outcome,
    }
}

/// Creates a file that only its owner can read.
///
/// Command lines of other users can be confidential.
fn create(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => Some("check the path; pscan does not create folders"),
            io::ErrorKind::PermissionDenied => Some("choose a file that you may write"),
            io::ErrorKind::IsADirectory => Some("name a file in that folder"),
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => {
                Some("choose a file on another file system")
            }
            _ => None,
        };
        cannot("create", path, error, advice)
    })
}

fn is_broken_pipe(error: &Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
