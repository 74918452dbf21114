//! Tips for words without an option.

use clap::Command;

use super::super::durations::{interval, run_time};
use super::super::word_reader::{long_option, takes_value};
use super::{closed_values, other_names};

/// Returns tips for a word.
///
/// Other programs take a pid, a name or `help` as an argument.
pub(super) fn tips(program: &Command, command: &Command, word: &str) -> Vec<String> {
    let is_program = command.has_subcommands();
    if is_program {
        if word == "help" {
            let help = "for help, use 'pscan --help'; for more, 'pscan man | man -l -'";
            return vec![help.into()];
        }
        if program.find_subcommand(word).is_some() {
            return vec![format!(
                "options follow the command: 'pscan {word} [OPTIONS]'"
            )];
        }
    }
    let has = |long: &str| long_option(command, long).is_some();
    let prefix = if is_program { "pscan " } else { "" };
    if word.parse::<u32>().is_ok() {
        let tip = match is_program {
            true => format!("to show this process, use 'pscan show {word}'"),
            false => format!("to select this process, use '--pid {word}'"),
        };
        return Vec::from_iter(has("pid").then_some(tip));
    }
    if run_time(word).is_ok() {
        let tip = match interval(word) {
            Ok(_) => format!("use '--for {word}', or '--interval {word}'"),
            Err(_) => format!("use '--for {word}'"),
        };
        return Vec::from_iter(has("for").then_some(tip));
    }
    let mut tips = Vec::new();
    match other_names::subcommand(word).filter(|_| is_program) {
        Some("") => tips.push("to list the processes, use 'pscan' without a command".into()),
        Some(meant) => tips.push(format!("use 'pscan {meant}'")),
        None => {}
    }
    if let Some(arg) = long_option(command, word) {
        let value_name = arg.get_value_names().and_then(|names| names.first());
        let value = value_name.filter(|_| takes_value(arg));
        let value = value.map_or_else(String::new, |name| format!(" {name}"));
        tips.push(format!("use '{prefix}--{word}{value}'"));
    } else if let Some((long, value)) = command
        .get_arguments()
        .find_map(|arg| closed_values::of_option(arg, word))
    {
        tips.push(format!("use '{prefix}--{long} {value}'"));
    }
    let is_file = word.contains('/') || [".json", ".ndjson"].iter().any(|end| word.ends_with(end));
    if is_file && !matches!(command.get_name(), "replay" | "report" | "export") {
        tips.push(format!("to replay a recording, use 'pscan replay {word}'"));
    }
    // Any other name would need quotes for the shell.
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ':');
    if has("name") && !is_program && !is_file && word.chars().all(is_plain) {
        let is_pattern = word.contains(['.', '+']);
        let pattern = match is_pattern {
            true => format!("\"{}\"", word.replace('.', "\\.").replace('+', "\\+")),
            false => word.to_owned(),
        };
        tips.push(format!(
            "to select processes by name, use '{prefix}--name {pattern}'"
        ));
    }
    tips.dedup();
    tips
}
