//! A real child with a secret in its command line.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use process_scanner::{Recorder, Scanner};

use crate::live::Waiting;
use crate::support::live_sources;

/// A file in memory that two have.
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
        // Made here and now, so that it is nowhere else on this host.
        let secret = format!("hunter2 {:x}", std::process::id() ^ 0x5eed);
        let url = format!("https://me:{secret}@host/").replace(' ', "_");
        let args = ["--", "--password", &secret, "TOKEN=", &url, "--last"];
        let child = Waiting::start_with("wait", &[], &args);
        let file = File::default();
        let recorder = Recorder::new(live.source(), file.clone()).unwrap();
        let mut told = String::new();
        for source in [live.source(), Box::new(recorder)] {
            let mut scanner = Scanner::builder().source(source).build().unwrap();
            let mut seen = 0;
            // A command line that was not read in time comes with the next scan.
            for _ in 0..3 {
                for event in &scanner.scan_once().unwrap().events {
                    let json = serde_json::to_string(event.process()).unwrap();
                    seen +=
                        u32::from(event.process().pid == child.pid() && json.contains("--last"));
                    told.push_str(&json);
                }
            }
            assert!(seen > 0, "{}: {told}", live.name);
        }
        let recorded = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        let hidden = r#""--password","[redacted]","TOKEN=","https://me:[redacted]@host/","--last""#;
        for text in [&told, &recorded] {
            assert!(text.contains(hidden), "{}", live.name);
            for secret in [secret.clone(), secret.replace(' ', "_")] {
                assert!(!text.contains(&secret), "{}", live.name);
            }
        }
    }
}
