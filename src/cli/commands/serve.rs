//! `pscan serve`: metrics of groups for Prometheus.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded, select};
use process_scanner::{
    Batch, Consumer, ConsumerOptions, Error, ErrorClass, Result, Scanner, ScannerHandle, Source,
    live_source,
};

use super::notices::Notices;
use crate::cli::args::Serve;
use crate::cli::exposition::{Published, Publisher, Textfile};
use crate::cli::outcome::{complain, printed, remark};
use crate::cli::server::{Access, Listeners, Server, Site, SiteRules, Token};
use crate::cli::settings::{self, Settings, changed};
use crate::cli::signals;

/// Batches that may wait for the groups: some seconds of events.
const QUEUE_LEN: usize = 256;

pub(crate) fn run(args: &Serve) -> Result<()> {
    if let Some(file) = &args.check {
        return check(args, file.as_deref());
    }
    // From here on the first SIGHUP does not end the process.
    let (stopped, reload) = (signals::terminate()?, signals::reload()?);
    let settings = load(args, args.config.as_deref())?;
    let rules = rules(&settings)?;
    let listeners = Listeners::bind(&settings.serve.addresses())?;
    let source = live_source(&settings.config())?;
    let info = source.info();
    let scanner = Scanner::builder()
        .config(settings.config())
        .source(source)
        .build()?;
    let groups = settings.groups.groups(&settings.rules);
    let published = Published::new(groups, scanner.consumers().clone(), info.own_pid);
    let textfile = settings.serve.textfile.clone();
    let textfile = textfile.map(Textfile::open).transpose()?;
    let (alive, ended) = bounded(0);
    let publisher = Counting {
        publisher: Publisher::new(&published, textfile),
        notices: Notices::default(),
        _alive: alive,
    };
    // Registering before the first scan makes sure that no scan is missed. A lost batch would be lost births.
    let options = ConsumerOptions::default()
        .with_name("groups")
        .with_queue_len(QUEUE_LEN);
    scanner.consumers().register(options, publisher)?;
    let site = Site::new(
        Arc::clone(&published),
        rules,
        settings.serve.max_event_clients,
    );
    for name in listeners.names() {
        remark(&format!("serving {name}"));
    }
    if let Some(path) = &settings.serve.textfile {
        remark(&format!("writing {} after each scan", path.display()));
    }
    if let Some(reason) = info.not_listening {
        remark(&format!("births and exits come from scans: {reason}"));
    }
    let server = Server::start(listeners, Arc::clone(&site), settings.serve.max_connections)?;
    let handle = scanner.start()?;
    let mut running = Running {
        args,
        settings,
        published,
        site,
        handle,
    };
    let outcome = running.until_end(&stopped, &reload, &ended);
    // Streams of events end first, or their consumers would delay the end of the scanner.
    drop(server);
    let halted = running.handle.stop();
    outcome.and(halted)
}

/// The consumer that counts. It is dropped when the scanner has ended.
struct Counting {
    publisher: Publisher,
    notices: Notices,
    _alive: crossbeam_channel::Sender<()>,
}

impl Consumer for Counting {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        self.publisher.on_batch(batch);
        self.notices.take(batch);
    }
}

struct Running<'a> {
    args: &'a Serve,
    settings: Settings,
    published: Arc<Published>,
    site: Arc<Site>,
    handle: ScannerHandle,
}

impl Running<'_> {
    fn until_end(
        &mut self,
        stopped: &Receiver<()>,
        reload: &Receiver<()>,
        ended: &Receiver<()>,
    ) -> Result<()> {
        loop {
            select! {
                recv(stopped) -> _ => return Ok(()),
                recv(reload) -> _ => {
                    let outcome = self.reload();
                    self.published.serving().reloaded(outcome.is_ok());
                    if let Err(error) = outcome {
                        complain(&error);
                        remark("the settings stay as they were");
                    }
                }
                recv(ended) -> _ => {
                    return Err(Error::new(ErrorClass::SourceGone, "the scanner ended by itself"));
                }
            }
        }
    }

    /// Takes over what can change while it runs, and reports the rest. An error changes nothing.
    fn reload(&mut self) -> Result<()> {
        let mut settings = load(self.args, self.args.config.as_deref())?;
        let rules = rules(&settings)?;
        let found = changed(&self.settings, &settings);
        let has = |begin: &str| found.live.iter().any(|key| key.starts_with(begin));
        if has("group") {
            let collected = self.settings.config().collect;
            let missing = settings.config().collect.without(collected);
            if !missing.is_empty() {
                let message = format!("the new groups need {missing}, which is not collected");
                return Err(Error::new(ErrorClass::Config, message)
                    .with_advice("restart pscan, or add it to scan.collect"));
            }
        }
        if has("scan.interval_ms") {
            self.handle
                .control()
                .set_interval_ms(settings.scan.interval_ms)?;
        }
        if has("group") {
            let groups = settings.groups.groups(&settings.rules);
            self.published.regroup(groups);
        }
        let token = rules.access.token.clone();
        let before = self.site.set_rules(rules);
        let mut live = found.live;
        if before.access.token != token && !live.iter().any(|key| key == "serve.token_file") {
            live.push("the token".to_owned());
        }
        match live.is_empty() {
            true => remark("reloaded: no setting has changed"),
            false => remark(&format!("reloaded: changed {}", live.join(", "))),
        }
        if !found.at_restart.is_empty() {
            remark(&format!(
                "these settings need a restart: {}",
                found.at_restart.join(", ")
            ));
        }
        // Until a restart, the old ones are in use.
        let serve = settings.serve;
        settings.serve = self.settings.serve.clone();
        settings.serve.allowed_hosts = serve.allowed_hosts;
        settings.serve.events = serve.events;
        settings.serve.processes = serve.processes;
        settings.serve.token_file = serve.token_file;
        let interval_ms = settings.scan.interval_ms;
        settings.scan = self.settings.scan.clone();
        settings.scan.interval_ms = interval_ms;
        self.settings = settings;
        Ok(())
    }
}

/// Reads all settings, and checks them.
fn load(args: &Serve, file: Option<&Path>) -> Result<Settings> {
    let variables = settings::from_environment(std::env::vars_os());
    let mut settings = settings::read(file, &variables)?;
    args.configure(&mut settings);
    settings.validate()?;
    Ok(settings)
}

fn rules(settings: &Settings) -> Result<SiteRules> {
    let served = &settings.serve;
    let token = served.token_file.as_deref().map(Token::read).transpose()?;
    Ok(SiteRules {
        access: Access {
            token,
            allowed_hosts: served.allowed_hosts.clone(),
        },
        has_events: served.events,
        has_processes: served.processes,
    })
}

/// Prints the settings, defaults included.
fn check(args: &Serve, file: Option<&Path>) -> Result<()> {
    let mut settings = load(args, file)?;
    rules(&settings)?;
    settings.scan = settings.config();
    if let Some(rule) = settings.hiding_rule() {
        remark(&format!(
            "rule {rule} matches every process, so those after it have no effect"
        ));
    }
    settings.serve.listen = settings.serve.addresses();
    let text = toml::to_string(&settings).expect("BUG: settings can be written as TOML");
    printed(io::stdout().write_all(text.as_bytes()))
}
