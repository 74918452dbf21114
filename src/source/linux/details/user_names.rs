//! Names of users, looked up on a thread of their own.
//!
//! A lookup asks whatever nsswitch.conf(5) names, and a directory on the network can take seconds
//! or hang. So a scan waits a moment for all answers together, and only while none is late. A late
//! name comes with a later scan.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ahash::RandomState;
use crossbeam_channel::{Receiver, Sender, bounded};
use nix::unistd::{Uid, User};

/// How long a scan waits for all answers together. Local files take less than 0.1 ms each.
const PATIENCE: Duration = Duration::from_millis(10);

/// After this time a user without a name is asked for again: it may have been added.
const RETRY: Duration = Duration::from_secs(600);

/// Users that are remembered; with more all are forgotten.
const MAX_USERS: usize = 65_536;

/// Lookups that may wait for the thread.
const MAX_WAITING: usize = 1024;

/// Looks up one name. Tests replace it by one that hangs.
type LookUp = Box<dyn FnMut(u32) -> Option<Arc<str>> + Send>;

/// The name of a user, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UserName {
    Known(Arc<str>),
    /// The user has none.
    None,
    /// It is being looked up.
    Late,
}

/// The names of users by id.
#[derive(Debug)]
pub(super) struct UserNames {
    known: HashMap<u32, Found, RandomState>,
    /// `None`: the thread could not be started, so there are no names.
    thread: Option<Thread>,
    /// Lookups without an answer.
    waiting: usize,
    /// One of them was not answered in time.
    is_late: bool,
    /// How much longer this scan may wait.
    patience: Duration,
}

#[derive(Debug)]
struct Thread {
    requests: Sender<u32>,
    answers: Receiver<(u32, Option<Arc<str>>)>,
}

#[derive(Debug)]
enum Found {
    Name(Arc<str>),
    /// Until this time.
    None(Instant),
    Requested,
}

impl UserNames {
    /// Starts the thread that asks the system.
    pub(super) fn start() -> Self {
        Self::with(Box::new(|uid| {
            let user = User::from_uid(Uid::from_raw(uid));
            if let Err(errno) = user {
                log::debug!("cannot look up the name of user {uid}: {errno}");
            }
            Some(user.ok()??.name.into())
        }))
    }

    fn with(mut look_up: LookUp) -> Self {
        let (requests, asked) = bounded::<u32>(MAX_WAITING);
        let (answer, answers) = bounded(MAX_WAITING);
        // It ends with the sender of requests. One that hangs stays, and hangs nothing else.
        let started = thread::Builder::new()
            .name("pscan-users".into())
            .spawn(move || {
                for uid in &asked {
                    if answer.send((uid, look_up(uid))).is_err() {
                        return;
                    }
                }
            });
        if let Err(error) = &started {
            log::warn!("names of users are unknown: cannot start their thread: {error}");
        }
        Self {
            known: HashMap::default(),
            thread: started.is_ok().then_some(Thread { requests, answers }),
            waiting: 0,
            is_late: false,
            patience: PATIENCE,
        }
    }

    /// Begins a scan, which may wait anew, and takes the answers that have arrived. Returns whether
    /// there are any.
    pub(super) fn begin_scan(&mut self) -> bool {
        self.patience = PATIENCE;
        let mut has_any = false;
        while let Some(answer) = self
            .thread
            .as_ref()
            .and_then(|thread| thread.answers.try_recv().ok())
        {
            self.learn(answer);
            has_any = true;
        }
        has_any
    }

    fn learn(&mut self, (uid, name): (u32, Option<Arc<str>>)) {
        self.waiting = self.waiting.saturating_sub(1);
        self.is_late &= self.waiting > 0;
        let found = name.map_or_else(|| Found::None(Instant::now() + RETRY), Found::Name);
        self.known.insert(uid, found);
    }

    /// Returns the name of a user. The first calls for users can take 10 ms in a scan, all
    /// together.
    pub(super) fn get(&mut self, uid: u32) -> UserName {
        match self.known.get(&uid) {
            Some(Found::Name(name)) => return UserName::Known(Arc::clone(name)),
            Some(Found::None(until)) if Instant::now() < *until => return UserName::None,
            Some(Found::Requested) => return UserName::Late,
            Some(Found::None(_)) | None => {}
        }
        if self.known.len() >= MAX_USERS && self.waiting == 0 {
            self.known.clear();
        }
        let Some(thread) = &self.thread else {
            return UserName::None;
        };
        let begin = Instant::now();
        if thread.requests.try_send(uid).is_err() {
            return UserName::Late;
        }
        self.waiting += 1;
        self.known.insert(uid, Found::Requested);
        // Even a wait that is over at once yields the CPU.
        self.is_late |= self.patience.is_zero();
        let name = self.wait_for(uid, begin + self.patience);
        self.patience = self.patience.saturating_sub(begin.elapsed());
        name
    }

    fn wait_for(&mut self, uid: u32, deadline: Instant) -> UserName {
        while !self.is_late {
            let answer = self
                .thread
                .as_ref()
                .map(|thread| thread.answers.recv_deadline(deadline));
            let Some(Ok(answer)) = answer else {
                self.is_late = true;
                break;
            };
            self.learn(answer);
            match self.known.get(&uid) {
                Some(Found::Name(name)) => return UserName::Known(Arc::clone(name)),
                Some(Found::None(_)) => return UserName::None,
                Some(Found::Requested) | None => {}
            }
        }
        UserName::Late
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::unbounded;

    use super::*;

    #[test]
    fn root_has_a_name_and_is_asked_for_once() {
        let mut names = UserNames::start();
        let is_known = |name: &UserName| !matches!(name, UserName::Late);
        let root = loop {
            let root = names.get(0);
            if is_known(&root) {
                break root;
            }
            names.begin_scan();
        };
        // Some containers have no /etc/passwd.
        assert!(matches!(&root, UserName::None | UserName::Known(_)));
        assert_eq!(names.get(0), root);
    }

    #[test]
    fn a_lookup_that_hangs_delays_no_later_one_and_its_answer_comes_late() {
        let (go, waits) = unbounded::<()>();
        let mut names = UserNames::with(Box::new(move |uid| {
            let _ = waits.recv();
            (uid != 7).then(|| format!("user{uid}").into())
        }));
        assert_eq!(names.get(1), UserName::Late);
        assert!(names.is_late);
        for uid in [1, 7] {
            assert_eq!(names.get(uid), UserName::Late);
        }
        assert!(!names.begin_scan());
        drop(go);
        while names.waiting > 0 {
            names.begin_scan();
        }
        assert!(!names.is_late);
        assert_eq!(names.get(1), UserName::Known("user1".into()));
        assert_eq!(names.get(7), UserName::None);
        let _ = names.get(2);
        while names.waiting > 0 {
            names.begin_scan();
        }
        assert_eq!(names.get(2), UserName::Known("user2".into()));
    }

    #[test]
    fn all_lookups_of_a_scan_share_one_allowance() {
        let mut names = UserNames::with(Box::new(|uid| {
            // Each is answered in time alone. Only how long they take together counts.
            thread::sleep(PATIENCE / 4);
            Some(format!("user{uid}").into())
        }));
        names.begin_scan();
        let mut uid = 0;
        while names.get(uid) != UserName::Late {
            uid += 1;
        }
        assert!(uid <= 4, "{uid}");
        assert!(names.patience.is_zero(), "{:?} {uid}", names.patience);
        while names.waiting > 0 {
            names.begin_scan();
        }
        assert_eq!(names.patience, PATIENCE);
        assert_eq!(names.get(uid), UserName::Known(format!("user{uid}").into()));
    }

    #[test]
    fn a_lookup_that_panics_leaves_names_unknown() {
        let mut names = UserNames::with(Box::new(|_| panic!("test")));
        for uid in 0..3 {
            assert_eq!(names.get(uid), UserName::Late);
        }
    }
}
