//! `pscan serve`: metrics of groups for Prometheus.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, select};
use process_scanner::{
    Batch, Collect, Consumer, ConsumerOptions, Error, ErrorClass, Result, Scanner, ScannerHandle,
    Source, live_source,
};

use super::heartbeat::Heartbeat;
use super::notices::Notices;
use super::service_manager::ServiceManager;
use super::session::STOP_WITHIN;
use crate::cli::args::Serve;
use crate::cli::exposition::{Published, Publisher, Textfile};
use crate::cli::otlp::{Encryption, Exporter, Recorder};
use crate::cli::outcome::{complain, message, printed, remark, warn};
use crate::cli::server::{Access, Listeners, Server, Site, SiteRules, Token, affordable};
use crate::cli::settings::{Given, Settings, changed, from_environment, taken_over};
use crate::cli::signals;

/// Batches that may wait for the groups: some seconds of events.
const QUEUE_LEN: usize = 256;

/// From the end of the scanner to the end of sending.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &Serve) -> Result<()> {
    if let Some(file) = &args.check {
        return check(args, file.as_deref());
    }
    // From here on the first SIGHUP does not end the process.
    let (stopped, reload) = (signals::terminate()?, signals::reload()?);
    let settings = load(args, args.config.as_deref())?;
    let rules = rules(&settings)?;
    let listeners = Listeners::bind(&settings.serve.addresses())?;
    let config = settings.config();
    let collected = config.collect;
    let manager = ServiceManager::from_environment();
    let heartbeat = Arc::new(Heartbeat::new(&config));
    let source = live_source(&config)?;
    let info = source.info();
    let interval = Duration::from_millis(config.interval_ms);
    let scanner = Scanner::builder()
        .config(config)
        .source(source)
        // Many hosts that start at once do not scan at once for ever.
        .second_scan_after(interval.mul_f64(fastrand::f64()))
        .build()?;
    let groups = settings.groups.groups(&settings.rules);
    let published = Published::new(groups, scanner.consumers().clone(), info.own_pid);
    let textfile = settings.serve.textfile.clone();
    let textfile = textfile.map(Textfile::open).transpose()?;
    let exporter = Exporter::start(&settings.otlp, &published)?;
    let (alive, ended) = bounded(0);
    let publisher = Counting {
        publisher: Publisher::new(&published, textfile),
        notices: Notices::default(),
        recorder: exporter.as_ref().and_then(Exporter::recorder),
        heartbeat: Arc::clone(&heartbeat),
        _alive: alive,
    };
    // Registering before the first scan makes sure that no scan is missed. A lost batch would be lost births.
    let options = ConsumerOptions::default()
        .with_name("groups")
        .with_queue_len(QUEUE_LEN);
    scanner.consumers().register(options, publisher)?;
    let site = Site::new(
        Arc::clone(&published),
        collected,
        rules,
        settings.serve.max_event_clients,
    );
    for name in listeners.names() {
        remark(&format!("serving {name}"));
    }
    if let Some(path) = &settings.serve.textfile {
        remark(&format!("writing {} after each scan", path.display()));
    }
    let (metrics, records) = (settings.otlp.metrics_url(), settings.otlp.logs_url());
    for (what, url) in [("metrics", metrics), ("log records", records)] {
        // A query can have a secret.
        let url = url.as_deref().and_then(|url| url.split('?').next());
        if let Some(url) = url {
            remark(&format!("sending {what} to {url}"));
        }
    }
    if let Some(reason) = info.not_listening {
        remark(&format!("births and exits come from scans: {reason}"));
    }
    let max_connections = affordable(settings.serve.max_connections);
    if max_connections < settings.serve.max_connections {
        warn(&format!(
            "at most {max_connections} connections: the limit of descriptors allows no more (ulimit -n)"
        ));
    }
    let server = Server::start(listeners, &site, max_connections)?;
    let handle = scanner.start()?;
    let mut running = Running {
        args,
        settings,
        collected,
        published,
        site,
        handle,
        exporter,
        manager,
        heartbeat,
    };
    running.manager.ready();
    let outcome = running.until_end(&stopped, &reload, &ended);
    running.manager.stopping();
    // Streams of events end first, or their consumers would delay the end of the scanner.
    drop(server);
    let halted = running.handle.stop_within(STOP_WITHIN);
    if let Some(exporter) = running.exporter {
        exporter.finish(Instant::now() + LAST_REQUESTS);
    }
    outcome.and(halted)
}

/// The consumer that counts. It is dropped when the scanner has ended.
struct Counting {
    publisher: Publisher,
    notices: Notices,
    recorder: Option<Recorder>,
    heartbeat: Arc<Heartbeat>,
    _alive: crossbeam_channel::Sender<()>,
}

impl Consumer for Counting {
    fn on_batch(&mut self, batch: &Arc<Batch>) {
        self.publisher.on_batch(batch);
        self.notices.take(batch);
        if let Some(recorder) = &self.recorder {
            recorder.take(batch);
        }
        self.heartbeat.take(batch);
    }
}

struct Running<'a> {
    args: &'a Serve,
    settings: Settings,
    /// What the source reads since the start.
    collected: Collect,
    published: Arc<Published>,
    site: Arc<Site>,
    handle: ScannerHandle,
    exporter: Option<Exporter>,
    manager: ServiceManager,
    heartbeat: Arc<Heartbeat>,
}

impl Running<'_> {
    fn until_end(
        &mut self,
        stopped: &Receiver<()>,
        reload: &Receiver<()>,
        ended: &Receiver<()>,
    ) -> Result<()> {
        let due = self.manager.due();
        let (mut is_overdue, mut has_failed) = (false, false);
        loop {
            let retry_due = self.manager.retry_due();
            select! {
                recv(stopped) -> _ => return Ok(()),
                recv(reload) -> _ => {
                    self.manager.reloading();
                    let outcome = self.reload();
                    self.published.serving().reloaded(outcome.is_ok());
                    match outcome {
                        Ok(()) if std::mem::take(&mut has_failed) => self.manager.status(""),
                        Ok(()) => {}
                        Err(error) => {
                            complain(&error);
                            warn("the settings stay as they were");
                            // systemd has no message for a reload that fails.
                            let text = format!("reload failed: {}", message(&error));
                            self.manager.status(&text);
                            has_failed = true;
                        }
                    }
                    self.manager.ready();
                }
                recv(due) -> _ => is_overdue = self.ping(is_overdue),
                recv(retry_due) -> _ => self.manager.retry(),
                recv(ended) -> _ => {
                    return Err(Error::new(ErrorClass::SourceGone, "the scanner ended by itself"));
                }
            }
        }
    }

    /// Pings the watchdog while scans return, and returns whether one is overdue.
    ///
    /// `was_overdue`: that was reported.
    fn ping(&mut self, was_overdue: bool) -> bool {
        let asked = Duration::from_millis(self.settings.scan.interval_ms);
        let overdue = self.heartbeat.overdue(asked);
        match overdue {
            None => self.manager.ping(),
            Some(silent) if !was_overdue => {
                let seconds = silent.as_secs();
                warn(&format!(
                    "no scan has returned for {seconds} s: the watchdog gets no more pings"
                ));
            }
            Some(_) => {}
        }
        overdue.is_some()
    }

    /// Takes over what can change while it runs, and reports the rest. An error changes nothing.
    fn reload(&mut self) -> Result<()> {
        let wanted = load(self.args, self.args.config.as_deref())?;
        let found = changed(&self.settings, &wanted);
        let settings = taken_over(&self.settings, &wanted);
        settings.validate().map_err(|error| {
            let message = "together with settings that need a restart, the new ones are wrong";
            Error::new(ErrorClass::Config, message)
                .with_source(error)
                .with_advice("restart pscan")
        })?;
        let rules = rules(&settings)?;
        let has = |begin: &str| found.live.iter().any(|key| key.starts_with(begin));
        let missing = settings.of_groups().without(self.collected);
        if !missing.is_empty() {
            let message = format!("the new groups need {missing}, which is not collected");
            return Err(Error::new(ErrorClass::Config, message).with_advice("restart pscan"));
        }
        let exporter = self.exporter.as_ref();
        let reloaded = exporter.map(|exporter| exporter.reload_headers(&settings.otlp));
        let has_other_headers = match reloaded.transpose() {
            // The new settings do not name these files, so they can be gone. A restart is needed anyway.
            Err(_) if !wanted.otlp.reads_same_headers_as(&settings.otlp) => None,
            outcome => outcome?,
        };
        if has("scan.interval_ms") {
            let interval_ms = settings.scan.interval_ms;
            self.handle.control().set_interval_ms(interval_ms)?;
        }
        if has("group") {
            let groups = settings.groups.groups(&settings.rules);
            self.published.regroup(groups);
        }
        let mut live = found.live;
        if self.site.set_rules(rules) && !live.iter().any(|key| key == "serve.token_file") {
            live.push("the token".to_owned());
        }
        if has_other_headers == Some(true) {
            live.push("headers of OTLP".to_owned());
        }
        for text in reload_texts(&live, &found.at_restart) {
            remark(&text);
        }
        self.settings = settings;
        Ok(())
    }
}

/// Describes a reload by the keys that have changed.
fn reload_texts(live: &[String], at_restart: &[String]) -> Vec<String> {
    let changed = format!("reloaded: changed {}", live.join(", "));
    let keys = at_restart.join(", ");
    match (live.is_empty(), at_restart.is_empty()) {
        (true, true) => vec!["reloaded: no setting has changed".to_owned()],
        (true, false) => vec![format!(
            "not reloaded: these settings need a restart: {keys}"
        )],
        (false, true) => vec![changed],
        (false, false) => vec![changed, format!("these settings need a restart: {keys}")],
    }
}

/// Reads all settings, and checks them.
fn load(args: &Serve, file: Option<&Path>) -> Result<Settings> {
    let variables = from_environment(std::env::vars_os());
    Given::read(file, variables)?.with(|settings| args.configure(settings))
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

/// Prints the settings, defaults included, without secrets.
fn check(args: &Serve, file: Option<&Path>) -> Result<()> {
    let mut settings = load(args, file)?;
    rules(&settings)?;
    // Without a receiver their files are not read, as when it serves.
    settings.otlp.all_headers()?;
    if settings.otlp.is_sent() {
        Encryption::read(&settings.otlp)?;
    }
    settings.scan = settings.config();
    if let Some(rule) = settings.hiding_rule() {
        remark(&format!(
            "rule {rule} matches every process, so those after it have no effect"
        ));
    }
    settings.serve.listen = Some(settings.serve.addresses());
    settings.otlp.redact();
    let text = toml::to_string(&settings).expect("BUG: settings can be written as TOML");
    printed(io::stdout().write_all(text.as_bytes()))
}
