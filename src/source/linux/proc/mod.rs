//! Files of `/proc` and system calls about processes, each read and parsed in one place.

pub(in crate::source) mod births;
pub(in crate::source) mod boot;
pub(in crate::source) mod cmdline;
pub(in crate::source) mod cpu;
pub(in crate::source) mod effective_user;
mod hiding;
pub(in crate::source) mod kept_files;
pub(in crate::source) mod last_pid;
pub(in crate::source) mod machine;
pub(in crate::source) mod namespace;
pub(in crate::source) mod origin;
pub(in crate::source) mod pidfd;
pub(in crate::source) mod pidfd_info;
pub(in crate::source) mod process_files;
pub(in crate::source) mod procfs;
pub(in crate::source) mod program;
pub(in crate::source) mod reclaim;
pub(in crate::source) mod stat;
pub(in crate::source) mod stat_numbers;
pub(in crate::source) mod statm;
pub(in crate::source) mod threads;
