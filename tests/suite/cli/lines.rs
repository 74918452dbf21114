//! The lines of `--json` are those of the library.

use std::fs;
use std::path::Path;

use process_scanner::JsonLine;

use super::run;
use crate::recordings::replay;

#[test]
fn replay_prints_the_lines_of_the_library_for_each_recording() {
    let package =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
    let mut count = 0;
    for entry in fs::read_dir(Path::new(&package).join("fixtures")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "ndjson")
        {
            continue;
        }
        let mut expected = String::new();
        for batch in replay(&fs::read(&path).unwrap()) {
            for line in JsonLine::of_batch(&batch) {
                expected.push_str(&format!("{line}\n"));
            }
        }
        let printed = run(&["replay", "--json", path.to_str().unwrap()]).stdout;
        let printed = String::from_utf8(printed).unwrap();
        let differs = printed.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "{path:?}");
        assert_eq!(printed.len(), expected.len(), "{path:?}");
        count += expected.lines().count();
    }
    assert!(count > 1000, "{count} lines");
}
