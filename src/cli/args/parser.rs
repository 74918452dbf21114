//! Parses the command line.

use std::ffi::OsString;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use super::definition::{Cli, definition};
use super::subcommands::Sub;
use super::{aliases, tips};

/// Parses a command line; an error has tips on what was probably meant.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args
        .get(1)
        .and_then(|first| first.to_str())
        .is_some_and(is_pid)
    {
        args.insert(1, SHOW.into());
    }
    parse_alone(&args).map_err(|mut error| {
        let words = args.iter().skip(1);
        let words: Vec<_> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut program = definition();
        program.build();
        tips::add(&mut error, &program, &words);
        error
    })
}

/// The command of a line that begins with a pid.
const SHOW: &str = "show";

/// Returns whether the first argument is a pid, or several with commas: the command is `show`.
pub(crate) fn is_pid(first: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    first.split(',').all(is_number)
}

fn parse_alone(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut parser = aliases::add(definition());
    let matches = parser.try_get_matches_from_mut(args)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut parser))?;
    if let Some(sample) = aliases::sample(&matches) {
        cli.list.sampling.sample = sample;
    }
    let pace = match &mut cli.sub {
        Some(Sub::Top(top)) => Some(&mut top.pace),
        Some(Sub::Watch(watch)) => Some(&mut watch.schedule.pace),
        Some(Sub::Record(record)) => Some(&mut record.schedule.pace),
        _ => None,
    };
    let conflict = pace.and_then(|pace| {
        if let Some(interval) = aliases::interval(&matches) {
            pace.interval = interval;
        }
        pace.conflict()
    });
    let conflict = conflict.or_else(|| match &cli.sub {
        Some(Sub::Top(top)) => top.conflict(),
        Some(Sub::Watch(watch)) => watch.conflict(),
        Some(Sub::Record(record)) => record.conflict(),
        Some(Sub::Replay(replay)) => replay.conflict(),
        Some(Sub::Run(run)) => run.conflict(),
        Some(Sub::Report(report)) => report.conflict(),
        #[cfg(feature = "export")]
        Some(Sub::Export(export)) => export.conflict(),
        Some(_) => None,
        None => cli.list.conflict().or_else(|| {
            let is_escaped = args.iter().any(|arg| arg == "--");
            misplaced(&parser, &cli.list.names).filter(|_| !is_escaped)
        }),
    });
    match conflict {
        Some(conflict) => {
            let command = match matches.subcommand_name() {
                Some(name) => parser
                    .find_subcommand_mut(name)
                    .expect("BUG: the parser accepts existing subcommands alone"),
                None => &mut parser,
            };
            Err(command.error(ErrorKind::ValueValidation, conflict))
        }
        None => Ok(cli),
    }
}

/// Returns why a NAME is none, if it probably is a command or a pid.
fn misplaced(program: &clap::Command, names: &[String]) -> Option<String> {
    let is_command = |name: &&String| *name == "help" || program.find_subcommand(name).is_some();
    let word = names.iter().find(is_command).or(match names {
        [name] if is_pid(name) => Some(name),
        _ => None,
    })?;
    let tip = tips::of_name(word).into_iter().next()?;
    Some(format!(
        "{tip}; to list what has '{word}' in its name, use 'pscan -- {word}'"
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use process_scanner::Config;

    use super::super::schedule::Schedule;
    use super::*;

    fn parsed(line: &str) -> Result<Cli, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn schedule(line: &str) -> Schedule {
        match parsed(line).expect(line).sub {
            Some(Sub::Watch(watch)) => watch.schedule,
            Some(Sub::Record(record)) => record.schedule,
            sub => panic!("{line}: {sub:?}"),
        }
    }

    #[test]
    fn limits_equal_those_of_the_library() {
        for (given, is_fine) in [
            (49, false),
            (50, true),
            (3_600_000, true),
            (3_600_001, false),
        ] {
            let mut config = Config::default();
            config.interval_ms = given;
            assert_eq!(config.validate().is_ok(), is_fine, "{given}");
            for line in [
                "pscan watch --interval-ms N",
                "pscan watch --interval Nms",
                "pscan watch --interval 50ms --max-interval Nms",
            ] {
                let line = line.replace('N', &given.to_string());
                assert_eq!(parsed(&line).is_ok(), is_fine, "{line}");
            }
        }
        let defaults = schedule("pscan watch").pace.config();
        let mut expected = Config::default();
        expected.budget_covers_callbacks = true;
        expected.raise_descriptor_limit = true;
        assert_eq!(defaults, expected);
        assert_eq!(defaults.cpu_budget_percent, Some(0.75));
    }

    #[test]
    fn aliases_take_milliseconds_and_are_hidden() {
        for line in [
            "pscan watch --interval-ms 200",
            "pscan record x --interval-ms 200",
        ] {
            assert_eq!(schedule(line).pace.config().interval_ms, 200);
            let both = format!("{line} --interval 200ms");
            let error = parsed(&both).expect_err(&both);
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
        }
        let list = parsed("pscan --sample-ms 0").expect("an alias").list;
        assert_eq!(list.sampling.sample, Duration::ZERO);
        parsed("pscan --sample-ms 0 --sample 0").expect_err("both are given");
        let mut parser = aliases::add(definition());
        parser.clone().debug_assert();
        let mut help = parser.render_long_help().to_string();
        for sub in parser.get_subcommands_mut() {
            help.push_str(&sub.render_long_help().to_string());
        }
        assert!(help.contains("--sample ") && help.contains("--interval "));
        assert!(!help.contains("-ms"), "{help}");
    }

    #[test]
    fn top_has_a_budget_of_its_own() {
        let top = |line: &str| match parsed(line).expect(line).sub {
            Some(Sub::Top(top)) => top.pace.config().cpu_budget_percent,
            sub => panic!("{line}: {sub:?}"),
        };
        assert_eq!(top("pscan top"), Some(5.0));
        assert_eq!(top("pscan top --cpu-budget 0.75"), Some(0.75));
    }

    #[test]
    fn top_has_no_options_of_scans_for_a_recording() {
        parsed("pscan top --replay x").expect("a recording alone");
        for option in [
            "--interval 1s",
            "--interval-ms 100",
            "--max-interval 10s",
            "--cpu-budget 5",
            "--poll-only",
            "--source linux",
            "--proc /proc",
        ] {
            for line in [
                format!("pscan top {option} --replay x"),
                format!("pscan top --replay x {option}"),
            ] {
                let error = parsed(&line).expect_err(&line);
                assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{line}: {error}");
            }
        }
        let error = parsed("pscan top --replay -").expect_err("standard input");
        assert_eq!(error.kind(), ErrorKind::ValueValidation);
        assert!(error.to_string().contains("needs a file"), "{error}");
    }

    #[test]
    fn a_line_that_begins_with_a_pid_is_show() {
        for line in [
            "pscan 7 --json",
            "pscan show --json 7",
            "pscan show 7 --json",
        ] {
            let Some(Sub::Show(show)) = parsed(line).expect(line).sub else {
                panic!("{line}");
            };
            assert!(show.json && show.pid == [7], "{line}");
        }
        let Some(Sub::Show(show)) = parsed("pscan 7,8").expect("pids").sub else {
            panic!("it is another command");
        };
        assert_eq!(show.pid, [7, 8]);
        for name in ["", ",", "7,", "7,a"] {
            assert!(!is_pid(name), "{name}");
        }
        // A value, and too large a number.
        assert_eq!(
            parsed("pscan -p 7 8").expect("pids").list.filter.pids(),
            [7, 8]
        );
        let error = parsed("pscan 99999999999").expect_err("it is no pid");
        assert!(
            error.to_string().contains("must be a process id"),
            "{error}"
        );
    }

    #[test]
    fn the_longest_interval_is_no_shorter_than_the_interval() {
        let config = schedule("pscan watch --interval 2s --max-interval 10s")
            .pace
            .config();
        assert_eq!(config.max_interval_ms, Some(10_000));
        config.validate().expect("it is longer");
        assert!(
            schedule("pscan watch --max-interval 1s")
                .pace
                .conflict()
                .is_none()
        );
        let hour = "pscan watch --interval 1h --max-interval 30m";
        let error = parsed(hour).expect_err(hour).to_string();
        assert!(
            error.contains(
                "--max-interval 30m is shorter than the interval of 1h; raise it to at least 1h, \
                 or use --interval 30m or less"
            ),
            "{error}"
        );
        for line in [
            "pscan watch --max-interval 500ms",
            "pscan record x --interval-ms 2000 --max-interval 1s",
        ] {
            let error = parsed(line).expect_err(line);
            assert_eq!(error.kind(), ErrorKind::ValueValidation);
            let text = error.to_string();
            assert!(text.contains("is shorter than the interval of"), "{text}");
        }
    }

    #[test]
    fn negative_numbers_are_values_and_get_the_limits_of_the_option() {
        for (line, limits) in [
            ("watch --interval -1s", "must be from 50ms to 1h"),
            ("watch --interval --json", "must be a time with a unit"),
            ("watch --max-interval -1s", "must be from 50ms to 1h"),
            ("watch --for -1.5h", "must be from 1ms to 10000d"),
            ("--sample -1", "must be from 0 to 60s"),
            ("watch --scans -1", "must be a whole number of at least 1"),
            ("watch --cpu-budget -1", "must be a number from 0.01 to 100"),
            ("-n -5", "must be a whole number of at least 1"),
            ("-p -5", "must be a process id"),
            ("replay x --speed -0.5", "must be a number from 0.001"),
        ] {
            let error = parsed(&format!("pscan {line}")).expect_err(line);
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::ValueValidation, "{text}");
            assert!(text.contains(limits), "{text}");
        }
    }
}
