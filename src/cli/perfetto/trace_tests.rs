//! Reads traces again, as a viewer does.

use std::collections::{BTreeMap, HashMap, HashSet};

use process_scanner::{Batch, Event, HostInfo};
use proptest::prelude::*;
use prost::Message as _;

use super::perfetto_trace::PerfettoTrace;
use super::schema::{
    AnnotationValue, CounterValue, Data, EventName, EventType, InternedData, Trace,
    TrackDescriptor, TrackEvent, sequence_flags,
};
use super::tracks::{HOST, MAX_DEPTH, PROCESSES};
use crate::cli::history::{LifeFold, Step, TimeAxis, batches, steps};

/// A slice, read from a trace.
#[derive(Debug, Clone, PartialEq)]
struct Slice {
    name: String,
    category: String,
    begin_ns: u64,
    end_ns: u64,
    depth: usize,
    arguments: BTreeMap<String, AnnotationValue>,
}

/// What a viewer knows of a trace.
#[derive(Debug, Default)]
struct Viewed {
    tracks: BTreeMap<u64, TrackDescriptor>,
    slices: BTreeMap<u64, Vec<Slice>>,
    counters: BTreeMap<u64, Vec<(u64, f64)>>,
}

/// Texts by their numbers, for each kind.
#[derive(Default)]
struct Numbers {
    names: HashMap<u64, String>,
    categories: HashMap<u64, String>,
    annotations: HashMap<u64, String>,
    values: HashMap<u64, String>,
}

impl Numbers {
    fn add(&mut self, data: InternedData) {
        for (texts, new) in [
            (&mut self.names, data.event_names),
            (&mut self.categories, data.event_categories),
            (&mut self.annotations, data.debug_annotation_names),
            (&mut self.values, data.debug_annotation_string_values),
        ] {
            for text in new {
                let before = texts.insert(text.iid.unwrap(), text.name.unwrap());
                assert_eq!(before, None, "a number has two texts");
            }
        }
    }
}

fn written(batches: &[Batch]) -> (Vec<u8>, LifeFold) {
    let mut bytes = Vec::new();
    let (mut axis, mut fold) = (TimeAxis::default(), LifeFold::default());
    let mut trace = PerfettoTrace::new(&mut bytes);
    for batch in batches {
        let at_ms = axis.of(batch);
        let taken = fold.take(batch, at_ms);
        trace
            .take(&HostInfo::default(), batch, at_ms, &taken, &fold)
            .unwrap();
    }
    trace.finish(&fold).unwrap();
    drop(trace);
    (bytes, fold)
}

/// Reads a trace: texts in order of the file, then events in order of time, as trace_processor does.
fn viewed(bytes: &[u8]) -> Viewed {
    let mut viewed = Viewed::default();
    let mut numbers = Numbers::default();
    let mut events: Vec<(u64, TrackEvent)> = Vec::new();
    for (index, packet) in Trace::decode(bytes).unwrap().packet.into_iter().enumerate() {
        let flags = packet.sequence_flags.unwrap();
        let is_cleared = flags & sequence_flags::INCREMENTAL_STATE_CLEARED != 0;
        assert_eq!(is_cleared, index == 0);
        numbers.add(packet.interned_data.unwrap_or_default());
        match packet.data.unwrap() {
            Data::TrackDescriptor(track) => {
                let parent = track.parent_uuid;
                assert!(parent.is_none_or(|parent| viewed.tracks.contains_key(&parent)));
                viewed.tracks.insert(track.uuid.unwrap(), track);
            }
            Data::TrackEvent(mut event) => {
                assert!(viewed.tracks.contains_key(&event.track_uuid.unwrap()));
                resolve(&mut event, &numbers);
                events.push((packet.timestamp.unwrap(), event));
            }
            Data::ClockSnapshot(_) | Data::SystemInfo(_) => assert!(index < 2),
        }
    }
    events.sort_by_key(|(at_ns, _)| *at_ns);
    let mut open: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at_ns, event) in events {
        viewed.take(at_ns, event, &mut open, &numbers);
    }
    assert!(open.values().all(Vec::is_empty), "a slice has no end");
    viewed
}

/// Replaces numbers by texts.
fn resolve(event: &mut TrackEvent, numbers: &Numbers) {
    if let Some(EventName::Iid(iid)) = event.name {
        event.name = Some(EventName::Text(numbers.names[&iid].clone()));
    }
    for annotation in &mut event.debug_annotations {
        if let Some(AnnotationValue::TextIid(iid)) = annotation.value {
            annotation.value = Some(AnnotationValue::Text(numbers.values[&iid].clone()));
        }
    }
}

impl Viewed {
    fn take(
        &mut self,
        at_ns: u64,
        event: TrackEvent,
        open: &mut HashMap<u64, Vec<usize>>,
        numbers: &Numbers,
    ) {
        let uuid = event.track_uuid.unwrap();
        let open = open.entry(uuid).or_default();
        let slices = self.slices.entry(uuid).or_default();
        match EventType::try_from(event.r#type.unwrap()).unwrap() {
            EventType::SliceBegin => {
                let Some(EventName::Text(name)) = event.name else {
                    panic!("a slice has no name");
                };
                let arguments = event.debug_annotations.into_iter().map(|annotation| {
                    let name = &numbers.annotations[&annotation.name_iid.unwrap()];
                    (name.clone(), annotation.value.unwrap())
                });
                let slice = Slice {
                    name,
                    category: numbers.categories[&event.category_iids[0]].clone(),
                    begin_ns: at_ns,
                    end_ns: u64::MAX,
                    depth: open.len(),
                    arguments: arguments.collect(),
                };
                open.push(slices.len());
                slices.push(slice);
            }
            EventType::SliceEnd => {
                let last = open.pop().expect("a slice ends that has not begun");
                slices[last].end_ns = at_ns;
            }
            EventType::Counter => {
                let value = match event.counter_value.unwrap() {
                    CounterValue::Integer(value) => value as f64,
                    CounterValue::Real(value) => value,
                };
                self.counters.entry(uuid).or_default().push((at_ns, value));
            }
            EventType::Unspecified => panic!("an event has no type"),
        }
    }

    /// Returns the tracks of lives, with their slices.
    fn lives(&self) -> impl Iterator<Item = (&TrackDescriptor, &Vec<Slice>)> {
        let lives = self.tracks.values().filter(|track| {
            track.counter.is_none() && !matches!(track.uuid, Some(PROCESSES | HOST))
        });
        lives.map(|track| (track, &self.slices[&track.uuid.unwrap()]))
    }

    fn depth(&self, track: &TrackDescriptor) -> u32 {
        let mut depth = 0;
        let mut parent = track.parent_uuid.unwrap();
        let mut seen = HashSet::new();
        while parent != PROCESSES {
            assert!(seen.insert(parent), "tracks are in a circle");
            parent = self.tracks[&parent].parent_uuid.unwrap();
            depth += 1;
        }
        depth
    }
}

fn is_failure(event: &Event) -> bool {
    match event {
        Event::Exited { exit, .. } => exit.is_some_and(|status| !status.is_success()),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_trace_has_a_slice_for_each_life(steps in steps()) {
        let batches = batches(&steps);
        let (bytes, fold) = written(&batches);
        let viewed = viewed(&bytes);
        prop_assert_eq!(viewed.lives().count() as u64, fold.count());
        let (begin_ns, end_ns) = (
            batches[0].taken_at_ms * 1_000_000,
            batches[batches.len() - 1].taken_at_ms * 1_000_000,
        );
        for (track, slices) in viewed.lives() {
            let (life, programs) = slices.split_first().unwrap();
            prop_assert_eq!(life.depth, 0);
            prop_assert!(begin_ns <= life.begin_ns && life.end_ns <= end_ns, "{:?}", life);
            prop_assert!(viewed.depth(track) <= MAX_DEPTH);
            // Its programs are in it, one after the other, without gaps.
            let mut at_ns = life.begin_ns;
            for program in programs {
                prop_assert_eq!((program.depth, &*program.category), (1, "program"));
                prop_assert_eq!(program.begin_ns, at_ns);
                prop_assert!(program.end_ns >= at_ns);
                at_ns = program.end_ns;
            }
            prop_assert_eq!(at_ns, life.end_ns);
            if let (Some(AnnotationValue::Count(lived_ns)), false) = (
                life.arguments.get("lived_ns"),
                life.arguments.contains_key("began_before_recording"),
            ) {
                // Times are in whole milliseconds, lengths are not: what begins with the recording may
                // have begun a part of a millisecond before it, and is cut there.
                let length_ns = life.end_ns - life.begin_ns;
                let is_cut = life.begin_ns == begin_ns && lived_ns - length_ns < 1_000_000;
                prop_assert!(length_ns == *lived_ns || is_cut, "{length_ns} of {lived_ns}");
            }
        }
        let category = |name: &str| {
            let lives = viewed.lives().filter(|(_, slices)| slices[0].category == name);
            lives.count()
        };
        let events = || batches.iter().flat_map(|batch| &batch.events);
        let failures = events().filter(|event| is_failure(event)).count();
        prop_assert_eq!(category("failed") + category("signal"), failures);
        // The end of a recording, or another process with the pid, is no exit.
        let exits = events().filter(|event| matches!(event, Event::Exited { .. })).count();
        prop_assert_eq!(category("running") as u64, fold.count() - exits as u64);
    }

    #[test]
    fn counters_end_at_zero(steps in steps()) {
        let batches = batches(&steps);
        let (bytes, _) = written(&batches);
        let viewed = viewed(&bytes);
        for (track, slices) in viewed.lives() {
            let uuid = track.uuid.unwrap();
            let is_running = slices[0].category == "running";
            for counter in [uuid + 1, uuid + 2] {
                let Some(values) = viewed.counters.get(&counter) else { continue };
                prop_assert_eq!(viewed.tracks[&counter].parent_uuid, Some(uuid));
                let (last_ns, last) = values[values.len() - 1];
                prop_assert!(is_running || last == 0.0, "{:?}", values);
                prop_assert!(is_running || last_ns >= slices[0].end_ns, "{:?}", values);
            }
        }
    }
}

#[test]
fn values_are_at_the_begin_of_the_time_that_they_cover() {
    let steps = [
        Step::Batch(1000, true),
        Step::Read(1, 5000, 4096),
        Step::Batch(1000, true),
        Step::Read(1, 2500, 8192),
        Step::Batch(1000, true),
    ];
    let batches = batches(&steps);
    let viewed = viewed(&written(&batches).0);
    let at = |index: usize| batches[index].taken_at_ms * 1_000_000;
    let track = viewed.tracks.values();
    let first = track
        .clone()
        .find(|track| track.name.as_deref() == Some("sh 1"));
    let uuid = first.unwrap().uuid.unwrap();
    assert_eq!(viewed.counters[&(uuid + 1)], [(at(1), 50.0), (at(2), 25.0)]);
    assert_eq!(
        viewed.counters[&(uuid + 2)],
        [(at(2), 4096.0), (at(3), 8192.0)]
    );
}

#[test]
fn a_deep_tree_of_processes_is_no_deeper_than_a_viewer_takes() {
    use process_scanner::{ProcessInfo, ProcessKey};
    // The parents have the larger pids, so they are described in another order than listed.
    let processes = (1..=200_u32).map(|pid| {
        let mut process = ProcessInfo::unknown(ProcessKey {
            pid,
            start_time_ms: Some(1_600_000_000_000 - u64::from(pid) * 1000),
        });
        process.parent_pid = Some(pid + 1);
        Event::Existing(process)
    });
    let batch = Batch::new(1, 1_700_000_000_000, processes.collect());
    let viewed = viewed(&written(&[batch]).0);
    let depths: Vec<u32> = viewed
        .lives()
        .map(|(track, _)| viewed.depth(track))
        .collect();
    assert_eq!(depths.len(), 200);
    assert_eq!(depths.iter().max(), Some(&MAX_DEPTH));
}
