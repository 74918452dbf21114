//! Names that other programs use for what pscan has under another name.

/// A name of pscan, with its other names.
type Entry = (&'static str, &'static [&'static str]);

/// The values of options, by the long name of the option or the name of the argument.
const VALUES: &[(&str, &[Entry])] = &[
    (
        "sort",
        &[
            (
                "cpu",
                &["pcpu", "usage", "load", "cputime", "cpu_time", "busy", "c"],
            ),
            (
                "rss",
                &[
                    "mem", "memory", "%mem", "pmem", "res", "resident", "rssize", "size", "ram",
                ],
            ),
            ("virtual_bytes", &["vsz", "virt", "vsize"]),
            ("name", &["comm", "ucomm", "process"]),
            ("command", &["cmd", "args", "cmdline", "ucmd"]),
            ("executable", &["program"]),
            ("threads", &["thcount", "nlwp"]),
            ("user_name", &["euser", "owner", "username"]),
            ("status", &["stat", "s"]),
            ("session_id", &["sess"]),
            ("process_group_id", &["pgrp"]),
            ("tty", &["tt", "tname", "terminal"]),
            ("open_files", &["fds", "fd", "nfd"]),
            (
                "age",
                &[
                    "started", "stime", "lstart", "etime", "etimes", "elapsed", "uptime",
                ],
            ),
        ],
    ),
    (
        "state",
        &[
            ("running", &["runnable", "active", "on_cpu"]),
            ("sleeping", &["asleep", "interruptible"]),
            (
                "disk_sleep",
                &[
                    "blocked",
                    "uninterruptible",
                    "waiting",
                    "io",
                    "iowait",
                    "disk",
                ],
            ),
            ("stopped", &["suspended", "paused"]),
            (
                "traced",
                &["tracing", "ptraced", "debugged", "tracing_stop"],
            ),
            ("zombie", &["defunct"]),
        ],
    ),
    (
        "events",
        &[
            ("existing", &["initial", "present", "snapshot"]),
            (
                "created",
                &[
                    "birth", "start", "born", "new", "spawn", "fork", "begin", "add",
                ],
            ),
            ("updated", &["change", "modified", "exec", "renamed"]),
            (
                "exited",
                &[
                    "death",
                    "end",
                    "died",
                    "dead",
                    "gone",
                    "killed",
                    "stop",
                    "terminated",
                    "removed",
                    "destroyed",
                ],
            ),
        ],
    ),
    (
        "color",
        &[
            ("always", &["on", "yes", "true", "1", "force"]),
            ("never", &["off", "no", "none", "false", "0", "disable"]),
            ("auto", &["tty", "if-tty", "automatic", "default"]),
        ],
    ),
    (
        "source",
        &[
            ("linux", &["proc", "procfs", "/proc", "native"]),
            ("sysinfo", &["portable"]),
        ],
    ),
    (
        "SHELL",
        &[
            ("bash", &["sh"]),
            ("powershell", &["pwsh", "ps", "posh"]),
            ("elvish", &["elv"]),
        ],
    ),
];

/// Options of other programs, without dashes, and what to use instead.
const OPTIONS: &[Entry] = &[
    ("--top N", &["limit", "head", "max", "first", "lines"]),
    (
        "--sort BY",
        &["order", "order-by", "sort-by", "sortby", "k"],
    ),
    ("--sort cpu", &["cpu"]),
    ("--sort rss", &["mem", "memory", "rss"]),
    ("--reverse", &["desc", "descending", "asc", "ascending"]),
    ("--columns LIST", &["fields", "cols", "headers"]),
    ("--tree", &["forest", "hierarchy", "parents", "H"]),
    ("--children PID", &["ppid", "parent", "descendants"]),
    ("--by WHAT", &["group-by", "groupby", "group"]),
    ("--user USER", &["U", "uid", "euid"]),
    ("--json", &["format", "j", "ndjson", "jsonl"]),
    (
        "--name REGEX",
        &["filter", "grep", "match", "process", "comm", "g"],
    ),
    ("--command REGEX", &["cmd", "args", "cmdline", "full"]),
    ("--state S", &["status", "stat"]),
    ("--state zombie", &["zombie", "zombies", "defunct"]),
    (
        "--no-kernel",
        &["hide-kernel", "no-kernel-threads", "no-kthreads"],
    ),
    (
        "--no-redact",
        &["show-secrets", "secrets", "raw", "unredacted"],
    ),
    ("--strip-args", &["no-args", "hide-args", "no-arguments"]),
    (
        "--color never",
        &[
            "no-color",
            "no-colour",
            "no-colors",
            "nocolor",
            "monochrome",
        ],
    ),
    ("--color WHEN", &["colour", "colors", "colours"]),
    (
        "--interval TIME",
        &[
            "delay",
            "period",
            "every",
            "refresh",
            "frequency",
            "d",
            "i",
            "s",
        ],
    ),
    (
        "--for TIME",
        &["duration", "timeout", "time", "seconds", "until"],
    ),
    ("--scans N", &["iterations", "count", "samples", "repeat"]),
    (
        "--failed",
        &[
            "exit",
            "exit-code",
            "exit-status",
            "signal",
            "killed",
            "crashed",
            "failures",
            "errors",
        ],
    ),
    ("--from TIME", &["since", "start", "begin", "after"]),
    ("--to TIME", &["till", "before", "stop"]),
    ("--rotate SIZE", &["max-size", "split", "size", "part-size"]),
    ("--keep N", &["max-files", "backups", "retain"]),
    ("--events KINDS", &["event", "kinds", "only", "type"]),
    ("--stats", &["statistics", "metrics"]),
    ("--proc PATH", &["procfs", "root", "rootfs"]),
    ("--version", &["v"]),
];

/// Subcommands, or the program itself as an empty text.
const SUBCOMMANDS: &[Entry] = &[
    (
        "",
        &[
            "list",
            "ls",
            "ps",
            "processes",
            "all",
            "snapshot",
            "aux",
            "ax",
        ],
    ),
    (
        "top",
        &[
            "htop", "btop", "btm", "atop", "glances", "monitor", "live", "ui", "tui",
        ],
    ),
    (
        "watch",
        &["tail", "follow", "trace", "events", "stream", "observe"],
    ),
    (
        "run",
        &[
            "exec", "time", "strace", "perf", "profile", "launch", "spawn", "start",
        ],
    ),
    ("record", &["capture", "dump", "save", "rec", "log"]),
    ("replay", &["play", "playback", "read", "open", "cat"]),
    #[cfg(feature = "export")]
    ("export", &["convert", "csv", "perfetto", "pftrace"]),
    ("man", &["manual", "manpage", "docs"]),
    ("show", &["info", "inspect", "describe", "status"]),
    ("--tree", &["pstree", "forest"]),
    ("--version", &["version"]),
];

/// Returns the value of an option that has this other name.
///
/// `option`: long name without dashes, or the name of a positional argument.
pub(super) fn value(option: &str, given: &str) -> Option<&'static str> {
    let (_, entries) = VALUES.iter().find(|(name, _)| *name == option)?;
    let given = given.trim_start_matches('%');
    // `births` too.
    let singular = given.strip_suffix('s').unwrap_or(given);
    find(entries, given).or_else(|| find(entries, singular))
}

/// Returns the option with its value that stands for an option of other programs.
pub(super) fn option(given: &str) -> Option<&'static str> {
    // A single letter means something else in each case.
    OPTIONS
        .iter()
        .find_map(|(meant, others)| others.contains(&given).then_some(*meant))
}

/// Returns the subcommand, or option, that stands for a subcommand of other programs.
pub(super) fn subcommand(given: &str) -> Option<&'static str> {
    find(SUBCOMMANDS, given)
}

fn find(entries: &[Entry], given: &str) -> Option<&'static str> {
    let is = |other: &&'static str| other.eq_ignore_ascii_case(given);
    let entry = entries.iter().find(|(_, others)| others.iter().any(is));
    entry.map(|(meant, _)| *meant)
}

#[cfg(test)]
mod tests {
    use super::super::super::definition;
    use super::super::super::word_reader::long_option;
    use super::*;

    #[test]
    fn every_other_name_stands_for_something_that_exists() {
        let program = definition();
        let commands = || std::iter::once(&program).chain(program.get_subcommands());
        for (option, entries) in VALUES {
            let arg = commands()
                .flat_map(|command| command.get_arguments())
                .find(|arg| {
                    let value_names = arg.get_value_names().unwrap_or_default();
                    arg.get_long() == Some(option)
                        || (arg.is_positional() && value_names[0] == *option)
                });
            let values = arg.expect(option).get_possible_values();
            for (meant, others) in *entries {
                assert!(
                    values.iter().any(|value| value.get_name() == *meant),
                    "{meant}"
                );
                let is_value =
                    |other: &&&str| values.iter().any(|value| value.matches(other, false));
                assert_eq!(others.iter().find(is_value), None, "{option}");
            }
        }
        for (meant, others) in OPTIONS {
            let name = meant
                .split(' ')
                .next()
                .and_then(|name| name.strip_prefix("--"));
            let name = name.expect(meant);
            assert!(
                name == "version" || commands().any(|command| long_option(command, name).is_some()),
                "{meant}"
            );
            for other in *others {
                assert!(
                    commands().all(|command| long_option(command, other).is_none()),
                    "{other}"
                );
            }
        }
        for (meant, others) in SUBCOMMANDS {
            let is_option = meant.is_empty() || meant.starts_with("--");
            assert!(
                is_option || program.find_subcommand(meant).is_some(),
                "{meant}"
            );
            assert!(
                others
                    .iter()
                    .all(|other| program.find_subcommand(other).is_none())
            );
        }
    }
}
