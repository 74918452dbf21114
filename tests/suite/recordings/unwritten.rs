//! What was heard cannot be written.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use process_scanner::{
    Batch, Config, ConsumerOptions, ErrorClass, Exit, ExitStatus, Hearing, Overflow, Recorder,
    ReplaySource, Scanner, Transition,
};

use super::play;
use crate::support::{Happened, Made, World, briefs};

/// An output with room for this many bytes.
#[derive(Debug, Clone)]
struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

impl Disk {
    fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new((Vec::new(), room))))
    }

    fn edit<T>(&self, change: impl FnOnce(&mut Vec<u8>, &mut usize) -> T) -> T {
        let mut guard = self.0.lock().unwrap();
        let (written, room) = &mut *guard;
        change(written, room)
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.edit(|written, room| {
            if *room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(*room);
            written.extend(&bytes[..taken]);
            *room -= taken;
            Ok(taken)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn world() -> World {
    let world = World::new();
    world.edit(|state| state.hearing = Hearing::Complete);
    world.add(1, Made::new("p", 1_600_000_000_000));
    world
}

/// Returns the birth and the exit of a process.
fn life(pid: u32) -> Vec<Happened> {
    let born_ms = 1_700_000_002_100;
    let mut exit = Exit::default();
    exit.status = Some(ExitStatus::from_wait_status(0));
    vec![
        Happened::Born(pid, Made::new("short", born_ms)),
        Happened::Exited(pid, Some(born_ms), exit),
    ]
}

/// Lets the source hear this next, and rings.
fn hear(world: &World, happened: Vec<Happened>) {
    world.edit(|state| {
        state.happened.clear();
        state.happened.push_back(happened);
        assert!(state.ringer.as_ref().unwrap().ring());
    });
}

#[test]
fn the_failure_is_a_loss_and_ends_the_recording_with_the_next_scan() {
    let world = world();
    let disk = Disk::new(usize::MAX);
    let recorder = Recorder::new(world.clone(), disk.clone()).unwrap();
    let mut scanner = Scanner::builder().source(recorder).build().unwrap();
    scanner.scan_once().unwrap();
    assert!(scanner.hear_once().is_none());
    hear(&world, life(8));
    let heard = scanner.hear_once().unwrap();
    assert_eq!(briefs(&heard.events), ["created 8 short", "exited 8 short"]);
    let whole = disk.edit(|written, room| {
        *room = 10;
        written.len()
    });
    hear(&world, life(9));
    let heard = scanner.hear_once().unwrap();
    // The consumers get it all the same, and learn that the recording has not.
    assert_eq!(briefs(&heard.events), ["created 9 short", "exited 9 short"]);
    let [Transition::Hearing { to, reason, .. }] = &heard.transitions[..] else {
        panic!("{:?}", heard.transitions);
    };
    assert_eq!(*to, Hearing::Lossy);
    assert!(reason.starts_with("cannot write the recording"), "{reason}");
    // There is room again, but the line is broken.
    disk.edit(|_, room| *room = usize::MAX);
    hear(&world, life(10));
    scanner.hear_once().unwrap();
    let last = scanner.scan_once().unwrap();
    let error = last.failure.as_ref().unwrap();
    assert_eq!(error.class(), ErrorClass::Output);
    assert!(error.is_final());
    assert!(scanner.scan_once().is_none());
    let written = disk.edit(|written, _| written.clone());
    assert_eq!(written.len(), whole + 10);
    let batches = play(ReplaySource::new(io::Cursor::new(written)).unwrap());
    assert_eq!(batches.len(), 3);
    assert_eq!(
        briefs(&batches[1].events),
        ["created 8 short", "exited 8 short"]
    );
    let message = batches[2].failure.as_ref().unwrap().to_string();
    assert!(
        message.contains("the recording ends inside the line"),
        "{message}"
    );
}

/// The next scan is an hour away.
#[test]
fn a_running_scanner_ends_at_once() {
    let world = world();
    let disk = Disk::new(usize::MAX);
    let recorder = Recorder::new(world.clone(), disk.clone()).unwrap();
    let mut config = Config::default();
    config.interval_ms = 3_600_000;
    let builder = Scanner::builder().config(config).source(recorder);
    let scanner = builder.start().unwrap();
    let options = ConsumerOptions::default().with_overflow(Overflow::Block);
    let batches = scanner.consumers().subscribe(options);
    assert!(batches.recv().unwrap().of_scan);
    disk.edit(|_, room| *room = 10);
    hear(&world, life(9));
    let rest: Vec<Arc<Batch>> = std::iter::from_fn(|| batches.recv().ok()).collect();
    let failure = rest.last().unwrap().failure.as_ref().unwrap();
    assert_eq!(failure.class(), ErrorClass::Output);
    assert_eq!(scanner.wait().unwrap_err().class(), ErrorClass::Output);
}

/// A line that no reader would read is an error when it is written.
#[test]
fn a_line_that_is_too_long_is_not_written() {
    let world = world();
    let disk = Disk::new(usize::MAX);
    let recorder = Recorder::new(world.clone(), disk.clone()).unwrap();
    let mut scanner = Scanner::builder().source(recorder).build().unwrap();
    scanner.scan_once().unwrap();
    assert!(scanner.hear_once().is_none());
    let whole = disk.edit(|written, _| written.len());
    let mut made = Made::new("long", 1_700_000_002_100);
    // JSON has six bytes for each.
    made.args = vec![vec![1; 11 << 20]];
    hear(&world, vec![Happened::Born(9, made)]);
    let heard = scanner.hear_once().unwrap();
    assert_eq!(heard.hearing, Hearing::Lossy);
    let error = scanner.scan_once().unwrap().failure.clone().unwrap();
    assert_eq!(error.class(), ErrorClass::Output);
    assert!(
        error.to_string().contains("longer than 67108864 bytes"),
        "{error}"
    );
    assert_eq!(disk.edit(|written, _| written.len()), whole);
}
