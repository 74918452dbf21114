//! Runs the view: keys, batches and signals come in, frames go out.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select};
use crossterm::event::Event as Input;
use process_scanner::{Batch, Error, ErrorClass, Event, Result};

use super::feed::{self, Fed, Feed};
use super::frames::Frames;
use super::{suspend, takeover};
use crate::cli::format::host::Host;
use crate::cli::signals::Asked;
use crate::cli::top::{Answer, Notice, OwnCost, Top};

/// Longest wait without anything to do; any would do.
const IDLE: Duration = Duration::from_secs(3600);

/// Shortest time between two readings of the host's totals.
const BETWEEN_TOTALS: Duration = Duration::from_millis(900);

/// Where everything but batches comes from.
pub(super) struct Inputs {
    pub(super) keys: Receiver<Input>,
    pub(super) asked: Receiver<Asked>,
    /// Lines for standard error.
    pub(super) lines: Receiver<String>,
    /// A thread has panicked.
    pub(super) panicked: Receiver<()>,
    /// Closes when the terminal has gone.
    pub(super) left: Receiver<()>,
}

/// When the next frame is due, in order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Never,
    /// As soon as the last frame is old enough.
    Soon,
    Now,
}

/// Why the view ends.
enum End {
    Quit,
    Failed(Error),
}

/// Whether the view goes on.
type Turn = std::result::Result<(), End>;

/// The view with what feeds it.
pub(super) struct ViewLoop {
    pub(super) view: Top,
    pub(super) inputs: Inputs,
    pub(super) frames: Frames,
    /// Shortest time between two frames that no key has asked for.
    pub(super) delay: Duration,
    /// `None` for a recording.
    pub(super) host: Option<Host>,
    /// That of pscan, if it is scanned.
    pub(super) own_pid: Option<u32>,
}

/// What changes while the view runs.
struct State {
    due: Due,
    /// When the last frame was drawn.
    drawn_at: Instant,
    totals_at: Option<Instant>,
    /// The terminal is ours.
    is_taken: bool,
    /// Batches of a replay come that are not to be seen one by one.
    catches_up: bool,
}

impl ViewLoop {
    /// Runs until the user, a signal or a failure ends it. The terminal is taken over already.
    pub(super) fn run(mut self, feed: &Feed) -> Result<()> {
        let mut state = State {
            due: Due::Now,
            drawn_at: Instant::now(),
            totals_at: None,
            is_taken: true,
            catches_up: false,
        };
        let mut fed = feed.fed.clone();
        loop {
            match self.turn(feed, &mut fed, &mut state) {
                Ok(()) => {}
                Err(End::Quit) => return Ok(()),
                Err(End::Failed(error)) => return Err(error),
            }
        }
    }

    /// Draws if a frame is due, waits for something to happen, and takes all that has happened.
    fn turn(&mut self, feed: &Feed, fed: &mut Receiver<Fed>, state: &mut State) -> Turn {
        let left = match state.due {
            Due::Never => IDLE,
            _ if self.frames.is_busy() || !state.is_taken || state.catches_up => IDLE,
            Due::Now => Duration::ZERO,
            Due::Soon => self.delay.saturating_sub(state.drawn_at.elapsed()),
        };
        if left.is_zero() {
            self.draw(state)?;
            return Ok(());
        }
        let inputs = &self.inputs;
        select! {
            recv(inputs.keys) -> input => match input {
                Ok(input) => self.input(feed, &input, state)?,
                Err(_) => return Err(End::Quit),
            },
            recv(inputs.asked) -> asked => self.ask(asked.unwrap_or(Asked::End), state)?,
            recv(inputs.left) -> _ => return Err(End::Quit),
            recv(inputs.panicked) -> _ => return Err(End::Failed(panicked())),
            recv(inputs.lines) -> line => match line {
                Ok(line) => self.note(Notice::Message(line), state),
                Err(_) => self.inputs.lines = never(),
            },
            recv(self.frames.written) -> outcome => {
                let outcome = outcome.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
                // The terminal has gone: that is no failure of pscan.
                self.frames.end_write(outcome).map_err(|_| End::Quit)?;
            }
            recv(fed) -> got => match got {
                Ok(got) => self.feed(got, state)?,
                Err(_) => *fed = never(),
            },
            default(left) => {}
        }
        self.drain(feed, fed, state)
    }

    /// Takes what waits, keys first.
    ///
    /// It ends after so many batches as can wait, so that a fast replay does not delay signals and the end of a write.
    fn drain(&mut self, feed: &Feed, fed: &Receiver<Fed>, state: &mut State) -> Turn {
        for _ in 0..feed::QUEUE {
            while let Ok(input) = self.inputs.keys.try_recv() {
                self.input(feed, &input, state)?;
            }
            // A key gets its frame before the batches that come after it.
            if state.due == Due::Now && !self.frames.is_busy() {
                return Ok(());
            }
            match fed.try_recv() {
                Ok(got) => self.feed(got, state)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn input(&mut self, feed: &Feed, input: &Input, state: &mut State) -> Turn {
        let answer = match input {
            Input::Key(key) => self.view.press(*key),
            Input::Mouse(mouse) => self.view.click(*mouse),
            Input::Resize(..) if self.frames.has_other_size() => Answer::RedrawAll,
            _ => Answer::Same,
        };
        match answer {
            Answer::Same => {}
            Answer::Redraw => state.due = Due::Now,
            Answer::RedrawAll => {
                self.frames.begin_again().map_err(End::Failed)?;
                state.due = Due::Now;
            }
            Answer::Quit => return Err(End::Quit),
            Answer::Suspend => match suspend::all(&self.inputs.asked) {
                true => state.is_taken = false,
                false => {
                    let text = "no shell would continue pscan: `q` ends it";
                    self.note(Notice::Message(text.into()), state);
                }
            },
            Answer::Playback(playback) => {
                if let Some(sender) = &feed.playback {
                    // A replay that is behind by so many keys needs no more of them.
                    let _ = sender.try_send(playback);
                }
                state.due = Due::Now;
            }
        }
        Ok(())
    }

    fn ask(&mut self, asked: Asked, state: &mut State) -> Turn {
        match asked {
            Asked::End => return Err(End::Quit),
            Asked::Stop => {
                suspend::alone();
                state.is_taken = false;
            }
            Asked::Continue => {
                takeover::take().map_err(End::Failed)?;
                state.is_taken = true;
                self.frames.begin_again().map_err(End::Failed)?;
                state.due = Due::Now;
            }
        }
        Ok(())
    }

    fn feed(&mut self, got: Fed, state: &mut State) -> Turn {
        match got {
            Fed::Batch(batch) => {
                if batch.of_scan && !state.catches_up {
                    self.measure(&batch, state);
                    // Scans come at the interval, and a frame that waits would lag behind by one.
                    state.due = Due::Now;
                }
                self.view.take(&batch);
                if !state.catches_up {
                    state.due = state.due.max(Due::Soon);
                }
            }
            Fed::CatchUp { begins_again } => {
                state.catches_up = true;
                if begins_again {
                    self.view.rewind();
                }
            }
            Fed::Position {
                position,
                is_answer,
            } => {
                self.view.note(Notice::Position(position));
                state.catches_up &= !is_answer;
                let due = if is_answer { Due::Now } else { Due::Soon };
                state.due = state.due.max(due);
            }
            Fed::Message(text) => self.note(Notice::Message(text), state),
            Fed::Ended => return Err(End::Quit),
        }
        Ok(())
    }

    /// Notes what the host and pscan itself use, as of a scan.
    fn measure(&mut self, batch: &Batch, state: &mut State) {
        let is_due = |at: Instant| at.elapsed() >= BETWEEN_TOTALS;
        if let Some(host) = &mut self.host
            && state.totals_at.is_none_or(is_due)
        {
            state.totals_at = Some(Instant::now());
            self.view.note(Notice::Host(host.measure()));
        }
        if let Some(cost) = self.own_pid.and_then(|pid| own_cost(batch, pid)) {
            self.view.note(Notice::Cost(cost));
        }
    }

    fn note(&mut self, notice: Notice, state: &mut State) {
        self.view.note(notice);
        state.due = Due::Now;
    }

    fn draw(&mut self, state: &mut State) -> Turn {
        state.due = Due::Never;
        state.drawn_at = Instant::now();
        let view = &mut self.view;
        self.frames
            .draw(|frame| view.draw(frame))
            .map_err(End::Failed)
    }
}

/// Returns what pscan itself uses, if the batch has news of it.
fn own_cost(batch: &Batch, own_pid: u32) -> Option<OwnCost> {
    let events = &batch.events;
    let at = events.binary_search_by_key(&own_pid, |event| event.process().pid);
    match &events[at.ok()?] {
        Event::Exited { .. } => None,
        event => Some(OwnCost {
            cpu_percent: event.process().cpu_percent,
            rss_bytes: event.process().resources.rss_bytes,
        }),
    }
}

fn panicked() -> Error {
    Error::new(ErrorClass::Output, "a thread of pscan has panicked")
}
