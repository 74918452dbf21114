//! States of processes on the command line.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};
use process_scanner::Status;

/// A state, named as in JSON or by its letter in proc_pid_stat(5).
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum State {
    #[value(alias = "R")]
    Running,
    #[value(alias = "S")]
    Sleeping,
    #[value(alias = "D")]
    DiskSleep,
    #[value(alias = "I")]
    Idle,
    #[value(alias = "T")]
    Stopped,
    #[value(alias = "t")]
    Traced,
    #[value(alias = "Z")]
    Zombie,
    #[value(alias = "X")]
    Dead,
    Other,
}

/// Parses a state, and lists the names for completions.
#[derive(Debug, Clone)]
pub(crate) struct StateParser;

impl TypedValueParser for StateParser {
    type Value = State;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<State, clap::Error> {
        state.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(named_states().map(|(_, named)| named)))
    }
}

fn named_states() -> impl Iterator<Item = (State, PossibleValue)> {
    let states = State::value_variants().iter();
    states.filter_map(|state| Some((*state, state.to_possible_value()?)))
}

fn state(text: &str) -> Result<State, String> {
    // First as given: `T` and `t` are different states.
    for text in [text, &text.to_ascii_lowercase()] {
        if let Some((state, _)) = named_states().find(|(_, named)| named.matches(text, false)) {
            return Ok(state);
        }
    }
    let all: Vec<_> = named_states()
        .map(|(_, named)| {
            // The name as printed, then the letter if there is one.
            let names: Vec<_> = named.get_name_and_aliases().collect();
            names.join(" or ")
        })
        .collect();
    Err(format!("the states are {}", all.join(", ")))
}

impl State {
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Running => Status::Running,
            Self::Sleeping => Status::Sleeping,
            Self::DiskSleep => Status::DiskSleep,
            Self::Idle => Status::Idle,
            Self::Stopped => Status::Stopped,
            Self::Traced => Status::Traced,
            Self::Zombie => Status::Zombie,
            Self::Dead => Status::Dead,
            Self::Other => Status::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_letters_do_not() {
        for (text, expected) in [
            ("STOPPED", State::Stopped),
            ("T", State::Stopped),
            ("t", State::Traced),
            ("Traced", State::Traced),
            ("Other", State::Other),
        ] {
            assert_eq!(state(text), Ok(expected), "{text}");
        }
        for text in ["z", "zombies", "", "T ", "O"] {
            let all = "the states are running or R, sleeping or S, disk_sleep or D, idle or I, \
                       stopped or T, traced or t, zombie or Z, dead or X, other";
            assert_eq!(state(text), Err(all.to_owned()), "{text}");
        }
    }
}
