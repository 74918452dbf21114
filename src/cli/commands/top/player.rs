//! Plays a recording: at a speed, forward and back.
//!
//! A recording can only be read forward. Going back begins at a full batch that is kept, or else again at the begin
//! of the recording, so the view never has a state that was not recorded.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select};

use super::feed::Fed;
use super::reel::{BEFORE_MS, Goal, Gone, Reel};
use crate::cli::args::SPEEDS;
use crate::cli::top::{Playback, Position};

/// Longest pause between two recordings.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Longest time that is made up for by playing faster.
const MAX_LAG: Duration = Duration::from_secs(1);

pub(super) struct Player {
    reel: Reel,
    begin_ms: u64,
    end_ms: Option<u64>,
    /// Gets the time of the end.
    ends: Receiver<Option<u64>>,
    is_paused: bool,
    speed: f64,
    /// A moment, and the recorded time that was played then.
    since: (Instant, u64),
}

impl Player {
    /// `reel`: at its begin. `ends`: gets when the recording ends.
    pub(super) fn new(reel: Reel, ends: Receiver<Option<u64>>, speed: f64) -> Self {
        let first = reel.shown();
        Self {
            begin_ms: first.batch.taken_at_ms,
            end_ms: None,
            ends,
            is_paused: false,
            speed,
            since: (Instant::now(), first.at_ms),
            reel,
        }
    }

    /// Plays until the view ends. `at_ms`: begins there, paused; `None`: at the begin.
    pub(super) fn run(mut self, at_ms: Option<u64>, playback: &Receiver<Playback>) {
        self.is_paused = at_ms.is_some();
        // A failure to send is the end of the view.
        let _ = self.begin(at_ms).and_then(|()| self.play(playback));
    }

    pub(super) fn begin(&mut self, at_ms: Option<u64>) -> Result<(), Gone> {
        self.seek(Goal::Time(at_ms.unwrap_or(0)))?;
        self.since = (Instant::now(), self.reel.shown().at_ms);
        self.note_answer()?;
        if at_ms > Some(self.reel.shown().at_ms) && self.reel.peek()?.is_none() {
            let text = "the recording ends before --at; this is its end";
            self.reel.fed.send(Fed::Message(text.into()))?;
        }
        Ok(())
    }

    fn play(&mut self, playback: &Receiver<Playback>) -> Result<(), Gone> {
        let mut waiting = None;
        loop {
            if let Some(command) = waiting.take() {
                waiting = self.obey(command, playback)?;
                continue;
            }
            let due = self.due()?.map_or_else(never, at);
            select! {
                recv(playback) -> command => match command {
                    Ok(command) => waiting = Some(command),
                    Err(_) => return Ok(()),
                },
                recv(self.ends) -> end => {
                    self.ends = never();
                    if let Ok(end_ms) = end {
                        self.end_ms = self.end_ms.or(end_ms);
                        self.note_position(false)?;
                    }
                }
                recv(due) -> _ => {
                    let run = self.reel.shown().run;
                    let is_scan = self.reel.advance()?;
                    let shown = self.reel.shown();
                    if shown.run > run {
                        self.since = (Instant::now(), shown.at_ms);
                    }
                    if is_scan {
                        self.note_position(false)?;
                    }
                }
            }
        }
    }

    /// Returns when the next batch is due; `None` if paused. At the end it pauses.
    fn due(&mut self) -> Result<Option<Instant>, Gone> {
        if self.is_paused {
            return Ok(None);
        }
        let shown = self.reel.shown();
        let (run, shown_ms) = (shown.run, shown.at_ms);
        let ((began, at_ms), speed) = (self.since, self.speed);
        let Some(next) = self.reel.peek()? else {
            self.is_paused = true;
            self.note_answer()?;
            return Ok(None);
        };
        let now = Instant::now();
        let wait = |ms: u64| Duration::try_from_secs_f64(ms as f64 / 1e3 / speed);
        if next.run > run {
            let wait = wait(next.at_ms.saturating_sub(shown_ms)).unwrap_or(MAX_PAUSE);
            return Ok(Some(now + wait.min(MAX_PAUSE)));
        }
        // A recording can contain any time; a wait too long for `Duration` never ends.
        let wait = wait(next.at_ms.saturating_sub(at_ms)).ok();
        let due = wait.and_then(|wait| began.checked_add(wait));
        if due.is_some_and(|due| now.duration_since(due) > MAX_LAG) {
            // It was stopped, or it is too fast.
            self.since = (now, shown_ms);
        }
        Ok(due)
    }

    /// Obeys a command, and returns the next one if it was received already and is of another kind.
    pub(super) fn obey(
        &mut self,
        command: Playback,
        playback: &Receiver<Playback>,
    ) -> Result<Option<Playback>, Gone> {
        let mut next = None;
        // Keys that repeat while a search runs are one search.
        let mut add = |total: &mut i64, of: fn(Playback) -> Option<i64>| {
            while let Ok(command) = playback.try_recv() {
                match of(command) {
                    Some(more) => *total = total.saturating_add(more),
                    None => {
                        next = Some(command);
                        break;
                    }
                }
            }
        };
        match command {
            Playback::Pause => self.is_paused = true,
            Playback::Resume => {
                if self.reel.peek()?.is_none() {
                    self.seek(Goal::Time(0))?;
                }
                self.is_paused = false;
            }
            Playback::Faster => self.speed = (self.speed * 2.0).min(*SPEEDS.end()),
            Playback::Slower => self.speed = (self.speed / 2.0).max(*SPEEDS.start()),
            Playback::Begin => self.seek(Goal::Time(0))?,
            Playback::End => self.seek(Goal::Time(u64::MAX))?,
            Playback::Step(mut scans) => {
                add(&mut scans, |command| match command {
                    Playback::Step(more) => Some(more),
                    _ => None,
                });
                self.is_paused = true;
                self.step(scans)?;
            }
            Playback::Jump(mut by_ms) => {
                add(&mut by_ms, |command| match command {
                    Playback::Jump(more) => Some(more),
                    _ => None,
                });
                self.jump(by_ms)?;
            }
        }
        self.since = (Instant::now(), self.reel.shown().at_ms);
        self.note_answer()?;
        Ok(next)
    }

    fn step(&mut self, scans: i64) -> Result<(), Gone> {
        for _ in 0..scans {
            while self.reel.peek()?.is_some() {
                if self.reel.advance()? {
                    break;
                }
            }
            if self.reel.peek()?.is_none() {
                break;
            }
        }
        if scans < 0 {
            let back = scans.unsigned_abs();
            let shown = self.reel.shown();
            // Between two scans, the one before is one step back.
            let last = shown.scans + u64::from(!shown.batch.of_scan);
            let run = shown.run;
            let goal = match last.checked_sub(back).filter(|scan| *scan > 0) {
                Some(scans) => Goal::Scan { run, scans },
                None if run > 0 => Goal::Scan {
                    run: run - 1,
                    scans: u64::MAX,
                },
                None => Goal::Time(0),
            };
            self.seek(goal)?;
        }
        Ok(())
    }

    fn jump(&mut self, by_ms: i64) -> Result<(), Gone> {
        let at_ms = self.reel.shown().at_ms;
        let to_ms = at_ms.saturating_add_signed(by_ms);
        // A longer time can be between two batches.
        let to_ms = match by_ms < 0 {
            true => to_ms.min(at_ms.saturating_sub(1)),
            false => to_ms.max(self.reel.peek()?.map_or(0, |next| next.at_ms)),
        };
        if by_ms < 0 || to_ms - at_ms > BEFORE_MS {
            return self.seek(Goal::Time(to_ms));
        }
        self.reel.fed.send(Fed::CatchUp {
            begins_again: false,
        })?;
        while self.reel.peek()?.is_some_and(|next| next.at_ms <= to_ms) {
            self.reel.advance()?;
        }
        Ok(())
    }

    fn seek(&mut self, goal: Goal) -> Result<(), Gone> {
        let mut position = self.position();
        self.reel.seek(goal, |reel| {
            position.at_ms = reel.shown().batch.taken_at_ms;
            reel.fed.send(Fed::Position {
                position,
                is_answer: true,
            })
        })
    }

    /// Sends where the view is after a key, and at the end.
    fn note_answer(&mut self) -> Result<(), Gone> {
        if self.reel.peek()?.is_none() {
            self.end_ms = Some(self.reel.shown().batch.taken_at_ms);
        }
        self.note_position(true)
    }

    fn position(&self) -> Position {
        let at_ms = self.reel.shown().batch.taken_at_ms;
        Position {
            at_ms,
            begin_ms: self.begin_ms,
            // A recording can have grown since its end was read.
            end_ms: self.end_ms.map(|end_ms| end_ms.max(at_ms)),
            is_paused: self.is_paused,
            speed: self.speed,
        }
    }

    fn note_position(&self, is_answer: bool) -> Result<(), Gone> {
        let position = self.position();
        self.reel.fed.send(Fed::Position {
            position,
            is_answer,
        })
    }
}
