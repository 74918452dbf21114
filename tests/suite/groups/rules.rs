//! Which group a process belongs to by itself.

use process_scanner::{Changes, Collect, Detail, Event, Filter, GroupBy, Groups, Rule};

use super::{Feed, old, sized};

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
