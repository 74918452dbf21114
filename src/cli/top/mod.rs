//! The live view of `pscan top`: what it shows, which keys it has, and how it is drawn.
//!
//! It knows no terminal, no thread and no clock: batches, keys and sizes come from outside.

mod action;
mod arranged;
mod collapsed;
#[cfg(test)]
mod collapsed_tests;
mod curve;
mod draw;
mod draw_curves;
mod draw_details;
mod draw_header;
mod draw_help;
mod draw_lives;
mod draw_table;
mod draw_users;
mod drawn;
mod footer;
mod freeze;
mod frozen;
mod in_lives;
#[cfg(test)]
mod in_lives_tests;
mod in_tree;
#[cfg(test)]
mod in_tree_tests;
mod in_users;
#[cfg(test)]
mod in_users_tests;
mod kept_event;
mod key_table;
mod keys;
#[cfg(test)]
mod keys_tests;
mod life_rates;
#[cfg(test)]
mod made_up_host;
mod mouse;
mod newborns;
mod notice;
mod paint;
mod panes;
mod pick;
#[cfg(test)]
mod pick_tests;
mod press;
mod recent;
#[cfg(test)]
mod robust_tests;
#[cfg(test)]
mod screen_tests;
mod seen;
#[cfg(test)]
mod small_screen_tests;
mod state_line;
#[cfg(test)]
mod test_screen;
mod typed;
#[cfg(test)]
mod typed_user_tests;
mod typing;
#[cfg(test)]
mod typing_tests;
mod user_list;
mod view;
mod view_options;

#[cfg(test)]
pub(crate) use self::keys::key_lines;
pub(crate) use self::keys::write_keys;
pub(crate) use self::notice::{Answer, Notice, OwnCost, Playback, Position};
pub(crate) use self::view::Top;
pub(crate) use self::view_options::TopOptions;
