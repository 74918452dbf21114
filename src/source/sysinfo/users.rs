//! Users on Linux, with names, as the source `linux` has them.

use std::path::Path;

use super::optional::EffectiveUser;
use crate::model::Collect;
use crate::source::linux::{Procfs, UserMap, UserNames, is_shared};

/// The users of this host.
#[derive(Debug)]
pub(super) struct Users {
    map: UserMap,
    /// `None`: names are not collected, or are those of another host.
    names: Option<UserNames>,
}

impl Users {
    /// Starts to look up names, if they are collected. `is_here`: the pids of `/proc` are ours.
    pub(super) fn new(collect: Collect, is_here: bool) -> Self {
        let has_names = collect.contains(Collect::USER)
            && is_here
            && Procfs::open(Path::new("/proc")).is_ok_and(|procfs| is_shared(&procfs));
        Self {
            map: UserMap::here(),
            names: has_names.then(UserNames::start),
        }
    }

    /// Begins a scan, which may wait for names anew.
    pub(super) fn begin_scan(&mut self) {
        if let Some(names) = &mut self.names {
            names.begin_scan();
        }
    }

    /// Returns the CPU time of the thread that looks up names so far, in nanoseconds.
    pub(super) fn thread_cpu_ns(&self) -> u64 {
        self.names.as_ref().map_or(0, UserNames::cpu_ns)
    }

    /// Returns the user with this id. A late name comes with a later scan.
    pub(super) fn get(&mut self, uid: u32) -> EffectiveUser {
        let Some(uid) = self.map.known(uid) else {
            return EffectiveUser::default();
        };
        let names = self.names.as_mut();
        EffectiveUser {
            id: Some(uid.into()),
            name: names.and_then(|names| names.get(uid).name),
        }
    }
}
