//! `pscan report`: writes a recording as one HTML page.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, select};
use process_scanner::{Config, Error, ErrorClass, Result};

use super::new_file::NewFile;
use super::replayed;
use crate::cli::args;
use crate::cli::html_report::{About, CollectedReport, ReportData, write_page};
use crate::cli::signals;

/// Longest wait for the reading thread after a signal.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);

pub(crate) fn run(args: args::Report) -> Result<()> {
    let stopped = signals::stop()?;
    let output = args.output.clone();
    let path = output.unwrap_or_else(|| default_output(&args.recorded));
    // What can fail fails before a long recording is read.
    let target = NewFile::create(&path, args.force)?;
    let (ended, has_ended) = bounded(1);
    let is_over = Arc::new(AtomicBool::new(false));
    let is_stopped = Arc::clone(&is_over);
    // A thread of its own, because reading can block for ever, and a signal must remove the new file anyway.
    thread::Builder::new()
        .name("pscan-report".into())
        .spawn(move || _ = ended.send(collect(&args, &is_stopped)))
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    select! {
        recv(stopped) -> _ => {
            is_over.store(true, Ordering::Relaxed);
            let _ = has_ended.recv_timeout(STOP_TIMEOUT);
            Err(Error::new(ErrorClass::Ended, "stopped by a signal; no file was written"))
        }
        recv(has_ended) -> collected => {
            let failed = |_| Error::new(ErrorClass::Output, "the reading thread failed");
            let (data, damage) = collected.map_err(failed)??;
            target.write(|out| write_page(&data, out))?;
            // A damaged recording has a report of what could be read, as `replay` prints that.
            damage.map_or(Ok(()), Err)
        }
    }
}

/// Reads the recordings. Returns the content of the page, and why they could not be read to their ends.
fn collect(args: &args::Report, is_over: &AtomicBool) -> Result<(ReportData, Option<Error>)> {
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.secrets.configure(&mut config);
    let mut report = CollectedReport::new();
    let replayed = replayed::replay(&args.recorded, &config, |_, batch| {
        if is_over.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorClass::Ended, "stopped"));
        }
        report.take(batch);
        Ok(())
    })?;
    let data = report.finish(About {
        recording: shown_name(&args.recorded),
        host: replayed.info.host,
        damage: replayed.damage.clone(),
    });
    Ok((data, replayed.damage))
}

/// Returns the name of the first recording without its endings, with `.html`.
fn default_output(recorded: &args::Recorded) -> PathBuf {
    let first = recorded
        .files
        .first()
        .filter(|file| file.as_os_str() != "-");
    let name = first.and_then(|file| file.file_name());
    let Some(name) = name else {
        return "report.html".into();
    };
    let mut name = PathBuf::from(name);
    for ending in ["gz", "ndjson"] {
        if name.extension().is_some_and(|found| found == ending) {
            name.set_extension("");
        }
    }
    // Without `set_extension`, which would cut a name such as `host.2026-01-01`.
    name.as_mut_os_string().push(".html");
    name
}

fn shown_name(recorded: &args::Recorded) -> String {
    let [recording] = &recorded.files[..] else {
        return format!("{} files", recorded.files.len());
    };
    match recording.file_name() {
        Some(name) if recording.as_os_str() != "-" => name.to_string_lossy().into_owned(),
        _ => "standard input".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_has_the_name_of_the_recording() {
        for (recording, expected) in [
            ("build.ndjson", "build.html"),
            ("/var/log/host.2026-01-01.ndjson.gz", "host.2026-01-01.html"),
            ("host.2026-01-01", "host.2026-01-01.html"),
            ("x/..", "report.html"),
            ("-", "report.html"),
        ] {
            let recorded = args::Recorded {
                files: vec![recording.into()],
                ..args::Recorded::default()
            };
            assert_eq!(default_output(&recorded), Path::new(expected));
        }
    }
}
