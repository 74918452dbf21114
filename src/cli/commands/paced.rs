//! Replays a recording at a speed.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{
    Bell, Happening, Heard, Recheck, ReplaySource, Result, Row, ScanSummary, Source, SourceInfo,
    Timestamp,
};

use super::stored::Input;
use super::window::Window;

/// A recording that replays at a given speed.
pub(super) struct Paced {
    source: ReplaySource<Input>,
    /// Factor to the recorded speed; `None`: as fast as possible.
    speed: Option<f64>,
    /// When the first scan was replayed, and its recorded time in nanoseconds.
    began: Option<(Instant, u64)>,
    /// What is before it is not waited for.
    window: Arc<Mutex<Window>>,
}

impl Paced {
    pub(super) fn new(
        source: ReplaySource<Input>,
        speed: Option<f64>,
        window: Arc<Mutex<Window>>,
    ) -> Self {
        Self {
            source,
            speed,
            began: None,
            window,
        }
    }

    /// Waits until this recorded time has come, at the speed of the replay.
    fn wait_until(&mut self, at: Timestamp) {
        let Some(speed) = self.speed else {
            return;
        };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.is_before(at.wall_ms) {
            return;
        }
        drop(window);
        let (began, first_ns) = *self
            .began
            .get_or_insert_with(|| (Instant::now(), at.monotonic_ns));
        let since = Duration::from_nanos(at.monotonic_ns.saturating_sub(first_ns));
        // A recording can contain any time; a wait too long for `Duration` never ends.
        let due = Duration::try_from_secs_f64(since.as_secs_f64() / speed);
        thread::sleep(due.unwrap_or(Duration::MAX).saturating_sub(began.elapsed()));
    }
}

impl Source for Paced {
    fn info(&self) -> SourceInfo {
        self.source.info()
    }

    /// Waits until the next scan is due.
    ///
    /// The scanner calls this once before each scan.
    fn now(&mut self) -> Timestamp {
        let at = self.source.now();
        self.wait_until(at);
        at
    }

    fn scan(&mut self, emit: &mut dyn FnMut(Row<'_>)) -> Result<ScanSummary> {
        self.source.scan(emit)
    }

    fn recheck(&mut self, pids: &[u32], emit: &mut dyn FnMut(Row<'_>)) -> Result<Recheck> {
        self.source.recheck(pids, emit)
    }

    fn bell(&mut self) -> Option<Bell> {
        self.source.bell()
    }

    fn drain(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let heard = self.source.drain(emit);
        if let Some(at) = heard.at {
            self.wait_until(at);
        }
        heard
    }
}
