//! Replays a recording as fast as possible, for commands that fold it.

use std::path::Path;
use std::sync::Arc;

use process_scanner::{
    Batch, Config, Error, ErrorClass, ReplaySource, Result, Scanner, Source, SourceInfo,
};

use super::replay::open;
use crate::cli::outcome::in_file;

/// A recording that was replayed.
#[derive(Debug)]
pub(super) struct Replayed {
    pub(super) info: SourceInfo,
    /// Why it could not be read to its end; the batches before that were replayed.
    pub(super) damage: Option<Error>,
}

/// Replays a recording, and calls `each` with each batch.
///
/// # Errors
///
/// If it cannot be opened, or is no recording, and the first error of `each`, which ends the replay.
pub(super) fn replay(
    file: &Path,
    config: Config,
    mut each: impl FnMut(&SourceInfo, &Arc<Batch>) -> Result<()>,
) -> Result<Replayed> {
    let (name, input) = open(file)?;
    let named = |error: Error| match error.class() {
        ErrorClass::Output => error,
        _ => in_file(&name, error),
    };
    let source = ReplaySource::new(input).map_err(named)?;
    let info = source.info();
    let builder = Scanner::builder().config(config).source(source);
    let mut scanner = builder.build().map_err(named)?;
    let mut damage = None;
    while let Some(batch) = scanner.hear_once().or_else(|| scanner.scan_once()) {
        match &batch.failure {
            Some(failure) if failure.is_final() => {
                damage = Some(named(failure.clone()));
                break;
            }
            _ => each(&info, &batch)?,
        }
    }
    Ok(Replayed { info, damage })
}
