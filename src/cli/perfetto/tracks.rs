//! The tracks of a trace.

use super::schema::{
    ChildTracksOrdering, CounterDescriptor, CounterUnit, SiblingMergeBehavior, TrackDescriptor,
};
use crate::cli::history::LifeId;

/// The track above those of all processes without a parent.
pub(super) const PROCESSES: u64 = 1;
/// The track above the counters of the host.
pub(super) const HOST: u64 = 2;
pub(super) const HOST_CPU: u64 = 3;
pub(super) const HOST_MEMORY: u64 = 4;
pub(super) const HOST_PROCESSES: u64 = 5;

/// Tracks of processes below each other. Perfetto drops a track that has 100 above it.
///
/// Process 1 and the track of all processes are above most, and a counter is below the last one.
pub(super) const MAX_DEPTH: u32 = 60;

/// What is known of the track of a life.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) uuid: u64,
    pub(super) parent_uuid: u64,
    /// The number of tracks of processes above it.
    pub(super) depth: u32,
    /// As described to the viewer so far.
    pub(super) name: String,
    rank: i32,
    /// No event of it is before this time.
    pub(super) begin_ns: u64,
    pub(super) cpu: Counter<f32>,
    pub(super) rss: Counter<u64>,
}

/// What is known of a counter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counter<T> {
    /// Its last value and the time of that; `None` before the first.
    pub(super) last: Option<(T, u64)>,
}

impl Track {
    /// Makes the track of a life below its parent's.
    pub(super) fn new(life: LifeId, parent: Option<&Self>, name: String, begin_ns: u64) -> Self {
        let (parent_uuid, depth) = match parent {
            None => (PROCESSES, 0),
            Some(parent) if parent.depth < MAX_DEPTH => (parent.uuid, parent.depth + 1),
            // Beside its parent.
            Some(parent) => (parent.parent_uuid, parent.depth),
        };
        Self {
            // After those of the host, with room for the counters.
            uuid: (life + 2) * 4,
            parent_uuid,
            depth,
            name,
            rank: i32::try_from(life).unwrap_or(i32::MAX),
            begin_ns,
            cpu: Counter { last: None },
            rss: Counter { last: None },
        }
    }

    pub(super) fn cpu_uuid(&self) -> u64 {
        self.uuid + 1
    }

    pub(super) fn rss_uuid(&self) -> u64 {
        self.uuid + 2
    }

    /// Describes the track. Siblings are in order of their first sight.
    pub(super) fn descriptor(&self) -> TrackDescriptor {
        TrackDescriptor {
            sibling_order_rank: Some(self.rank),
            // By default, siblings of the same name share one track.
            sibling_merge_behavior: Some(SiblingMergeBehavior::None.into()),
            ..group(self.uuid, Some(self.parent_uuid), &self.name)
        }
    }
}

/// Describes a track whose children are in order of their rank.
pub(super) fn group(uuid: u64, parent_uuid: Option<u64>, name: &str) -> TrackDescriptor {
    TrackDescriptor {
        uuid: Some(uuid),
        name: Some(name.to_owned()),
        parent_uuid,
        child_ordering: Some(ChildTracksOrdering::Explicit.into()),
        ..TrackDescriptor::default()
    }
}

/// Describes a counter.
pub(super) fn counter(
    uuid: u64,
    parent_uuid: u64,
    name: &str,
    unit: CounterDescriptor,
    description: Option<&str>,
) -> TrackDescriptor {
    TrackDescriptor {
        uuid: Some(uuid),
        name: Some(name.to_owned()),
        parent_uuid: Some(parent_uuid),
        counter: Some(unit),
        // Before the children of a process, in this order.
        sibling_order_rank: Some(-8 + i32::try_from(uuid % 8).unwrap_or(0)),
        description: description.map(str::to_owned),
        ..TrackDescriptor::default()
    }
}

pub(super) fn percent() -> CounterDescriptor {
    CounterDescriptor {
        unit: None,
        unit_name: Some("%".to_owned()),
    }
}

pub(super) fn bytes() -> CounterDescriptor {
    CounterDescriptor {
        unit: Some(CounterUnit::SizeBytes.into()),
        unit_name: None,
    }
}

pub(super) fn count() -> CounterDescriptor {
    CounterDescriptor {
        unit: Some(CounterUnit::Count.into()),
        unit_name: None,
    }
}
