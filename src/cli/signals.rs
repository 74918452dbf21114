//! Signals that stop pscan or request statistics.

pub(crate) use self::platform::{stats, stop};

#[cfg(unix)]
mod platform {
    use std::fs;
    use std::thread;

    use crossbeam_channel::{Receiver, bounded};
    use process_scanner::{Error, Result};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    /// Returns a channel that gets a message on SIGINT, SIGTERM or SIGHUP.
    ///
    /// From then on these signals do not kill the process, so commands call this before the first output.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        let mut signals = vec![SIGINT, SIGTERM, SIGHUP];
        let ignored = ignored();
        // nohup(1), and shells that start a background job, ignore signals on purpose.
        signals.retain(|signal| ignored >> (signal - 1) & 1 == 0);
        listen(signals)
    }

    /// Returns a channel that gets a message on SIGUSR1, which requests statistics.
    pub(crate) fn stats() -> Result<Receiver<()>> {
        listen(vec![SIGUSR1])
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

    /// Returns a channel for Ctrl-C and for the end of the console.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        let (sender, receiver) = bounded(1);
        ctrlc::set_handler(move || {
            // If the channel is full, a pending message already covers this one.
            let _ = sender.try_send(());
        })
        .map_err(|error| {
            Error::new(ErrorClass::Unsupported, "cannot wait for Ctrl-C").with_source(error)
        })?;
        Ok(receiver)
    }

    /// Returns a channel without messages: this system has no SIGUSR1.
    pub(crate) fn stats() -> Result<Receiver<()>> {
        Ok(never())
    }
}
