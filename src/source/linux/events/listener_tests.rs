//! Tests of [`Listener`] with a socket that no longer works.

use std::path::Path;
use std::time::{Duration, Instant};

use super::connector::Connector;
use super::kernel_event::What;
use super::listen_options::ListenOptions;
use super::listener::Listener;
use super::mail::Mail;
use crate::model::Collect;

/// Collects until `is_done` finds what must come.
fn collect(listener: &Listener, mut is_done: impl FnMut(&Mail) -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    let mut mail = Mail::default();
    loop {
        listener.collect(&mut mail);
        if is_done(&mail) {
            return;
        }
        assert!(Instant::now() < until, "{mail:?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn a_socket_that_dies_is_reported_and_replaced() {
    let started = Listener::start(
        Path::new("/proc"),
        ListenOptions::default(),
        Collect::default(),
    );
    let listener = match started {
        Ok(listener) => listener,
        Err(why) => return eprintln!("SKIPPED: {why}"),
    };
    listener.break_socket(Connector::broken());
    collect(&listener, |mail| mail.death.is_some());
    // It is requested with each drain, until there is another one.
    collect(&listener, |mail| {
        if mail.death.is_some() {
            listener.listen_again(true);
        }
        mail.loss.is_some() && mail.death.is_none()
    });
    let mut child = std::process::Command::new("true").spawn().expect("a child");
    let pid = child.id();
    child.wait().expect("it ends");
    collect(&listener, |mail| {
        let is_exit = |what| matches!(what, What::Exit { pid: of, .. } if of == pid);
        mail.events.iter().any(|event| is_exit(event.what))
    });
}
