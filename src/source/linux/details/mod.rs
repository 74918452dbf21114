//! The optional fields of a process: reads those that are collected, as seldom as they change.
//!
//! What `stat` has is free. Owner and control group are read at first sight, after an `exec` and in
//! turn, from the pidfd where the kernel has them there (Linux 6.13). The rest costs a file each,
//! and is read in each scan in which the process ran.

mod cgroup_path;
mod cgroup_paths;
mod container_id;
mod counters;
mod denials;
mod detail_reader;
mod gathered;
mod heard_fields;
mod occasion;
mod patience;
mod proc_status;
mod pss_reader;
mod stat_fields;
mod systemd_unit;
mod terminal_name;
mod user_database;
mod user_map;
mod user_names;

pub(super) use self::detail_reader::DetailReader;
pub(super) use self::gathered::Gathered;
pub(super) use self::occasion::Occasion;
#[cfg(test)]
pub(super) use self::pss_reader::PssReader;
pub(in crate::source) use self::user_database::is_shared;
pub(in crate::source) use self::user_map::UserMap;
pub(in crate::source) use self::user_names::UserNames;
