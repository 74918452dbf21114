//! `pscan report`: writes a recording as one HTML page.

use std::path::{Path, PathBuf};

use process_scanner::{Config, Result};

use super::new_file::NewFile;
use super::replayed;
use crate::cli::args;
use crate::cli::html_report::{About, CollectedReport, write_page};

pub(crate) fn run(args: &args::Report) -> Result<()> {
    let output = args.output.clone();
    let path = output.unwrap_or_else(|| default_output(&args.file));
    // What can fail fails before a long recording is read.
    let target = NewFile::create(&path, args.force)?;
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.secrets.configure(&mut config);
    let mut report = CollectedReport::new();
    let replayed = replayed::replay(&args.file, config, |_, batch| {
        report.take(batch);
        Ok(())
    })?;
    let data = report.finish(About {
        recording: shown_name(&args.file),
        host: replayed.info.host,
        damage: replayed.damage.clone(),
    });
    target.write(|out| write_page(&data, out))?;
    // A damaged recording has a report of what could be read, as `replay` prints that.
    replayed.damage.map_or(Ok(()), Err)
}

/// Returns the name of a recording without its endings, with `.html`.
fn default_output(recording: &Path) -> PathBuf {
    let name = match recording.as_os_str() == "-" {
        true => None,
        false => recording.file_name(),
    };
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

fn shown_name(recording: &Path) -> String {
    match recording.file_name() {
        Some(name) if recording.as_os_str() != "-" => name.to_string_lossy().into_owned(),
        _ => "standard input".to_owned(),
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(default_output(Path::new(recording)), Path::new(expected));
        }
    }
}
