//! Lets the source `linux` listen between scans.

use super::events::{Ear, ExecReading, ListenOptions, Scanned, Start};
use super::exits::{Candidate, ExitEar, raise_limit};
use super::known::Known;
use super::proc::births;
use super::proc::boot::since_ms;
use super::proc::namespace::obstacle;
use super::proc::origin::Origin;
use super::proc::procfs::Procfs;
use super::source::LinuxSource;
use crate::model::Timestamp;
use crate::source::exited::{Exited, TICK_MS};
use crate::source::{DetailReading, Happening, Heard, ProcessRow};

/// Descriptors that must be available: it keeps seven, and scans need theirs too.
const SPARE_DESCRIPTORS: usize = 16;

impl LinuxSource {
    /// Listens to births, execs and exits between scans, where the kernel reports them.
    ///
    /// It needs the process connector, the first pid, user and network namespace of the host, and before
    /// about Linux 6.6 the capability CAP_NET_ADMIN. Elsewhere the source only scans, and
    /// [`SourceInfo::not_listening`](crate::SourceInfo::not_listening) has the reason. It can wait up to
    /// 0.5 s for the kernel's answer.
    ///
    /// Without the process connector it listens to exits alone, where pidfds report them: from Linux 6.15
    /// on, if the proc(5) is of its own pid namespace. Then
    /// [`SourceInfo::hears_exits`](crate::SourceInfo::hears_exits) is true. Each process that it watches
    /// takes a descriptor, and they take half of the free ones at most: the youngest processes are
    /// watched, and no kernel threads.
    #[must_use]
    pub fn listening(mut self, options: ListenOptions) -> Self {
        (self.ear, self.exit_ear) = (None, None);
        // What was not heard in between, a list shows.
        self.expected.doubt();
        if options.raise_descriptor_limit {
            raise_limit();
        }
        match self.open_ear(options) {
            Ok(ear) => {
                log::info!("births and exits are reported by the kernel");
                self.ear = Some(ear);
                // Births are heard from now on, or from a moment before.
                self.expected.look_began(since_ms() / TICK_MS);
                self.not_listening = None;
            }
            Err(why) => {
                match self.open_exit_ear(options) {
                    Ok(ear) => {
                        log::info!("births come from scans, and exits from pidfds: {why}");
                        self.exit_ear = Some(ear);
                    }
                    Err(no_pidfds) => {
                        log::info!("births and exits come from scans alone: {why}; {no_pidfds}");
                    }
                }
                self.not_listening = Some(why);
            }
        }
        self
    }

    fn open_ear(&mut self, options: ListenOptions) -> Result<Ear, String> {
        let procfs = Procfs::open(&self.proc).map_err(|error| error.full_message())?;
        if let Some(why) = obstacle(&procfs, self.namespace.is_ours) {
            return Err(why);
        }
        let Origin::Here(boot) = self.rules.origin else {
            return Err("its proc(5) is of another kernel".into());
        };
        // Before anything else, so that nothing is left half open.
        self.check_descriptors()?;
        let counters = &mut self.buffers.counters;
        let mut count = || births::started_total(&procfs, counters);
        Ear::open(&self.proc, boot, options, self.rules.collect, &mut count)
    }

    fn check_descriptors(&self) -> Result<(), String> {
        let spare = (0..SPARE_DESCRIPTORS).map(|_| Procfs::open(&self.proc));
        match spare.collect::<Result<Vec<_>, _>>() {
            Ok(_) => Ok(()),
            Err(_) => Err(format!(
                "fewer than {SPARE_DESCRIPTORS} file descriptors are available; close files or raise \
                 the limit (ulimit -n)"
            )),
        }
    }

    fn open_exit_ear(&self, options: ListenOptions) -> Result<ExitEar, String> {
        // The pids of another namespace are those of other processes here.
        if !self.namespace.is_ours {
            return Err("pidfds are of this pid namespace".into());
        }
        let Origin::Here(boot) = self.rules.origin else {
            return Err("pidfds are of this kernel".into());
        };
        self.check_descriptors()?;
        ExitEar::open(&self.proc, boot, options)
    }

    /// Watches the processes of a scan, where pidfds report exits. Returns the CPU time that this took,
    /// in nanoseconds.
    pub(super) fn watch_exits(&mut self) -> u64 {
        let Some(ear) = &mut self.exit_ear else {
            return 0;
        };
        // Kernel threads come and go by the work that there is, and their status is always 0.
        let can_be_watched =
            |known: &&Known| !known.has_exited && !known.is_denied && !known.is_kernel_thread;
        let mut candidates = self
            .known
            .iter()
            .filter(can_be_watched)
            .filter_map(|known| {
                Some(Candidate {
                    pid: known.pid,
                    start: known.start(),
                    identity: known.identity?,
                })
            });
        ear.watch(&mut candidates)
    }

    /// Emits what was heard, and forgets the processes whose exits it has emitted: the rows of a later
    /// scan do not refer to them.
    pub(super) fn hear(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let is_after_scan = self.drained_scans != self.scans;
        self.drained_scans = self.scans;
        let Some(ear) = &mut self.ear else {
            return self.hear_exits(emit);
        };
        let (known, before) = (&mut self.known, &mut self.buffers.known);
        let (proc, counters) = (&self.proc, &mut self.buffers.counters);
        let mut count = || births::started_total(&Procfs::open(proc).ok()?, counters);
        let (details, gathered) = (&self.details, &mut self.buffers.waiting.gathered);
        let has_details = self.rules.has_details;
        let expected = &mut self.expected;
        expected.look_began(since_ms() / TICK_MS);
        let heard = {
            let scans = |pid| scanned(known, before, pid);
            let emit = &mut |happening: Happening<'_>, reading: Option<&ExecReading>| {
                expected.happened(&happening);
                let Some(reading) = reading.filter(|_| has_details) else {
                    return emit(happening);
                };
                let range = details.gather_heard(reading, gathered);
                emit(with_details(happening, &gathered.readings(range)));
                gathered.clear();
            };
            ear.drain(is_after_scan, &scans, &mut count, emit)
        };
        if is_after_scan {
            let processes = known.iter();
            let processes = processes.filter(|known| !known.has_exited && !known.is_kernel_thread);
            ear.survey(&mut processes.map(|known| (known.pid, known.start())));
        }
        expected.end_drain(&heard);
        note_exits(ear.exited(), &mut self.exited, [known, before]);
        heard
    }

    /// Does the same with exits alone.
    fn hear_exits(&mut self, emit: &mut dyn FnMut(Happening<'_>)) -> Heard {
        let Some(ear) = &mut self.exit_ear else {
            return Heard::default();
        };
        let heard = ear.drain(emit);
        let lists = [&mut self.known, &mut self.buffers.known];
        note_exits(ear.exited(), &mut self.exited, lists);
        heard
    }
}

/// Adds optional fields to a birth or a change.
fn with_details<'s>(happening: Happening<'s>, details: &'s [DetailReading<'s>]) -> Happening<'s> {
    match happening {
        Happening::Born(row) => Happening::Born(ProcessRow { details, ..row }),
        Happening::Changed(row) => Happening::Changed(ProcessRow { details, ..row }),
        exited @ Happening::Exited { .. } => exited,
    }
}

/// Marks the processes whose exits were emitted.
fn note_exits(of: &[(u32, Start)], exited: &mut Exited, mut lists: [&mut Vec<Known>; 2]) {
    let now_ns = Timestamp::monotonic_now_ns();
    for &(pid, start) in of {
        exited.add(pid, start.ticks, start.nth, now_ns);
        for list in &mut lists {
            if let Some(known) = find(list, pid).map(|index| &mut list[index])
                && known.start() == start
            {
                known.has_exited = true;
            }
        }
    }
}

/// Returns what the last scan has emitted for a pid, or the one before it.
fn scanned(known: &[Known], before: &[Known], pid: u32) -> Option<Scanned> {
    let (list, index, is_current) = match find(known, pid) {
        Some(index) => (known, index, true),
        None => (before, find(before, pid)?, false),
    };
    let known = &list[index];
    (!known.has_exited && !known.is_denied).then(|| known.scanned(is_current))
}

fn find(list: &[Known], pid: u32) -> Option<usize> {
    list.binary_search_by_key(&pid, |known| known.pid).ok()
}
