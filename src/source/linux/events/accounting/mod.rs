//! What processes have used in their whole lives, from the kernel's taskstats at their ends.
//!
//! [`socket`] receives the bytes ([`message`]) of one record per thread ([`thread_record`]). [`intake`] opens
//! and closes the socket as the CPU budget allows, [`completeness`]
//! is what consumers learn of that, and [`accounts`] finds the process of each record.

mod accounts;
#[cfg(test)]
mod accounts_tests;
mod completeness;
mod intake;
mod message;
mod refusal;
mod socket;
mod thread_record;

pub(super) use self::accounts::{Accounts, Ended};
pub(super) use self::intake::{Intake, Records};
pub(super) use self::thread_record::ThreadName;
