//! A rule: which processes make a group, and its name.

use super::condition::Condition;
use super::group::GroupId;
use super::template::Template;
use crate::model::{Collect, ProcessInfo, Result};

/// A rule of [`Groups::by_rules`](crate::Groups::by_rules): a condition, and a template for the
/// name of the group.
///
/// A template is text with values in braces: `{name}`, `{user}`, `{container}`, `{unit}`,
/// `{executable}`, and the named groups of the condition's regular expression, which hide values of
/// the same name. `{{` and `}}` are braces. A rule does not match a process that lacks a value of
/// its template, so the next one decides.
///
/// ```
/// use process_scanner::{Condition, Groups, Rule};
///
/// let groups = Groups::by_rules(vec![
///     Rule::new(Condition::command(r"-pool=(?<pool>\w+)")?, "php {pool}")?,
///     Rule::new(Condition::name("^(make|ninja)$")?, "build")?.with_children(),
///     Rule::new(Condition::any(), "container {container}")?,
///     Rule::new(Condition::any(), "{unit}")?,
/// ]);
/// let error = Rule::new(Condition::any(), "{pool}").unwrap_err();
/// assert!(error.to_string().contains("not one of {name}, {user}, "));
/// # let _ = groups;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    condition: Condition,
    template: Template,
    has_children: bool,
}

impl Rule {
    /// Compiles a rule.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](crate::ErrorClass::Config) if the template is empty,
    /// has a single brace, or has a name that is no value and no named group of the condition. The
    /// error has the names that are allowed.
    pub fn new(condition: Condition, template: &str) -> Result<Self> {
        let template = Template::new(template, &condition.captures())?;
        Ok(Self {
            condition,
            template,
            has_children: false,
        })
    }

    /// Makes descendants that match no rule join the group.
    ///
    /// A child joins when it is first seen, or when it stops matching a rule. It stays when its
    /// parent exits, until it matches a rule itself.
    #[must_use]
    pub fn with_children(mut self) -> Self {
        self.has_children = true;
        self
    }

    /// Returns the text of the template.
    pub fn template(&self) -> &str {
        self.template.as_str()
    }

    pub(super) fn has_children(&self) -> bool {
        self.has_children
    }

    pub(super) fn collect(&self) -> Collect {
        self.condition.collect() | self.template.collect()
    }

    /// Returns the group of a process; `None` if the rule does not match.
    pub(super) fn group(&self, process: &ProcessInfo) -> Option<GroupId> {
        let captured = self.condition.find(process)?;
        let name = self.template.fill(process, &captured)?;
        Some(GroupId::Named(name.into()))
    }
}
