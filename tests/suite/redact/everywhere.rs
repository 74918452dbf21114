//! No secret reaches a consumer, a recording or a replay.

use std::io;

use process_scanner::{
    Batch, Config, Pattern, Recorder, Redact, Redactor, ReplaySource, Scanner, Source,
};

use crate::support::{Made, World};

const SECRET: &str = "hunter2 and more";

fn world() -> World {
    let world = World::new();
    let mut made = Made::new("app --token=hunter2", 5);
    made.args = ["app", "--password", SECRET, "--port", "80"]
        .map(|arg| arg.as_bytes().to_vec())
        .into();
    world.add(7, made);
    world
}

fn scanner(source: impl Source + 'static, change: impl FnOnce(&mut Config)) -> Scanner {
    let mut config = Config::default();
    change(&mut config);
    let builder = Scanner::builder().source(source).config(config);
    builder.build().unwrap()
}

fn args(batch: &Batch) -> Vec<String> {
    let process = batch.events[0].process();
    let command = process.command.as_ref().unwrap();
    command.args().map(str::to_owned).collect()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn no_batch_and_no_snapshot_has_a_secret_unless_redaction_is_off() {
    for (redact, shows) in [
        (Redact::Secrets, false),
        (Redact::Arguments, false),
        (Redact::Off, true),
    ] {
        let mut scanner = scanner(world(), |config| config.redact = redact);
        let batch = scanner.scan_once().unwrap();
        let mut snapshot = process_scanner::Snapshot::new();
        snapshot.apply(&batch);
        let seen = [
            json(&batch.events[0].process()),
            json(&snapshot.by_pid(7).unwrap()),
            format!("{:?}", scanner.processes().collect::<Vec<_>>()),
        ];
        for text in seen {
            assert_eq!(text.contains("hunter2"), shows, "{redact:?}: {text}");
        }
        let expected: &[&str] = match redact {
            Redact::Secrets => &["app", "--password", "[redacted]", "--port", "80"],
            Redact::Arguments => &["app"],
            _ => &["app", "--password", SECRET, "--port", "80"],
        };
        assert_eq!(args(&batch), expected);
    }
}

#[test]
fn patterns_of_the_settings_apply_too() {
    let mut scanner = scanner(world(), |config| {
        config.redact_patterns = vec![Pattern::new("^80$").unwrap()];
    });
    let batch = scanner.scan_once().unwrap();
    assert_eq!(args(&batch)[4], "[redacted]");
}

#[test]
fn a_secret_is_redacted_before_the_text_is_cut() {
    // The cut is within the password, before the `@` by which it is recognised.
    for before in 40..70 {
        let world = World::new();
        let mut made = Made::new("app", 5);
        let url = format!("https://u:{}@host/", "hunter2".repeat(20));
        made.args = vec![vec![b'x'; before], url.into_bytes(), vec![b'y'; 1000]];
        made.name = format!("a b://c:{}@d", "hunter2".repeat(20)).into_bytes();
        world.add(7, made);
        let batch = scanner(world, |config| config.max_text_bytes = 64)
            .scan_once()
            .unwrap();
        let text = json(&batch.events[0].process());
        assert!(!text.contains("hunter"), "{before}: {text}");
        assert!(
            args(&batch).last().unwrap().ends_with('…'),
            "{before}: {text}"
        );
    }
}

#[test]
fn a_changed_secret_is_no_update_but_a_changed_argument_is() {
    let world = world();
    let mut scanner = scanner(world.clone(), |_| ());
    // CPU use is known from the second scan on.
    scanner.scan_once().unwrap();
    scanner.scan_once().unwrap();
    let set = |at: usize, arg: &str| {
        world.edit(|state| state.processes.get_mut(&7).unwrap().args[at] = arg.into());
    };
    assert!(scanner.scan_once().unwrap().events.is_empty());
    set(2, "another secret");
    assert!(scanner.scan_once().unwrap().events.is_empty());
    set(4, "81");
    let batch = scanner.scan_once().unwrap();
    assert_eq!(
        args(&batch),
        ["app", "--password", "[redacted]", "--port", "81"]
    );
}

fn record(redactor: Option<Redactor>, scans: usize) -> Vec<u8> {
    let recorder = Recorder::new(world(), Vec::new()).unwrap();
    let mut recorder = match redactor {
        Some(redactor) => recorder.with_redactor(redactor),
        None => recorder,
    };
    for _ in 0..scans {
        recorder.now();
        let shown = &mut |row: process_scanner::Row<'_>| {
            let process_scanner::Row::Process(row) = row else {
                panic!("the world shows all");
            };
            assert!(format!("{:?}", row.command).len() > 2);
        };
        recorder.scan(shown).unwrap();
    }
    recorder.into_output()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn a_recording_has_no_secret_unless_redaction_is_off() {
    let recording = record(None, 3);
    assert!(!contains(&recording, "hunter2"));
    assert!(contains(&recording, "[redacted]") && contains(&recording, "--port"));
    let text = String::from_utf8(recording).unwrap();
    assert_eq!(text.matches("\"unchanged\":[7]").count(), 2, "{text}");
    let off = Redactor::new(Redact::Off, Vec::new());
    assert!(contains(&record(Some(off), 1), SECRET));
    let stripped = record(Some(Redactor::new(Redact::Arguments, Vec::new())), 1);
    assert!(contains(&stripped, r#""command":["app"]"#));
}

#[test]
fn the_rows_that_a_recorder_emits_have_no_secret() {
    let mut recorder = Recorder::new(world(), io::sink()).unwrap();
    recorder.now();
    let mut rows = String::new();
    recorder
        .scan(&mut |row| {
            let process_scanner::Row::Process(row) = row else {
                panic!("the world shows all");
            };
            for reading in [row.name, row.command] {
                let process_scanner::Reading::Known(bytes) = reading else {
                    panic!("the world knows all");
                };
                rows.push_str(&String::from_utf8_lossy(bytes));
            }
        })
        .unwrap();
    assert!(
        rows.contains("[redacted]") && !rows.contains("hunter2"),
        "{rows}"
    );
}

#[test]
fn a_replay_of_an_old_recording_is_redacted() {
    let recording = record(Some(Redactor::new(Redact::Off, Vec::new())), 2);
    assert!(contains(&recording, SECRET));
    let replay = || ReplaySource::new(io::Cursor::new(recording.clone())).unwrap();
    let batch = scanner(replay(), |_| ()).scan_once().unwrap();
    assert!(!json(&batch.events[0].process()).contains("hunter2"));
    let mut raw = scanner(replay(), |config| config.redact = Redact::Off);
    assert_eq!(args(&raw.scan_once().unwrap())[2], SECRET);
}

#[test]
fn redaction_reads_no_further_than_a_command_line_is_kept() {
    let world = World::new();
    let mut made = Made::new("app", 5);
    made.args = vec![b"--password=x".to_vec(); 100_000];
    world.add(7, made);
    let batch = scanner(world, |config| config.max_text_bytes = 64)
        .scan_once()
        .unwrap();
    let args = args(&batch);
    assert!(
        args.len() < 5 && args.last().unwrap().ends_with('…'),
        "{args:?}"
    );
}
