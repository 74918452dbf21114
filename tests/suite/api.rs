//! Auto traits and `Debug` output of the library's types.

use std::io::{BufReader, Empty, Sink};

use process_scanner::*;

const fn any_thread_may_have<T: Send>() {}

const fn all_threads_may_share<T: Send + Sync>() {}

/// Checked at compile time.
const _: () = {
    all_threads_may_share::<AsOf>();
    all_threads_may_share::<Batch>();
    all_threads_may_share::<BreakerState>();
    all_threads_may_share::<Change>();
    all_threads_may_share::<Changes>();
    all_threads_may_share::<Collect>();
    all_threads_may_share::<CommandLine>();
    all_threads_may_share::<Config>();
    all_threads_may_share::<ConsumerId>();
    all_threads_may_share::<ConsumerMetrics>();
    all_threads_may_share::<ConsumerOptions>();
    all_threads_may_share::<Consumers>();
    all_threads_may_share::<Cost>();
    all_threads_may_share::<Counts>();
    all_threads_may_share::<CpuTimes>();
    all_threads_may_share::<Error>();
    all_threads_may_share::<ErrorClass>();
    all_threads_may_share::<Event>();
    all_threads_may_share::<EventCounts>();
    all_threads_may_share::<ExitStatus>();
    all_threads_may_share::<Field>();
    all_threads_may_share::<Filter>();
    all_threads_may_share::<GroupBy>();
    all_threads_may_share::<Groups>();
    all_threads_may_share::<GroupsReport>();
    all_threads_may_share::<JsonLine<'_>>();
    all_threads_may_share::<Metrics>();
    all_threads_may_share::<Order>();
    all_threads_may_share::<Overflow>();
    all_threads_may_share::<Pace>();
    all_threads_may_share::<Pattern>();
    all_threads_may_share::<ProcessInfo>();
    all_threads_may_share::<ProcessKey>();
    all_threads_may_share::<ProcessRow<'_>>();
    all_threads_may_share::<Processes<'_>>();
    all_threads_may_share::<Ranked>();
    all_threads_may_share::<Reading<u64>>();
    all_threads_may_share::<Recheck>();
    all_threads_may_share::<Redact>();
    all_threads_may_share::<Redactor>();
    all_threads_may_share::<Recorder<ReplaySource<BufReader<Empty>>, Sink>>();
    all_threads_may_share::<RecvError>();
    all_threads_may_share::<ReplaySource<BufReader<Empty>>>();
    all_threads_may_share::<Resources>();
    all_threads_may_share::<Row<'_>>();
    all_threads_may_share::<Rule>();
    all_threads_may_share::<ScanResults>();
    all_threads_may_share::<ScannerControl>();
    all_threads_may_share::<ScannerHandle>();
    all_threads_may_share::<ScanSummary>();
    all_threads_may_share::<Selection>();
    all_threads_may_share::<Snapshot>();
    all_threads_may_share::<SourceChoice>();
    all_threads_may_share::<SourceInfo>();
    all_threads_may_share::<Status>();
    all_threads_may_share::<Batches<'_>>();
    all_threads_may_share::<Subscription>();
    all_threads_may_share::<SysinfoSource>();
    all_threads_may_share::<TimeStats>();
    all_threads_may_share::<Timestamp>();
    all_threads_may_share::<TopN>();
    all_threads_may_share::<Transition>();
    all_threads_may_share::<Tree<'_>>();
    all_threads_may_share::<Unit>();
    all_threads_may_share::<Usage>();
    all_threads_may_share::<Value<'_>>();
    // A source is not `Sync`, nor is a type that holds one.
    any_thread_may_have::<Box<dyn Source>>();
    any_thread_may_have::<Box<dyn Consumer>>();
    any_thread_may_have::<Scanner>();
    any_thread_may_have::<ScannerBuilder>();
};

#[cfg(target_os = "linux")]
const _: () = all_threads_may_share::<LinuxSource>();

/// Types that hold command lines of other users do not print them.
#[test]
fn debug_output_contains_no_process_data() {
    const SECRET: &str = "a-word-of-a-command-line";
    let world = crate::support::World::new();
    let mut made = crate::support::Made::new(SECRET, 5);
    made.args = vec![SECRET.into()];
    world.add(7, made);
    let mut recorder = Recorder::new(world.clone(), Vec::new()).unwrap();
    recorder.scan(&mut |_| ()).unwrap();
    let recorded = format!("{recorder:?}");
    let replay = ReplaySource::new(std::io::Cursor::new(recorder.into_output())).unwrap();
    let mut scanner = world.scanner();
    let batches = scanner
        .consumers()
        .subscribe(ConsumerOptions::default().with_queue_len(1));
    for _ in 0..3 {
        scanner.scan_once().unwrap();
    }
    let scanner_printed = format!("{scanner:?} {:?}", scanner.consumers());
    scanner.finish();
    for printed in [
        scanner_printed,
        // The last batch, a full one, is kept beside the queue.
        format!("{batches:?} {:?}", batches.iter()),
        format!("{:?}", world.scanner().start().unwrap()),
        recorded,
        format!("{replay:?}"),
    ] {
        assert!(!printed.contains(SECRET), "{printed}");
    }
}
