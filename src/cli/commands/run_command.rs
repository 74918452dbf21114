//! `pscan run`: runs a command and summarises what it and its descendants did.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, after, bounded, select};
use process_scanner::{
    Batch, Config, ConsumerOptions, Error, ErrorClass, Overflow, Recorder, Redactor, Result,
    Scanner, ScannerHandle, Source, Timestamp, live_source,
};

use super::session::STOP_WITHIN;
use super::stored::{Output, Sink, is_compressed};
use super::target::Target;
use crate::cli::args;
use crate::cli::format::json::{Ran, SCHEMA, write_line};
use crate::cli::format::run_summary;
use crate::cli::launch::{Child, End, Refusal, own_cpu_ms, waited_cpu_ms};
use crate::cli::outcome::{Done, cannot, complain, in_file};
use crate::cli::profile::{Ending, Listening, Profile, Report};
use crate::cli::select::is_good_scan;
use crate::cli::signals::{self, Received};
use crate::cli::terminal;

/// Longest wait for the first good scan, and for the last scans.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10);

/// Batches that may wait for the profile, which only adds them up.
const QUEUE_LEN: usize = 256;

/// Runs the command, and returns its exit status; after a failure, prints why.
pub(crate) fn run(args: &args::Run) -> Done {
    let status = run_and_report(args).unwrap_or_else(|refusal| {
        complain(&refusal.error);
        refusal.status.into()
    });
    Done::Status(status)
}

fn run_and_report(args: &args::Run) -> Result<i32, Refusal> {
    let signals = signals::to_pass_on()?;
    let mut config = args.config();
    let source = live_source(&config)?;
    let info = source.info();
    let own_pid = info.own_pid.ok_or_else(|| {
        Error::new(
            ErrorClass::Unsupported,
            "the source does not report pscan itself",
        )
    })?;
    args.set_interval(&mut config, info.hears_lives);
    let listening = Listening {
        sampled_every_ms: (!info.hears_lives).then_some(config.interval_ms),
        not_listening: info.not_listening,
    };
    let mut output = args.output.as_deref().map(create).transpose()?;
    let (source, recording): (Box<dyn Source>, _) = match &args.record {
        Some(file) => {
            let redactor = Redactor::from(&config);
            let (source, recording) = recorded(source, file, args.force, redactor)?;
            (source, Some((recording, file)))
        }
        None => (Box::new(source), None),
    };
    let (batches, scanner) = scan(config.clone(), source)?;
    let mut following = Following {
        profile: Profile::new(own_pid),
        batches,
        signals,
        scanner,
        scans_after: if info.hears_lives { 2 } else { 1 },
    };
    if let Some(signal) = following.wait_for_first_scan()? {
        return Ok(128 + signal.number);
    }
    let began_ns = Timestamp::now().monotonic_ns;
    let child = Child::start(&args.command)?;
    // In another pid namespace it has another pid there.
    let is_same_namespace = own_pid == std::process::id();
    following
        .profile
        .begin(is_same_namespace.then(|| child.pid()));
    let end = following.wait_for_end(&child);
    let profile = following.finish(&end);
    if let Some((recording, file)) = recording
        && let Err(error) = recording.end()
    {
        complain(&in_file(&file.display().to_string(), error));
    }
    let ending = Ending {
        exit: end.exit,
        wall_ms: end.at_ns.saturating_sub(began_ns) as f64 / 1e6,
        waited_cpu_ms: waited_cpu_ms(),
        own_cpu_ms: own_cpu_ms(),
    };
    let report = profile.report(&ending, listening);
    let width = match output {
        Some(_) => None,
        None => terminal::stderr_width(),
    };
    let text = match args.json {
        true => json(&report),
        false => text(&report, &program(&args.command, &config), width),
    };
    match (&mut output, &args.output) {
        (Some(file), Some(path)) => {
            if let Err(error) = replace(file, &text) {
                // It is not lost.
                let _ = io::stderr().write_all(&text);
                return Err(cannot("write", path, error, None).into());
            }
        }
        // A failure to write to standard error cannot be reported.
        _ => _ = io::stderr().write_all(&text),
    }
    Ok(end.code)
}

/// Opens the file of the summary before the command starts. What it contains stays until the end.
fn create(path: &Path) -> Result<File> {
    let advice = Some("name a file in a folder that you may write");
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    // It has command lines.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map_err(|error| cannot("create", path, error, advice))
}

/// Returns the source, with everything that it reports recorded, and where.
fn recorded(
    source: impl Source + 'static,
    path: &Path,
    may_replace: bool,
    redactor: Redactor,
) -> Result<(Box<dyn Source>, Output)> {
    let target = Target::open(path, may_replace)?;
    let sink = Sink::new(target.empty(path)?, is_compressed(path), Arc::default());
    let output = Output::new(sink, None)?;
    let recorder = Recorder::new(source, output.clone());
    let recorder = recorder.map_err(|error| in_file(&path.display().to_string(), error))?;
    Ok((Box::new(recorder.with_redactor(redactor)), output))
}

/// Starts the scans, and returns their batches.
fn scan(config: Config, source: Box<dyn Source>) -> Result<(Receiver<Arc<Batch>>, ScannerHandle)> {
    let scanner = Scanner::builder().config(config).source(source).build()?;
    let (sender, batches) = bounded(QUEUE_LEN);
    let options = ConsumerOptions::default()
        .with_name("profile")
        .with_overflow(Overflow::Block)
        .with_queue_len(QUEUE_LEN);
    scanner
        .consumers()
        .register(options, move |batch: &Arc<Batch>| {
            let _ = sender.send(Arc::clone(batch));
        })?;
    Ok((batches, scanner.start()?))
}

/// Replaces the content of a file; a device or pipe gets the text as it is.
fn replace(file: &mut File, text: &[u8]) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text)
}

fn json(report: &Report) -> Vec<u8> {
    let schema = SCHEMA;
    let mut line = Vec::new();
    write_line(&mut line, &Ran { schema, report }).expect("BUG: writing to memory failed");
    line
}

fn text(report: &Report, program: &str, width: Option<usize>) -> Vec<u8> {
    let mut text = Vec::new();
    let written = run_summary::write(&mut text, report, program, width);
    written.expect("BUG: writing to memory failed");
    text
}

/// Returns the name of the program that was run.
fn program(command: &[OsString], config: &Config) -> String {
    let program = command.first().map(Path::new);
    let name = program.and_then(|path| path.file_name().or(Some(path.as_os_str())));
    let name = name.unwrap_or_default().as_encoded_bytes();
    let name = Redactor::from(config).name(name).into_owned();
    String::from_utf8_lossy(&name).into_owned()
}

/// Adds up batches while the command runs.
struct Following {
    profile: Profile,
    batches: Receiver<Arc<Batch>>,
    signals: Receiver<Received>,
    scanner: ScannerHandle,
    /// Scans after the end until nothing is missing: what the kernel counted until one is compared
    /// with what was heard until the next.
    scans_after: u32,
}

impl Following {
    /// Waits until all processes are known and the source listens.
    ///
    /// Returns the signal that asks to end before that.
    ///
    /// # Errors
    ///
    /// The failure of the last scan, if none succeeds in time.
    fn wait_for_first_scan(&mut self) -> Result<Option<Received>> {
        let timeout = after(SCAN_TIMEOUT);
        let mut last = Error::new(ErrorClass::Stuck, "no scan of the host has ended in 10 s");
        loop {
            select! {
                recv(self.batches) -> batch => {
                    let Ok(batch) = batch else { return Err(last) };
                    self.profile.take(&batch);
                    if is_good_scan(&batch) {
                        return Ok(None);
                    }
                    last = batch.failure.clone().unwrap_or(last);
                    if last.is_final() {
                        return Err(last);
                    }
                }
                recv(self.signals) -> signal => match signal {
                    Ok(signal) if signal.is_end() => return Ok(Some(signal)),
                    _ => {}
                },
                recv(timeout) -> _ => return Err(last),
            }
        }
    }

    /// Passes signals on until the command has ended.
    fn wait_for_end(&mut self, child: &Child) -> End {
        let mut batches = self.batches.clone();
        loop {
            select! {
                recv(batches) -> batch => match batch {
                    Ok(batch) => self.take(&batch),
                    // There are no more scans. The command goes on.
                    Err(_) => batches = crossbeam_channel::never(),
                },
                recv(self.signals) -> signal => match signal {
                    // One of the terminal reaches the command by itself.
                    Ok(signal) if signal.is_from_process => child.send(signal.number),
                    _ => {}
                },
                recv(child.ended()) -> end => {
                    return end.unwrap_or_else(|_| End::unknown());
                }
            }
        }
    }

    /// Adds what is missing after the end, and returns the profile.
    fn finish(mut self, end: &End) -> Profile {
        let timeout = after(SCAN_TIMEOUT);
        let mut left = self.scans_after;
        self.scanner.control().scan_now();
        while left > 0 {
            select! {
                recv(self.batches) -> batch => {
                    let Ok(batch) = batch else { break };
                    self.take(&batch);
                    if batch.of_scan && is_good_scan(&batch) && batch.monotonic_ns >= end.at_ns {
                        left -= 1;
                        self.scanner.control().scan_now();
                    }
                }
                recv(self.signals) -> signal => {
                    if signal.is_ok_and(Received::is_end) {
                        break;
                    }
                }
                recv(timeout) -> _ => break,
            }
        }
        if left > 0 {
            self.profile.miss();
        }
        // The queue must not hold up the stop.
        drop(self.batches);
        if let Err(error) = self.scanner.stop_within(STOP_WITHIN) {
            log::warn!("{}", error.full_message());
        }
        self.profile
    }

    fn take(&mut self, batch: &Batch) {
        self.profile.take(batch);
        if let Some(failure) = batch.failure.as_ref().filter(|failure| failure.is_final()) {
            complain(failure);
            self.profile.miss();
        }
    }
}
