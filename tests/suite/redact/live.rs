//! A real child with a secret in its command line.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use process_scanner::{Recorder, Scanner};

use crate::live::Waiting;
use crate::support::{await_some, live_sources};

/// A shared file in memory.
#[derive(Debug, Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_secret_of_a_real_child_is_in_no_batch_and_in_no_recording() {
    for live in live_sources() {
        // Generated here, so that no other process on this host has it.
        let secret = format!("hunter2 {:x}", std::process::id() ^ 0x5eed);
        let url = format!("https://me:{secret}@host/").replace(' ', "_");
        let args = ["--", "--password", &secret, "TOKEN=", &url, "--last"];
        let child = Waiting::start_with("wait", &[], &args);
        let file = File::default();
        let recorder = Recorder::new(live.source(), file.clone()).unwrap();
        let mut batches = String::new();
        for source in [live.source(), Box::new(recorder)] {
            let mut scanner = Scanner::builder().source(source).build().unwrap();
            // A command line that came too late is in one of the next scans.
            await_some("its command line", || {
                let mut is_seen = false;
                for event in &scanner.scan_once().unwrap().events {
                    let json = serde_json::to_string(event.process()).unwrap();
                    is_seen |= event.process().pid == child.pid() && json.contains("--last");
                    batches.push_str(&json);
                }
                is_seen.then_some(())
            });
        }
        let recorded = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        let expected =
            r#""--password","[redacted]","TOKEN=","https://me:[redacted]@host/","--last""#;
        for text in [&batches, &recorded] {
            assert!(text.contains(expected), "{}", live.name);
            for secret in [secret.clone(), secret.replace(' ', "_")] {
                assert!(!text.contains(&secret), "{}", live.name);
            }
        }
    }
}
