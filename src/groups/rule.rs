//! A rule: which processes make a group, and its name.

use super::group::GroupId;
use super::template::Template;
use crate::filter::Filter;
use crate::model::{Collect, Error, ErrorClass, ProcessInfo, Result};

/// A rule of [`Groups::by_rules`](crate::Groups::by_rules): a filter, and a template for the name
/// of the group.
///
/// A template is text with values in braces: `{name}`, `{user}`, `{container}`, `{unit}`,
/// `{executable}`, and the named groups of the filter's regular expressions, which hide values of the
/// same name. `{{` and `}}` are braces. A rule does not match a process that lacks a value of
/// its template, so the next one decides.
///
/// ```
/// use process_scanner::{Filter, Groups, Rule};
///
/// let groups = Groups::by_rules(vec![
///     Rule::new(Filter::new().with_command(r"-pool=(?<pool>\w+)")?, "php {pool}")?,
///     Rule::new(Filter::new().with_name("^(make|ninja)$")?, "build")?.with_children(),
///     Rule::new(Filter::new(), "container {container}")?,
///     Rule::new(Filter::new(), "{unit}")?,
/// ]);
/// let error = Rule::new(Filter::new(), "{pool}").unwrap_err();
/// assert!(error.to_string().contains("not one of {name}, {user}, "));
/// # let _ = groups;
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rule {
    filter: Filter,
    template: Template,
    has_children: bool,
}

impl Rule {
    /// Compiles a rule.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](crate::ErrorClass::Config) if the template is empty,
    /// has a single brace, or has a name that is no value and no named group of the filter. The
    /// error has the names that are allowed. So is a filter that depends on parents.
    pub fn new(filter: Filter, template: &str) -> Result<Self> {
        if filter.has_family() {
            let message = "a rule of groups cannot depend on parents";
            return Err(Error::new(ErrorClass::Config, message)
                .with_advice("select the parent, and add its descendants by with_children"));
        }
        let template = Template::new(template, &filter.capture_names())?;
        Ok(Self {
            filter,
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
        self.filter.collect() | self.template.collect()
    }

    /// Returns the group of a process; `None` if the rule does not match.
    pub(super) fn group(&self, process: &ProcessInfo) -> Option<GroupId> {
        let captured = self.filter.find(process)?;
        let name = self.template.fill(process, &captured)?;
        Some(GroupId::Named(name.into()))
    }
}
