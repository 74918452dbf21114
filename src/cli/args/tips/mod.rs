//! Adds to errors of the command line what was probably meant.

mod bare_words;
mod closed_values;
mod foreign_options;
mod other_names;

use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::definition::definition;
use super::word_reader::Words;

/// Adds tips to an error.
///
/// `words`: the command line without the name of the program.
pub(super) fn add(error: &mut clap::Error, program: &Command, words: &[String]) {
    let command = Words::read(program, words).command;
    let tips = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let (arg, value) = (
                text(error, ContextKind::InvalidArg),
                text(error, ContextKind::InvalidValue),
            );
            let tip = arg
                .zip(value)
                .and_then(|(arg, value)| closed_values::tip(command, &arg, &value));
            if tip.is_none() && takes_column(error) {
                // After what clap has found.
                let list = StyledStr::from("'pscan -o help' lists all columns");
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![list]));
            }
            Vec::from_iter(tip)
        }
        ErrorKind::UnknownArgument => match text(error, ContextKind::InvalidArg) {
            Some(arg) if arg.starts_with('-') => {
                Vec::from_iter(foreign_options::tip(program, command, &arg))
            }
            Some(word) => bare_words::tips(program, command, &word),
            None => Vec::new(),
        },
        // `bash` in `pscan bash`, and in `pscan --top=3 bash`.
        ErrorKind::InvalidSubcommand | ErrorKind::ArgumentConflict => {
            match text(error, ContextKind::InvalidSubcommand) {
                // clap has found a similar command.
                Some(_) if error.get(ContextKind::SuggestedSubcommand).is_some() => Vec::new(),
                Some(word) => bare_words::tips(program, program, &word),
                None => Vec::new(),
            }
        }
        ErrorKind::MissingRequiredArgument if command.get_name() == "run" => {
            vec!["name the command to run: 'pscan run make -j8'".into()]
        }
        _ => Vec::new(),
    };
    if tips.is_empty() {
        return;
    }
    // These are better than similar texts.
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::SuggestedValue);
    let tips = tips.into_iter().map(StyledStr::from).collect();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
}

/// Returns what was probably meant by a word that is the name of no process.
pub(crate) fn of_name(word: &str) -> Vec<String> {
    /// As clap has it.
    const SIMILAR: f64 = 0.7;
    let mut program = definition();
    program.build();
    let mut tips = bare_words::tips(&program, &program, word);
    let similar = program.get_subcommands().map(Command::get_name);
    let similar = similar.filter(|name| strsim::jaro(name, word) > SIMILAR);
    tips.extend(similar.map(|name| format!("a similar subcommand exists: 'pscan {name}'")));
    tips
}

/// Returns whether the error is about the name of a column.
fn takes_column(error: &clap::Error) -> bool {
    let arg = text(error, ContextKind::InvalidArg).unwrap_or_default();
    ["--sort ", "-o, --columns ", "--columns "]
        .iter()
        .any(|option| arg.starts_with(option))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}
