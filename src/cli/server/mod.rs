//! The HTTP server of `pscan serve`.

mod access;
mod connections;
mod event_stream;
mod http_server;
mod listeners;
mod marks;
mod open_limit;
mod page;
mod parameters;
mod readiness;
mod responses;
mod routes;
mod site;

pub(crate) use self::access::{Access, Token};
pub(crate) use self::http_server::Server;
pub(crate) use self::listeners::Listeners;
pub(crate) use self::open_limit::affordable;
pub(crate) use self::site::{Site, SiteRules};
