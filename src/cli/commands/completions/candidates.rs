//! Prints what can complete a word of a command line, for the completion scripts.
//!
//! A script calls `pscan __complete =WORD WORDS…`: the word to complete, and the words before it. The first line
//! of the output is `words`, `files` or `folders`; after `words` each line is a word, a tab and a description.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use clap::{Arg, Command, ValueHint};
use process_scanner::Result;

use crate::cli::args;
use crate::cli::args::word_reader::{Words, long_option};
use crate::cli::outcome::printed;

/// First argument of a call by a script.
pub(crate) const CALL: &str = "__complete";

/// Prints the candidates for a word.
///
/// `call`: the arguments after [`CALL`].
pub(crate) fn complete(call: &[OsString]) -> Result<()> {
    let mut words = call.iter().map(|word| word.to_string_lossy().into_owned());
    // `=` keeps an empty word: PowerShell drops empty arguments.
    let word = words.next().unwrap_or_default();
    let word = word.strip_prefix('=').unwrap_or(&word);
    let mut program = args::definition();
    program.build();
    let found = find(&program, word, &words.collect::<Vec<_>>());
    printed(write(&found))
}

/// What can complete a word.
#[derive(Debug, PartialEq)]
enum Candidates {
    Files,
    Folders,
    /// Whole words, each with a description, which may be empty.
    Words(Vec<(String, String)>),
}

fn write(candidates: &Candidates) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match candidates {
        Candidates::Files => writeln!(out, "files")?,
        Candidates::Folders => writeln!(out, "folders")?,
        Candidates::Words(words) => {
            writeln!(out, "words")?;
            for (word, description) in words {
                writeln!(out, "{word}\t{description}")?;
            }
        }
    }
    out.flush()
}

fn find(program: &Command, word: &str, before: &[String]) -> Candidates {
    let mut before = before.to_vec();
    if before.first().is_some_and(|first| args::is_pid(first)) {
        before.insert(0, "show".to_owned());
    }
    let words = Words::read(program, &before);
    if let Some(arg) = words.pending {
        return values(arg, "", word);
    }
    if word.starts_with('-') && !words.has_ended_options {
        let assigned = word
            .strip_prefix("--")
            .and_then(|long| long.split_once('='));
        return match assigned {
            Some((name, value)) => match long_option(words.command, name) {
                Some(arg) => values(arg, &format!("--{name}="), value),
                None => Candidates::Words(Vec::new()),
            },
            None => Candidates::Words(options(&words, word)),
        };
    }
    let is_program = words.command.has_subcommands();
    if is_program && words.given.is_empty() && words.bare == 0 {
        let commands = words.command.get_subcommands();
        let described = commands.map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        });
        return Candidates::Words(matching(described, word));
    }
    let found = match words.positional() {
        Some(arg) => values(arg, "", word),
        None => Candidates::Words(Vec::new()),
    };
    let is_unknown = found == Candidates::Words(Vec::new());
    match is_unknown && word.is_empty() && !words.has_ended_options {
        true => Candidates::Words(options(&words, word)),
        false => found,
    }
}

/// Returns the options that begin with a word, the long ones first.
fn options(words: &Words<'_>, word: &str) -> Vec<(String, String)> {
    let described = |name: String, arg: &Arg| {
        let help = arg.get_help().map(ToString::to_string);
        (name, help.unwrap_or_default())
    };
    let longs = words.options().filter_map(|arg| {
        let long = arg.get_long()?;
        Some(described(format!("--{long}"), arg))
    });
    let shorts = words.options().filter_map(|arg| {
        let short = arg.get_short()?;
        Some(described(format!("-{short}"), arg))
    });
    match word {
        "" => longs.collect(),
        _ => matching(longs.chain(shorts), word),
    }
}

/// Returns the values of an argument; `prefix`: what is before the value in the same word.
fn values(arg: &Arg, prefix: &str, value: &str) -> Candidates {
    let all = arg.get_possible_values();
    if all.is_empty() {
        return match arg.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath | ValueHint::CommandWithArguments => {
                Candidates::Files
            }
            ValueHint::DirPath => Candidates::Folders,
            _ => Candidates::Words(Vec::new()),
        };
    }
    // In a list, the value after the last comma is completed. Columns can be added by a plus.
    let has_plus = arg.get_long() == Some("columns");
    let plus = if has_plus && value.starts_with('+') {
        "+"
    } else {
        ""
    };
    let value = &value[plus.len()..];
    let delimiter = arg.get_value_delimiter();
    let (given, last) = match delimiter.and_then(|delimiter| value.rsplit_once(delimiter)) {
        Some((given, last)) => (given, last),
        None => ("", value),
    };
    let is_given = |name: &str| {
        delimiter.is_some_and(|delimiter| given.split(delimiter).any(|value| value == name))
    };
    let before = &value[..value.len() - last.len()];
    let visible = all
        .iter()
        .filter(|value| !value.is_hide_set() && !value.get_name_and_aliases().any(is_given));
    let described = visible.map(|value| {
        let help = value.get_help().map(ToString::to_string);
        // Another name if only that begins with the word.
        let mut names = value.get_name_and_aliases();
        let begun = names.find(|name| name.starts_with(last));
        let name = begun.unwrap_or_else(|| value.get_name());
        (name.to_owned(), help.unwrap_or_default())
    });
    let matching = matching(described, last).into_iter();
    Candidates::Words(
        matching
            .map(|(name, help)| (format!("{prefix}{plus}{before}{name}"), help))
            .collect(),
    )
}

/// Returns the words that begin like this one, with their descriptions on one line.
fn matching(words: impl Iterator<Item = (String, String)>, word: &str) -> Vec<(String, String)> {
    let matching = words.filter(|(name, _)| name.starts_with(word));
    matching
        .map(|(name, text)| (name, text.replace(['\n', '\t'], " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the candidates for the last word of a line; a line that ends in a space has an empty one.
    fn completed(line: &str) -> String {
        let mut program = args::definition();
        program.build();
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let word = words.pop().unwrap_or_default();
        match find(&program, &word, &words) {
            Candidates::Files => "FILES".into(),
            Candidates::Folders => "FOLDERS".into(),
            Candidates::Words(words) => {
                let names: Vec<_> = words.into_iter().map(|(name, _)| name).collect();
                names.join(" ")
            }
        }
    }

    #[test]
    fn values_of_options_are_completed() {
        for (line, expected) in [
            ("--sort=r", "--sort=rss --sort=read_bytes"),
            ("--tree --sort na", "name"),
            // Another name only if no first one begins so.
            ("--sort sys", "systime systemd_unit"),
            ("-o thr", "threads"),
            ("-o uni", "unit"),
            ("-o +thr", "+threads"),
            ("-o pid,thr", "pid,threads"),
            ("-o +unit,sys", "+unit,systime"),
            ("--columns=+pid,thr", "--columns=+pid,threads"),
            ("-o he", "help"),
            ("show 1 x", ""),
            ("4711 --j", "--json"),
            ("--state z", "zombie"),
            ("--state zombie,s", "zombie,sleeping zombie,stopped"),
            ("--color ", "auto always never"),
            ("watch --events ", "existing created updated exited"),
            ("watch --events e", "existing exited"),
            (
                "watch --events created,ex",
                "created,existing created,exited",
            ),
            (
                "watch --events=created,exited,",
                "--events=created,exited,existing --events=created,exited,updated",
            ),
            ("replay f --events u", "updated"),
            ("record f --source s", "sysinfo"),
            ("completions f", "fish"),
            ("man r", "run record replay report"),
            // Several pids: not a value, and no word of another kind.
            ("--pid ", ""),
            ("--name ", ""),
            ("watch --for ", ""),
            ("-n ", ""),
            ("--nonsense=", ""),
        ] {
            assert_eq!(completed(line), expected, "{line:?}");
        }
    }

    #[test]
    fn files_and_folders_are_completed_where_they_are_meant() {
        for line in [
            "record ",
            "record --scans 3 ",
            "replay ho",
            "report ho",
            "report host.ndjson -o ",
            "replay --json ./",
            "record -- ",
            "run --json ",
            "run --output ",
            "run make -C ",
        ] {
            assert_eq!(completed(line), "FILES", "{line:?}");
        }
        for line in ["--proc ", "--proc=/", "watch --proc ", "record f --proc /h"] {
            assert_eq!(completed(line), "FOLDERS", "{line:?}");
        }
        for line in ["watch h", "record f h", "completions bash x", "--json x"] {
            assert_eq!(completed(line), "", "{line:?}");
        }
    }

    #[cfg(feature = "export")]
    #[test]
    fn outputs_of_an_export_are_files_and_folders() {
        for (line, expected) in [
            ("export ho", "FILES"),
            ("export host.ndjson --perfetto ", "FILES"),
            ("export host.ndjson --csv ", "FOLDERS"),
            ("export host.ndjson --c", "--csv"),
        ] {
            assert_eq!(completed(line), expected, "{line:?}");
        }
    }

    #[test]
    fn commands_and_options_are_completed() {
        let usual = "cpu rss pid name age parent_pid";
        assert!(completed("--sort ").starts_with(usual));
        assert!(completed("-o +").starts_with("+pid +start_time_ms"));
        let export = if cfg!(feature = "export") {
            "export "
        } else {
            ""
        };
        let serve = if cfg!(feature = "serve") {
            "serve "
        } else {
            ""
        };
        let all = format!("show top watch run record replay report {export}{serve}completions man");
        assert_eq!(completed(""), all);
        assert_eq!(completed("re"), "record replay report");
        // A command has no options before it.
        assert!(completed("--json ").starts_with("--sort --reverse"));
        assert!(!completed("--json ").contains("--json"));
        assert_eq!(completed("--no-"), "--no-kernel --no-redact");
        assert_eq!(completed("watch --st"), "--state --strip-args --stats");
        assert!(completed("watch ").contains("--interval"));
        assert!(completed("-").ends_with("-r -n -t -o -q -p -u -h -V"));
        assert!(!completed("watch --interval").contains("-ms"));
        assert_eq!(completed("-- --"), "");
    }
}
