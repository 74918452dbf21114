//! `pscan top`: displays processes live, or a recording.

mod feed;
mod frames;
mod keys;
mod output;
mod suspend;
mod takeover;
mod view_loop;

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use crossbeam_channel::bounded;
use process_scanner::{Error, ErrorClass, Result, Source, live_source};

use self::feed::Feed;
use self::frames::Frames;
use self::view_loop::{Inputs, ViewLoop};
use crate::cli::args;
use crate::cli::format::host::Host;
use crate::cli::format::times::Zone;
use crate::cli::outcome::Done;
use crate::cli::select::Sort;
use crate::cli::signals;
use crate::cli::terminal;
use crate::cli::top::{Top, TopOptions};

/// Longest delay of a frame with news, where scans are rare.
const MAX_DELAY: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &args::Top) -> Result<Done> {
    check_terminal()?;
    let asked = signals::job_control()?;
    let mut config = args.pace.config();
    args.secrets.configure(&mut config);
    let mut options = TopOptions {
        columns: args.columns.columns(),
        sort: args.sort.unwrap_or(Sort::CPU),
        is_reverse: args.reverse,
        filter: args.filter_on_host_with(None),
        is_tree: args.tree,
        by: args.by,
        has_color: args.color.is_wanted(),
        has_unicode: has_unicode(),
        collects: config.collect,
        terms: Some(args.pace.terms()),
        zone: Zone::Here,
        is_replay: false,
    };
    config.collect = options.collect() | options.filter.collect();
    let pids = args.filter.pids();
    if config.collect.contains(process_scanner::Collect::PSS) {
        config.pss_pids = pids.to_vec();
    }
    let source = live_source(&config)?;
    let info = source.info();
    options.filter = args.filter_on_host_with(info.own_pid);
    options.collects = info.collects;
    let delay = args.pace.interval.min(MAX_DELAY);
    let (panicked, has_panicked) = bounded(1);
    let frames = Frames::new()?;
    takeover::give_back_on_panic(panicked);
    let lines = terminal::divert_stderr();
    let outcome = takeover::take().and_then(|()| {
        let feed = Feed::scan(source, config, &args.pace)?;
        let inputs = Inputs {
            keys: keys::start()?,
            asked,
            lines,
            panicked: has_panicked,
            left: terminal::terminal_left(),
        };
        let view_loop = ViewLoop {
            view: Top::new(options),
            inputs,
            frames,
            delay,
            host: Some(Host::new(info.is_live)),
            own_pid: info.own_pid,
        };
        let outcome = view_loop.run(&feed);
        takeover::give_back();
        let ended = feed.end();
        outcome.and(ended)
    });
    takeover::give_back();
    terminal::restore_stderr();
    outcome.map(|()| Done::All)
}

/// Fails without a terminal that can be taken over.
fn check_terminal() -> Result<()> {
    let lack = if !io::stdout().is_terminal() {
        "standard output is no terminal"
    } else if !io::stdin().is_terminal() {
        "standard input is no terminal, so there are no keys"
    } else if env::var_os("TERM").is_some_and(|term| term == "dumb") {
        "the terminal cannot place text: TERM is dumb"
    } else {
        return Ok(());
    };
    let error = Error::new(ErrorClass::Unsupported, lack);
    Err(error.with_advice("use 'pscan' for one table, or 'pscan watch' for events"))
}

/// Returns whether the terminal most likely has the characters of curves and branches.
///
/// The console of Linux has fonts of 256 or 512 characters.
fn has_unicode() -> bool {
    if cfg!(windows) {
        return true;
    }
    let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
    let is_utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    is_utf8 && env::var_os("TERM").is_none_or(|term| term != "linux")
}
