//! `report`: the page of a recording.

mod counted;
mod files;
mod several;
#[cfg(target_os = "linux")]
mod stopped;

use process_scanner::escape;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Recording, eventful, run, stdout_of, text};

/// Returns the path of a fixture.
fn fixture(name: &str) -> String {
    let package =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    format!("{package}/fixtures/{name}.ndjson")
}

/// Returns the text between two others.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

/// Returns the data of a page.
fn data_of(page: &str) -> Value {
    let begin = r#"<script type="application/json" id="report-data">"#;
    serde_json::from_str(between(page, begin, "</script>")).unwrap()
}

/// Returns the data of the report of a recording.
fn report_of(file: &str) -> Value {
    data_of(&stdout_of(&["report", file, "-o", "-"]))
}

/// Returns the outcome, exit and name of each life by pid.
fn lives(report: &Value) -> Vec<(u64, &str, &Value, Option<&str>)> {
    let lives = &report["lives"];
    let pids = lives["pid"].as_array().unwrap().iter().enumerate();
    let life = |(place, pid): (usize, &Value)| {
        (
            pid.as_u64().unwrap(),
            lives["outcome"][place].as_str().unwrap(),
            &lives["exit"][place],
            lives["name"][place].as_str(),
        )
    };
    // No `map(life)`: it would borrow the closure.
    let mut found = Vec::new();
    for pid in pids {
        found.push(life(pid));
    }
    found.sort_by_key(|(pid, ..)| *pid);
    found
}

#[test]
fn lives_have_their_outcomes_and_parents() {
    let report = report_of(&fixture("lives_between_two_scans_are_heard"));
    let found = lives(&report);
    let expected = [
        (1, "running", &Value::Null, Some("init")),
        (2, "running", &Value::Null, Some("kthreadd")),
        (40, "running", &Value::Null, Some("agent")),
        (50, "failed", &json!("exit 1"), Some("database")),
        (300, "failed", &json!("exit 3"), Some("backup")),
        (301, "signal", &json!("SIGSEGV, core dumped"), None),
        (302, "signal", &json!("SIGTERM"), Some("report")),
        (303, "running", &Value::Null, Some("database")),
        (304, "ok", &json!("exit 0"), Some("late")),
    ];
    assert_eq!(found, expected);
    let column = |name: &str| report["lives"][name].as_array().unwrap().clone();
    let (pids, parents) = (column("pid"), column("parent"));
    let parent_of = |pid: u64| {
        let place = pids.iter().position(|found| *found == pid).unwrap();
        let parent = parents[place].as_u64()? as usize;
        assert!(parent < place, "a parent is before its children");
        pids[parent].as_u64()
    };
    assert_eq!([300, 301, 303].map(parent_of), [Some(50); 3]);
    assert_eq!([302, 1].map(parent_of), [Some(40), None]);
    let place = pids.iter().position(|pid| *pid == 300).unwrap();
    let begin_ms = 1_700_000_000_000_u64;
    assert_eq!(report["lives"]["start_ms"][place], begin_ms + 300);
    assert_eq!(report["lives"]["end_ms"][place], begin_ms + 304);
    assert_eq!(report["totals"]["hearing"], "complete");
    assert_eq!(report["from_ms"], begin_ms);
    assert_eq!(
        report["times_ms"],
        json!([begin_ms + 1000, begin_ms + 2000])
    );
}

#[test]
fn an_exec_is_a_program_of_the_same_life() {
    let report = report_of(&fixture("exec_changes_name_and_command"));
    let programs = report["lives"]["programs"].as_array().unwrap();
    let with_exec: Vec<&Value> = programs.iter().filter(|list| !list.is_null()).collect();
    assert!(!with_exec.is_empty());
    for list in with_exec {
        let list = list.as_array().unwrap();
        assert!(list.len() >= 2, "{list:?}");
        let times: Vec<u64> = list.iter().map(|one| one[0].as_u64().unwrap()).collect();
        assert!(times.is_sorted());
    }
}

#[test]
fn recordings_of_version_1_have_unknown_outcomes() {
    let report = report_of(&fixture("version-1/processes_are_born_and_die"));
    let outcomes = &report["totals"]["outcomes"];
    assert_eq!(outcomes["unknown"], report["totals"]["exits"]);
    assert_eq!(report["totals"]["failures"], Value::Null);
    assert_eq!(report["totals"]["hearing"], "polling");
    let notes = report["notes"].to_string();
    assert!(notes.contains("no exit statuses"), "{notes}");
}

#[test]
fn a_step_of_the_clock_moves_no_time() {
    for name in ["the_wall_clock_steps_back", "the_wall_clock_steps_forward"] {
        let report = report_of(&fixture(name));
        let times = report["times_ms"].as_array().unwrap();
        let times: Vec<u64> = times.iter().map(|ms| ms.as_u64().unwrap()).collect();
        assert!(
            times.windows(2).all(|pair| pair[1] == pair[0] + 1000),
            "{times:?}"
        );
    }
}

#[test]
fn failed_scans_are_counted_and_noted() {
    let report = report_of(&fixture("scans_fail_for_a_while"));
    let failed = report["totals"]["failed_scans"].as_u64().unwrap();
    assert!(failed > 0);
    let note = format!("{failed} of {} scans failed", report["totals"]["scans"]);
    assert!(report["notes"].to_string().contains(&note), "{report}");
}

/// No text of a process becomes markup, and none controls anything.
#[test]
fn hostile_texts_are_only_data() {
    let hostile = "</script><img src=x onerror=alert(1)><!--\u{2028}&\u{202e}{{ data }}";
    let recording = super::record(3, |scan, world| {
        let mut made = super::Made::new(hostile, 1_700_000_000_500 + scan);
        made.args = vec![hostile.into(), vec![b'<'; 20_000], vec![0xff, b'\n']];
        world.add(7 + u32::try_from(scan).unwrap(), made);
    });
    let page = stdout_of(&["report", &recording.arg(), "-o", "-"]);
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    assert!(!page.contains("<img") && !page.contains('\u{2028}') && !page.contains('\u{202e}'));
    let report = data_of(&page);
    let (_, _, _, name) = lives(&report)[0];
    let name = name.unwrap();
    assert!(
        escape(hostile).starts_with(name.trim_end_matches('…')),
        "{name}"
    );
    let command = report["lives"]["command"][0].as_str().unwrap();
    assert!(command.ends_with('…') && command.chars().count() == 1001);
    // The file's name is in the title.
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("<b>&amp;\"'.ndjson");
    if std::fs::copy(recording.path(), &path).is_ok() {
        let page = stdout_of(&["report", path.to_str().unwrap(), "-o", "-"]);
        let title = between(&page, "<title>", "</title>");
        assert!(title.starts_with("&lt;b&gt;&amp;amp;"), "{title}");
    }
}

/// The policy allows the scripts and the style of the page, by their hashes, and nothing else.
#[test]
fn the_policy_has_the_hashes_of_the_page() {
    use base64::Engine as _;
    use sha2::Digest as _;

    let page = stdout_of(&["report", &eventful().arg(), "-o", "-"]);
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    let policy = policy.replace("&#x27;", "'").replace("&#x2f;", "/");
    let source = |text: &str| {
        let hash = sha2::Sha256::digest(text.as_bytes());
        format!("'sha256-{}'", base64::prelude::BASE64_STANDARD.encode(hash))
    };
    let scripts: Vec<&str> = page
        .split("<script>")
        .skip(1)
        .map(|rest| rest.split_once("</script>").unwrap().0)
        .collect();
    let [library, script] = scripts[..] else {
        panic!("{}", scripts.len());
    };
    let expected = format!(
        "default-src 'none'; script-src {} {}; style-src {}; base-uri 'none'; form-action 'none'",
        source(library),
        source(script),
        source(between(&page, "<style>", "</style>"))
    );
    assert_eq!(policy, expected);
    for word in ["http://", "https://", "unsafe", " src=", " href=\"h"] {
        let head = page.split_once("<style>").unwrap().0;
        assert!(!head.contains(word), "{word}");
    }
}

#[test]
fn secrets_are_redacted() {
    let recording = super::record(2, |_, world| {
        let mut made = super::Made::new("backup", 1_700_000_000_500);
        made.args = ["/bin/backup", "--token=s4711x"]
            .map(|arg| arg.into())
            .to_vec();
        world.add(7, made);
    });
    let report = report_of(&recording.arg());
    let command = report["lives"]["command"][0].as_str().unwrap();
    assert_eq!(command, "/bin/backup --token=[redacted]");
    let page = stdout_of(&["report", &recording.arg(), "-o", "-", "--strip-args"]);
    assert_eq!(data_of(&page)["lives"]["command"][0], "/bin/backup");
}

/// Returns the arguments that write a page into a folder.
fn to_file(recording: &Recording, dir: &TempDir) -> Vec<String> {
    let path = dir.path().join("page.html");
    ["report", &recording.arg(), "-o", path.to_str().unwrap()]
        .map(str::to_owned)
        .to_vec()
}
