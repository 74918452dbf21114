//! What a process must be to be selected: [`Filter`].

use regex_lite::Regex;

use super::family::{is_ancestor, is_descendant};
use super::owner::{UserKey, is_in_container, is_in_unit};
use super::texts::{PlainText, command_line, compile, of_name};
use super::verdict::{Verdict, all, any};
use crate::model::{Collect, ProcessInfo, Result, Snapshot, Status};

/// Selects processes by what they are and whose they are.
///
/// A process must match each kind of condition that is set. Of several conditions of one kind, such
/// as two pids, it must match one. A filter without conditions selects all processes.
///
/// User, container and unit are only known if [`Config::collect`](crate::Config::collect) has the
/// fields that [`collect`](Self::collect) returns. A process with an unknown value does not match.
///
/// ```
/// use process_scanner::{ConsumerOptions, Filter, Scanner};
///
/// let filter = Filter::new().with_name("^nginx$")?.without_kernel_threads();
/// let scanner = Scanner::builder().start()?;
/// // It receives a batch only if that has something about nginx.
/// let options = ConsumerOptions::default().with_filter(filter);
/// let batches = scanner.consumers().subscribe(options);
/// assert!(batches.recv().is_ok_and(|first| first.full));
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pids: Vec<u32>,
    texts: Vec<PlainText>,
    pub(super) names: Vec<Regex>,
    pub(super) commands: Vec<Regex>,
    statuses: Vec<Status>,
    users: Vec<UserKey>,
    containers: Vec<String>,
    units: Vec<String>,
    pub(super) descendants_of: Vec<u32>,
    pub(super) ancestors_of: Vec<u32>,
    has_no_kernel_threads: bool,
    /// Texts of these processes never match.
    mute: Vec<u32>,
}

impl Filter {
    /// Creates a filter that selects all processes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects the process with this pid.
    #[must_use]
    pub fn with_pid(mut self, pid: u32) -> Self {
        self.pids.push(pid);
        self
    }

    /// Selects processes with a text in their [full name](ProcessInfo::full_name) or command line.
    ///
    /// The arguments of the command line are joined by spaces. Case is ignored unless the text has
    /// capitals.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.texts.push(PlainText::new(text));
        self
    }

    /// Selects processes by a regular expression for their [full name](ProcessInfo::full_name).
    ///
    /// The syntax is that of the crate `regex-lite`: that of `regex` without Unicode classes.
    ///
    /// # Errors
    ///
    /// Returns an error of class [`Config`](crate::ErrorClass::Config) if it is no regular
    /// expression.
    pub fn with_name(mut self, regex: &str) -> Result<Self> {
        self.names.push(compile(regex, "names")?);
        Ok(self)
    }

    /// Selects processes by a regular expression for their arguments, joined by spaces.
    ///
    /// # Errors
    ///
    /// As [`with_name`](Self::with_name).
    pub fn with_command(mut self, regex: &str) -> Result<Self> {
        self.commands.push(compile(regex, "command lines")?);
        Ok(self)
    }

    /// Selects processes in this state.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.statuses.push(status);
        self
    }

    /// Selects processes of this effective user: a name, or the number of an id.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.users.push(UserKey::new(user.into()));
        self
    }

    /// Selects processes in the container with this id, or with an id that begins like this.
    #[must_use]
    pub fn with_container(mut self, id: impl Into<String>) -> Self {
        self.containers.push(id.into());
        self
    }

    /// Selects processes of this unit of systemd.
    ///
    /// `nginx` stands for `nginx.service`, as in systemctl(1).
    #[must_use]
    pub fn with_unit(mut self, unit: impl Into<String>) -> Self {
        self.units.push(unit.into());
        self
    }

    /// Selects the children of the process with this pid, their children, and so on.
    #[must_use]
    pub fn with_descendants_of(mut self, pid: u32) -> Self {
        self.descendants_of.push(pid);
        self
    }

    /// Selects the parent of the process with this pid, the parent of that, and so on.
    #[must_use]
    pub fn with_ancestors_of(mut self, pid: u32) -> Self {
        self.ancestors_of.push(pid);
        self
    }

    /// Selects no kernel threads.
    ///
    /// A process that is not known to be one is none.
    #[must_use]
    pub fn without_kernel_threads(mut self) -> Self {
        self.has_no_kernel_threads = true;
        self
    }

    /// Lets no text and no pattern for command lines select the process with this pid.
    ///
    /// It is for a program that has the text in its own command line.
    #[must_use]
    pub fn without_texts_of(mut self, pid: u32) -> Self {
        self.mute.push(pid);
        self
    }

    /// Returns whether it selects all processes.
    pub fn is_empty(&self) -> bool {
        !self.has_no_kernel_threads
            && self.pids.is_empty()
            && self.texts.is_empty()
            && self.names.is_empty()
            && self.commands.is_empty()
            && self.statuses.is_empty()
            && self.users.is_empty()
            && self.containers.is_empty()
            && self.units.is_empty()
            && !self.has_family()
    }

    /// Returns whether it depends on parents.
    pub(crate) fn has_family(&self) -> bool {
        !(self.descendants_of.is_empty() && self.ancestors_of.is_empty())
    }

    /// Returns the fields that it needs to be collected.
    pub fn collect(&self) -> Collect {
        let needs = [
            (!self.texts.is_empty(), Collect::COMMAND),
            // The command line has the rest of a name that Linux cut.
            (!self.names.is_empty(), Collect::COMMAND),
            (!self.commands.is_empty(), Collect::COMMAND),
            (!self.users.is_empty(), Collect::USER),
            (!self.containers.is_empty(), Collect::CGROUP),
            (!self.units.is_empty(), Collect::CGROUP),
        ];
        let needed = needs.into_iter().filter(|(is_needed, _)| *is_needed);
        needed.fold(Collect::NONE, |all, (_, group)| all | group)
    }

    /// Returns whether a process matches; `None` if that depends on an unknown value.
    ///
    /// `among`: the other processes at that time, for descendants and ancestors.
    pub fn verdict(&self, process: &ProcessInfo, among: &Snapshot) -> Option<bool> {
        let family = || {
            let of = &self.descendants_of;
            let descends =
                (!of.is_empty()).then(|| descent(process, is_descendant(process, of, among)));
            let of = &self.ancestors_of;
            let precedes = (!of.is_empty()).then(|| Some(is_ancestor(process, of, among)));
            all([descends, precedes].into_iter().flatten())
        };
        self.verdict_in_family(process, family)
    }

    /// Returns whether a process matches: one with an unknown value does not.
    ///
    /// `among` is as for [`verdict`](Self::verdict).
    pub fn matches(&self, process: &ProcessInfo, among: &Snapshot) -> bool {
        self.verdict(process, among) == Some(true)
    }

    /// `is_in_family`: whether it is one of the descendants and ancestors.
    pub(super) fn verdict_in_family(
        &self,
        process: &ProcessInfo,
        is_in_family: impl FnOnce() -> Verdict,
    ) -> Verdict {
        let is_kernel_thread = process.kernel_thread == Some(true);
        if self.has_no_kernel_threads && is_kernel_thread {
            return Some(false);
        }
        let is_mute = self.mute.contains(&process.pid);
        let line = || command_line(process);
        let kinds = [
            kind(&self.pids, |pid| Some(*pid == process.pid)),
            kind(&self.texts, |text| match is_mute {
                true => Some(false),
                false => text.verdict(process),
            }),
            kind(&self.names, |name| {
                of_name(process, |full| name.is_match(full))
            }),
            kind(&self.commands, |command| match is_mute {
                true => Some(false),
                false => line().map(|line| command.is_match(&line)),
            }),
            kind(&self.statuses, |status| Some(process.status? == *status)),
            kind(&self.users, |user| user.verdict(process)),
            kind(&self.containers, |id| is_in_container(process, id)),
            kind(&self.units, |unit| is_in_unit(process, unit)),
            self.has_family().then(is_in_family),
        ];
        all(kinds.into_iter().flatten())
    }
}

/// Returns whether a process descends from others, as far as its parent is known.
pub(super) fn descent(process: &ProcessInfo, is_descendant: bool) -> Verdict {
    (is_descendant || process.parent_pid.is_some()).then_some(is_descendant)
}

/// Returns whether one condition of a kind matches; `None` if none is set.
fn kind<T>(conditions: &[T], verdict: impl FnMut(&T) -> Verdict) -> Option<Verdict> {
    (!conditions.is_empty()).then(|| any(conditions.iter().map(verdict)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Detail, ProcessKey};

    fn process(pid: u32, name: &str) -> ProcessInfo {
        let start_time_ms = Some(1);
        let mut process = ProcessInfo::unknown(ProcessKey { pid, start_time_ms });
        process.name = Some(name.into());
        process
    }

    fn name(regex: &str) -> Filter {
        Filter::new().with_name(regex).expect("it is valid")
    }

    fn verdict(filter: &Filter, process: &ProcessInfo) -> Option<bool> {
        filter.verdict(process, &Snapshot::new())
    }

    #[test]
    fn kinds_must_all_match_and_one_condition_of_each() {
        let mut make = process(7, "make");
        make.status = Some(Status::Zombie);
        make.command = Some(["/usr/bin/make", "-j2"].iter().collect());
        make.details.set(Detail::UserId, 1000_u64.into());
        make.details.set(Detail::UserName, "anna".into());
        make.details.set(Detail::Cgroup, "/a".into());
        make.details.set(Detail::ContainerId, "0123abcd".into());
        make.details
            .set(Detail::SystemdUnit, "build.service".into());
        let all = name("^ma")
            .with_pid(7)
            .with_text("-j")
            .with_command("make -j2$")
            .expect("it is valid")
            .with_status(Status::Zombie)
            .with_user("anna")
            .with_container("0123")
            .with_unit("build")
            .without_kernel_threads();
        let f = Filter::new;
        for (filter, expected) in [
            (f(), true),
            (all.clone(), true),
            (all.clone().with_pid(8).with_status(Status::Running), true),
            (f().with_pid(8), false),
            (f().with_pid(8).with_user("anna"), false),
            (name("^make$"), true),
            (name("cmake"), false),
            (f().with_status(Status::Running), false),
            (f().with_user("1000"), true),
            (f().with_user("100"), false),
            (f().with_user("ann"), false),
            (f().with_user("root").with_user("anna"), true),
            (f().with_container("123"), false),
            (f().with_unit("build.service"), true),
            (f().with_unit("build.scope"), false),
            (f().with_unit("buil"), false),
        ] {
            assert_eq!(verdict(&filter, &make), Some(expected), "{filter:?}");
            assert_eq!(filter.matches(&make, &Snapshot::new()), expected);
        }
        make.kernel_thread = Some(true);
        assert_eq!(verdict(&all, &make), Some(false));
        assert!(f().is_empty() && !all.is_empty() && !f().with_descendants_of(1).is_empty());
        let needed = Collect::COMMAND | Collect::USER | Collect::CGROUP;
        assert_eq!((all.collect(), f().collect()), (needed, Collect::NONE));
    }

    #[test]
    fn texts_ignore_case_unless_they_have_capitals() {
        let mut process = process(7, "Web Content");
        process.command = Some(["/opt/Firefox", "--Ünï", "a b"].iter().collect());
        for (text, expected) in [
            ("web", true),
            ("Web", true),
            ("WEB", false),
            ("firefox --ünï a", true),
            ("ÜNÏ", false),
            (".", false),
            ("", true),
        ] {
            let filter = Filter::new().with_text(text);
            assert_eq!(verdict(&filter, &process), Some(expected), "{text}");
            let mute = filter.without_texts_of(7);
            assert_eq!(verdict(&mute, &process), Some(false), "{text}");
        }
        let either = Filter::new().with_text("none").with_text("web");
        assert_eq!(verdict(&either, &process), Some(true));
        // Names are not muted.
        let named = name("Web").without_texts_of(7);
        assert_eq!(verdict(&named, &process), Some(true));
    }

    #[test]
    fn a_verdict_is_unknown_only_if_it_depends_on_an_unknown_value() {
        let f = Filter::new;
        let mut born = process(7, "");
        born.name = None;
        let command = f().with_command("j2").expect("it is valid");
        for (filter, expected) in [
            (name("make"), None),
            (command.clone(), None),
            (f().with_text("x"), None),
            (f().with_status(Status::Zombie), None),
            (f().with_user("root"), None),
            (f().with_user("0"), None),
            (f().with_unit("x"), None),
            (name("make").with_pid(7), None),
            (name("make").with_pid(8), Some(false)),
            (f().without_kernel_threads(), Some(true)),
            (f().with_pid(7), Some(true)),
            (f().with_descendants_of(1), None),
            (f().with_ancestors_of(1), Some(false)),
            (command.without_texts_of(7), Some(false)),
        ] {
            assert_eq!(verdict(&filter, &born), expected, "{filter:?}");
        }
        let cc = process(7, "cc");
        let both = name("make").with_command("j2").expect("it is valid");
        assert_eq!(verdict(&both, &cc), Some(false));
        // What is in no container has a known control group.
        born.details.set(Detail::Cgroup, "/a".into());
        assert_eq!(verdict(&f().with_container("0"), &born), Some(false));
        assert_eq!(verdict(&f().with_unit("x"), &born), Some(false));
        // The rest of the name is in the command line.
        let mut cut = process(7, "a-very-long-nam");
        assert_eq!(verdict(&name("indeed"), &cut), None);
        assert_eq!(verdict(&name("very"), &cut), Some(true));
        cut.command = Some(["/bin/other"].iter().collect());
        assert_eq!(verdict(&name("indeed"), &cut), Some(false));
        cut.command = Some(["/bin/a-very-long-name-indeed"].iter().collect());
        assert_eq!(verdict(&name("indeed$"), &cut), Some(true));
    }

    #[test]
    fn an_invalid_pattern_is_refused_with_its_text() {
        for (error, what) in [
            (Filter::new().with_name("a("), "names"),
            (Filter::new().with_command("a("), "command lines"),
        ] {
            let error = error.expect_err("a bracket is open");
            let expected = format!("\"a(\" is not a regular expression for {what}: ");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}
