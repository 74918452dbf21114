//! Children that join the group of their parent.

use process_scanner::{Changes, Event, Filter, Groups, ProcessInfo, Rule};

use super::{Feed, exited, old, sized};

fn child(pid: u32, name: &str, parent_pid: u32) -> ProcessInfo {
    let mut process = old(pid, name, Some(100.0));
    process.parent_pid = Some(parent_pid);
    process
}

fn feed() -> Feed {
    let rule = |name: &str, template: &str| {
        Rule::new(Filter::new().with_name(name).unwrap(), template).unwrap()
    };
    Feed::new(Groups::by_rules(vec![
        rule("^make$", "build").with_children(),
        rule("^sshd$", "ssh"),
    ]))
}

#[test]
fn descendants_that_match_no_rule_join_in_any_order_of_pids() {
    let mut feed = feed();
    feed.send(
        [
            child(3, "as", 40),
            child(4, "sshd", 50),
            child(5, "sh", 4),
            child(40, "cc", 50),
            child(50, "make", 1),
        ]
        .map(Event::Existing)
        .into(),
    );
    assert_eq!(
        feed.sizes(),
        sized(&[("build", 3), ("ssh", 1), ("other", 1)]),
        "make, cc and as; sshd; sh"
    );
}

#[test]
fn a_child_stays_when_its_parent_exits_until_it_matches_a_rule() {
    let mut feed = feed();
    feed.send(vec![Event::Existing(child(50, "make", 1))]);
    feed.send(vec![Event::Created(child(51, "sh", 50))]);
    feed.send(vec![exited(child(50, "make", 1), Some(0))]);
    let orphan = child(51, "cc", 1);
    feed.send(vec![Event::updated(
        orphan,
        Changes::NAME | Changes::PARENT,
    )]);
    assert_eq!(feed.sizes(), sized(&[("build", 1)]));
    feed.send_full(&[child(51, "cc", 1)]);
    assert_eq!(feed.sizes(), sized(&[("build", 1)]));
    let server = child(51, "sshd", 1);
    feed.send(vec![Event::updated(server, Changes::NAME)]);
    assert_eq!(feed.sizes(), sized(&[("build", 0), ("ssh", 1)]));
}

#[test]
fn a_program_started_by_a_fork_of_its_parent_stays_in_the_group() {
    let mut feed = feed();
    feed.send(vec![Event::Existing(child(50, "make", 1))]);
    // A fork has the name of its parent until the `exec`.
    feed.send(vec![Event::Created(child(51, "make", 50))]);
    feed.send(vec![Event::updated(child(51, "cc", 50), Changes::NAME)]);
    assert_eq!(feed.sizes(), sized(&[("build", 2)]));
}

#[test]
fn after_a_loss_a_child_joins_the_next_process_with_the_pid_of_its_parent() {
    let mut feed = feed();
    feed.send(vec![Event::Existing(child(50, "make", 1))]);
    let mut server = child(50, "sshd", 1);
    server.start_time_ms = server.start_time_ms.map(|ms| ms + 10);
    feed.send_full(&[child(4, "sh", 50), server]);
    assert_eq!(
        feed.sizes(),
        sized(&[("build", 0), ("ssh", 1), ("other", 1)])
    );
    assert_eq!(feed.counters("build").exits.unknown, 1);
}

#[test]
fn processes_that_are_each_others_parents_are_other() {
    let mut feed = feed();
    feed.send(
        [
            child(7, "a", 8),
            child(8, "b", 9),
            child(9, "c", 7),
            child(10, "d", 10),
        ]
        .map(Event::Existing)
        .into(),
    );
    assert_eq!(feed.sizes(), sized(&[("other", 4)]));
}

#[test]
fn a_line_of_ten_thousand_children_joins() {
    let mut feed = feed();
    let line = (2..10_000).map(|pid| Event::Existing(child(pid, "sh", pid + 1)));
    let first = Event::Existing(child(10_000, "make", 1));
    feed.send(line.chain([first]).collect());
    assert_eq!(feed.sizes(), sized(&[("build", 9_999)]));
}
