//! `pscan top`: displays processes live, or a recording.

mod feed;
mod frames;
mod kept;
mod keys;
mod output;
mod player;
#[cfg(test)]
mod player_tests;
mod reel;
mod replayed_view;
mod suspend;
mod takeover;
#[cfg(test)]
mod takeover_tests;
mod tape;
mod view_loop;

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use crossbeam_channel::bounded;
use crossterm::style::force_color_output;
use process_scanner::{Collect, Error, ErrorClass, Result, Source, live_source};

use self::feed::Feed;
use self::frames::Frames;
use self::view_loop::{Inputs, ViewLoop};
use super::printed_list;
use crate::cli::args;
use crate::cli::format::host::Host;
use crate::cli::format::times::Zone;
use crate::cli::outcome::Done;
use crate::cli::signals;
use crate::cli::terminal;
use crate::cli::top::{Top, TopOptions};

/// Longest delay of a frame with news, where scans are rare.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Delay of a frame with news of a recording, which can be fast.
const REPLAY_DELAY: Duration = Duration::from_millis(250);

/// What is displayed, before the terminal is taken over.
struct Ready {
    options: TopOptions,
    delay: Duration,
    /// `None` for a recording.
    host: Option<Host>,
    own_pid: Option<u32>,
    start: Box<dyn FnOnce() -> Result<Feed>>,
}

pub(crate) fn run(args: &args::Top) -> Result<Done> {
    if args.columns.is_help() {
        return printed_list::print_columns(args.color);
    }
    check_terminal()?;
    let asked = signals::job_control()?;
    let ready = match args.replay.is_empty() {
        true => live(args)?,
        false => recorded(args)?,
    };
    // The view decides where there are colours.
    force_color_output(true);
    let (panicked, has_panicked) = bounded(1);
    takeover::give_back_on_panic(panicked);
    let lines = terminal::divert_stderr();
    let outcome = takeover::take().and_then(|()| {
        let inputs = Inputs {
            keys: keys::start()?,
            asked,
            lines,
            panicked: has_panicked,
            left: terminal::terminal_left(),
        };
        display(ready, inputs)
    });
    takeover::give_back();
    terminal::restore_stderr();
    outcome.map(|()| Done::All)
}

fn display(ready: Ready, inputs: Inputs) -> Result<()> {
    let view_loop = ViewLoop {
        view: Top::new(ready.options),
        inputs,
        frames: Frames::new()?,
        delay: ready.delay,
        host: ready.host,
        own_pid: ready.own_pid,
    };
    let feed = (ready.start)()?;
    let outcome = view_loop.run(&feed);
    takeover::give_back();
    let ended = feed.end();
    outcome.and(ended)
}

/// Prepares to display this host.
fn live(args: &args::Top) -> Result<Ready> {
    let mut config = args.pace.config();
    args.secrets.configure(&mut config);
    let mut options = options(args);
    config.collect = options.collect() | options.filter.collect();
    if config.collect.contains(Collect::PSS) {
        config.pss_pids = args.filter.pids().to_vec();
    }
    let source = live_source(&config)?;
    let info = source.info();
    options.filter = args.filter_on_host_with(info.own_pid);
    options.collects = info.collects;
    options.terms = Some(args.pace.terms());
    let pace = args.pace.clone();
    Ok(Ready {
        options,
        delay: args.pace.interval.min(MAX_DELAY),
        host: Some(Host::new(info.is_live)),
        own_pid: info.own_pid,
        start: Box::new(move || Feed::scan(source, config, &pace)),
    })
}

/// Prepares to display a recording.
fn recorded(args: &args::Top) -> Result<Ready> {
    let opened = replayed_view::open(args)?;
    let speed = args.speed;
    Ok(Ready {
        options: TopOptions {
            collects: opened.info.collects,
            zone: Zone::Utc,
            is_replay: true,
            ..options(args)
        },
        delay: REPLAY_DELAY,
        host: None,
        own_pid: None,
        start: Box::new(move || opened.play(speed)),
    })
}

/// Returns what the command line requests of the view.
fn options(args: &args::Top) -> TopOptions {
    TopOptions {
        columns: args.columns.columns(),
        sort: args.order.sort,
        is_reverse: args.order.reverse,
        filter: args.filter_on_host_with(None),
        has_family: args.filter.has_family(),
        is_tree: args.tree,
        by: args.by,
        has_color: args.color.is_wanted(),
        has_unicode: has_unicode(),
        collects: Collect::NONE,
        terms: None,
        zone: Zone::Here,
        is_replay: false,
    }
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
