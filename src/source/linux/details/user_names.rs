//! Names of users, looked up on a thread of their own.
//!
//! A lookup asks whatever nsswitch.conf(5) names, and a directory on the network can take seconds
//! or hang. So a scan waits a moment for all answers together, and only while none is late. A late
//! name comes with a later scan.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ahash::RandomState;
use crossbeam_channel::{Receiver, Sender, bounded};
use nix::errno::Errno;
use nix::unistd::{Uid, User};

use super::patience::Patience;
use crate::metrics::CpuClock;

/// How long a scan waits for all answers together. Local files take less than 0.1 ms each.
const PATIENCE: Duration = Duration::from_millis(10);

/// After this time a user is asked for again: it may have been added, renamed or removed, and
/// systemd gives the ids of dynamic users to others.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Users that are remembered; with more all are forgotten.
const MAX_USERS: usize = 65_536;

/// Lookups that may wait for the thread.
const MAX_WAITING: usize = 1024;

/// The name of a user; `None` without one.
type Name = Option<Arc<str>>;

/// Looks up one name. Tests replace it by one that hangs.
type LookUp = Box<dyn FnMut(u32) -> Result<Name, Errno> + Send>;

/// The name of a user, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::source) struct UserName {
    /// The last answer. `None` if the user has no name, or there was no answer yet.
    pub(in crate::source) name: Name,
    /// It is being looked up, and may be another one by then.
    pub(in crate::source) is_late: bool,
}

/// The names of users by id.
#[derive(Debug)]
pub(in crate::source) struct UserNames {
    known: HashMap<u32, Found, RandomState>,
    /// `None`: the thread could not be started, so there are no names.
    thread: Option<Thread>,
    /// Lookups without an answer.
    waiting: usize,
    /// One of them was not answered in time.
    is_late: bool,
    patience: Patience,
    max_age: Duration,
    cpu_ns: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Thread {
    requests: Sender<u32>,
    answers: Receiver<(u32, Result<Name, Errno>)>,
}

#[derive(Debug, Default)]
struct Found {
    /// The last answer.
    name: Name,
    /// When it is asked for again; `None` while it is being looked up.
    until: Option<Instant>,
}

impl UserNames {
    /// Starts the thread that asks the system.
    pub(in crate::source) fn start() -> Self {
        Self::with(Box::new(|uid| {
            let user = User::from_uid(Uid::from_raw(uid));
            if let Err(errno) = user {
                log::debug!("cannot look up the name of user {uid}: {errno}");
            }
            Ok(user?.map(|user| user.name.into()))
        }))
    }

    fn with(mut look_up: LookUp) -> Self {
        let (requests, asked) = bounded::<u32>(MAX_WAITING);
        let (answer, answers) = bounded(MAX_WAITING);
        let cpu_ns = Arc::<AtomicU64>::default();
        let spent_ns = Arc::clone(&cpu_ns);
        // It ends with the sender of requests. One that hangs stays, and hangs nothing else.
        let started = thread::Builder::new()
            .name("pscan-users".into())
            .spawn(move || {
                let mut clock = CpuClock::start();
                for uid in &asked {
                    let name = look_up(uid);
                    let spent = clock.lap().unwrap_or_default().as_nanos();
                    let spent = u64::try_from(spent).unwrap_or(u64::MAX);
                    spent_ns.fetch_add(spent, Ordering::Relaxed);
                    if answer.send((uid, name)).is_err() {
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
            patience: Patience::new(PATIENCE),
            max_age: MAX_AGE,
            cpu_ns,
        }
    }

    /// Begins a scan, which may wait anew, and takes the answers that have arrived. Returns whether
    /// there are any.
    pub(in crate::source) fn begin_scan(&mut self) -> bool {
        self.patience.renew();
        self.take_answers()
    }

    /// Returns the CPU time of the thread so far, in nanoseconds.
    pub(in crate::source) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Ordering::Relaxed)
    }

    fn take_answers(&mut self) -> bool {
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

    fn learn(&mut self, (uid, name): (u32, Result<Name, Errno>)) {
        self.waiting = self.waiting.saturating_sub(1);
        self.is_late &= self.waiting > 0;
        let found = self.known.entry(uid).or_default();
        // After an error, such as that of a directory that does not answer, the last name stays.
        if let Ok(name) = name {
            found.name = name;
        }
        found.until = Some(Instant::now() + self.max_age);
    }

    /// Returns the name of a user, if there was an answer. It never waits.
    pub(in crate::source) fn so_far(&self, uid: u32) -> Option<&Arc<str>> {
        self.known.get(&uid)?.name.as_ref()
    }

    /// Returns the name of a user. The first calls for users can take 10 ms in a scan, all
    /// together.
    pub(in crate::source) fn get(&mut self, uid: u32) -> UserName {
        let found = self.known.get(&uid);
        let is_new = found.is_none();
        let mut name = UserName::default();
        if let Some(found) = found {
            name.name.clone_from(&found.name);
            name.is_late = found.until.is_none();
            if found.until.is_none_or(|until| Instant::now() < until) {
                return name;
            }
        }
        if self.known.len() >= MAX_USERS && self.waiting == 0 {
            self.known.clear();
        }
        let Some(thread) = &self.thread else {
            return name;
        };
        name.is_late = true;
        if thread.requests.try_send(uid).is_err() {
            return name;
        }
        self.waiting += 1;
        let last = name.name.clone();
        self.known.insert(
            uid,
            Found {
                name: last,
                until: None,
            },
        );
        // There is a name until the new one has arrived.
        if !is_new {
            return name;
        }
        self.wait_for(uid).unwrap_or(name)
    }

    fn wait_for(&mut self, uid: u32) -> Option<UserName> {
        // Even a wait that is over at once yields the CPU.
        self.is_late |= self.patience.is_over();
        while !self.is_late {
            let Thread { answers, .. } = self.thread.as_ref()?;
            let answer = self
                .patience
                .wait(|deadline| answers.recv_deadline(deadline));
            let Ok(answer) = answer else {
                self.is_late = true;
                break;
            };
            self.learn(answer);
            let found = self.known.get(&uid)?;
            if found.until.is_some() {
                let name = found.name.clone();
                return Some(UserName {
                    name,
                    is_late: false,
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crossbeam_channel::unbounded;

    use super::*;

    fn known(name: &str) -> UserName {
        UserName {
            name: Some(name.into()),
            is_late: false,
        }
    }

    fn late(name: Option<&str>) -> UserName {
        UserName {
            name: name.map(Into::into),
            is_late: true,
        }
    }

    /// Waits for all answers, however long they take.
    fn settle(names: &mut UserNames) {
        while names.waiting > 0 {
            names.take_answers();
        }
    }

    #[test]
    fn root_has_a_name_and_is_asked_for_once() {
        let mut names = UserNames::start();
        names.get(0);
        settle(&mut names);
        // Some containers have no /etc/passwd.
        let root = names.get(0);
        assert!(!root.is_late);
        assert_eq!(names.get(0), root);
        assert_eq!(names.waiting, 0);
    }

    #[test]
    fn a_lookup_that_hangs_delays_no_later_one_and_its_answer_comes_late() {
        let (go, waits) = unbounded::<()>();
        let mut names = UserNames::with(Box::new(move |uid| {
            let _ = waits.recv();
            Ok((uid != 7).then(|| format!("user{uid}").into()))
        }));
        assert_eq!(names.get(1), late(None));
        assert!(names.is_late);
        for uid in [1, 7] {
            assert_eq!(names.get(uid), late(None));
        }
        assert!(!names.begin_scan());
        drop(go);
        settle(&mut names);
        assert!(!names.is_late);
        assert_eq!(names.get(1), known("user1"));
        assert_eq!(names.get(7), UserName::default());
        let _ = names.get(2);
        settle(&mut names);
        assert_eq!(names.get(2), known("user2"));
    }

    #[test]
    fn all_lookups_of_a_scan_share_one_allowance() {
        let (go, waits) = unbounded::<()>();
        let mut names = UserNames::with(Box::new(move |uid| {
            let _ = waits.recv();
            Ok(Some(format!("user{uid}").into()))
        }));
        names.begin_scan();
        // The first takes all of it. It is answered later, so nothing is late any more.
        assert_eq!(names.get(1), late(None));
        go.send(()).expect("the thread lives");
        settle(&mut names);
        assert!(!names.is_late && names.patience.is_over());
        // The same scan does not wait for another one.
        assert_eq!(names.get(2), late(None));
        assert!(names.is_late);
        drop(go);
        settle(&mut names);
        names.begin_scan();
        assert!(!names.patience.is_over());
        assert_eq!(names.get(2), known("user2"));
    }

    #[test]
    fn a_name_is_asked_for_again_and_stays_until_the_answer() {
        let answer = Arc::new(Mutex::new(Ok(Some(Arc::from("old")))));
        let (go, waits) = unbounded::<()>();
        let next = Arc::clone(&answer);
        let mut names = UserNames::with(Box::new(move |_| {
            let _ = waits.recv();
            next.lock().expect("no panic").clone()
        }));
        // From now on each answer is out of date at once.
        names.max_age = Duration::ZERO;
        names.get(7);
        for (is, was) in [
            (Ok(Some("new".into())), Some("old")),
            // The user has been removed, and then there is another one.
            (Ok(None), Some("new")),
            (Ok(Some("next".into())), None),
            // The lookup fails: nothing is known but the last name.
            (Err(Errno::EIO), Some("next")),
            (Ok(Some("last".into())), Some("next")),
        ] {
            go.send(()).expect("the thread lives");
            settle(&mut names);
            *answer.lock().expect("no panic") = is;
            assert_eq!(names.get(7), late(was));
            // It is asked for once.
            assert_eq!((names.get(7), names.waiting), (late(was), 1));
        }
    }

    #[test]
    fn the_cpu_time_of_lookups_is_counted() {
        let mut names = UserNames::with(Box::new(|_| Ok(None)));
        names.get(7);
        settle(&mut names);
        let first_ns = names.cpu_ns();
        assert!(first_ns > 0);
        names.get(8);
        settle(&mut names);
        assert!(names.cpu_ns() > first_ns);
    }

    #[test]
    fn a_lookup_that_panics_leaves_names_unknown() {
        let mut names = UserNames::with(Box::new(|_| panic!("test")));
        for uid in 0..3 {
            assert_eq!(names.get(uid), late(None));
        }
    }
}
