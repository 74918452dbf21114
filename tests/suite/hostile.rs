//! Hostile names and command lines.

use std::sync::Arc;

use process_scanner::{Batch, Config, Event, Scanner};

use crate::support::{Made, World};

const LIMIT: usize = 16_384;

fn batch_of(args: Vec<Vec<u8>>) -> Arc<Batch> {
    let world = World::new();
    let mut made = Made::new("p", 5);
    made.name = b"a)b (c\n\x1b[2J\"\\\xff\xc2\x9b\r".to_vec();
    made.args = args;
    world.add(1, made);
    world.scanner().scan_once().unwrap()
}

fn json(batch: &Batch) -> serde_json::Value {
    let text = serde_json::to_string(batch.events[0].process()).unwrap();
    assert!(
        !text.contains(['\n', '\r', '\x1b']),
        "one line, and no escape codes: {text}"
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn json_of_any_name_is_valid_and_on_one_line() {
    let batch = batch_of(vec![b"".to_vec(), b"\n".to_vec(), b"\xff\xfe".to_vec()]);
    let process = json(&batch);
    assert_eq!(process["name"], "a)b (c\n\x1b[2J\"\\\u{fffd}\u{9b}\r");
    assert_eq!(
        process["command"],
        serde_json::json!(["", "\n", "\u{fffd}\u{fffd}"])
    );
}

#[test]
fn an_empty_name_and_command_are_reported() {
    let world = World::new();
    let mut made = Made::new("", 5);
    made.args.clear();
    world.add(1, made);
    let batch = world.scanner().scan_once().unwrap();
    let process = json(&batch);
    assert_eq!(process["name"], "");
    assert_eq!(process["command"], serde_json::json!([]));
}

#[test]
fn a_huge_command_line_is_cut_and_marked() {
    for args in [
        vec![b"x".to_vec(); 100_000],
        vec![vec![b'y'; 1 << 20]],
        vec!["ü".repeat(1 << 19).into_bytes()],
        vec![vec![0xff; 1 << 20]],
    ] {
        let batch = batch_of(args);
        let Event::Existing(process) = &batch.events[0] else {
            panic!("{:?}", batch.events);
        };
        let command = process.command.as_ref().unwrap();
        let bytes: usize = command.args().map(|arg| arg.len() + 1).sum();
        // A byte that is not UTF-8 becomes three.
        assert!(bytes <= 3 * LIMIT + 4, "{bytes} bytes");
        assert!(command.args().next_back().unwrap().ends_with('…'));
        json(&batch);
    }
}

#[test]
fn truncated_command_lines_are_compared_as_truncated() {
    let world = World::new();
    let mut made = Made::new("p", 5);
    made.args = vec![vec![b'y'; 1000]];
    world.add(1, made);
    let mut config = Config::default();
    config.max_text_bytes = 64;
    let mut scanner = Scanner::builder()
        .config(config)
        .source(world.clone())
        .build()
        .unwrap();
    for _ in 0..2 {
        scanner.scan_once().unwrap();
    }
    assert_eq!(scanner.scan_once().unwrap().events, []);
    world.edit(|state| state.processes.get_mut(&1).unwrap().args[0][0] = b'z');
    assert_eq!(scanner.scan_once().unwrap().events.len(), 1);
}
