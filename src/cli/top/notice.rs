//! What the view receives beside batches, and what it answers to keys.

use crate::cli::format::host::HostUse;

/// News that no batch has.
#[derive(Debug)]
pub(crate) enum Notice {
    /// What the host uses.
    Host(HostUse),
    /// What pscan itself uses.
    Cost(OwnCost),
    /// Where a replay is.
    Position(Position),
    /// A text for the user, which stays until the next key.
    Message(String),
}

/// What pscan itself uses; unknown values are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct OwnCost {
    /// In percent of one core.
    pub(crate) cpu_percent: Option<f32>,
    pub(crate) rss_bytes: Option<u64>,
}

/// Where a replay is. Times are in milliseconds from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Position {
    pub(crate) at_ms: u64,
    pub(crate) begin_ms: u64,
    /// `None`: unknown, as for a recording that still grows.
    pub(crate) end_ms: Option<u64>,
    pub(crate) is_paused: bool,
    /// 1 is the speed of the recording.
    pub(crate) speed: f64,
}

/// What the caller does after a key or a click.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    /// Nothing has changed.
    Same,
    Redraw,
    /// The whole screen, since another program may have written to it.
    RedrawAll,
    Quit,
    /// Ctrl-Z.
    Suspend,
    Playback(Playback),
}

/// How a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Playback {
    Pause,
    Resume,
    /// By this many scans; negative: back.
    Step(i64),
    /// By this many milliseconds; negative: back.
    Jump(i64),
    Begin,
    End,
    Faster,
    Slower,
}
