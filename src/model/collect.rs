//! Which fields a source reads: [`Collect`].

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::changes::is_same;
use super::detail::Detail;
use super::fields::FIELDS;

/// A set of fields that a source reads of each process.
///
/// [`FIELDS`] has the name of each group of fields. Fields of no group are always
/// read. In a file it is a list of names; an unknown name is an error.
///
/// ```
/// use process_scanner::Collect;
///
/// let mut collect = Collect::default() | Collect::USER | Collect::CGROUP;
/// collect = collect.without(Collect::COMMAND);
/// assert!(collect.contains(Collect::USER) && !collect.contains(Collect::IO));
/// let read: Collect = serde_json::from_str(r#"["cpu", "threads"]"#)?;
/// assert_eq!(read, Collect::CPU | Collect::THREADS);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Collect(u64);

impl Collect {
    /// Nothing but what is always read, such as pid, parent, name and status.
    pub const NONE: Self = Self(0);
    /// CPU time and CPU use.
    pub const CPU: Self = Self::group("cpu");
    /// Resident memory.
    pub const MEMORY: Self = Self::group("memory");
    /// Command lines.
    pub const COMMAND: Self = Self::group("command");
    /// Id and name of the user.
    pub const USER: Self = Self::group("user");
    /// Number of threads.
    pub const THREADS: Self = Self::group("threads");
    /// Virtual memory.
    pub const VIRTUAL_MEMORY: Self = Self::group("virtual_memory");
    /// CPU time in user mode and in the kernel.
    pub const CPU_MODES: Self = Self::group("cpu_modes");
    /// Page faults.
    pub const FAULTS: Self = Self::group("faults");
    /// Nice value.
    pub const NICE: Self = Self::group("nice");
    /// Session, process group and terminal.
    pub const SESSION: Self = Self::group("session");
    /// Control group, and container, unit and pod.
    pub const CGROUP: Self = Self::group("cgroup");
    /// Path of the program.
    pub const EXECUTABLE: Self = Self::group("executable");
    /// Number of open files.
    pub const OPEN_FILES: Self = Self::group("open_files");
    /// Bytes read from disks and written to them.
    pub const IO: Self = Self::group("io");
    /// Context switches.
    pub const SWITCHES: Self = Self::group("switches");
    /// Swapped-out memory.
    pub const SWAP: Self = Self::group("swap");
    /// Proportional share of memory, of the processes of
    /// [`Config::pss_pids`](crate::Config::pss_pids) alone.
    ///
    /// It is expensive: the kernel walks the whole memory map, and holds its lock meanwhile. A scan
    /// waits at most [`Config::pss_wait_ms`](crate::Config::pss_wait_ms); a late value comes with a
    /// later scan.
    pub const PSS: Self = Self::group("pss");
    /// Largest resident memory so far.
    pub const PEAK_RSS: Self = Self::group("peak_rss");
    /// All fields.
    pub const ALL: Self = {
        let (mut at, mut all) = (0, 0);
        while at < FIELDS.len() {
            if let Some(group) = FIELDS[at].collect {
                all |= Self::group(group).0;
            }
            at += 1;
        }
        Self(all)
    };
    /// What Linux has in `stat`, which is read anyway.
    const FREE: [Self; 6] = [
        Self::THREADS,
        Self::VIRTUAL_MEMORY,
        Self::CPU_MODES,
        Self::FAULTS,
        Self::NICE,
        Self::SESSION,
    ];

    /// Returns a group of fields by its name; `None` if no group has it.
    pub const fn named(name: &str) -> Option<Self> {
        let mut at = 0;
        while at < FIELDS.len() {
            if let Some(group) = FIELDS[at].collect
                && is_same(group, name)
            {
                // The first field of a group stands for all of them.
                return Some(Self(1 << at));
            }
            at += 1;
        }
        None
    }

    const fn group(name: &str) -> Self {
        match Self::named(name) {
            Some(group) => group,
            None => panic!("BUG: no field has this group"),
        }
    }

    /// Returns whether the set has all groups of `other`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether both have a group in common.
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn is_unset(&self) -> bool {
        self.is_empty()
    }

    /// Returns these groups and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns these groups without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns the names of the groups, in the order of [`FIELDS`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..FIELDS.len())
            .filter(move |at| self.0 & (1 << at) != 0)
            .filter_map(|at| FIELDS[at].collect)
    }

    /// Returns the details of these groups.
    pub fn details(self) -> impl Iterator<Item = Detail> {
        FIELDS.iter().filter_map(move |field| {
            let group = field.collect.and_then(Self::named);
            field
                .detail()
                .filter(|_| group.is_some_and(|group| self.contains(group)))
        })
    }
}

/// CPU, memory, command lines, and what Linux has in `stat`, which is read anyway.
impl Default for Collect {
    fn default() -> Self {
        let usual = Self::CPU | Self::MEMORY | Self::COMMAND;
        Self::FREE.into_iter().fold(usual, Self::bitor)
    }
}

impl BitOr for Collect {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for Collect {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

/// Prints the names, separated by commas; nothing for the empty set.
impl fmt::Display for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Serialises as a list of names.
impl Serialize for Collect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Collect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().try_fold(Self::NONE, |all, name| {
            let group = Self::named(name).ok_or_else(|| {
                let known = Self::ALL.to_string();
                de::Error::custom(format!(
                    "unknown group of fields {name:?}: not one of {known}"
                ))
            });
            Ok(all | group?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_a_public_constant() {
        let source = include_str!("collect.rs");
        for name in Collect::ALL.names() {
            let constant = format!(
                "pub const {}: Self = Self::group(\"{name}\");",
                name.to_uppercase()
            );
            assert!(source.contains(&constant), "no `{constant}`");
        }
    }

    #[test]
    fn a_set_is_a_list_of_names() {
        let set = Collect::CGROUP | Collect::CPU;
        let json = serde_json::to_string(&set).expect("plain data");
        assert_eq!(json, r#"["cpu","cgroup"]"#);
        let read: Collect = serde_json::from_str(&json).expect("it was written");
        assert_eq!(read, set);
        let error = serde_json::from_str::<Collect>(r#"["colour"]"#).expect_err("no group");
        assert!(
            error.to_string().contains("\"colour\": not one of "),
            "{error}"
        );
    }

    #[test]
    fn every_detail_belongs_to_a_group() {
        assert!(Collect::ALL.details().eq(Detail::ALL.iter().copied()));
        assert_eq!(Collect::NONE.details().count(), 0);
        let user: Vec<_> = Collect::USER.details().collect();
        assert_eq!(user, [Detail::UserId, Detail::UserName]);
        for detail in Detail::ALL {
            assert!(detail.field().change.is_some(), "{detail:?}");
        }
    }
}
