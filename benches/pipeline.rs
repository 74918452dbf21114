//! The cost of the table for each process. The processes are in memory, so no system call is measured.
//!
//! Only the scan of the table is timed, until its last event is dropped. The processes change between two
//! scans, and that time does not count.
//!
//! `cargo bench --features bench --bench pipeline`

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::fmt::Write;
use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use fastrand::Rng;
use process_scanner::bench::Table;
use process_scanner::{Config, ProcessRow, Reading, Row, SourceInfo, Status, Timestamp};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Hosts run few programs, with many command lines.
const DIFFERENT_NAMES: u64 = 300;

/// One of this many processes has a command line that others have too.
const SHARED_COMMAND: u64 = 10;

/// After this many scans with churn three quarters of the processes are different ones.
const AGE: u32 = 150;

/// What happens between two scans.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Story {
    /// Nothing, and the source reports every row in full, as sysinfo does.
    Unchanged,
    /// The same after [`AGE`] scans with churn, which scatter the table over the heap.
    UnchangedAged,
    /// Nothing, and the source reports that.
    ReportedUnchanged,
    /// One of a hundred processes exits and one is born.
    Churn,
    /// Every process uses CPU time and memory.
    AllChanged,
}

const STORIES: [(&str, Story); 5] = [
    ("unchanged", Story::Unchanged),
    ("unchanged_aged", Story::UnchangedAged),
    ("reported_unchanged", Story::ReportedUnchanged),
    ("churn_1_percent", Story::Churn),
    ("all_changed", Story::AllChanged),
];

struct Made {
    pid: u32,
    start_time_ms: u64,
    /// The places of name and command line in the text of the world.
    name: Range<usize>,
    command: Range<usize>,
    cpu_time_ns: u64,
    rss_bytes: u64,
}

/// Processes in a random order that does not change, like that of a hash map.
struct World {
    processes: Vec<Made>,
    /// All names and command lines in one piece: a source has just read them, so that they are
    /// close at hand, and what the table keeps is not.
    text: String,
    next_pid: u32,
    random: Rng,
    seconds: u64,
}

impl World {
    fn new(len: usize) -> Self {
        let mut random = Rng::with_seed(1);
        // A host that has been up for a while has pids with gaps.
        let mut pids: Vec<u32> = (0..len as u32).map(|i| 300 + i * 7 + i % 5).collect();
        random.shuffle(&mut pids);
        let mut text = String::new();
        let processes = pids
            .into_iter()
            .map(|pid| Made::new(pid, &mut random, &mut text))
            .collect();
        Self {
            processes,
            text,
            next_pid: 300 + len as u32 * 8,
            random,
            seconds: 0,
        }
    }

    fn change(&mut self, story: Story) {
        self.seconds += 1;
        match story {
            Story::Unchanged | Story::UnchangedAged | Story::ReportedUnchanged => {}
            Story::Churn => {
                for _ in 0..self.processes.len() / 100 {
                    let place = self.random.usize(..self.processes.len());
                    self.processes[place] =
                        Made::new(self.next_pid, &mut self.random, &mut self.text);
                    self.next_pid += 1;
                }
            }
            Story::AllChanged => {
                for made in &mut self.processes {
                    made.cpu_time_ns += 10_000_000;
                    made.rss_bytes += 4096;
                }
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::new(
            1_700_000_000_000 + self.seconds * 1000,
            self.seconds * 1_000_000_000,
        )
    }

    /// Scans every process in full, or reports that none has changed. Returns the number of events.
    fn scan(&self, table: &mut Table, in_full: bool) -> usize {
        let rows = self.processes.iter().map(|made| match in_full {
            true => made.row(&self.text),
            false => Row::unchanged(made.pid),
        });
        let events = table.scan(self.now(), rows).expect("the rows are valid");
        black_box(events).len()
    }
}

impl Made {
    fn new(pid: u32, random: &mut Rng, text: &mut String) -> Self {
        let begin = text.len();
        let program = random.u64(..DIFFERENT_NAMES);
        let _ = write!(text, "program-{program}");
        let middle = text.len();
        let _ = write!(text, "/usr/lib/suite/bin/program-{program}\0--instance\0");
        if random.u64(..SHARED_COMMAND) > 0 {
            let _ = write!(text, "{:016x}\0", random.u64(..));
        }
        // 80 bytes on average.
        let length = 40 + random.usize(..81);
        while text.len() - middle < length {
            text.push_str("--flag=1\0");
        }
        Self {
            pid,
            start_time_ms: 1_690_000_000_000 + u64::from(pid) * 10,
            name: begin..middle,
            command: middle..text.len(),
            cpu_time_ns: random.u64(..1 << 40),
            rss_bytes: random.u64(..1 << 18) * 4096,
        }
    }

    fn row<'t>(&self, text: &'t str) -> Row<'t> {
        let text = text.as_bytes();
        let mut row = ProcessRow::unknown(self.pid);
        row.start_time_ms = Some(self.start_time_ms);
        row.parent_pid = Some(1);
        row.name = Reading::Known(&text[self.name.clone()]);
        row.command = Reading::Known(&text[self.command.clone()]);
        row.status = Some(Status::Sleeping);
        row.cpu_time_ns = Some(self.cpu_time_ns);
        row.resources.rss_bytes = Some(self.rss_bytes);
        row.kernel_thread = Some(false);
        Row::Process(row)
    }
}

fn new_table() -> Table {
    let source = SourceInfo::new("in memory").with_start_time_resolution_ms(1000);
    Table::new(&Config::default(), &source)
}

fn scans(criterion: &mut Criterion) {
    for (name, story) in STORIES {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        for len in SIZES {
            group.throughput(Throughput::Elements(len as u64));
            group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
                let mut world = World::new(len);
                let mut table = new_table();
                if story == Story::UnchangedAged {
                    for _ in 0..AGE {
                        world.change(Story::Churn);
                        world.scan(&mut table, true);
                    }
                }
                // After two scans the table knows every process and its CPU use.
                for _ in 0..2 {
                    world.change(Story::Unchanged);
                    world.scan(&mut table, true);
                }
                bencher.iter_custom(|scans| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..scans {
                        world.change(story);
                        let began = Instant::now();
                        let events = world.scan(&mut table, story != Story::ReportedUnchanged);
                        spent += began.elapsed();
                        assert_eq!(events == 0, is_silent(story));
                    }
                    spent
                });
            });
        }
        group.finish();
    }
}

fn is_silent(story: Story) -> bool {
    !matches!(story, Story::Churn | Story::AllChanged)
}

fn print_memory() {
    for len in [3_000, 100_000] {
        let mut world = World::new(len);
        let mut table = new_table();
        for _ in 0..3 {
            world.change(Story::Unchanged);
            world.scan(&mut table, true);
        }
        let bytes = table.heap_bytes();
        println!("{len} processes: {bytes} bytes, {} each", bytes / len);
    }
}

fn main() {
    print_memory();
    let mut criterion = Criterion::default().configure_from_args();
    scans(&mut criterion);
    criterion.final_summary();
}
