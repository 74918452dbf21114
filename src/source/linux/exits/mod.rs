//! Exits of known processes as their pidfds report them, where the process connector is not to be had.
//!
//! Scans find the processes, [`watched`] holds a pidfd of each in one epoll, and [`bell_thread`] rings
//! when one was reaped. [`ear`] drives them, within the descriptors ([`descriptors`]) and the CPU time
//! ([`allowance`]) that they may use. [`support`] finds out whether this kernel reports an exit status.

mod allowance;
mod bell_thread;
mod descriptors;
mod ear;
mod support;
mod watched;

pub(super) use self::descriptors::raise_limit;
pub(super) use self::ear::ExitEar;
pub(super) use self::watched::Candidate;
