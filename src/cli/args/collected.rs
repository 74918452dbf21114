//! The option that chooses the optional fields.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use process_scanner::{Collect, Config, FIELDS};

/// What pscan shows, so that it always reads it.
const SHOWN: Collect = Collect::CPU.with(Collect::MEMORY).with(Collect::COMMAND);

/// What JSON and recordings have by default besides.
const USUAL: Collect = Collect::USER.with(Collect::THREADS).with(Collect::CGROUP);

const ALL: &str = "all";
const NONE: &str = "none";

/// Options for the optional fields, which JSON and recordings have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Collected {
    /// Read optional fields: a LIST with commas, all, none
    ///
    /// Fields of JSON and recordings: user, threads, virtual_memory, cpu_modes, faults, nice,
    /// session, cgroup, executable, open_files, io, switches, swap, pss, peak_rss. By default user,
    /// threads and cgroup. Without CAP_SYS_PTRACE, pscan reads executable, io and pss of your own
    /// processes only. pss is expensive, and only read of the processes of --pid. The name of a
    /// field chooses its group: read_bytes is io.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_parser = groups(),
        hide_possible_values = true
    )]
    collect: Vec<String>,
}

fn groups() -> PossibleValuesParser {
    let names = Collect::ALL.without(SHOWN).names();
    let groups = names.map(|group| PossibleValue::new(group).aliases(fields_of(group)));
    PossibleValuesParser::new(groups.chain([ALL.into(), NONE.into()]))
}

/// Returns the names of a group's fields, without that of the group.
fn fields_of(group: &str) -> impl Iterator<Item = &'static str> {
    let fields = FIELDS
        .iter()
        .filter(move |field| field.collect == Some(group));
    let names = fields.map(|field| field.name);
    names.filter(move |&name| name != group)
}

/// Returns the group with this name, or with a field of this name.
fn group_of(name: &str) -> Option<Collect> {
    Collect::named(name).or_else(|| {
        let field = FIELDS.iter().find(|field| field.name == name)?;
        field.collect.and_then(Collect::named)
    })
}

impl Collected {
    /// Sets the fields in the settings. `is_complete`: for JSON or a recording.
    ///
    /// `pids`: the processes of `--pid`.
    pub(crate) fn configure(&self, config: &mut Config, is_complete: bool, pids: &[u32]) {
        let chosen = match is_complete {
            true => self.chosen(),
            // The table and the lines show nothing more.
            false => Collect::NONE,
        };
        config.collect = SHOWN | chosen;
        if pids.is_empty() {
            config.collect = config.collect.without(Collect::PSS);
        }
        config.pss_pids = match config.collect.contains(Collect::PSS) {
            true => pids.to_vec(),
            false => Vec::new(),
        };
    }

    fn chosen(&self) -> Collect {
        if self.collect.is_empty() {
            return USUAL;
        }
        let groups = self.collect.iter().filter_map(|name| match name.as_str() {
            ALL => Some(Collect::ALL),
            name => group_of(name),
        });
        groups.fold(Collect::NONE, Collect::with)
    }

    /// Returns what is wrong with the options together, and what to do.
    pub(super) fn conflict(&self, is_complete: bool, pids: &[u32]) -> Option<String> {
        let names = |wanted: &str| self.collect.iter().any(|name| name == wanted);
        let has_pss = self
            .collect
            .iter()
            .any(|name| group_of(name) == Some(Collect::PSS));
        if !self.collect.is_empty() && !is_complete {
            return Some("--collect chooses fields of JSON; add --json".into());
        }
        if names(NONE) && self.collect.len() > 1 {
            return Some("--collect none cannot be combined with other names; remove the other names or 'none'".into());
        }
        (has_pss && pids.is_empty()).then(|| {
            "--collect pss reads the whole memory map of a process, so it needs --pid, which a list \
             and watch have"
                .into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(collect: &[&str], is_complete: bool, pids: &[u32]) -> Config {
        let collect = collect.iter().map(|&name| name.into()).collect();
        let mut config = Config::default();
        Collected { collect }.configure(&mut config, is_complete, pids);
        config
    }

    #[test]
    fn pscan_reads_what_it_prints() {
        assert_eq!(config(&[], false, &[]).collect, SHOWN);
        assert_eq!(config(&[], true, &[]).collect, SHOWN | USUAL);
        assert_eq!(config(&["none"], true, &[]).collect, SHOWN);
        let io = config(&["io", "nice"], true, &[]).collect;
        assert_eq!(io, SHOWN | Collect::IO | Collect::NICE);
        let fields = config(&["read_bytes", "pod_uid"], true, &[]).collect;
        assert_eq!(fields, SHOWN | Collect::IO | Collect::CGROUP);
        let all = config(&["all"], true, &[]);
        assert_eq!(all.collect, Collect::ALL.without(Collect::PSS));
        let all = config(&["all"], true, &[7]);
        assert_eq!((all.collect, &all.pss_pids[..]), (Collect::ALL, &[7][..]));
        // All of them are settings that do something.
        let io = config(&["io"], true, &[7]);
        for config in [&all, &io, &config(&["all"], true, &[])] {
            config.validate().expect("valid");
        }
    }

    #[test]
    fn options_that_do_nothing_are_refused() {
        let conflict = |collect: &[&str], is_complete, pids: &[u32]| {
            let collect = collect.iter().map(|&name| name.into()).collect();
            Collected { collect }.conflict(is_complete, pids)
        };
        for (collect, is_complete, pids, reason) in [
            (&["io"][..], false, &[][..], "add --json"),
            (&["none", "io"], true, &[], "remove the other names"),
            (&["io", "pss"], true, &[], "needs --pid"),
            (&["pss_bytes"], true, &[], "needs --pid"),
        ] {
            let found = conflict(collect, is_complete, pids).expect("refused");
            assert!(found.contains(reason), "{found}");
        }
        for (collect, is_complete, pids) in [
            (&[][..], false, &[][..]),
            (&["all"], true, &[]),
            (&["pss"], true, &[7]),
            (&["none"], true, &[]),
        ] {
            assert_eq!(conflict(collect, is_complete, pids), None);
        }
    }

    #[test]
    fn help_names_each_group() {
        let help = include_str!("collected.rs");
        let help = help.split("#[arg(").next().expect("the text before it");
        for name in Collect::ALL.without(SHOWN).names() {
            assert!(help.contains(name), "{name}");
        }
    }
}
