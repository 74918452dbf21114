//! `pscan report`: writes a recording as one HTML page.

use std::path::PathBuf;

use process_scanner::{Config, Error, Result};

use super::inputs;
use super::interruptible::{self, Interrupted};
use super::new_file::NewFile;
use super::replayed;
use crate::cli::args;
use crate::cli::html_report::{About, CollectedReport, ReportData, write_page};
use crate::cli::signals;

pub(crate) fn run(args: args::Report) -> Result<()> {
    let stopped = signals::stop()?;
    let output = args.output.clone();
    let path = output.unwrap_or_else(|| default_output(&args.recorded));
    // What can fail fails before a long recording is read.
    inputs::refuse(&args.recorded, [path.as_path()])?;
    let target = NewFile::create(&path, args.force, &stopped)?;
    let collected = interruptible::run(&stopped, move |interrupted| collect(&args, interrupted));
    let (data, damage) = collected??;
    target.write(&stopped, move |out| write_page(&data, out))?;
    // A damaged recording has a report of what could be read, as `replay` prints that.
    damage.map_or(Ok(()), Err)
}

/// Reads the recordings. Returns the content of the page, and why they could not be read to their ends.
fn collect(args: &args::Report, interrupted: &Interrupted) -> Result<(ReportData, Option<Error>)> {
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.secrets.configure(&mut config);
    let mut report = CollectedReport::new();
    let replayed = replayed::replay(&args.recorded, &config, |info, batch| {
        interrupted.check()?;
        report.take(info.collects, batch);
        Ok(())
    })?;
    let data = report.finish(About {
        recording: shown_name(&args.recorded),
        host: replayed.info.host.clone(),
        damage: replayed.damage.clone(),
        chosen: replayed.lack,
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
