//! Formats the usage of subcommands.

use clap::{ArgAction, Command};

/// Returns the usage of a subcommand on one line.
///
/// By default the manual page would list all options there, and an error only those given.
pub(super) fn of(command: &Command) -> String {
    let mut usage = format!("pscan {}", command.get_name());
    if command.get_opts().next().is_some() {
        usage.push_str(" [OPTIONS]");
    }
    for arg in command.get_positionals() {
        let name = arg.get_value_names().and_then(|names| names.first());
        let name = name.map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string);
        usage.push_str(&match arg.is_required_set() {
            true => format!(" <{name}>"),
            false => format!(" [{name}]"),
        });
        if matches!(arg.get_action(), ArgAction::Append) {
            usage.push_str("...");
        }
    }
    usage
}
