//! Starts many processes or threads, at a steady rate.

use std::io;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::crowd::{births, child};

/// Starts processes that end at once. Returns how many.
pub(super) fn processes(rate: u32, time: Duration) -> io::Result<u32> {
    paced(rate, time, || {
        let mut command = child::in_role(births::END)?;
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn()?.wait().map(drop)
    })
}

/// Starts threads that end at once. Returns how many.
pub(super) fn threads(rate: u32, time: Duration) -> io::Result<u32> {
    paced(rate, time, || {
        let thread = thread::Builder::new().stack_size(16 << 10).spawn(|| {})?;
        thread.join().map_err(|_| io::Error::other("a panic"))
    })
}

fn paced(rate: u32, time: Duration, mut start: impl FnMut() -> io::Result<()>) -> io::Result<u32> {
    let began = Instant::now();
    let mut started = 0;
    while began.elapsed() < time {
        let due = began + Duration::from_secs(started.into()) / rate;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        start()?;
        started += 1;
    }
    Ok(started)
}
