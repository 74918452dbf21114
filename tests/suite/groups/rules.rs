//! Which group a process belongs to by itself.

use process_scanner::{
    Batch, Changes, Collect, Detail, Event, Filter, GroupBy, Groups, Rule, Snapshot,
};

use super::{BEGAN_MS, Feed, old, sized};

#[test]
fn kernel_threads_are_one_group_under_any_key() {
    let rules = vec![Rule::new(Filter::new(), "{name}").unwrap()];
    for groups in [Groups::by(GroupBy::Name), Groups::by_rules(rules)] {
        let mut feed = Feed::new(groups);
        let mut threads = [old(2, "kthreadd", Some(0.0)), old(3, "kworker", Some(9.0))];
        for thread in &mut threads {
            thread.kernel_thread = Some(true);
        }
        let mut helper = threads[1].clone();
        feed.send(threads.map(Event::Existing).into());
        assert_eq!(feed.sizes(), sized(&[("kernel", 2)]));
        // The kernel has started a program.
        helper.kernel_thread = Some(false);
        helper.name = Some("modprobe".into());
        feed.send(vec![Event::updated(helper, Changes::KERNEL_THREAD)]);
        assert_eq!(feed.sizes(), sized(&[("modprobe", 1), ("kernel", 1)]));
    }
}

#[test]
fn the_first_rule_that_matches_names_the_group() {
    let rules = vec![
        Rule::new(
            Filter::new().with_command(r"-pool=(?<pool>\w+)").unwrap(),
            "php {pool}",
        )
        .unwrap(),
        Rule::new(Filter::new().with_pid(3), "three").unwrap(),
        Rule::new(
            Filter::new().with_name("^a-long-name-of-a").unwrap(),
            "{name} {user}",
        )
        .unwrap(),
        Rule::new(Filter::new(), "{container}").unwrap(),
    ];
    let groups = Groups::by_rules(rules);
    assert_eq!(
        groups.collect(),
        Collect::COMMAND | Collect::USER | Collect::CGROUP
    );
    let mut feed = Feed::new(groups);
    let mut pool = old(1, "php-fpm", None);
    pool.command = Some(["php-fpm", "-pool=www", "x"].iter().collect());
    let mut cut = old(2, "a-long-name-of-", None);
    cut.command = Some(["/bin/a-long-name-of-a-program"].iter().collect());
    let no_user = cut.clone();
    cut.details.set(Detail::UserName, "ada".into());
    let mut boxed = old(5, "x", None);
    boxed.details.set(Detail::ContainerId, "c0ffee".into());
    let three = old(3, "three", None);
    feed.send(
        [pool.clone(), cut, three, old(4, "x", None), boxed]
            .map(Event::Existing)
            .into(),
    );
    let expected = [
        ("a-long-name-of-a-program ada", 1),
        ("c0ffee", 1),
        ("php www", 1),
        ("three", 1),
        ("other", 1),
    ];
    assert_eq!(feed.sizes(), sized(&expected));
    // A value of the template becomes unknown, and a command line another one.
    pool.command = Some(["php-fpm", "-pool=api"].iter().collect());
    feed.send(vec![
        Event::updated(pool, Changes::COMMAND),
        Event::updated(no_user, Changes::USER),
    ]);
    let expected = [
        ("a-long-name-of-a-program ada", 0),
        ("c0ffee", 1),
        ("php api", 1),
        ("php www", 0),
        ("three", 1),
        ("other", 2),
    ];
    assert_eq!(feed.sizes(), sized(&expected));
}

#[test]
fn groups_from_before_make_room_for_new_ones() {
    let mut feed = Feed::new(Groups::by(GroupBy::Name).with_limit(2));
    let all = [old(1, "a", None), old(2, "b", None)];
    let events: Vec<Event> = all.iter().cloned().map(Event::Existing).collect();
    let mut snapshot = Snapshot::new();
    let mut full = Batch::new(1, BEGAN_MS, events.clone());
    full.full = true;
    snapshot.apply(&full);
    feed.send(events);
    let rule = |name: &str| {
        let filter = Filter::new().with_name(name).unwrap();
        Rule::new(filter, &format!("rule {name}")).unwrap()
    };
    let like = Groups::by_rules(vec![rule("a"), rule("b")]).with_limit(2);
    feed.groups.regroup(&like, &snapshot);
    assert_eq!(
        feed.sizes(),
        sized(&[("rule a", 1), ("rule b", 1), ("other", 0)])
    );
}

#[test]
fn a_new_grouping_moves_processes_and_keeps_counters() {
    let build = || {
        let rule = Rule::new(Filter::new().with_name("^make$").unwrap(), "build").unwrap();
        Groups::by_rules(vec![rule.with_children()])
    };
    let mut feed = Feed::new(Groups::by(GroupBy::Name));
    // The parent has the larger pid.
    let mut child = old(3, "cc", Some(100.0));
    child.parent_pid = Some(9);
    let make = old(9, "make", Some(10.0));
    let other = old(4, "web", Some(5.0));
    let all = [child.clone(), make, other];
    let mut snapshot = Snapshot::new();
    let mut full = Batch::new(
        1,
        BEGAN_MS,
        all.iter().cloned().map(Event::Existing).collect(),
    );
    full.full = true;
    snapshot.apply(&full);
    feed.send(all.map(Event::Existing).into());
    child.cpu_time_ms = Some(130.0);
    feed.send(vec![Event::updated(child.clone(), Changes::CPU)]);
    // A clone has the same grouping.
    feed.groups.regroup(&feed.groups.clone(), &snapshot);
    assert_eq!(feed.sizes(), sized(&[("cc", 1), ("make", 1), ("web", 1)]));

    feed.groups.regroup(&build(), &snapshot);
    assert_eq!(
        feed.sizes(),
        sized(&[
            ("build", 2),
            ("cc", 0),
            ("make", 0),
            ("web", 0),
            ("other", 1)
        ])
    );
    child.cpu_time_ms = Some(135.0);
    feed.send(vec![Event::updated(child, Changes::CPU)]);
    assert_eq!(
        (feed.cpu_ms("cc"), feed.cpu_ms("build")),
        (Some(30.0), Some(5.0))
    );
    assert_eq!(feed.counters("build").births, 0);

    // A process that is not in the snapshot stays until it changes.
    feed.groups
        .regroup(&Groups::by(GroupBy::Name), &Snapshot::new());
    assert_eq!(feed.group("build").processes, 2);
}
