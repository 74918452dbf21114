//! Signals that stop pscan or request statistics.

pub(crate) use self::platform::{job_control, stats, stop, to_pass_on};
#[cfg(feature = "serve")]
pub(crate) use self::platform::{reload, terminate};

/// What a signal asks of a program that has the whole screen.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    not(unix),
    allow(dead_code, reason = "other systems have no job control")
)]
pub(crate) enum Asked {
    End,
    /// SIGTSTP.
    Stop,
    /// The program was stopped and goes on: the modes of the terminal may have changed.
    Continue,
}

/// A signal that this process got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) number: i32,
    /// A process sent it to this one. Otherwise the terminal sent it to the whole foreground group.
    pub(crate) is_from_process: bool,
}

impl Received {
    /// Returns whether it asks a program to end.
    pub(crate) fn is_end(self) -> bool {
        self::platform::ENDS.contains(&self.number)
    }
}

#[cfg(unix)]
mod platform {
    use std::fs;
    use std::thread;

    use crossbeam_channel::{Receiver, bounded, unbounded};
    use process_scanner::{Error, Result};
    use signal_hook::consts::{
        SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH,
    };
    use signal_hook::iterator::exfiltrator::WithRawSiginfo;
    use signal_hook::iterator::{Signals, SignalsInfo};

    use super::{Asked, Received};

    /// Signals that ask a program to end.
    pub(super) const ENDS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

    /// Signals of job control that may wait.
    const JOB_CONTROL_QUEUE: usize = 16;

    /// Other signals that a command gets.
    const OTHERS: [i32; 5] = [SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH];

    /// Returns a channel that gets a message on SIGINT, SIGTERM or SIGHUP.
    ///
    /// From then on these signals do not kill the process, so commands call this before the first output.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        // nohup(1), and shells that start a background job, ignore signals on purpose.
        listen(not_ignored([SIGINT, SIGTERM, SIGHUP]))
    }

    /// Returns a channel for the signals that end, stop and continue a program which has the whole screen.
    ///
    /// Ignored ones stay ignored, but for SIGCONT, which continues a process in any case. SIGUSR1 and SIGUSR2 have no
    /// effect: they ask other commands for statistics, and would kill this process without its cleaning up.
    pub(crate) fn job_control() -> Result<Receiver<Asked>> {
        let cannot_wait = |error| Error::from_io("cannot wait for signals", error);
        let (sender, receiver) = bounded(JOB_CONTROL_QUEUE);
        let all = ENDS.into_iter();
        let mut caught = not_ignored(all.chain([SIGALRM, SIGTSTP, SIGUSR1, SIGUSR2]));
        caught.push(SIGCONT);
        let mut signals = Signals::new(caught).map_err(cannot_wait)?;
        thread::Builder::new()
            .name("pscan-signal".into())
            .spawn(move || {
                for signal in signals.forever() {
                    let asked = match signal {
                        SIGTSTP => Asked::Stop,
                        SIGCONT => Asked::Continue,
                        SIGUSR1 | SIGUSR2 => continue,
                        _ => Asked::End,
                    };
                    if sender.send(asked).is_err() {
                        break;
                    }
                }
            })
            .map_err(cannot_wait)?;
        Ok(receiver)
    }

    /// Returns a channel that gets a message on SIGINT or SIGTERM, for a program that stays.
    ///
    /// It ends only if it is asked to, even if these were ignored at its start.
    #[cfg(feature = "serve")]
    pub(crate) fn terminate() -> Result<Receiver<()>> {
        listen(vec![SIGINT, SIGTERM])
    }

    /// Returns a channel that gets a message on SIGHUP, which requests a reload.
    #[cfg(feature = "serve")]
    pub(crate) fn reload() -> Result<Receiver<()>> {
        listen(vec![SIGHUP])
    }

    /// Returns a channel that gets a message on SIGUSR1, which requests statistics.
    pub(crate) fn stats() -> Result<Receiver<()>> {
        listen(vec![SIGUSR1])
    }

    /// Returns a channel that gets the signals that a command should get in place of this process.
    ///
    /// From then on they have no effect on this process. Ignored ones stay ignored, for the command too.
    pub(crate) fn to_pass_on() -> Result<Receiver<Received>> {
        let cannot_wait = |error| Error::from_io("cannot wait for signals", error);
        let (sender, receiver) = unbounded();
        let caught = not_ignored(ENDS.into_iter().chain(OTHERS));
        let mut signals = SignalsInfo::<WithRawSiginfo>::new(caught).map_err(cannot_wait)?;
        thread::Builder::new()
            .name("pscan-signal".into())
            .spawn(move || {
                for info in signals.forever() {
                    let _ = sender.send(Received {
                        number: info.si_signo,
                        is_from_process: is_from_process(info.si_code),
                    });
                }
            })
            .map_err(cannot_wait)?;
        Ok(receiver)
    }

    /// Returns whether a process has sent a signal with this `si_code`: see sigaction(2).
    fn is_from_process(code: i32) -> bool {
        match cfg!(target_os = "linux") {
            // Those of the kernel are positive.
            true => code <= 0,
            // SI_USER, SI_QUEUE and SI_LWP of FreeBSD; macOS has the first two.
            false => matches!(code, 0x1_0001 | 0x1_0002 | 0x1_0007),
        }
    }

    fn listen(signals: Vec<i32>) -> Result<Receiver<()>> {
        let cannot_wait = |error| Error::from_io("cannot wait for signals", error);
        let (sender, receiver) = bounded(1);
        let mut signals = Signals::new(signals).map_err(cannot_wait)?;
        thread::Builder::new()
            .name("pscan-signal".into())
            .spawn(move || {
                for _ in signals.forever() {
                    // If the channel is full, a pending message already covers this signal.
                    let _ = sender.try_send(());
                }
            })
            .map_err(cannot_wait)?;
        Ok(receiver)
    }

    /// Returns those of the signals that this process does not ignore.
    fn not_ignored(signals: impl IntoIterator<Item = i32>) -> Vec<i32> {
        let ignored = ignored();
        let signals = signals.into_iter();
        signals
            .filter(|signal| ignored >> (signal - 1) & 1 == 0)
            .collect()
    }

    /// Returns the ignored signals, one bit each: `SigIgn` in proc_pid_status(5).
    ///
    /// 0 on other systems than Linux, where only unsafe code can find out.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }
}

#[cfg(not(unix))]
mod platform {
    use crossbeam_channel::{Receiver, bounded, never};
    use process_scanner::{Error, ErrorClass, Result};

    use super::{Asked, Received};

    /// Signals that ask a program to end: this system has none.
    pub(super) const ENDS: [i32; 0] = [];

    /// Returns a channel without messages.
    ///
    /// Ctrl-C reaches the command too, and from then on does not end this process.
    pub(crate) fn to_pass_on() -> Result<Receiver<Received>> {
        stop()?;
        Ok(never())
    }

    /// Returns a channel for Ctrl-C and for the end of the console.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        on_end(())
    }

    /// Returns a channel for Ctrl-C and for the end of the console: this system has no job control.
    pub(crate) fn job_control() -> Result<Receiver<Asked>> {
        on_end(Asked::End)
    }

    fn on_end<T: Copy + Send + 'static>(message: T) -> Result<Receiver<T>> {
        let (sender, receiver) = bounded(1);
        ctrlc::set_handler(move || {
            // If the channel is full, a pending message already covers this one.
            let _ = sender.try_send(message);
        })
        .map_err(|error| {
            Error::new(ErrorClass::Unsupported, "cannot wait for Ctrl-C").with_source(error)
        })?;
        Ok(receiver)
    }

    /// Returns a channel for Ctrl-C and for the end of the console.
    #[cfg(feature = "serve")]
    pub(crate) fn terminate() -> Result<Receiver<()>> {
        stop()
    }

    /// Returns a channel without messages: this system has no SIGHUP.
    #[cfg(feature = "serve")]
    pub(crate) fn reload() -> Result<Receiver<()>> {
        Ok(never())
    }

    /// Returns a channel without messages: this system has no SIGUSR1.
    pub(crate) fn stats() -> Result<Receiver<()>> {
        Ok(never())
    }
}
