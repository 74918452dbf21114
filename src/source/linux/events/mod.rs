//! Births, execs and exits as the kernel reports them between scans.
//!
//! The data flows one way: [`connector`] (the socket) → [`kernel_event`] (its bytes) → [`inbox`], filled by the
//! threads of [`listener`] → [`lives`] (whose threads live, which exit is the last) → [`happenings`]
//! (what the source emits). [`accounting`] adds what processes have used.
//! [`ear`] drives it, and [`witness`] decides how complete it is.

mod accounting;
mod attaching;
mod beat_thread;
mod beginning;
mod cgroups;
mod connector;
mod ear;
mod ending;
mod ends;
mod event_clock;
mod exec_reading;
mod exec_thread;
mod exit_usage;
mod following;
mod happenings;
mod inbox;
mod kernel_event;
mod ladder;
#[cfg(test)]
mod ladder_tests;
mod life;
mod listen_options;
mod listener;
#[cfg(test)]
mod listener_tests;
mod lives;
#[cfg(test)]
mod lives_tests;
mod load;
mod look;
#[cfg(test)]
mod made_up_kernel;
mod mail;
mod netlink_receive;
mod oom_kills;
#[cfg(test)]
mod oom_kills_tests;
#[cfg(test)]
mod reading_tests;
mod reaping;
mod reception;
mod replaced;
mod sequence;
mod settling;
#[cfg(test)]
mod step_tests;
mod to_read;
mod waiting;
mod witness;

pub(super) use self::ear::Ear;
pub(super) use self::exec_reading::ExecReading;
pub(super) use self::life::{Scanned, Start};
pub use self::listen_options::ListenOptions;
