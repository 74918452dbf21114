//! Tips for options that a command does not have.

use clap::{Arg, Command};

use super::super::word_reader::{long_option, short_option};
use super::other_names;

/// Returns a tip for an option.
///
/// `given`: with its dashes, perhaps with its value.
pub(super) fn tip(program: &Command, command: &Command, given: &str) -> Option<String> {
    let given = given.split('=').next().unwrap_or(given);
    let name = given.trim_start_matches('-');
    let owners = owners(program, |command| named(command, given));
    if !owners.is_empty() {
        return Some(format!("'{given}' is an option of {owners}"));
    }
    if program.find_subcommand(name).is_some() {
        return Some(format!("use 'pscan {name}'"));
    }
    if name == "status" && long_option(command, "failed").is_some() {
        return Some(
            "use '--state S' for what processes do, or '--failed' for how they end".into(),
        );
    }
    if let Some(meant) = other_names::option(name) {
        let long = meant
            .split(' ')
            .next()
            .unwrap_or(meant)
            .trim_start_matches('-');
        let has_it = |command: &Command| long_option(command, long).is_some();
        if has_it(command) || long == "version" {
            return Some(format!("use '{meant}'"));
        }
        let owners = self::owners(program, |command| long_option(command, long));
        return Some(format!("use '{meant}', an option of {owners}"));
    }
    match name {
        _ if command.get_name() == "watch" => None,
        "f" | "w" | "follow" => Some("use 'pscan watch'".into()),
        "monitor" | "live" | "interactive" if command.get_name() == "top" => None,
        "monitor" | "live" | "interactive" => Some("use 'pscan top'".into()),
        "a" | "A" | "e" | "x" | "u" | "l" | "all" if !command.has_subcommands() => None,
        "a" | "A" | "e" | "x" | "u" | "l" | "all" => {
            Some("without options that select, pscan lists all processes".into())
        }
        _ => None,
    }
}

fn named<'a>(command: &'a Command, given: &str) -> Option<&'a Arg> {
    match given.strip_prefix("--") {
        Some(long) => long_option(command, long),
        None => short_option(command, given.chars().nth(1)?),
    }
}

/// Lists the commands that have an option; empty if none has it.
fn owners<'a>(program: &'a Command, find: impl Fn(&'a Command) -> Option<&'a Arg>) -> String {
    let mut owners = Vec::new();
    if find(program).is_some() {
        owners.push("'pscan' without a command".to_owned());
    }
    for command in program.get_subcommands() {
        if find(command).is_some() {
            owners.push(format!("'pscan {}'", command.get_name()));
        }
    }
    match &owners[..] {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
