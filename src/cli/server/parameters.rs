//! Parameters of a request: filters, and kinds of events, as on the command line.

use clap::{Args, Command};
use hyper::StatusCode;
use process_scanner::escape;

use super::responses::Refusal;
use crate::cli::format::chosen_events::Chosen;
use crate::cli::select::{FilterArgs, Kind};

/// Parameters of `/processes`.
#[derive(Debug, Args)]
pub(super) struct OfProcesses {
    #[command(flatten)]
    pub(super) filter: FilterArgs,
}

/// Parameters of `/events`.
#[derive(Debug, Args)]
pub(super) struct OfEvents {
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    #[arg(long, value_enum, value_delimiter = ',')]
    events: Option<Vec<Kind>>,
    #[arg(long, conflicts_with = "events")]
    failed: bool,
}

impl OfEvents {
    /// Returns which events are sent.
    pub(super) fn chosen(&self) -> Chosen {
        Chosen {
            kinds: self.events.clone(),
            is_failed: self.failed,
        }
    }
}

/// Longest value, in bytes. A regular expression takes time in proportion to its length, for each process.
const MAX_VALUE_BYTES: usize = 200;

/// Parses a query: `name=^make$&state=Z&no_kernel` has the options `--name`, `--state` and `--no-kernel`.
pub(super) fn parse<A: Args>(query: Option<&str>) -> Result<A, Refusal> {
    let command = A::augment_args(Command::new("parameters"))
        .no_binary_name(true)
        .disable_help_flag(true);
    let mut args = Vec::new();
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let key = key.replace('_', "-");
        let known = command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(&*key));
        let Some(arg) = known else {
            let known: Vec<_> = command
                .get_arguments()
                .filter_map(|arg| arg.get_long())
                .collect();
            let text = format!(
                "unknown parameter {:?}; known are {}",
                escape(&key),
                known.join(", ")
            );
            return Err(wrong(&text));
        };
        if value.len() > MAX_VALUE_BYTES {
            return Err(wrong(&format!(
                "the parameter {key} is longer than {MAX_VALUE_BYTES} bytes"
            )));
        }
        let is_flag = !arg.get_action().takes_values();
        match (is_flag, &*value) {
            (true, "" | "true" | "1") => args.push(format!("--{key}")),
            (true, "false" | "0") => {}
            (true, _) => {
                return Err(wrong(&format!("the parameter {key} is true or false")));
            }
            (false, value) => args.push(format!("--{key}={value}")),
        }
    }
    let matches = command
        .try_get_matches_from(args)
        .and_then(|matches| A::from_arg_matches(&matches));
    matches.map_err(|error| {
        let text = error.render().to_string();
        let lines = text
            .lines()
            .map(str::trim)
            .take_while(|line| !line.starts_with("Usage:"));
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        let text = lines.join("; ").replace("error: ", "");
        let text = text
            .replace("the argument", "the parameter")
            .replace("--", "");
        wrong(&escape(&text))
    })
}

fn wrong(text: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<String, String> {
        let parsed = parse::<OfProcesses>(Some(query)).map_err(|refusal| format!("{refusal:?}"));
        parsed.map(|parsed| parsed.filter.to_string())
    }

    #[test]
    fn parameters_are_the_options_of_the_command() {
        for (query, expected) in [
            ("", ""),
            ("name=%5Emake%24&state=Z", "--name '^make$' --state zombie"),
            ("pid=1,2&pid=3", "--pid 1,2,3"),
            ("user=a+b&no_kernel", "--user a b --no-kernel"),
            ("no-kernel=true", "--no-kernel"),
            ("no-kernel=false", ""),
            ("command=--x%3D1", "--command '--x=1'"),
        ] {
            assert_eq!(filter(query).as_deref(), Ok(expected), "{query}");
        }
    }

    #[test]
    fn wrong_parameters_are_refused_with_the_reason() {
        let long = format!("command={}", "x".repeat(201));
        assert!(filter(&long).expect_err("it is long").contains("200 bytes"));
        for (query, reason) in [
            ("nam=x", "known are pid, name"),
            ("help", "unknown parameter"),
            ("name=%28", "name"),
            ("state=lost", "state"),
            ("pid=x", "process id"),
            ("user=", "empty"),
            ("no-kernel=2", "true or false"),
            ("x%1b%5b=1", "unknown parameter"),
        ] {
            let error = filter(query).expect_err(query);
            assert!(error.contains(reason), "{error}");
            assert!(
                !error.contains('\u{1b}') && !error.contains("Usage"),
                "{error}"
            );
        }
        let both = parse::<OfEvents>(Some("failed&events=exited"));
        both.map(drop).expect_err("they contradict each other");
        let events = parse::<OfEvents>(Some("events=created,exited")).map_err(|_| ());
        assert_eq!(
            events
                .expect("valid")
                .chosen()
                .kinds
                .map(|kinds| kinds.len()),
            Some(2)
        );
    }
}
