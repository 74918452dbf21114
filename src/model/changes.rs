//! The set of fields that changed: [`Changes`].

use std::fmt;
use std::iter;
use std::ops::{BitOr, BitOrAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::Field;
use super::fields::{FIELDS, PLAIN_FIELDS};
use super::resources::Resources;

/// A set of changes of a process. [`FIELDS`](crate::FIELDS) has their names.
///
/// ```
/// use process_scanner::Changes;
///
/// let exec = Changes::NAME | Changes::COMMAND;
/// assert!(exec.contains(Changes::NAME) && !exec.contains(Changes::RSS));
/// assert_eq!(exec.to_string(), "name, command");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Changes(u64);

/// The name of each used bit. The compiler checks that no bit has two names, and no name two bits.
static NAMES: [Option<&'static str>; 64] = {
    let mut names = [None; 64];
    let mut at = 0;
    while at < FIELDS.len() {
        if let Some(change) = FIELDS[at].change {
            names[change.bit as usize] = Some(change.name);
            assert!(
                Changes::named(change.name).0 == Changes::of(&FIELDS[at]).0,
                "BUG: a change has two bits"
            );
        }
        at += 1;
    }
    at = 0;
    while at < FIELDS.len() {
        if let Some(change) = FIELDS[at].change {
            assert!(
                matches!(names[change.bit as usize], Some(name) if is_same(name, change.name)),
                "BUG: a bit has two names"
            );
        }
        at += 1;
    }
    names
};

pub(super) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl Changes {
    /// The name changed, usually by an `exec`.
    pub const NAME: Self = Self::named("name");
    /// The command line changed, usually by an `exec`.
    ///
    /// If only a [redacted](crate::Redactor) secret differs, this is no change.
    pub const COMMAND: Self = Self::named("command");
    /// The parent changed, usually because the old one exited.
    pub const PARENT: Self = Self::named("parent");
    /// The status changed, other than between running, sleeping and idle.
    pub const STATUS: Self = Self::named("status");
    /// Whether it is a kernel thread became known, or a kernel thread has become a program.
    pub const KERNEL_THREAD: Self = Self::named("kernel_thread");
    /// CPU time or CPU share changed.
    pub const CPU: Self = Self::named("cpu");
    /// Resident memory changed.
    pub const RSS: Self = Self::named("rss");
    /// The user changed, usually by an `exec` of a setuid program or by setuid(2).
    pub const USER: Self = Self::named("user");
    /// The number of threads changed.
    pub const THREADS: Self = Self::named("threads");
    /// Virtual memory changed. It is only reported along with other changes.
    pub const VIRTUAL_MEMORY: Self = Self::named("virtual_memory");
    /// There were page faults. It is only reported along with other changes.
    pub const FAULTS: Self = Self::named("faults");
    /// The nice value changed.
    pub const NICE: Self = Self::named("nice");
    /// The session, the process group or the terminal changed.
    pub const SESSION: Self = Self::named("session");
    /// The control group changed, and perhaps container, unit and pod.
    pub const CGROUP: Self = Self::named("cgroup");
    /// The path of the program changed, by an `exec`.
    pub const EXECUTABLE: Self = Self::named("executable");
    /// The number of open files changed. It is only reported along with other changes.
    pub const OPEN_FILES: Self = Self::named("open_files");
    /// The process read from disks or wrote to them. It is only reported along with other changes.
    pub const IO: Self = Self::named("io");
    /// There were context switches. It is only reported along with other changes.
    pub const SWITCHES: Self = Self::named("switches");
    /// Swapped-out memory changed. It is only reported along with other changes.
    pub const SWAP: Self = Self::named("swap");
    /// The proportional share of memory changed. It is only reported along with other changes.
    pub const PSS: Self = Self::named("pss");
    /// The largest resident memory grew. It is only reported along with other changes.
    pub const PEAK_RSS: Self = Self::named("peak_rss");
    /// All changes.
    pub const ALL: Self = Self::of_fields(false);
    /// All changes of measured amounts that change all the time, such as CPU time and memory.
    ///
    /// The number of threads is none of them.
    pub const MEASURES: Self = Self::of_fields(true);

    const fn named(name: &str) -> Self {
        let mut at = 0;
        while at < FIELDS.len() {
            if let Some(change) = FIELDS[at].change
                && is_same(change.name, name)
            {
                return Self::of(&FIELDS[at]);
            }
            at += 1;
        }
        panic!("BUG: no field has this change")
    }

    const fn of_fields(only_measures: bool) -> Self {
        let (mut at, mut all) = (0, 0);
        while at < FIELDS.len() {
            let field = &FIELDS[at];
            // A detail that is not quiet belongs to what the process is.
            let is_amount = field.unit.is_measure() && (field.is_quiet || field.detail().is_none());
            if !only_measures || is_amount {
                all |= Self::of(&FIELDS[at]).0;
            }
            at += 1;
        }
        Self(all)
    }

    /// Returns the change of a field.
    ///
    /// The set is empty for a field that never changes.
    pub const fn of(field: &Field) -> Self {
        match field.change {
            Some(change) => Self(1 << change.bit),
            None => Self(0),
        }
    }

    /// Returns the changes of the plain values that differ.
    pub(crate) fn between(old: &Resources, new: &Resources) -> Self {
        let differing = PLAIN_FIELDS
            .iter()
            .filter(|plain| (plain.get)(old) != (plain.get)(new));
        differing.map(|plain| Self::of(plain.field)).collect()
    }

    /// Returns whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the set has all changes of `other`.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns these changes without those of `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns each change as a set, in order of bits.
    pub fn each(self) -> impl Iterator<Item = Self> {
        let mut rest = self.0;
        iter::from_fn(move || {
            let lowest = rest & rest.wrapping_neg();
            rest ^= lowest;
            (lowest != 0).then_some(Self(lowest))
        })
    }

    /// Returns the names of the changes, in order of bits.
    ///
    /// They are `name`, `command`, `parent`, `status` and so on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.each()
            .filter_map(|change| NAMES[change.0.trailing_zeros() as usize])
    }

    pub(crate) fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitOr for Changes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Self) {
        self.insert(other);
    }
}

/// Creates the union of sets.
impl FromIterator<Self> for Changes {
    fn from_iter<I: IntoIterator<Item = Self>>(changes: I) -> Self {
        changes.into_iter().fold(Self::default(), Self::bitor)
    }
}

/// Prints the names, separated by commas; nothing for the empty set.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Serialises as a list of names.
impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

/// Reads a list of names. Unknown names, as of a later version, are left out.
impl<'de> Deserialize<'de> for Changes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let is_listed = |change: &Self| change.names().any(|name| names.iter().any(|n| n == name));
        Ok(Self::ALL.each().filter(is_listed).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_a_set() {
        let mut changes: Changes = [Changes::RSS, Changes::NAME, Changes::RSS]
            .into_iter()
            .collect();
        assert_eq!(changes.to_string(), "name, rss");
        changes |= Changes::CPU;
        assert_eq!(changes.to_string(), "name, cpu, rss");
        assert_eq!(changes.without(Changes::MEASURES), Changes::NAME);
        assert_eq!(Changes::default().to_string(), "");
    }

    #[test]
    fn names_are_in_order_of_bits() {
        let names: Vec<_> = Changes::ALL.names().collect();
        assert!(names.starts_with(&["name", "command", "parent", "status", "cpu", "rss"]));
        assert_eq!(names.len(), Changes::ALL.each().count());
        let measures: Vec<_> = Changes::MEASURES.names().collect();
        assert!(measures.starts_with(&["cpu", "rss"]), "{measures:?}");
        assert!(measures.contains(&"faults"));
        assert!(!measures.contains(&"threads") && !measures.contains(&"user"));
    }

    #[test]
    fn each_change_has_a_public_constant() {
        let source = include_str!("changes.rs");
        for name in Changes::ALL.names() {
            let constant = format!(
                "pub const {}: Self = Self::named(\"{name}\");",
                name.to_uppercase()
            );
            assert!(source.contains(&constant), "no `{constant}`");
        }
    }

    #[test]
    fn plain_values_that_differ_are_changes() {
        let old = Resources::default();
        assert_eq!(Changes::between(&old, &old), Changes::default());
        for rss_bytes in [Some(0), Some(1)] {
            let new = Resources { rss_bytes, ..old };
            assert_eq!(Changes::between(&old, &new), Changes::RSS);
            assert_eq!(Changes::between(&new, &new), Changes::default());
        }
    }
}
