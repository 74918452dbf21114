//! `pscan top --replay`: what is needed to display a recording.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, bounded};
use process_scanner::{Config, Error, ErrorClass, ReplaySource, Result, Source, SourceInfo};

use super::super::stored::Runs;
use super::super::window::{in_recording, outside};
use super::feed::{self, Feed};
use super::kept::Kept;
use super::player::Player;
use super::reel::Reel;
use super::tape::{Recorded, Tape};
use crate::cli::args;
use crate::cli::outcome::in_file;

/// Keys that may wait while a replay searches.
const COMMANDS: usize = 64;

/// A recording whose begin was read.
pub(super) struct Opened {
    pub(super) info: SourceInfo,
    tape: Tape,
    first: Recorded,
    /// Where to begin; `None`: at the begin, playing.
    at_ms: Option<u64>,
    /// When it ends, if `--at` needs that; `None`: unknown.
    end_ms: Option<u64>,
}

/// Opens the recordings.
///
/// # Errors
///
/// If one cannot be read, or not again, if there is no scan, or if it begins after `--at`.
pub(super) fn open(args: &args::Top) -> Result<Opened> {
    for file in Runs::files(&args.replay) {
        if file
            .metadata()
            .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
        {
            let message = format!("{} is no file", file.display());
            let error = Error::new(ErrorClass::Config, message);
            return Err(error.with_advice("going back reads a recording again: copy it to a file"));
        }
    }
    let runs = Arc::new(Runs::find(&args.replay)?);
    let named = |error: Error| in_file(&runs.name, error);
    let first = runs.runs.first().expect("BUG: one file at least is given");
    let info = ReplaySource::new(first.open()?).map_err(named)?.info();
    let mut config = Config::default();
    // The recording can contain secrets, if it was made without redaction.
    args.secrets.configure(&mut config);
    let mut tape = Tape::new(Arc::clone(&runs), config);
    let Some(first) = tape.next().map_err(named)? else {
        let error = Error::new(ErrorClass::BadData, "the recording contains no scans");
        return Err(named(error));
    };
    let begin_ms = first.batch.taken_at_ms;
    let (at_ms, end_ms) = begin(args, &runs, begin_ms).map_err(named)?;
    Ok(Opened {
        info,
        at_ms,
        end_ms,
        tape,
        first,
    })
}

/// Returns the time of `--at`, and that of the end if it was needed for it.
fn begin(args: &args::Top, runs: &Runs, begin_ms: u64) -> Result<(Option<u64>, Option<u64>)> {
    let Some(at) = &args.at else {
        return Ok((None, None));
    };
    let end_ms = match at.is_before_end() {
        true => runs.end_ms()?,
        false => None,
    };
    match in_recording(at, begin_ms, end_ms)? {
        at_ms if at_ms < begin_ms => Err(outside("--at", at, begin_ms, end_ms)),
        at_ms => Ok((Some(at_ms), end_ms)),
    }
}

impl Opened {
    /// Starts to play.
    pub(super) fn play(self, speed: f64) -> Result<Feed> {
        let cannot = |error| Error::from_io("cannot start the playing thread", error);
        let (sender, fed) = feed::channel();
        let (playback, commands) = bounded(COMMANDS);
        let (end, ends) = bounded(1);
        if self.end_ms.is_some() {
            let _ = end.send(self.end_ms);
        } else {
            let runs = Arc::clone(&self.tape.runs);
            let finder = thread::Builder::new().name("pscan-end".into());
            finder
                .spawn(move || find_end(&runs, &end))
                .map_err(cannot)?;
        }
        let reel = Reel::new(self.tape, Kept::default(), self.first, sender);
        let player = Player::new(reel, ends, speed);
        let at_ms = self.at_ms;
        thread::Builder::new()
            .name("pscan-player".into())
            .spawn(move || player.run(at_ms, &commands))
            .map_err(cannot)?;
        Ok(Feed::replay(fed, playback))
    }
}

/// Finds the time of the end, which takes as long as reading the last file.
fn find_end(runs: &Runs, end: &Sender<Option<u64>>) {
    let _ = end.send(runs.file_end_ms());
}
