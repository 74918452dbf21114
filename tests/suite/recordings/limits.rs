//! The largest numbers and the longest lines.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use process_scanner::ReplaySource;

use super::{HEADER, final_failure, play, recording, replay, row, scan};

/// Replays the largest numbers; no sum overflows.
#[test]
fn huge_numbers_do_not_overflow() {
    let huge = |time: u64, start: u64, cpu: u64| {
        format!(
            r#"{{"scan":{{"wall_ms":{time},"monotonic_ns":{time},"shown":{{"rows":[
            {{"pid":4294967295,"start_time_ms":{start},"cpu_time_ns":{cpu},
            "rss_bytes":18446744073709551615}},{}]}}}}}}"#,
            row(1)
        )
        .replace('\n', " ")
    };
    let max = u64::MAX;
    let cases = [
        vec![huge(max, max, max)],
        vec![huge(0, max, max), huge(max, max, 0)],
        vec![huge(1, 0, 0), huge(max - 1, 0, max), huge(max, max, max)],
        vec![huge(0, max, 0), huge(1, 0, max), scan(2, &[1])],
        vec![scan(1, &[1]), huge(max, max, max)],
        vec![scan(1, &[1]), huge(max, 0, max)],
    ];
    for lines in cases {
        for resolution in ["10", "1000", "18446744073709551615"] {
            let mut text = HEADER.replace("10", resolution) + "\n";
            for line in &lines {
                text.push_str(line);
                text.push_str("\n{\"recheck\":{}}\n");
            }
            let batches = replay(text.as_bytes());
            assert_eq!(batches.len(), lines.len());
            for batch in &batches {
                assert!(batch.failure.is_none(), "{:?}", batch.failure);
                for event in &batch.events {
                    let percent = event.process().cpu_percent;
                    assert!(percent.is_none_or(|percent| percent.is_finite() && percent >= 0.0));
                }
            }
        }
    }
}

/// A header and one very long line, generated while it is read.
struct EndlessLine {
    head: io::Cursor<Vec<u8>>,
    left: usize,
    given: Arc<AtomicUsize>,
}

static CHUNK: [u8; 1 << 16] = [b' '; 1 << 16];

impl Read for EndlessLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for EndlessLine {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.head.position() < self.head.get_ref().len() as u64 {
            return self.head.fill_buf();
        }
        Ok(&CHUNK[..self.left.min(CHUNK.len())])
    }

    fn consume(&mut self, amount: usize) {
        self.given.fetch_add(amount, Ordering::Relaxed);
        if self.head.position() < self.head.get_ref().len() as u64 {
            self.head.consume(amount);
        } else {
            self.left -= amount;
        }
    }
}

#[test]
fn a_line_of_200_mb_is_refused_without_reading_it() {
    let given = Arc::default();
    let head = recording(&[&scan(1, &[1])]);
    let source = ReplaySource::new(EndlessLine {
        head: io::Cursor::new(head.clone()),
        left: 200 << 20,
        given: Arc::clone(&given),
    })
    .unwrap();
    let batches = play(source);
    assert_eq!(batches.len(), 2);
    assert_eq!(
        final_failure(&batches),
        "line 3: the line is longer than 67108864 bytes"
    );
    let given = given.load(Ordering::Relaxed);
    assert!(
        given <= head.len() + (64 << 20) + 1,
        "it read {given} bytes"
    );
}

#[test]
fn a_line_just_within_the_limit_is_read() {
    let mut bytes = recording(&[]);
    let start = bytes.len();
    bytes.extend(scan(1, &[1]).bytes());
    bytes.resize(start + (64 << 20), b' ');
    bytes.push(b'\n');
    let batches = play(ReplaySource::new(io::Cursor::new(bytes)).unwrap());
    assert!(batches[0].failure.is_none());
}
