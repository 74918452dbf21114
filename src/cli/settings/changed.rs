//! What differs between two settings.

use toml::{Table, Value};

use super::Settings;

/// Keys that a running server takes over.
const LIVE: &[&str] = &[
    "group",
    "groups.by",
    "groups.empty_for_ms",
    "groups.limit",
    "scan.interval_ms",
    "serve.allowed_hosts",
    "serve.events",
    "serve.processes",
    "serve.token_file",
];

/// The keys that differ, such as `scan.interval_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Changed {
    /// Those that a running server takes over.
    pub(crate) live: Vec<String>,
    /// Those that need a restart.
    pub(crate) at_restart: Vec<String>,
}

/// Compares two settings.
pub(crate) fn changed(before: &Settings, after: &Settings) -> Changed {
    let mut changed = Changed::default();
    let (before, after) = (table(before), table(after));
    let sections: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for section in sections {
        for key in differing(before.get(section), after.get(section)) {
            let path = match key.is_empty() {
                true => section.clone(),
                false => format!("{section}.{key}"),
            };
            match LIVE.contains(&path.as_str()) {
                true => changed.live.push(path),
                false => changed.at_restart.push(path),
            }
        }
    }
    changed
}

/// Returns settings `before` with the keys of `after` that a running server takes over.
pub(crate) fn taken_over(before: &Settings, after: &Settings) -> Settings {
    let (mut now, after) = (table(before), table(after));
    for key in LIVE {
        match key.split_once('.') {
            Some((section, key)) => {
                let value = after.get(section).and_then(|section| section.get(key));
                let Some(Value::Table(section)) = now.get_mut(section) else {
                    continue;
                };
                replace(section, key, value);
            }
            None => replace(&mut now, key, after.get(*key)),
        }
    }
    now.try_into().expect("BUG: parts of settings are settings")
}

fn replace(table: &mut Table, key: &str, value: Option<&Value>) {
    match value {
        Some(value) => drop(table.insert(key.to_owned(), value.clone())),
        None => drop(table.remove(key)),
    }
}

fn table(settings: &Settings) -> Table {
    Table::try_from(settings).expect("BUG: settings can be written as TOML")
}

/// Returns the keys that differ; the empty one if the values are no tables.
fn differing(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    match (before, after) {
        (Some(Value::Table(before)), Some(Value::Table(after))) => {
            let keys: std::collections::BTreeSet<&String> =
                before.keys().chain(after.keys()).collect();
            let keys = keys.into_iter();
            keys.filter(|key| before.get(*key) != after.get(*key))
                .cloned()
                .collect()
        }
        (before, after) if before == after => Vec::new(),
        _ => vec![String::new()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        toml::from_str(text).expect("valid settings")
    }

    #[test]
    fn keys_are_named_and_sorted_by_what_they_need() {
        let before = settings("[scan]\ninterval_ms = 1000\n[serve]\nevents = false\n");
        let after = settings(
            "[scan]\ninterval_ms = 2000\ncpu_budget_percent = 2\n[serve]\nlisten = \"127.0.0.1:1\"\nevents = true\n\
             [[group]]\nlabel = \"all\"\n",
        );
        let found = changed(&before, &after);
        assert_eq!(found.live, ["group", "scan.interval_ms", "serve.events"]);
        assert_eq!(
            found.at_restart,
            ["scan.cpu_budget_percent", "serve.listen"]
        );
        assert_eq!(changed(&after, &after), Changed::default());
        let now = taken_over(&before, &after);
        assert_eq!(changed(&now, &after).live, [""; 0]);
        assert_eq!(changed(&before, &now).at_restart, [""; 0]);
        assert_eq!(taken_over(&now, &before), before);
    }

    #[test]
    fn every_live_key_exists() {
        let all = settings(
            "[groups]\nby = \"user\"\n[serve]\ntoken_file = \"x\"\n[[group]]\nlabel = \"all\"\n",
        );
        let all = table(&all);
        for key in LIVE {
            let found = match key.split_once('.') {
                Some((section, key)) => all[section].get(key),
                None => all.get(*key),
            };
            assert!(found.is_some(), "{key}");
        }
    }
}
