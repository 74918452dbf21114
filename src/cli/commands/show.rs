//! `pscan show`: prints all that is known of some processes.

use std::io::{self, BufWriter, Write};

use process_scanner::{Batch, Collect, Config, Listen, Result, Scanner, Source, live_source};

use super::samples;
use crate::cli::args::Show;
use crate::cli::format::json::{self, Shown};
use crate::cli::format::show::{self, Frame, Relatives};
use crate::cli::format::times::Zone;
use crate::cli::outcome::{Done, printed};
use crate::cli::terminal;

pub(crate) fn run(args: &Show) -> Result<Done> {
    let mut config = Config::default();
    // Two scans gain nothing from it, and the kernel's answer can take a moment.
    config.listen = Listen::Off;
    config.collect = Collect::ALL;
    config.pss_pids.clone_from(&args.pid);
    args.live.configure(&mut config);
    args.secrets.configure(&mut config);
    let source = live_source(&config)?;
    let collects = source.info().collects;
    let mut scanner = Scanner::builder().config(config).source(source).build()?;
    let (snapshot, last) = samples::take(&mut scanner, args.sampling.sample)?;
    let found = args.pid.iter().filter_map(|pid| snapshot.by_pid(*pid));
    let found: Vec<_> = found
        .map(|process| Relatives::of(process, &snapshot))
        .collect();
    let outcome = match args.json {
        true => print_json(&found, &last),
        false => print_text(args, &found, &last, collects),
    };
    printed(outcome)?;
    let is_missing = |pid: &&u32| snapshot.by_pid(**pid).is_none();
    let missing = args.pid.iter().filter(is_missing).map(u32::to_string);
    let missing: Vec<_> = missing.collect();
    Ok(match &missing[..] {
        [] => Done::All,
        [pid] => Done::Nothing(format!("there is no process {pid}")),
        pids => Done::Nothing(format!("there are no processes {}", pids.join(", "))),
    })
}

fn print_json(found: &[Relatives<'_>], last: &Batch) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for relatives in found {
        let shown = Shown {
            schema: json::SCHEMA,
            taken_at_ms: last.taken_at_ms,
            interval_ms: last.interval_ms,
            process: relatives.process,
            parents: &relatives.parents,
            children: &relatives.children,
        };
        json::write_line(&mut out, &shown)?;
    }
    out.flush()
}

fn print_text(
    args: &Show,
    found: &[Relatives<'_>],
    last: &Batch,
    collects: Collect,
) -> io::Result<()> {
    let frame = Frame {
        width: terminal::line_width(),
        now_ms: last.taken_at_ms,
        interval_ms: last.interval_ms,
        collects,
        zone: Zone::Here,
        is_brief: false,
    };
    let mut out = BufWriter::new(args.color.stdout().lock());
    for (at, relatives) in found.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        show::write(&mut out, relatives, frame)?;
    }
    out.flush()
}
