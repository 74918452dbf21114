//! Signals that end the program or ask it something.

pub(crate) use self::platform::{asked, stop};

#[cfg(unix)]
mod platform {
    use std::fs;
    use std::thread;

    use crossbeam_channel::{Receiver, bounded};
    use process_scanner::{Error, Result};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    /// Gets a message when Ctrl-C is pressed or the system asks the program to end. From now on they
    /// end it only by that, so that this comes before the first output.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        let mut signals = vec![SIGINT, SIGTERM, SIGHUP];
        let ignored = ignored();
        // Whoever starts it so, nohup(1) or a shell that starts it in the background, wants that.
        signals.retain(|signal| ignored >> (signal - 1) & 1 == 0);
        listen(signals)
    }

    /// Gets a message when somebody asks for the statistics.
    pub(crate) fn asked() -> Result<Receiver<()>> {
        listen(vec![SIGUSR1])
    }

    fn listen(signals: Vec<i32>) -> Result<Receiver<()>> {
        let cannot_wait = |error| Error::from_io("cannot wait for signals", error);
        let (tell, told) = bounded(1);
        let mut signals = Signals::new(signals).map_err(cannot_wait)?;
        thread::Builder::new()
            .name("pscan-signal".into())
            .spawn(move || {
                for _ in signals.forever() {
                    // One that is there already says the same.
                    let _ = tell.try_send(());
                }
            })
            .map_err(cannot_wait)?;
        Ok(told)
    }

    /// The signals that are ignored, a bit each: `SigIgn` in proc_pid_status(5). Elsewhere than on Linux
    /// only unsafe code could ask, and none is taken to be.
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

    /// Gets a message when Ctrl-C is pressed or the console is closed.
    pub(crate) fn stop() -> Result<Receiver<()>> {
        let (tell, told) = bounded(1);
        ctrlc::set_handler(move || {
            // One that is there already says the same.
            let _ = tell.try_send(());
        })
        .map_err(|error| {
            Error::new(ErrorClass::Unsupported, "cannot wait for Ctrl-C").with_source(error)
        })?;
        Ok(told)
    }

    /// There is no such signal here: they are printed at the end alone.
    pub(crate) fn asked() -> Result<Receiver<()>> {
        Ok(never())
    }
}
