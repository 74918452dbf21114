//! `pscan replay`: a recording through the same scanner, printed the same way.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;

use crossbeam_channel::unbounded;
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
    let (printed, progress) = unbounded();
    let mut has_ended = false;
    // Nothing of a recording may be lost, so this one holds up the scans as long as it needs.
    let options = ConsumerOptions::overflow(Overflow::Block);
    scanner
        .consumers()
        .on_batch_with(options, move |batch: &Arc<Batch>| {
            if has_ended {
                return;
            }
            let step = printer.take(batch);
            has_ended = step.is_break();
            let _ = printed.send((batch.seq, step));
        })?;
    let mut last = 0;
    while let Some(batch) = scanner.scan_once() {
        last = batch.seq;
        for (_, step) in progress.try_iter() {
            if let Step::Break(outcome) = step {
                return outcome;
            }
        }
    }
    // Closing the scanner does not wait for a slow reader, so that it is waited for here.
    let mut done = 0;
    while done < last {
        match progress.recv() {
            Ok((_, Step::Break(outcome))) => return outcome,
            Ok((seq, Step::Continue(()))) => done = seq,
            Err(_) => {
                return Err(Error::new(
                    ErrorClass::Output,
                    "the printing thread has failed",
                ));
            }
        }
    }
    Ok(())
}
