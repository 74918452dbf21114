//! Consumers with a filter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use process_scanner::{
    Batch, Config, ConsumerOptions, Event, Filter, Overflow, ProcessKey, Scanner, Snapshot,
    Subscription, Transition,
};
use proptest::prelude::*;

use crate::fold::{Change, change};
use crate::support::{Made, World};

fn subscribe(scanner: &Scanner, filter: Option<Filter>, queue_len: usize) -> Subscription {
    let mut options = ConsumerOptions::default().with_queue_len(queue_len);
    if let Some(filter) = filter {
        options = options.with_filter(filter);
    } else {
        options = options.with_overflow(Overflow::Block);
    }
    scanner.consumers().subscribe(options)
}

fn named(regex: &str) -> Filter {
    Filter::new().with_name(regex).unwrap()
}

/// Receives what is in the queue.
fn received(consumer: &Subscription) -> Vec<Arc<Batch>> {
    std::iter::from_fn(|| consumer.try_recv().ok()).collect()
}

fn kinds(batch: &Batch) -> Vec<(&str, u32)> {
    let events = batch.events.iter();
    events
        .map(|event| (event.kind(), event.process().pid))
        .collect()
}

#[test]
fn a_consumer_with_a_filter_is_only_woken_for_its_processes() {
    let world = World::new();
    world.add(1, Made::new("init", 5));
    world.add(2, Made::new("nginx", 5));
    let mut scanner = world.scanner();
    let of_nginx = subscribe(&scanner, Some(named("^nginx$")), 16);
    // It receives each batch after the one above.
    let last = subscribe(&scanner, None, 16);
    let mut snapshot = Snapshot::new();
    let mut scan = || {
        scanner.scan_once().unwrap();
        last.recv().unwrap();
        let mut batches = received(&of_nginx);
        assert!(batches.len() <= 1);
        assert!(batches.iter().all(|batch| snapshot.apply(batch)));
        batches.pop()
    };
    let first = scan().unwrap();
    assert!(first.full);
    assert_eq!(kinds(&first), [("existing", 2)]);
    assert_eq!(first.counts.processes, 2);
    // CPU use becomes known.
    assert_eq!(kinds(&scan().unwrap()), [("updated", 2)]);

    world.add(3, Made::new("sh", 6));
    assert!(scan().is_none());
    world.edit(|state| _ = state.processes.remove(&3));
    assert!(scan().is_none());
    world.add(4, Made::new("nginx", 7));
    let second = scan().unwrap();
    assert_eq!(kinds(&second), [("created", 4)]);
    assert_eq!((second.seq, second.skipped_batches), (5, 2));

    // An exec is no exit, and what follows belongs to it.
    world.edit(|state| state.processes.get_mut(&4).unwrap().name = b"worker".into());
    assert_eq!(kinds(&scan().unwrap()), [("updated", 4)]);
    world.edit(|state| _ = state.processes.remove(&4));
    assert_eq!(kinds(&scan().unwrap()), [("exited", 4)]);

    // It has to know that it may miss something.
    world.edit(|state| {
        state.failure = Some(process_scanner::ErrorClass::Permission);
        state.hidden = vec![1, 2];
    });
    let failed = scan().unwrap();
    assert!(failed.failure.is_some() && failed.events.is_empty());
    assert_eq!(failed.unconfirmed.len(), 1, "{:?}", failed.unconfirmed);
    world.edit(|state| {
        state.failure = None;
        state.hidden.clear();
    });
    // It has to know that this has ended, too.
    assert!(scan().unwrap().failure.is_none());
    assert!(scan().is_none());

    // One that joins late begins with those that match now.
    let late = subscribe(&scanner, Some(named("^init$")), 16);
    assert_eq!(kinds(&late.recv().unwrap()), [("existing", 1)]);
}

#[test]
fn a_filter_on_a_user_needs_the_user_to_be_collected() {
    let mut config = Config::default();
    config.collect |= process_scanner::Collect::USER;
    let mut scanner = Scanner::builder().config(config).build().unwrap();
    let own = std::process::id();
    let batch = scanner.scan_once().unwrap();
    let process = |batch: &Batch| {
        let mut processes = batch.events.iter().map(Event::process);
        processes.find(|process| process.pid == own).cloned()
    };
    let own_process = process(&batch).unwrap();
    let Some(id) = own_process
        .details
        .get(process_scanner::Detail::UserId)
        .as_count()
    else {
        return eprintln!("SKIPPED: this system has no numbers of users");
    };
    let mine = subscribe(&scanner, Some(Filter::new().with_user(id.to_string())), 16);
    assert!(process(&mine.recv().unwrap()).is_some());
    let others = Filter::new().with_user((id + 1).to_string());
    let others = subscribe(&scanner, Some(others), 16);
    assert!(process(&others.recv().unwrap()).is_none());
}

#[test]
fn transitions_reach_consumers_with_a_filter() {
    let mut config = Config::default();
    config.interval_ms = 1000;
    let world = World::new();
    world.add(1, Made::new("init", 5));
    let scanner = Scanner::builder().config(config).source(world).start();
    let scanner = scanner.unwrap();
    let none = Filter::new().with_name("^no such name$").unwrap();
    let consumer = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_filter(none));
    assert!(consumer.recv().unwrap().full);
    scanner.control().set_interval_ms(2000).unwrap();
    let batch = consumer.recv().unwrap();
    let is_interval = |transition: &Transition| matches!(transition, Transition::Interval { .. });
    assert!(batch.transitions.iter().any(is_interval), "{batch:?}");
    assert!(batch.events.is_empty());
    scanner.stop().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A process that has matched once is in the snapshot of the consumer, with the values of all.
    #[test]
    fn a_snapshot_has_all_that_have_matched(
        changes in proptest::collection::vec(change(), 1..200),
        reads in proptest::collection::vec(any::<bool>(), 200),
    ) {
        let filter = named(r"^reborn|\+$");
        let world = World::new();
        let mut config = Config::default();
        config.doubt_min_processes = 3;
        let builder = Scanner::builder().config(config).source(world.clone());
        let mut scanner = builder.build().unwrap();
        let prompt = subscribe(&scanner, Some(filter.clone()), 64);
        let slow = subscribe(&scanner, Some(filter.clone()), 1);
        let last = subscribe(&scanner, None, 64);
        let (mut all, mut of_prompt, mut of_slow) =
            (Snapshot::new(), Snapshot::new(), Snapshot::new());
        let mut matched: HashSet<ProcessKey> = HashSet::new();
        // A key can be that of several lives in a made-up world.
        let mut born: HashSet<ProcessKey> = HashSet::new();
        let expected = |all: &Snapshot, matched: &HashSet<ProcessKey>| -> Vec<_> {
            all.iter().filter(|process| matched.contains(&process.key())).cloned().collect()
        };
        for (change, reads) in changes.into_iter().zip(reads) {
            let scans = matches!(change, Change::Scan);
            world.happen(change);
            if !scans {
                continue;
            }
            scanner.scan_once().unwrap();
            let batch = last.recv().unwrap();
            all.apply(&batch);
            for event in &batch.events {
                let process = event.process();
                match event {
                    Event::Exited { .. } => _ = matched.remove(&process.key()),
                    _ if filter.matches(process, &all) => _ = matched.insert(process.key()),
                    _ => {}
                }
                if event.kind() == "created" {
                    born.insert(process.key());
                }
            }
            for part in received(&prompt) {
                prop_assert_eq!(part.seq, batch.seq);
                prop_assert!(of_prompt.apply(&part));
                prop_assert!(part.events.is_sorted_by_key(|event| event.process().pid));
                for event in &part.events {
                    let is_birth = event.kind() == "created";
                    prop_assert!(!is_birth || born.contains(&event.process().key()), "{event:?}");
                }
            }
            let of_all = expected(&all, &matched);
            prop_assert!(of_prompt.iter().eq(&of_all), "{:?} {:?}", of_prompt, of_all);
            if reads {
                for part in received(&slow) {
                    prop_assert!(of_slow.apply(&part));
                }
            }
        }
        scanner.finish();
        for part in slow.iter() {
            prop_assert!(of_slow.apply(&part));
        }
        prop_assert!(of_slow.iter().eq(&expected(&all, &matched)));
    }

    /// The changes that full batches report lead from each state to the next.
    #[test]
    fn changes_of_a_snapshot_lead_from_each_state_to_the_next(
        changes in proptest::collection::vec(change(), 1..200),
        reads in proptest::collection::vec(any::<bool>(), 200),
    ) {
        let world = World::new();
        let builder = Scanner::builder().source(world.clone());
        let mut scanner = builder.build().unwrap();
        let slow = subscribe(&scanner, Some(Filter::new()), 1);
        let last = subscribe(&scanner, None, 64);
        let mut snapshot = Snapshot::new();
        let mut model: HashMap<u32, process_scanner::ProcessInfo> = HashMap::new();
        let mut scanned_at_ms = None;
        for (change, reads) in changes.into_iter().zip(reads) {
            let scans = matches!(change, Change::Scan);
            world.happen(change);
            if !scans {
                continue;
            }
            scanner.scan_once().unwrap();
            last.recv().unwrap();
            if !reads {
                continue;
            }
            for batch in received(&slow) {
                let mut wrong = Vec::new();
                snapshot.apply_with(&batch, |event| {
                    let process = event.process();
                    let known = model.get(&process.pid).map(|known| known.key());
                    let is_known = known == Some(process.key());
                    let is_right = match &event {
                        Event::Existing(_) => !is_known || !batch.full,
                        Event::Created(_) => {
                            let is_born = scanned_at_ms.is_some() && process.start_time_ms > scanned_at_ms;
                            !batch.full || is_born
                        }
                        Event::Updated { changed, .. } => is_known && !(changed.is_empty() && batch.full),
                        Event::Exited { .. } => is_known,
                        _ => false,
                    };
                    if !is_right {
                        wrong.push(format!("{event:?} after {known:?}"));
                    }
                    match event {
                        Event::Exited { process, .. } => _ = model.remove(&process.pid),
                        event => _ = model.insert(event.process().pid, event.process().clone()),
                    }
                });
                if batch.failure.is_none() {
                    scanned_at_ms = Some(batch.taken_at_ms);
                }
                prop_assert!(wrong.is_empty(), "{:?}", wrong);
                prop_assert_eq!(model.len(), snapshot.len());
                prop_assert!(snapshot.iter().all(|process| model.get(&process.pid) == Some(process)));
            }
        }
    }

    /// Relatives are processes that live, once each, and children of living relatives are some too.
    #[test]
    fn relatives_are_selected_in_any_world(
        changes in proptest::collection::vec(change(), 1..200),
        root in 1_u32..6,
    ) {
        let world = World::new();
        let mut scanner = Scanner::builder().source(world.clone()).build().unwrap();
        let below = Filter::new().with_descendants_of(root);
        let above = Filter::new().with_ancestors_of(root + 20);
        let below = subscribe(&scanner, Some(below), 64);
        let above = subscribe(&scanner, Some(above), 64);
        let last = subscribe(&scanner, None, 64);
        let (mut all, mut of_below, mut of_above) =
            (Snapshot::new(), Snapshot::new(), Snapshot::new());
        for change in changes {
            let scans = matches!(change, Change::Scan);
            world.happen(change);
            if !scans {
                continue;
            }
            scanner.scan_once().unwrap();
            all.apply(&last.recv().unwrap());
            for (consumer, snapshot) in [(&below, &mut of_below), (&above, &mut of_above)] {
                for part in received(consumer) {
                    prop_assert!(snapshot.apply(&part));
                }
                for process in snapshot.iter() {
                    prop_assert_eq!(all.get(process.key()), Some(process));
                }
            }
            for child in all.iter() {
                let parent = all.parent(child);
                if parent.is_some_and(|parent| of_below.get(parent.key()).is_some()) {
                    prop_assert!(of_below.get(child.key()).is_some(), "{child:?}");
                }
            }
        }
    }
}
