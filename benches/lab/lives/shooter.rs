//! Starts processes that live for 1 to 5 ms, and keeps the truth about each.

use std::io;
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::vec;

use crate::crowd::child;
use crate::measure::proc;

/// The role of a child that lives for some microseconds and exits with a code.
pub(crate) const LIVE: &str = "--live";

/// A process that has lived.
#[derive(Debug, Clone)]
pub(crate) struct Fired {
    pub(crate) pid: u32,
    /// When it started, counted from boot; `None` if unknown.
    pub(crate) start_ms: Option<u64>,
    pub(crate) code: u8,
    /// Its arguments after the program.
    pub(crate) args: String,
    /// It lived for this time at least, and at most.
    pub(crate) lived: [Duration; 2],
}

type Shooter = JoinHandle<io::Result<Vec<Fired>>>;

/// Starts threads that start `lives` processes together, at `per_second`.
pub(crate) fn start(lives: u32, per_second: u32, threads: u32) -> io::Result<Vec<Shooter>> {
    let every = Duration::from_secs(threads.into()) / per_second;
    let shoot = move |number: u32| {
        let mut random = fastrand::Rng::with_seed(number.into());
        let mut due = Instant::now();
        let mut fired = Vec::new();
        for life in (number..lives).step_by(threads as usize) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += every;
            fired.push(fire(life, random.u64(1000..=5000))?);
        }
        Ok(fired)
    };
    let threads = (0..threads).map(|number| {
        let name = format!("shooter {number}");
        thread::Builder::new()
            .name(name)
            .spawn(move || shoot(number))
    });
    threads.collect()
}

fn fire(number: u32, life_us: u64) -> io::Result<Fired> {
    let code = (number % 251) as u8;
    let args = [
        LIVE.into(),
        life_us.to_string(),
        code.to_string(),
        format!("life-{number}"),
    ];
    let mut command = child::in_role(LIVE)?;
    command
        .args(&args[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let began = Instant::now();
    let mut child = command.spawn()?;
    // It is not reaped yet, so this is its own.
    let start_ms = proc::start_ms_since_boot(child.id());
    child.wait()?;
    Ok(Fired {
        pid: child.id(),
        start_ms,
        code,
        args: args.join(" "),
        lived: [Duration::from_micros(life_us), began.elapsed()],
    })
}

/// Lives for a time, and exits with a code.
pub(crate) fn live(mut args: vec::IntoIter<String>) -> io::Result<()> {
    let mut number = || {
        args.next()
            .and_then(|arg| arg.parse().ok())
            .ok_or(io::ErrorKind::InvalidInput)
    };
    let (life_us, code) = (number()?, number()?);
    thread::sleep(Duration::from_micros(life_us));
    std::process::exit(i32::try_from(code).unwrap_or(-1));
}
