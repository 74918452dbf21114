//! Messages to systemd, as in sd_notify(3). Without `NOTIFY_SOCKET` nothing is sent.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, never, tick};

use super::notify_socket::{Socket, monotonic_us};
use crate::cli::outcome::{remark, warn};

/// Pings in the time after which the watchdog ends a service: one that is late is no reason.
const PINGS: u32 = 3;

/// Shortest time between two pings, so that a tiny `WATCHDOG_USEC` does not use a CPU.
const SHORTEST: Duration = Duration::from_millis(100);

/// Time until another attempt to send what the socket has not taken.
const RETRY: Duration = Duration::from_secs(1);

/// The service manager that has started this process, if there is one.
///
/// Sending never waits: a manager that reads nothing would delay signals.
#[derive(Debug)]
pub(super) struct ServiceManager {
    socket: Option<Socket>,
    /// After so long without a ping it ends this process; `None`: never.
    patience: Option<Duration>,
    /// States that the socket has not taken, in order.
    unsent: Vec<String>,
    /// The last attempt failed, and was reported.
    is_failing: bool,
}

impl ServiceManager {
    /// Reads the address of the socket from the environment.
    pub(super) fn from_environment() -> Self {
        let socket = Socket::from_environment().unwrap_or_else(|error| {
            warn(&format!("cannot reach the service manager: {error}"));
            None
        });
        let patience = socket.as_ref().and_then(|_| {
            let variable = |name| std::env::var(name).ok();
            patience(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"))
        });
        Self::new(socket, patience)
    }

    fn new(socket: Option<Socket>, patience: Option<Duration>) -> Self {
        Self {
            socket,
            patience,
            unsent: Vec::new(),
            is_failing: false,
        }
    }

    /// Returns a channel that gets a message when a ping is due.
    pub(super) fn due(&self) -> Receiver<Instant> {
        self.ping_interval().map_or_else(never, tick)
    }

    fn ping_interval(&self) -> Option<Duration> {
        self.patience
            .map(|patience| (patience / PINGS).max(SHORTEST))
    }

    /// Returns a channel that gets a message when [`retry`](Self::retry) is due.
    pub(super) fn retry_due(&self) -> Receiver<Instant> {
        match self.unsent.is_empty() {
            false => after(RETRY),
            true => never(),
        }
    }

    /// The service works, at first and after a reload.
    pub(super) fn ready(&mut self) {
        self.unsent.push("READY=1".to_owned());
        self.retry();
    }

    /// The service reads its settings again; [`ready`](Self::ready) follows.
    pub(super) fn reloading(&mut self) {
        if self.socket.is_some() {
            // Earlier states are no longer true.
            let now_us = monotonic_us();
            self.unsent = vec![format!("RELOADING=1\nMONOTONIC_USEC={now_us}")];
            self.retry();
        }
    }

    /// Sets the line that `systemctl status` prints; an empty text removes it.
    pub(super) fn status(&mut self, text: &str) {
        // A line break would begin another message.
        self.unsent
            .push(format!("STATUS={}", text.replace(['\n', '\r'], " ")));
        self.retry();
    }

    /// The service lives. A ping that the socket does not take is not repeated: the next one follows.
    pub(super) fn ping(&mut self) {
        self.retry();
        self.send("WATCHDOG=1");
    }

    /// The service ends.
    pub(super) fn stopping(&mut self) {
        self.unsent = vec!["STOPPING=1".to_owned()];
        self.retry();
    }

    /// Sends the states that the socket has not taken, until one fails.
    pub(super) fn retry(&mut self) {
        let mut unsent = std::mem::take(&mut self.unsent);
        let sent = unsent
            .iter()
            .take_while(|message| self.send(message))
            .count();
        unsent.drain(..sent);
        self.unsent = unsent;
    }

    /// Returns whether there is no need to send a message again. Only the first of several failures is reported.
    fn send(&mut self, message: &str) -> bool {
        let Some(socket) = &self.socket else {
            return true;
        };
        let outcome = socket.send(message);
        let was_failing = std::mem::replace(&mut self.is_failing, outcome.is_err());
        match &outcome {
            Err(error) if !was_failing => {
                warn(&format!("cannot reach the service manager: {error}"));
            }
            Ok(()) if was_failing => remark("the service manager can be reached again"),
            _ => {}
        }
        outcome.is_ok()
    }
}

/// Returns the patience of the watchdog by its variables: sd_watchdog_enabled(3).
fn patience(microseconds: Option<String>, pid: Option<String>) -> Option<Duration> {
    // They are inherited: a pid of another process means that they are not for this one.
    if pid.is_some_and(|pid| pid.parse() != Ok(std::process::id())) {
        return None;
    }
    let microseconds = microseconds?.parse().ok()?;
    // The largest number stands for no limit.
    let is_on = microseconds > 0 && microseconds < u64::MAX;
    is_on.then_some(Duration::from_micros(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_for_one_process() {
        let text = |text: &str| Some(text.to_owned());
        let own = std::process::id().to_string();
        let minute = Some(Duration::from_secs(60));
        assert_eq!(patience(text("60000000"), None), minute);
        assert_eq!(patience(text("60000000"), text(&own)), minute);
        assert_eq!(patience(text("60000000"), text("1")), None);
        let max = u64::MAX.to_string();
        for wrong in [
            None,
            text("0"),
            text("-1"),
            text("soon"),
            text(""),
            text(&max),
        ] {
            assert_eq!(patience(wrong, None), None);
        }
    }

    #[test]
    fn pings_have_a_shortest_interval() {
        let interval = |patience| ServiceManager::new(None, patience).ping_interval();
        assert_eq!(interval(None), None);
        assert_eq!(interval(Some(Duration::from_micros(1))), Some(SHORTEST));
        let minute = Some(Duration::from_secs(60));
        assert_eq!(interval(minute), Some(Duration::from_secs(20)));
    }

    #[cfg(target_os = "linux")]
    mod sending {
        use std::os::unix::net::UnixDatagram;

        use super::*;

        fn bind(folder: &tempfile::TempDir) -> UnixDatagram {
            let path = folder.path().join("notify");
            let socket = UnixDatagram::bind(path).expect("a socket");
            socket.set_nonblocking(true).expect("an option");
            socket
        }

        fn manager(folder: &tempfile::TempDir) -> ServiceManager {
            let path = folder.path().join("notify");
            let socket = Socket::to(path.as_os_str()).expect("an address");
            ServiceManager::new(Some(socket), None)
        }

        /// Returns all messages that wait.
        fn messages(socket: &UnixDatagram) -> Vec<String> {
            let mut text = [0; 256];
            let lens = std::iter::from_fn(|| {
                let len = socket.recv(&mut text).ok()?;
                Some(String::from_utf8_lossy(&text[..len]).into_owned())
            });
            lens.collect()
        }

        #[test]
        fn a_full_socket_is_not_waited_for_and_gets_the_states_later() {
            let folder = tempfile::tempdir().expect("a folder");
            let socket = bind(&folder);
            let mut manager = manager(&folder);
            while !manager.is_failing {
                manager.ping();
            }
            manager.reloading();
            manager.status("a reason");
            manager.ready();
            assert_eq!(manager.unsent.len(), 3);
            assert!(manager.is_failing);
            let waiting = messages(&socket);
            assert!(waiting.iter().all(|message| message == "WATCHDOG=1"));
            manager.ping();
            let later = messages(&socket);
            assert!(later[0].starts_with("RELOADING=1"), "{later:?}");
            assert_eq!(later[1..], ["STATUS=a reason", "READY=1", "WATCHDOG=1"]);
            manager.retry();
            assert_eq!(messages(&socket), [""; 0]);
            assert!(!manager.is_failing);
        }

        #[test]
        fn a_socket_that_is_made_anew_is_reached() {
            let folder = tempfile::tempdir().expect("a folder");
            let mut manager = manager(&folder);
            manager.ready();
            assert_eq!(manager.unsent.len(), 1);
            for _ in 0..2 {
                let socket = bind(&folder);
                manager.retry();
                manager.ready();
                assert_eq!(messages(&socket).last().expect("a message"), "READY=1");
                std::fs::remove_file(folder.path().join("notify")).expect("a file");
                drop(socket);
                manager.stopping();
                assert_eq!(manager.unsent, ["STOPPING=1"]);
            }
        }
    }
}
