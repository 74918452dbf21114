//! A built-in consumer that adds up what groups of processes use.

mod book;
mod counted;
mod first_sight;
mod group;
mod group_by;
mod grouped;
mod grouping;
mod homes;
mod member;
mod population;
mod rule;
mod template;
mod vanished;

pub use self::group::{Group, GroupCounters, GroupExits, GroupId, GroupsReport, PartialSum};
pub use self::group_by::GroupBy;
pub use self::grouped::Groups;
pub use self::rule::Rule;
