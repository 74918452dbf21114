//! Replays recordings as fast as possible, for commands that fold them.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, bounded};
use process_scanner::{
    Batch, Config, Error, ErrorClass, ReplaySource, Result, Scanner, Source, SourceInfo,
};

use super::replay::numbered;
use super::stored::{Input, Runs};
use super::window::{Passed, Window};
use crate::cli::args;
use crate::cli::outcome::{in_file, remark};

/// Batches that are read and not folded yet.
const QUEUE: usize = 16;

/// A batch, and what its recording has it from.
type Read = (Arc<SourceInfo>, Arc<Batch>);

/// What was replayed.
#[derive(Debug)]
pub(super) struct Replayed {
    /// Of the first recording.
    pub(super) info: Arc<SourceInfo>,
    /// Why it could not be read to its end; the batches before that were replayed.
    pub(super) damage: Option<Error>,
    /// What the chosen part of the time lacks; `None` if it has scans.
    pub(super) lack: Option<String>,
}

/// How a run was replayed.
struct Played {
    info: Arc<SourceInfo>,
    damage: Option<Error>,
    /// Number of the last batch.
    seq: u64,
    /// When it was taken.
    last_ms: u64,
    /// No more is wanted.
    is_over: bool,
}

/// Replays the wanted part of recordings, and calls `each` with each batch.
///
/// Another thread reads, which is about as much work as folding. If `each` fails, that thread ends with its next batch,
/// and is not waited for: the next line can take for ever to come.
///
/// # Errors
///
/// If one cannot be opened, or is no recording, if a time is not in them, and the first error of `each`, which ends the
/// replay.
pub(super) fn replay(
    recorded: &args::Recorded,
    config: &Config,
    mut each: impl FnMut(&SourceInfo, &Arc<Batch>) -> Result<()>,
) -> Result<Replayed> {
    let (sender, batches) = bounded(QUEUE);
    let (recorded, config) = (recorded.clone(), config.clone());
    let reader = thread::Builder::new()
        .name("pscan-parse".into())
        .spawn(move || read(&recorded, &config, &sender))
        .map_err(|error| Error::from_io("cannot start the reading thread", error))?;
    for (info, batch) in batches {
        each(&info, &batch)?;
    }
    let failed = |_| Error::new(ErrorClass::Output, "the reading thread failed");
    reader.join().map_err(failed)?
}

/// Reads the wanted part of recordings, and sends its batches.
fn read(recorded: &args::Recorded, config: &Config, batches: &Sender<Read>) -> Result<Replayed> {
    let span = &recorded.span;
    let runs = Runs::find(&recorded.files)?;
    let named = |error: Error| match error.class() {
        ErrorClass::Output => error,
        _ => in_file(&runs.name, error),
    };
    let end_ms = match span.needs_end() {
        true => runs.end_ms().map_err(named)?,
        false => None,
    };
    let begin_ms = runs.runs.first().and_then(|run| run.begins_ms);
    let mut window = Window::new(span, begin_ms, end_ms);
    let mut first: Option<Replayed> = None;
    let (mut before, mut last_ms, mut is_over) = (0, 0, false);
    for (index, run) in runs.runs.iter().enumerate() {
        let next_ms = runs.runs.get(index + 1).and_then(|next| next.begins_ms);
        if window.is_later(next_ms) {
            continue;
        }
        if before > 0 {
            run.announce(last_ms);
        }
        // Its error has the name of its file.
        let input = run.open()?;
        let source = ReplaySource::new(input).map_err(named)?;
        let played = play(source, config, &mut window, before, batches).map_err(named)?;
        (before, last_ms) = (played.seq, played.last_ms);
        let replayed = first.get_or_insert(Replayed {
            info: played.info,
            damage: None,
            lack: None,
        });
        // The recordings after a damaged one are whole.
        replayed.damage = replayed.damage.take().or(played.damage.map(named));
        is_over = played.is_over;
        if is_over {
            break;
        }
    }
    if !is_over {
        window.finish(&runs.name).map_err(named)?;
    }
    let mut replayed = first.expect("BUG: the last run is never before the window");
    replayed.lack = window.lack(|| runs.file_end_ms());
    if let Some(lack) = &replayed.lack {
        remark(&format!("{}: {lack}", runs.name));
    }
    Ok(replayed)
}

/// Replays a run. `before`: batches of the runs before.
fn play(
    source: ReplaySource<Input>,
    config: &Config,
    window: &mut Window,
    before: u64,
    sender: &Sender<Read>,
) -> Result<Played> {
    let mut played = Played {
        info: Arc::new(source.info()),
        damage: None,
        seq: before,
        last_ms: 0,
        is_over: false,
    };
    let builder = Scanner::builder().config(config.clone()).source(source);
    let mut scanner = builder.build()?;
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        (played.seq, played.last_ms) = (before + batch.seq, batch.taken_at_ms);
        if let Some(failure) = batch.failure.as_ref().filter(|failure| failure.is_final()) {
            played.damage = Some(failure.clone());
            break;
        }
        match window.take(&numbered(&batch, before))? {
            Passed::Nothing => {}
            Passed::Over => {
                played.is_over = true;
                break;
            }
            Passed::Batches(batches) => {
                for batch in batches {
                    let sent = sender.send((Arc::clone(&played.info), batch));
                    sent.map_err(|_| Error::new(ErrorClass::Ended, "no more is wanted"))?;
                }
            }
        }
    }
    Ok(played)
}
