//! The name of a rule's group, made of literal text and values of a process.

use std::borrow::Cow;

use super::group_by::GroupBy;
use crate::filter::Captured;
use crate::model::{Collect, Error, ErrorClass, ProcessInfo, Result};

/// A compiled template, such as `web {user}`.
#[derive(Debug, Clone)]
pub(super) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Value(GroupBy),
    Captured(String),
}

impl Template {
    /// Compiles a template. `captures` are the named groups of the filter.
    pub(super) fn new(text: &str, captures: &[&str]) -> Result<Self> {
        let wrong = |what: &str| {
            let message = format!("the template {text:?} {what}");
            Error::new(ErrorClass::Config, message).with_advice("write {{ and }} for braces")
        };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let from = &rest[at..];
            if from.starts_with("{{") || from.starts_with("}}") {
                literal.push_str(&from[..1]);
                rest = &from[2..];
                continue;
            }
            let Some(name) = from.strip_prefix('{') else {
                return Err(wrong("has a `}` without a `{`"));
            };
            let Some((name, after)) = name.split_once('}') else {
                return Err(wrong("has a `{` without a `}`"));
            };
            // A name of the regular expression hides the value of the process with that name.
            let part = match captures.contains(&name) {
                true => Part::Captured(name.to_owned()),
                false => match GroupBy::named(name) {
                    Some(by) => Part::Value(by),
                    None => {
                        let allowed = allowed(captures);
                        return Err(wrong(&format!("has {{{name}}}, which is not {allowed}")));
                    }
                },
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        if parts.is_empty() {
            return Err(wrong("is empty: a group needs a name"));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Returns the text that it was compiled from.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what a source must collect for it.
    pub(super) fn collect(&self) -> Collect {
        let mut collect = Collect::NONE;
        for part in &self.parts {
            if let Part::Value(by) = part {
                collect |= by.collect();
            }
        }
        collect
    }

    /// Returns the name for a process; `None` if a value is unknown, or if the process has none.
    pub(super) fn fill(&self, process: &ProcessInfo, captured: &Captured) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            let text: Cow<'_, str> = match part {
                Part::Literal(text) => text.into(),
                Part::Value(by) => by.value(process)?,
                Part::Captured(group) => captured.get(group)?.into(),
            };
            name.push_str(&text);
        }
        Some(name)
    }
}

fn allowed(captures: &[&str]) -> String {
    let values: Vec<String> = GroupBy::ALL.iter().map(|by| format!("{{{by}}}")).collect();
    let groups: Vec<String> = captures.iter().map(|name| format!("{{{name}}}")).collect();
    let groups = match groups.is_empty() {
        true => "; the filter has no named group".to_owned(),
        false => format!(", or a named group of the filter: {}", groups.join(", ")),
    };
    format!("one of {}{groups}", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;
    use crate::model::ProcessKey;

    fn process(name: Option<&str>) -> ProcessInfo {
        let key = ProcessKey {
            pid: 7,
            start_time_ms: None,
        };
        let mut process = ProcessInfo::unknown(key);
        process.name = name.map(Into::into);
        process
    }

    #[test]
    fn values_and_named_groups_are_filled_in() {
        let filter = Filter::new()
            .with_name("^(?<pool>[a-z]+)-(?<shard>[0-9]+)?")
            .expect("a regex");
        let of = |text: &str, name: &str| {
            let process = process(Some(name));
            let captured = filter.find(&process)?;
            let template = Template::new(text, &filter.capture_names()).expect(text);
            template.fill(&process, &captured)
        };
        for (text, name, expected) in [
            ("web", "db-3", Some("web")),
            ("{pool}/{shard}", "db-3", Some("db/3")),
            ("{{{pool}}} {name}!", "db-3", Some("{db} db-3!")),
            // A group that took no part, a process that does not match, an unknown value.
            ("{shard}", "db-x", None),
            ("{pool}", "3", None),
            ("{user}", "db-3", None),
        ] {
            assert_eq!(of(text, name).as_deref(), expected, "{text} {name}");
        }
    }

    #[test]
    fn a_bad_template_names_what_is_wrong_and_what_is_allowed() {
        for (text, captures, expected) in [
            (
                "a {nam}",
                &[][..],
                "the template \"a {nam}\" has {nam}, which is not one of {name}, {user}, \
                 {container}, {unit}, {executable}; the filter has no named group",
            ),
            (
                "{}",
                &["pool", "shard"],
                "the template \"{}\" has {}, which is not one of {name}, {user}, {container}, \
                 {unit}, {executable}, or a named group of the filter: {pool}, {shard}",
            ),
            (
                "a {name",
                &[],
                "the template \"a {name\" has a `{` without a `}`",
            ),
            (
                "a } b",
                &[],
                "the template \"a } b\" has a `}` without a `{`",
            ),
            ("", &[], "the template \"\" is empty: a group needs a name"),
        ] {
            let error = Template::new(text, captures).expect_err(text);
            assert_eq!(error.class(), ErrorClass::Config);
            assert_eq!(error.to_string(), expected);
        }
    }
}
