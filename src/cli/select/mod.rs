//! Selects and sorts processes and events.

mod columns;
mod field_names;
mod filter;
mod followed;
mod group_order;
mod kind;
mod moment;
mod order;
mod scanned;
mod state;

pub(crate) use self::columns::{ColumnName, ColumnParser, Columns};
pub(crate) use self::filter::{FilterArgs, pid_or, some_text};
pub(crate) use self::followed::Followed;
pub(crate) use self::group_order::GroupOrder;
pub(crate) use self::kind::Kind;
pub(crate) use self::moment::Moment;
pub(crate) use self::order::{Sort, SortParser};
pub(crate) use self::scanned::is_good_scan;
