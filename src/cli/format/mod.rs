//! Prints a table, a tree, one line per event, or JSON.

pub(crate) mod cells;
pub(crate) mod chosen_events;
pub(crate) mod color;
pub(crate) mod column_list;
mod exits;
mod headings;
pub(crate) mod host;
pub(crate) mod intervals;
pub(crate) mod json;
mod lifetimes;
mod line_layout;
mod lines;
pub(crate) mod printer;
pub(crate) mod progress;
mod recorded_host;
mod relatives;
mod shell;
pub(crate) mod show;
mod show_blocks;
mod signal_names;
pub(crate) mod stats;
mod summary;
pub(crate) mod table;
pub(crate) mod table_columns;
mod text_changes;
mod times;
pub(crate) mod tree;
