//! The consumer [`Groups`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::book::Limits;
use super::group::GroupsReport;
use super::group_by::GroupBy;
use super::grouping::Grouping;
use super::population::{Population, Terms};
use super::rule::Rule;
use crate::dispatch::Consumer;
use crate::model::{Batch, Collect, Snapshot};

/// Adds up what groups of processes use, including processes that have ended.
///
/// Processes are grouped by [a value](Self::by) or by [rules](Self::by_rules); all kernel threads
/// are one group. A process whose name, user or other value changes moves to another group. What it
/// used before stays with the old one, so no [counter](crate::GroupCounters) ever falls.
///
/// CPU time counts from the first sight of a process. All CPU time of a process counts if it was
/// born while others were watched: it started after the first batch was taken. After lost batches,
/// the exits of processes that are gone have no known outcome, and births of processes that lived
/// only meanwhile are missing.
///
/// The batches must be those of one scanner: another one can give the same process another key.
///
/// Clones share their state: register one as a consumer, and read the report from another.
///
/// ```
/// use process_scanner::{Config, ConsumerOptions, GroupBy, Groups, Scanner};
///
/// let groups = Groups::by(GroupBy::User);
/// let mut config = Config::default();
/// config.collect |= groups.collect();
/// let mut scanner = Scanner::builder().config(config).build()?;
/// scanner.consumers().register(ConsumerOptions::default(), groups.clone())?;
/// scanner.scan_once().expect("a live source never ends");
/// // Returns when it has received every batch. A running scanner sends them as it scans.
/// scanner.finish();
/// for group in groups.report().groups {
///     println!("{:?}: {} processes", group.id.name(), group.processes);
/// }
/// # assert!(!groups.report().groups.is_empty());
/// # Ok::<(), process_scanner::Error>(())
/// ```
#[derive(Clone)]
pub struct Groups {
    state: Arc<Mutex<State>>,
}

/// What clones share.
struct State {
    grouping: Arc<Grouping>,
    limits: Limits,
    population: Population,
}

impl Groups {
    /// Groups processes by a value.
    ///
    /// A source must [collect](Self::collect) it.
    pub fn by(value: GroupBy) -> Self {
        Self::with(Grouping::Value(value))
    }

    /// Groups processes by the first rule that matches.
    ///
    /// A process that no rule matches joins its parent's group, if the rule of that group [takes
    /// children](Rule::with_children), and otherwise [`Other`](crate::GroupId::Other). Kernel
    /// threads are one group, whatever the rules.
    pub fn by_rules(rules: Vec<Rule>) -> Self {
        Self::with(Grouping::Rules(rules, None))
    }

    /// Groups processes by the first rule that matches, and others by a value.
    ///
    /// Like [`by_rules`](Self::by_rules), but a process that no rule matches, and that joins no
    /// parent, belongs to the group of its value, as with [`by`](Self::by).
    pub fn by_rules_or(rules: Vec<Rule>, value: GroupBy) -> Self {
        Self::with(Grouping::Rules(rules, Some(value)))
    }

    fn with(grouping: Grouping) -> Self {
        let state = State {
            grouping: Arc::new(grouping),
            limits: Limits {
                groups: 1000,
                empty_ns: 300_000_000_000,
            },
            population: Population::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Sets how many [named](crate::GroupId::Named) groups there are at most; 1,000 by default.
    ///
    /// Without room, the processes of a new group are [`Other`](crate::GroupId::Other), until they
    /// exit, or until there is room when they are grouped again: after a change, and after lost
    /// batches. A group that exists never moves there. It is the limit of all clones.
    #[must_use]
    pub fn with_limit(self, groups: usize) -> Self {
        self.lock().limits.groups = groups;
        self
    }

    /// Sets how long a named group stays after its last process; 5 minutes by default.
    ///
    /// It leaves with a batch after that time, by the clock of the batches, or after twice the time
    /// if it had processes meanwhile. If it comes back, its counters start at 0. It is the time of
    /// all clones.
    #[must_use]
    pub fn with_empty_for(self, time: Duration) -> Self {
        self.lock().limits.empty_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// Groups processes in another way from now on, and keeps all counters.
    ///
    /// `like` has the value or the rules, and the limits. `processes` are those of the scanner now:
    /// [`Consumers::snapshot`](crate::Consumers::snapshot). Each process moves to its new group as if
    /// it had changed: what it used before stays with the old group, which leaves when it has been
    /// empty for long enough, or when its room is needed. A source must already collect what `like` [needs](Self::collect).
    ///
    /// Call it where batches arrive, after a batch: a process that is in no batch yet is skipped.
    /// Nothing happens if `like` is a clone of this.
    ///
    /// ```
    /// use process_scanner::{ConsumerOptions, GroupBy, Groups, Scanner};
    ///
    /// let groups = Groups::by(GroupBy::Name);
    /// let mut scanner = Scanner::builder().build()?;
    /// scanner.consumers().register(ConsumerOptions::default(), groups.clone())?;
    /// scanner.scan_once().expect("a live source never ends");
    /// let processes = scanner.consumers().snapshot();
    /// groups.regroup(&Groups::by(GroupBy::Executable), &processes);
    /// # scanner.finish();
    /// # Ok::<(), process_scanner::Error>(())
    /// ```
    pub fn regroup(&self, like: &Self, processes: &Snapshot) {
        if Arc::ptr_eq(&self.state, &like.state) {
            return;
        }
        let (grouping, limits) = {
            let like = like.lock();
            (Arc::clone(&like.grouping), like.limits)
        };
        let mut state = self.lock();
        let state = &mut *state;
        state.grouping = grouping;
        state.limits = limits;
        let terms = Terms {
            grouping: &state.grouping,
            limits,
        };
        state.population.regroup(processes, terms);
    }

    /// Returns what [`Config::collect`](crate::Config::collect) must contain for its groups.
    ///
    /// The amounts that groups report are not in it: they are collected by default.
    pub fn collect(&self) -> Collect {
        self.lock().grouping.collect()
    }

    /// Returns all groups, as of the last batch.
    ///
    /// This takes time in proportion to the living processes.
    pub fn report(&self) -> GroupsReport {
        self.lock().population.report()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumer for Groups {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        let mut state = self.lock();
        let state = &mut *state;
        let terms = Terms {
            grouping: &state.grouping,
            limits: state.limits,
        };
        state.population.apply(batch, terms);
    }
}

/// Omits the groups, whose names other programs choose.
impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Groups")
            .field("grouping", &state.grouping)
            .field("limits", &state.limits)
            .finish_non_exhaustive()
    }
}
