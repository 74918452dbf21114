//! `pscan replay`: a recording through the same scanner, printed the same way.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;

use crossbeam_channel::bounded;
use process_scanner::{
    Batch, ConsumerOptions, Error, ErrorClass, Overflow, ReplaySource, Result, Scanner,
};

use super::events::{Printer, Step};
use super::{args, in_file};

pub(super) fn run(args: &args::Replay) -> Result<()> {
    let is_stdin = args.file.as_os_str() == "-";
    let (name, input): (_, Box<dyn BufRead + Send>) = match is_stdin {
        true => (
            "standard input".into(),
            Box::new(BufReader::new(io::stdin())),
        ),
        false => {
            let name = args.file.display().to_string();
            let file = File::open(&args.file)
                .map_err(|error| Error::from_io(format!("cannot open {name}"), error))?;
            (name, Box::new(BufReader::new(file)))
        }
    };
    play(input, Printer::new(args.json)).map_err(|error| match error.class() {
        ErrorClass::Output => error,
        _ => in_file(&name, error),
    })
}

fn play(input: Box<dyn BufRead + Send>, mut printer: Printer) -> Result<()> {
    let source = ReplaySource::new(input)?;
    let mut scanner = Scanner::builder().source(source).build()?;
    let (ended, outcome) = bounded(1);
    let mut has_ended = false;
    // Nothing of a recording may be lost, so this one holds up the scans as long as it needs.
    let options = ConsumerOptions::overflow(Overflow::Block);
    let consumers = scanner.consumers().clone();
    consumers.on_batch_with(options, move |batch: &Arc<Batch>| {
        if has_ended {
            return;
        }
        if let Step::Break(outcome) = printer.take(batch) {
            has_ended = true;
            let _ = ended.send(outcome);
        }
    })?;
    while outcome.is_empty() && scanner.scan_once().is_some() {}
    scanner.finish();
    match outcome.try_recv() {
        Ok(outcome) => outcome,
        Err(_) if consumers.metrics().consumer_panics_total == 0 => Ok(()),
        Err(_) => Err(Error::new(
            ErrorClass::Output,
            "the printing thread has failed",
        )),
    }
}
