//! The sections `[groups]` and `[[group]]`: how processes are grouped.

use std::time::Duration;

use process_scanner::{Collect, Error, ErrorClass, Filter, GroupBy, Groups, Result, Rule};
use serde::{Deserialize, Serialize};

use super::one_or_many::one_or_many;

/// How processes are grouped that match no rule, and the limits of groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Grouped {
    /// `None`: by name without rules, and with rules all of them are one group.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<GroupBy>,
    /// Named groups, at most.
    limit: usize,
    /// How long a group stays after its last process, in milliseconds.
    empty_for_ms: u64,
}

impl Default for Grouped {
    fn default() -> Self {
        Self {
            by: None,
            limit: 1000,
            empty_for_ms: 3_600_000,
        }
    }
}

impl Grouped {
    /// What groups report of their processes.
    pub(super) const AMOUNTS: Collect = Collect::CPU.with(Collect::MEMORY).with(Collect::THREADS);

    pub(super) fn validate(&self) -> Result<()> {
        let limits = [
            ("limit", self.limit as u64, 1, 100_000),
            ("empty_for_ms", self.empty_for_ms, 0, 30 * 86_400_000),
        ];
        for (name, value, min, max) in limits {
            if !(min..=max).contains(&value) {
                let message = format!("groups.{name} is {value}: it must be from {min} to {max}");
                return Err(Error::new(ErrorClass::Config, message));
            }
        }
        Ok(())
    }

    /// Builds the consumer that counts.
    pub(crate) fn groups(&self, rules: &[GroupRule]) -> Groups {
        let groups = match (rules, self.by) {
            ([], by) => Groups::by(by.unwrap_or(GroupBy::Name)),
            (rules, by) => {
                let rules = rules.iter().map(|rule| rule.rule.clone()).collect();
                match by {
                    Some(by) => Groups::by_rules_or(rules, by),
                    None => Groups::by_rules(rules),
                }
            }
        };
        groups
            .with_limit(self.limit)
            .with_empty_for(Duration::from_millis(self.empty_for_ms))
    }
}

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Template of the group's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    user: Vec<String>,
    #[serde(
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    container: Vec<String>,
    #[serde(
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    unit: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    children: bool,
}

/// A rule: which processes make a group, and its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub(crate) struct GroupRule {
    written: Written,
    rule: Rule,
}

impl GroupRule {
    /// Returns whether it matches every process, whatever that is.
    pub(super) fn matches_all(&self) -> bool {
        let all = Written {
            label: self.written.label.clone(),
            children: self.written.children,
            ..Written::default()
        };
        // A value that a process lacks makes a rule match no more.
        self.written == all && !self.written.label.contains('{')
    }
}

impl PartialEq for GroupRule {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl From<GroupRule> for Written {
    fn from(rule: GroupRule) -> Self {
        rule.written
    }
}

impl TryFrom<Written> for GroupRule {
    type Error = String;

    fn try_from(written: Written) -> std::result::Result<Self, String> {
        match rule(&written) {
            Ok(rule) => Ok(Self { written, rule }),
            Err(error) => Err(match error.advice() {
                Some(advice) => format!("{}; {advice}", error.full_message()),
                None => error.full_message(),
            }),
        }
    }
}

fn rule(written: &Written) -> Result<Rule> {
    if written.label.is_empty() {
        let message = "a [[group]] needs a label, which is the name of the group";
        return Err(Error::new(ErrorClass::Config, message)
            .with_advice("write label = \"web\", or label = \"{name}\""));
    }
    let mut filter = Filter::new();
    if let Some(name) = &written.name {
        filter = filter.with_name(name)?;
    }
    if let Some(command) = &written.command {
        filter = filter.with_command(command)?;
    }
    filter = written.user.iter().fold(filter, Filter::with_user);
    filter = written
        .container
        .iter()
        .fold(filter, Filter::with_container);
    filter = written.unit.iter().fold(filter, Filter::with_unit);
    let rule = Rule::new(filter, &written.label)?;
    Ok(match written.children {
        true => rule.with_children(),
        false => rule,
    })
}
