//! What the table costs a process: one pass over worlds that are held in memory, so that no system
//! call is measured.
//!
//! Only the pass is timed, from `begin` to the last event dropped. Between two passes the world
//! moves on, untimed.

// A bench prints its figures.
#![allow(clippy::print_stdout)]

use std::fmt::Write;
use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use process_scanner::internals::{Absent, Table};
use process_scanner::{Config, ProcessRow, Reading, Row, SourceInfo, Status, Timestamp};

use self::random::Random;

#[path = "crowd/random.rs"]
#[allow(dead_code)]
mod random;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Hosts run few programs, with many command lines.
const DIFFERENT_NAMES: u64 = 300;

/// One in so many has a command line that others have too.
const SHARED_COMMAND: u64 = 10;

/// After so many scans with churn three quarters of the processes are others.
const AGE: u32 = 150;

/// What goes on in the world between two scans.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Story {
    /// Nothing, and every row is handed over in full, as sysinfo has it.
    Unchanged,
    /// The same after [`AGE`] scans with churn, which have scattered the table over the heap.
    UnchangedAged,
    /// Nothing, and the source says so.
    ToldUnchanged,
    /// Of a hundred processes one exits and one is born.
    Churn,
    /// Every process uses CPU time and memory.
    AllChanged,
}

const STORIES: [(&str, Story); 5] = [
    ("unchanged", Story::Unchanged),
    ("unchanged_aged", Story::UnchangedAged),
    ("told_unchanged", Story::ToldUnchanged),
    ("churn_1_percent", Story::Churn),
    ("all_changed", Story::AllChanged),
];

struct Made {
    pid: u32,
    start_time_ms: u64,
    /// Where name and command line are in the world's text.
    name: Range<usize>,
    command: Range<usize>,
    cpu_time_ns: u64,
    rss_bytes: u64,
}

/// Processes in an order that says nothing and stays, as a hash map hands them over.
struct World {
    processes: Vec<Made>,
    /// All names and command lines in one piece: a source has just read them, so that they are
    /// close at hand, and what the table keeps is not.
    text: String,
    next_pid: u32,
    random: Random,
    seconds: u64,
}

impl World {
    fn new(len: usize) -> Self {
        let mut random = Random(1);
        // Pids as on a host that has been up for a while: rising, with gaps.
        let mut pids: Vec<u32> = (0..len as u32).map(|i| 300 + i * 7 + i % 5).collect();
        for i in (1..pids.len()).rev() {
            pids.swap(i, random.below(i as u64 + 1) as usize);
        }
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

    fn go_on(&mut self, story: Story) {
        self.seconds += 1;
        match story {
            Story::Unchanged | Story::UnchangedAged | Story::ToldUnchanged => {}
            Story::Churn => {
                for _ in 0..self.processes.len() / 100 {
                    let place = self.random.below(self.processes.len() as u64) as usize;
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

    /// One pass, with every row in full or, for those the table has, none.
    fn pass(&self, table: &mut Table, in_full: bool) -> usize {
        let mut pass = table.begin(self.now());
        for made in &self.processes {
            pass.see(match in_full {
                true => made.row(&self.text),
                false => Row::Unchanged { pid: made.pid },
            });
        }
        assert!(pass.take_fault().is_none());
        black_box(pass.finish(Absent::AreGone)).events.len()
    }
}

impl Made {
    fn new(pid: u32, random: &mut Random, text: &mut String) -> Self {
        let begin = text.len();
        let program = random.below(DIFFERENT_NAMES);
        let _ = write!(text, "program-{program}");
        let middle = text.len();
        let _ = write!(text, "/usr/lib/suite/bin/program-{program}\0--instance\0");
        if random.below(SHARED_COMMAND) > 0 {
            let _ = write!(text, "{:016x}\0", random.next());
        }
        // 80 bytes on the average.
        let length = 40 + random.below(81) as usize;
        while text.len() - middle < length {
            text.push_str("--flag=1\0");
        }
        Self {
            pid,
            start_time_ms: 1_690_000_000_000 + u64::from(pid) * 10,
            name: begin..middle,
            command: middle..text.len(),
            cpu_time_ns: random.below(1 << 40),
            rss_bytes: random.below(1 << 18) * 4096,
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
        row.rss_bytes = Some(self.rss_bytes);
        row.kernel_thread = Some(false);
        Row::Process(row)
    }
}

fn new_table() -> Table {
    let source = SourceInfo::new("in memory").with_start_time_resolution_ms(1000);
    Table::new(&Config::default(), &source)
}

fn passes(criterion: &mut Criterion) {
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
                        world.go_on(Story::Churn);
                        world.pass(&mut table, true);
                    }
                }
                // From the second pass on the table knows every process and its CPU use.
                for _ in 0..2 {
                    world.go_on(Story::Unchanged);
                    world.pass(&mut table, true);
                }
                bencher.iter_custom(|passes| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..passes {
                        world.go_on(story);
                        let began = Instant::now();
                        let events = world.pass(&mut table, story != Story::ToldUnchanged);
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
            world.go_on(Story::Unchanged);
            world.pass(&mut table, true);
        }
        let bytes = table.heap_bytes();
        println!("{len} processes: {bytes} bytes, {} each", bytes / len);
    }
}

fn main() {
    print_memory();
    let mut criterion = Criterion::default().configure_from_args();
    passes(&mut criterion);
    criterion.final_summary();
}
