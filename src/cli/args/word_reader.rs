//! Finds what the next word of an unfinished command line stands for.

use clap::{Arg, ArgAction, Command};

/// The state after some words of a command line.
#[derive(Debug, Clone)]
pub(crate) struct Words<'a> {
    /// The subcommand, or the program itself.
    pub(crate) command: &'a Command,
    /// The option that waits for its value.
    pub(crate) pending: Option<&'a Arg>,
    /// Ids of the given options.
    pub(crate) given: Vec<&'a str>,
    /// Number of words that are neither options nor their values.
    pub(crate) bare: usize,
    /// `--` was given: all later words are bare.
    pub(crate) has_ended_options: bool,
}

impl<'a> Words<'a> {
    /// Reads the words after the name of the program.
    ///
    /// Unknown options are taken for options without value.
    pub(crate) fn read(program: &'a Command, words: &[String]) -> Self {
        let mut read = Self {
            command: program,
            pending: None,
            given: Vec::new(),
            bare: 0,
            has_ended_options: false,
        };
        for word in words {
            read.take(word);
        }
        read
    }

    fn take(&mut self, word: &str) {
        if self.pending.take().is_some() {
            return;
        }
        if !self.has_ended_options && word == "--" {
            self.has_ended_options = true;
        } else if !self.has_ended_options && word.len() > 1 && word.starts_with('-') {
            self.take_option(word);
        } else if let Some(command) = self.subcommand(word) {
            self.command = command;
            self.given.clear();
        } else {
            // What follows the command of `pscan run` belongs to it.
            let is_trailing = |arg: &Arg| arg.is_trailing_var_arg_set();
            self.has_ended_options |= self.positional().is_some_and(is_trailing);
            self.bare += 1;
        }
    }

    fn subcommand(&self, word: &str) -> Option<&'a Command> {
        match self.bare {
            0 => self.command.find_subcommand(word),
            _ => None,
        }
    }

    fn take_option(&mut self, word: &str) {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let arg = long_option(self.command, name);
            self.give(arg, value.is_some());
            return;
        }
        // `-rn5`: flags, then an option that the rest is the value of.
        let mut shorts = word.chars().skip(1).peekable();
        while let Some(short) = shorts.next() {
            let arg = short_option(self.command, short);
            self.give(arg, shorts.peek().is_some());
            if arg.is_some_and(takes_value) {
                break;
            }
        }
    }

    fn give(&mut self, arg: Option<&'a Arg>, has_value: bool) {
        if let Some(arg) = arg {
            self.given.push(arg.get_id().as_str());
            self.pending = Some(arg).filter(|arg| takes_value(arg) && !has_value);
        }
    }

    /// Returns the positional argument that the next bare word is.
    pub(crate) fn positional(&self) -> Option<&'a Arg> {
        let positionals = || self.command.get_positionals();
        // The last one can take all that follow.
        let is_list = |arg: &&Arg| matches!(arg.get_action(), ArgAction::Append);
        let last = || positionals().last().filter(is_list);
        positionals().nth(self.bare).or_else(last)
    }

    /// Returns the options that can still be given.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'a Arg> {
        let visible = self
            .command
            .get_arguments()
            .filter(|arg| !arg.is_hide_set());
        visible.filter(|arg| {
            let is_given = self.given.contains(&arg.get_id().as_str());
            !arg.is_positional() && (!is_given || matches!(arg.get_action(), ArgAction::Append))
        })
    }
}

/// Finds an option by its name without dashes.
pub(crate) fn long_option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name))
}

/// Finds an option by its letter.
pub(crate) fn short_option(command: &Command, short: char) -> Option<&Arg> {
    command
        .get_arguments()
        .find(|arg| arg.get_short() == Some(short))
}

/// Returns whether an option has a value.
pub(crate) fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use super::super::definition;
    use super::*;

    #[test]
    fn words_are_options_values_subcommands_and_others() {
        let program = definition();
        for (line, command, pending, given, bare) in [
            ("", "pscan", None, "", 0),
            ("--sort", "pscan", Some("sort"), "sort", 0),
            ("--sort=cpu -rn5", "pscan", None, "sort reverse top", 0),
            ("-rn", "pscan", Some("top"), "reverse top", 0),
            // A value, not a subcommand.
            ("--name watch", "pscan", None, "name", 0),
            (
                "watch --json --events",
                "watch",
                Some("events"),
                "json events",
                0,
            ),
            ("record f --scans 3", "record", None, "scans", 1),
            ("record -- --scans", "record", None, "", 1),
            ("replay watch -", "replay", None, "", 2),
            ("run --json make --json -n", "run", None, "json", 3),
            ("watch --nonsense=3 -Z", "watch", None, "", 0),
        ] {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let read = Words::read(&program, &words);
            assert_eq!(read.command.get_name(), command, "{line}");
            assert_eq!(
                read.pending.map(|arg| arg.get_id().as_str()),
                pending,
                "{line}"
            );
            assert_eq!(read.given.join(" "), given, "{line}");
            assert_eq!(read.bare, bare, "{line}");
        }
    }
}
