//! Each step of listening, with real processes.

use process_scanner::{Hearing, ListenOptions, ListenStep};

use super::{Ears, Told, code, sh};

/// Listens at a step, and begins with a whole scan.
fn listen(step: ListenStep) -> Option<Ears> {
    let mut options = ListenOptions::default();
    options.closest = step;
    let mut ears = Ears::open(options)?;
    ears.scan();
    Some(ears)
}

fn has_command(ears: &Ears, pid: u32) -> bool {
    let has_command = |told: &Told| match told {
        Told::Born(read) | Told::Changed(read) => read.command.is_some(),
        Told::Exited { .. } => false,
    };
    ears.about(pid).iter().any(has_command)
}

#[test]
fn the_first_three_steps_report_all_lives_and_the_third_one_no_command_line() {
    for step in [ListenStep::Prompt, ListenStep::Gathered, ListenStep::Bare] {
        let Some(mut ears) = listen(step) else { return };
        let mut child = sh("read x; exit 3", "long");
        let pid = child.id();
        if step == ListenStep::Bare {
            ears.until("its birth", |ears| !ears.about(pid).is_empty());
            assert!(!has_command(&ears, pid));
        } else {
            ears.until("its command line", |ears| has_command(ears, pid));
        }
        drop(child.stdin.take());
        child.wait().unwrap();
        ears.until("its exit", |ears| !ears.exits(pid).is_empty());
        assert!(matches!(ears.about(pid)[0], Told::Born(_)));
        assert_eq!(ears.exits(pid), [code(3)]);
        assert!(ears.steps.iter().all(|(is, _)| *is == Some(step)));
        let last = ears.hearings.last().map(|(hearing, _)| *hearing);
        assert_eq!(last, Some(Hearing::Complete), "{step}");
    }
}

#[test]
fn with_exits_alone_a_known_process_has_its_status_and_births_are_counted() {
    let Some(mut ears) = listen(ListenStep::ExitsOnly) else {
        return;
    };
    if ears.steps.last().map(|(step, _)| *step) != Some(Some(ListenStep::ExitsOnly)) {
        return eprintln!("SKIPPED: this kernel cannot filter");
    }
    let mut children: Vec<_> = (0..10).map(|_| sh("read x; exit 3", "known")).collect();
    ears.scan();
    let before = ears.missed.unwrap_or(0);
    for _ in 0..20 {
        let mut short = sh("exit 4", "short");
        short.wait().unwrap();
        ears.drain();
        assert_eq!(ears.about(short.id()), []);
    }
    for child in &mut children {
        assert!(ears.scanned.contains_key(&child.id()));
        assert_eq!(ears.about(child.id()), []);
        drop(child.stdin.take());
        child.wait().unwrap();
    }
    for child in &children {
        ears.until("its exit", |ears| !ears.exits(child.id()).is_empty());
        assert_eq!(ears.exits(child.id()), [code(3)]);
        let [Told::Exited { ended_at_ms, .. }] = ears.about(child.id()) else {
            panic!("{:?}", ears.about(child.id()));
        };
        assert!(ended_at_ms.is_some());
    }
    ears.scan();
    ears.scan();
    assert!(ears.missed.is_some_and(|missed| missed >= before + 20));
    let is_lossy = |(hearing, _): &(Hearing, _)| *hearing == Hearing::Lossy;
    assert!(ears.hearings.iter().all(is_lossy));
}

#[test]
fn a_tiny_budget_is_left_step_by_step_without_a_false_exit() {
    let mut options = ListenOptions::default();
    options.cpu_percent = Some(1e-6);
    let Some(mut ears) = Ears::open(options) else {
        return;
    };
    let mut stays = sh("read x; exit 5", "stays");
    let before = ears.missed.unwrap_or(0);
    ears.until("the last step", |ears| {
        ears.steps
            .last()
            .is_some_and(|(step, _)| *step == Some(ListenStep::Deaf))
    });
    let steps: Vec<_> = ears.steps.iter().filter_map(|(step, _)| *step).collect();
    assert!(steps.is_sorted(), "{steps:?}");
    for pair in ears.steps.windows(2) {
        let [(from, _), (to, reason)] = pair else {
            continue;
        };
        let is_explained = reason
            .as_ref()
            .is_some_and(|reason| reason.contains("% of a core"));
        assert!(from == to || is_explained, "{from:?} to {to:?}: {reason:?}");
    }
    for _ in 0..20 {
        sh("exit 4", "short").wait().unwrap();
    }
    for _ in 0..3 {
        ears.scan();
    }
    assert!(ears.missed.is_some_and(|missed| missed >= before + 20));
    assert!(ears.scanned.contains_key(&stays.id()));
    assert_eq!(ears.exits(stays.id()), []);
    let last = ears.hearings.last().map(|(hearing, _)| *hearing);
    assert_eq!(last, Some(Hearing::Deaf));
    drop(stays.stdin.take());
    stays.wait().unwrap();
    ears.scan();
    assert!(!ears.scanned.contains_key(&stays.id()));
    assert!(ears.exits(stays.id()).iter().all(Option::is_none));
}
