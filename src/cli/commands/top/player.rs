//! Plays a recording: at a speed, forward and back.
//!
//! A recording can only be read forward. Going back begins at a full batch that is kept, or else again at the begin
//! of the recording, so the view never has a state that was not recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendError, Sender, at, never, select};
use process_scanner::Batch;

use super::feed::Fed;
use super::kept::Kept;
use super::tape::{Recorded, Tape};
use crate::cli::outcome::message;
use crate::cli::top::{Playback, Position};

/// What the view gets before the moment that it goes to, for its curves and its births and exits.
const BEFORE_MS: u64 = 300_000;

/// Time between two notices of where a long search is.
const BETWEEN_NOTICES: Duration = Duration::from_millis(200);

/// Longest pause between two recordings.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Longest time that is made up for by playing faster.
const MAX_LAG: Duration = Duration::from_secs(1);

/// Limits of the speed, as those of the option.
const MIN_SPEED: f64 = 0.001;
const MAX_SPEED: f64 = 1e6;

/// The view has ended.
type Gone = SendError<Fed>;

/// Where to go.
#[derive(Debug, Clone, Copy)]
enum Goal {
    /// The last batch until this time.
    Time(u64),
    /// A scan of a recording, or the last one before it.
    Scan { run: usize, scans: u64 },
}

impl Goal {
    /// Returns whether a batch is not after it.
    fn has(self, recorded: &Recorded) -> bool {
        match self {
            Self::Time(at_ms) => recorded.at_ms <= at_ms,
            // A batch between two scans has the number of the one before, and comes after it.
            Self::Scan { run, scans } => {
                let place = (recorded.run, recorded.scans, !recorded.batch.of_scan);
                place <= (run, scans, false)
            }
        }
    }
}

pub(super) struct Player {
    tape: Tape,
    kept: Kept,
    /// Index of the batch that the view has.
    shown: usize,
    fed: Sender<Fed>,
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
    /// `first`: the first batch of the tape. `kept`: empty.
    pub(super) fn new(
        tape: Tape,
        mut kept: Kept,
        first: Recorded,
        fed: Sender<Fed>,
        ends: Receiver<Option<u64>>,
        speed: f64,
    ) -> Self {
        let begin_ms = first.batch.taken_at_ms;
        let since = (Instant::now(), first.at_ms);
        kept.push(first, 0);
        Self {
            tape,
            kept,
            shown: 0,
            fed,
            begin_ms,
            end_ms: None,
            ends,
            is_paused: false,
            speed,
            since,
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
        if at_ms > Some(self.shown_batch().at_ms) && self.peek()?.is_none() {
            let text = "the recording ends before --at; this is its end";
            self.fed.send(Fed::Message(text.into()))?;
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
                        self.end_ms = end_ms;
                        self.note_position(false)?;
                    }
                }
                recv(due) -> _ => {
                    let is_scan = self.advance()?;
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
        let shown = self.shown_batch();
        let (run, shown_ms) = (shown.run, shown.at_ms);
        let ((began, at_ms), speed) = (self.since, self.speed);
        let Some(next) = self.peek()? else {
            self.is_paused = true;
            self.note_position(true)?;
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
                if self.peek()?.is_none() {
                    self.seek(Goal::Time(0))?;
                }
                self.is_paused = false;
            }
            Playback::Faster => self.speed = (self.speed * 2.0).min(MAX_SPEED),
            Playback::Slower => self.speed = (self.speed / 2.0).max(MIN_SPEED),
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
        self.since = (Instant::now(), self.shown_batch().at_ms);
        self.note_position(true)?;
        Ok(next)
    }

    fn step(&mut self, scans: i64) -> Result<(), Gone> {
        for _ in 0..scans {
            while self.peek()?.is_some() {
                if self.advance()? {
                    break;
                }
            }
            if self.peek()?.is_none() {
                break;
            }
        }
        if scans < 0 {
            let back = scans.unsigned_abs();
            let shown = self.shown_batch();
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
        let at_ms = self.shown_batch().at_ms;
        let to_ms = at_ms.saturating_add_signed(by_ms);
        // A longer time can be between two batches.
        let to_ms = match by_ms < 0 {
            true => to_ms.min(at_ms.saturating_sub(1)),
            false => to_ms.max(self.peek()?.map_or(0, |next| next.at_ms)),
        };
        if by_ms < 0 || to_ms - at_ms > BEFORE_MS {
            return self.seek(Goal::Time(to_ms));
        }
        self.fed.send(Fed::CatchUp { is_anew: false })?;
        while self.peek()?.is_some_and(|next| next.at_ms <= to_ms) {
            self.advance()?;
        }
        Ok(())
    }

    /// Goes to a moment: the view gets a full batch, and what follows it until there.
    ///
    /// Before the first batch, that is the first one.
    fn seek(&mut self, goal: Goal) -> Result<(), Gone> {
        if self
            .kept
            .last_until(|recorded| goal.has(recorded))
            .is_none()
        {
            let run = match goal {
                Goal::Time(at_ms) => self.tape.run_at(at_ms),
                Goal::Scan { run, .. } => run,
            };
            self.restart(run)?;
        }
        let mut noticed = Instant::now();
        loop {
            let last = self.kept.len() - 1;
            if !self
                .kept
                .get(last)
                .is_some_and(|recorded| goal.has(recorded))
                && last > 0
            {
                break;
            }
            // What was read before is no longer shown.
            self.shown = last;
            if !self.read()? {
                break;
            }
            if noticed.elapsed() >= BETWEEN_NOTICES {
                noticed = Instant::now();
                self.note_position(true)?;
            }
        }
        let to = self.kept.last_until(|recorded| goal.has(recorded));
        self.show(to.unwrap_or(0))
    }

    /// Reads again from the begin of a recording.
    ///
    /// If that is no longer there, what is kept stays.
    fn restart(&mut self, run: usize) -> Result<(), Gone> {
        let is_first = |first: &Recorded| (first.run, first.scans) <= (run, 1);
        if self.kept.get(0).is_some_and(is_first) {
            return Ok(());
        }
        self.tape.rewind(run);
        if let Some(first) = self.next()? {
            self.kept.clear();
            self.shown = self.kept.push(first, 0);
        }
        Ok(())
    }

    /// Sends the processes of a moment to the view, with what was just before.
    fn show(&mut self, to: usize) -> Result<(), Gone> {
        let at_ms = self.kept.get(to).map_or(0, |recorded| recorded.at_ms);
        let Some((from, full)) = self.kept.begin(at_ms.saturating_sub(BEFORE_MS), to) else {
            return Ok(());
        };
        self.fed.send(Fed::CatchUp { is_anew: true })?;
        self.fed.send(Fed::Batch(full))?;
        for index in from + 1..=to {
            self.send(index)?;
        }
        self.shown = to;
        self.since = (Instant::now(), at_ms);
        self.note_position(true)
    }

    /// Sends the next batch to the view, and returns whether it is of a scan. There is one.
    fn advance(&mut self) -> Result<bool, Gone> {
        let before = self.shown_batch().run;
        self.shown += 1;
        self.send(self.shown)?;
        let shown = self.shown_batch();
        let (is_scan, run, at_ms) = (shown.batch.of_scan, shown.run, shown.at_ms);
        if run > before {
            self.since = (Instant::now(), at_ms);
        }
        Ok(is_scan)
    }

    fn send(&self, index: usize) -> Result<(), Gone> {
        match self.kept.get(index) {
            Some(recorded) => self.fed.send(Fed::Batch(Arc::clone(&recorded.batch))),
            None => Ok(()),
        }
    }

    /// Returns the batch after the one that the view has; `None` at the end.
    fn peek(&mut self) -> Result<Option<&Recorded>, Gone> {
        if self.shown + 1 == self.kept.len() {
            self.read()?;
        }
        Ok(self.kept.get(self.shown + 1))
    }

    /// Reads and keeps a batch; returns false at the end.
    fn read(&mut self) -> Result<bool, Gone> {
        let next = self.next()?;
        let has_next = next.is_some();
        if let Some(recorded) = next {
            self.shown = self.kept.push(recorded, self.shown);
        }
        Ok(has_next)
    }

    /// Reads the next batch of any recording; `None` at the end.
    fn next(&mut self) -> Result<Option<Recorded>, Gone> {
        loop {
            match self.tape.next() {
                Ok(next) => return Ok(next),
                // The recordings after a damaged one are whole.
                Err(error) => {
                    let name = &self.tape.runs.name;
                    let text = format!("{name}: {}", message(&error));
                    self.fed.send(Fed::Message(text))?;
                }
            }
        }
    }

    fn shown_batch(&self) -> &Recorded {
        let shown = self.kept.get(self.shown);
        shown.expect("BUG: the batch that the view has is kept")
    }

    fn note_position(&self, is_answer: bool) -> Result<(), Gone> {
        let batch: &Batch = &self.shown_batch().batch;
        self.fed.send(Fed::Position {
            position: Position {
                at_ms: batch.taken_at_ms,
                begin_ms: self.begin_ms,
                end_ms: self.end_ms,
                is_paused: self.is_paused,
                speed: self.speed,
            },
            is_answer,
        })
    }
}
