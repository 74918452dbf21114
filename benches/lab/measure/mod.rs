//! Measurements that several experiments use.

pub(crate) mod ages;
pub(crate) mod boot;
pub(crate) mod cost;
pub(crate) mod proc;
pub(crate) mod scan;
