//! What a process has used in its whole life, against what the kernel reports of it just before its end.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_scanner::{ExitUsage, ListenOptions, Status};

use super::{Ears, Told, sh};
use crate::faults::users::{NOBODY, program_for_all};
use crate::linux::is_root;
use crate::support::await_some;

/// Set for a child that runs this program again: how many more threads burn CPU time, and its folder.
const THREADS: &str = "PSCAN_TEST_USAGE_THREADS";
const FOLDER: &str = "PSCAN_TEST_USAGE_FOLDER";

/// Set for a child without rights.
const WITHOUT_RIGHTS: &str = "PSCAN_TEST_USAGE_WITHOUT_RIGHTS";

const BURNER: &str = "linux::lives::usage::a_child_burns";

/// What each thread writes, and what the process has in memory at least.
const WRITTEN: usize = 640 << 10;
const MEMORY: usize = 48 << 20;

#[test]
fn a_child_burns() {
    let Ok(threads) = std::env::var(THREADS) else {
        return;
    };
    let folder = std::env::var(FOLDER).unwrap();
    let burn = |number: u32| {
        let path = Path::new(&folder).join(format!("written-{number}"));
        let mut file = fs::File::create(path).unwrap();
        file.write_all(&vec![1; WRITTEN]).unwrap();
        file.sync_all().unwrap();
        let mut sum = 1_u64;
        for number in 0..30_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    };
    drop(std::hint::black_box(vec![1_u8; MEMORY]));
    match threads.parse().unwrap() {
        0 => burn(0),
        threads => thread::scope(|scope| {
            (0..threads).for_each(|number| drop(scope.spawn(move || burn(number))));
        }),
    }
    println!("burnt");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    // The threads of the test harness end with it.
    std::process::exit(0);
}

/// What the kernel reports of a process that waits for its end.
#[derive(Debug)]
struct Truth {
    cpu_ns: u64,
    peak_rss_bytes: u64,
    read_bytes: u64,
    written_bytes: u64,
}

impl Truth {
    fn of(pid: u32) -> Self {
        let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |text: &str, name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number
                .unwrap_or_else(|| panic!("{name} {text}"))
                .parse()
                .unwrap()
        };
        Self {
            cpu_ns: cpu_ns(pid),
            peak_rss_bytes: number(&status, "VmHWM:") * 1024,
            read_bytes: number(&io, "read_bytes:"),
            written_bytes: number(&io, "write_bytes:"),
        }
    }
}

/// Reads the CPU clock of a process, which works for zombies too.
fn cpu_ns(pid: u32) -> u64 {
    let number = (!pid << 3) | 2;
    let clock = nix::time::ClockId::from_raw(number.cast_signed());
    let time = clock.now().unwrap();
    u64::try_from(time.tv_sec()).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap()
}

/// Starts a child with threads that burn, and waits until they have.
fn start(threads: u32, folder: &Path) -> Child {
    start_and_wait(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", BURNER, "--nocapture"])
            .env(THREADS, threads.to_string())
            .env(FOLDER, folder),
    )
}

/// Starts a child with one thread that writes, and waits until it has.
fn start_writer(folder: &Path) -> Child {
    const SCRIPT: &str =
        "for i in 1 2 3 4 5 6 7 8 9; do echo $i > by-sh-$i; done; echo burnt; read x";
    start_and_wait(Command::new("sh").args(["-c", SCRIPT]).current_dir(folder))
}

/// Starts a child, and waits until it waits for its input.
fn start_and_wait(command: &mut Command) -> Child {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.as_mut().unwrap());
    assert!(stdout.lines().any(|line| line.unwrap().contains("burnt")));
    // It waits for its input now, so that its CPU time is complete.
    let is_waiting = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.contains(") S ")
    };
    while !is_waiting() {
        thread::yield_now();
    }
    child
}

/// Lets a process end, and returns what is reported of it. Others may have had its pid before.
fn usage_at_end(ears: &mut Ears, child: &mut Child) -> Option<ExitUsage> {
    let pid = child.id();
    // A scan may leave a very young process to the next one.
    while !ears.scanned.contains_key(&pid) {
        ears.scan();
    }
    let start_ms = ears.scanned[&pid];
    assert!(start_ms.is_some());
    let found = |ears: &Ears| {
        ears.about(pid).iter().find_map(|told| match told {
            Told::Exited {
                usage,
                start_time_ms,
                ..
            } if *start_time_ms == start_ms => Some(*usage),
            _ => None,
        })
    };
    drop(child.stdin.take());
    child.wait().unwrap();
    ears.until("its exit", |ears| found(ears).is_some());
    found(ears).flatten()
}

/// CAP_NET_ADMIN.
fn may_account() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities = u64::from_str_radix(line.unwrap().trim(), 16).unwrap();
    capabilities & (1 << 12) != 0
}

#[test]
fn a_process_has_used_what_the_kernel_counted() {
    if !may_account() {
        eprintln!("SKIPPED: taskstats needs CAP_NET_ADMIN");
        return;
    }
    // A temporary folder can be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let older = start_writer(folder.path());
    let older_threads = start(3, folder.path());
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        for mut child in [older, older_threads] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        return;
    };
    has_used(&mut ears, older, 0);
    // Threads may have ended before the listener began.
    assert!(!has_used(&mut ears, older_threads, MEMORY));
    let kinds: [(&dyn Fn() -> Child, usize); 3] = [
        (&|| start_writer(folder.path()), 0),
        (&|| start(0, folder.path()), MEMORY),
        (&|| start(3, folder.path()), MEMORY),
    ];
    for (start, memory) in kinds {
        // In a storm of others, records may be lost.
        await_some("a record", || {
            has_used(&mut ears, start(), memory).then_some(())
        });
    }
}

/// Lets a process end, and checks what is reported of it. Returns whether it has what it has read and
/// written.
fn has_used(ears: &mut Ears, mut child: Child, memory: usize) -> bool {
    let truth = Truth::of(child.id());
    let Some(usage) = usage_at_end(ears, &mut child) else {
        return false;
    };
    let text = format!("{usage:?} {truth:?}");
    // What each thread has used since its last tick may be missing, and its end is on top of it.
    if let Some(cpu_ns) = usage.cpu_time_ns {
        let ticks_ns = 5 * 10_000_000;
        assert!(cpu_ns + ticks_ns >= truth.cpu_ns, "{text}");
        assert!(cpu_ns < truth.cpu_ns + 10_000_000_000, "{text}");
    }
    let Some(peak) = usage.peak_rss_bytes else {
        return false;
    };
    assert!(peak >= memory as u64, "{text}");
    // The kernel's counters of each CPU are summed now and then.
    assert!(peak.abs_diff(truth.peak_rss_bytes) < 4 << 20, "{text}");
    let [Some(read), Some(written)] = [usage.read_bytes, usage.written_bytes] else {
        return false;
    };
    // The record of each thread is rounded down to 1 KiB.
    let threads = 8 * 1024;
    assert!(written > 0 && written <= truth.written_bytes, "{text}");
    assert!(written + threads > truth.written_bytes, "{text}");
    assert!(read + threads > truth.read_bytes, "{text}");
    usage.cpu_time_ns.is_some()
}

#[test]
fn the_clock_of_a_process_that_waits_for_its_parent_is_final() {
    let Some(mut ears) = Ears::open(ListenOptions::default()) else {
        return;
    };
    let began = Instant::now();
    let mut child = sh("read x; exit 3", "ends");
    let pid = child.id();
    // Another process with this pid could start in the same tick as a shorter one.
    ears.until("some ticks", |_| {
        began.elapsed() > Duration::from_millis(50)
    });
    drop(child.stdin.take());
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    let is_zombie =
        |told: &Told| matches!(told, Told::Changed(read) if read.status == Some(Status::Zombie));
    ears.until("a zombie", |ears| ears.about(pid).iter().any(is_zombie));
    // It is read again after this. The kernel may have stopped the process just before its last instructions.
    let truth = cpu_ns(pid);
    let most = truth + 1_000_000;
    for _ in 0..3 {
        ears.drain();
    }
    let usage = usage_at_end(&mut ears, &mut child).unwrap();
    let is_final = |cpu_ns| (truth..=most).contains(&cpu_ns);
    assert!(usage.cpu_time_ns.is_some_and(is_final), "{usage:?} {truth}");
    let has_rest =
        [usage.peak_rss_bytes, usage.read_bytes, usage.written_bytes].map(|of| of.is_some());
    assert_eq!(has_rest, [may_account(); 3], "{usage:?}");
}

#[test]
fn without_rights_only_the_clock_of_a_zombie_is_known() {
    const NAME: &str = "linux::lives::usage::without_rights_only_the_clock_of_a_zombie_is_known";
    if std::env::var(WITHOUT_RIGHTS).is_ok() {
        assert!(!may_account());
        the_clock_of_a_process_that_waits_for_its_parent_is_final();
        return println!("done");
    }
    if !is_root() {
        eprintln!("SKIPPED: needs root");
        return;
    }
    if Ears::open(ListenOptions::default()).is_none() {
        return;
    }
    let (_folder, program) = program_for_all();
    let output = Command::new(program)
        .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
        .env(WITHOUT_RIGHTS, "1")
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stdout.contains("done"),
        "{stdout}{stderr}"
    );
}
