//! What the patterns of a filter capture of a process.

use std::sync::Arc;

use regex_lite::Regex;

use super::criteria::Filter;
use super::texts::command_line;
use crate::model::ProcessInfo;

/// The named groups of a filter's patterns that took part in a match, with their texts.
#[derive(Debug, Default)]
pub(crate) struct Captured(Vec<(Arc<str>, String)>);

impl Captured {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut groups = self.0.iter();
        groups.find_map(|(group, text)| (**group == *name).then_some(&**text))
    }

    fn add(&mut self, regex: &Regex, text: &str) {
        let Some(found) = regex.captures(text) else {
            return;
        };
        let groups = regex.capture_names().flatten();
        let known = groups.filter_map(|group| {
            let text = found.name(group)?.as_str();
            Some((group.into(), text.to_owned()))
        });
        self.0.extend(known);
    }
}

impl Filter {
    /// Returns the names of the groups in its patterns.
    pub(crate) fn capture_names(&self) -> Vec<&str> {
        let regexes = self.names.iter().chain(&self.commands);
        regexes
            .flat_map(|regex| regex.capture_names().flatten())
            .collect()
    }

    /// Returns what it captures of a process that matches.
    ///
    /// It must not depend on parents. An unknown value does not match.
    pub(crate) fn find(&self, process: &ProcessInfo) -> Option<Captured> {
        self.verdict_in_family(process, || None)
            .filter(|&matches| matches)?;
        let mut captured = Captured::default();
        // Most filters have no groups, and finding that out needs no text.
        let has_groups = |regex: &&Regex| regex.captures_len() > 1;
        for regex in self.names.iter().filter(has_groups) {
            captured.add(regex, process.full_name()?);
        }
        for regex in self.commands.iter().filter(has_groups) {
            captured.add(regex, &command_line(process)?);
        }
        Some(captured)
    }
}
