//! What each path returns.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING};
use hyper::{Request, StatusCode};
use process_scanner::ProcessInfo;
use tokio::task::spawn_blocking;

use super::marks::Marks;
use super::parameters::{OfEvents, OfProcesses, parse};
use super::readiness::not_ready;
use super::responses::{Answer, PLAIN, Refusal, gzipped, shared_text, text, text_with};
use super::site::{Site, SiteRules};
use super::{event_stream, page};
use crate::cli::exposition::{Format, weighted};
use crate::cli::format::json;
use crate::cli::select::FilterArgs;

/// Answers a request.
pub(super) async fn respond(
    request: &Request<Incoming>,
    site: &Arc<Site>,
    marks: Arc<Marks>,
) -> Answer {
    let answer = answer(request, site, marks).await;
    let answer = answer.unwrap_or_else(Refusal::answer);
    site.published.serving().answered(answer.status().as_u16());
    answer
}

async fn answer(
    request: &Request<Incoming>,
    site: &Arc<Site>,
    marks: Arc<Marks>,
) -> Result<Answer, Refusal> {
    let rules = site.rules();
    let path = request.uri().path();
    // A probe has no token. None of these has anything about processes.
    let is_open = matches!(path, "/healthz" | "/readyz" | "/style.css");
    rules.access.check(request, is_open)?;
    match path {
        "/metrics" => Ok(metrics(request, site)),
        "/healthz" => Ok(text(StatusCode::OK, PLAIN, "ok\n")),
        "/readyz" => ready(site),
        "/" => Ok(text(StatusCode::OK, page::KIND, page::html(site, &rules))),
        "/style.css" => Ok(text(StatusCode::OK, "text/css", page::STYLE)),
        "/events" if rules.has_events => {
            let parameters: OfEvents = parse(request.uri().query())?;
            is_collected(&parameters.filter, site)?;
            event_stream::stream(request.method(), &parameters, site, marks)
        }
        "/processes" if rules.has_processes => processes(request, site).await,
        _ => Err(not_found(path, &rules)),
    }
}

/// Refuses a filter that could not match anything.
fn is_collected(filter: &FilterArgs, site: &Site) -> Result<(), Refusal> {
    let missing = filter.on_host_with(None).collect().without(site.collected);
    match missing.is_empty() {
        true => Ok(()),
        false => {
            let text = format!(
                "the filter needs {missing}, which is not collected: add it to scan.collect, and restart pscan"
            );
            Err(Refusal::new(StatusCode::BAD_REQUEST, text))
        }
    }
}

fn metrics(request: &Request<Incoming>, site: &Site) -> Answer {
    let accept = request.headers().get_all(ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let format = Format::accepted(&accept.join(","));
    match takes_gzip(request) {
        true => gzipped(format.content_type(), site.published.gzipped(format)),
        false => shared_text(format.content_type(), site.published.text(format)),
    }
}

/// Returns whether the client takes gzip: RFC 9110, section 12.5.3.
fn takes_gzip(request: &Request<Incoming>) -> bool {
    let values = request.headers().get_all(ACCEPT_ENCODING).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut codings = values
        .flat_map(|value| value.split(','))
        .filter_map(weighted);
    codings.any(|(name, weight)| name.eq_ignore_ascii_case("gzip") && weight > 0.0)
}

fn ready(site: &Site) -> Result<Answer, Refusal> {
    match not_ready(&site.published.freshness()) {
        None => Ok(text(StatusCode::OK, PLAIN, "ready\n")),
        Some(reason) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, reason)),
    }
}

async fn processes(request: &Request<Incoming>, site: &Arc<Site>) -> Result<Answer, Refusal> {
    let parameters: OfProcesses = parse(request.uri().query())?;
    is_collected(&parameters.filter, site)?;
    let snapshot = site.published.consumers().snapshot();
    let Some(taken_at_ms) = snapshot.taken_at_ms() else {
        return Err(unavailable("no scan has succeeded yet"));
    };
    let Ok(permit) = Arc::clone(&site.process_lists).try_acquire_owned() else {
        return Err(unavailable(
            "other clients are reading /processes: try again",
        ));
    };
    let interval_ms = site.published.freshness().shares_cover_ms;
    // It takes some time for thousands of processes, and other requests must not wait for it.
    let listing = spawn_blocking(move || {
        let filter = parameters.filter.on_host_with(None);
        let processes: Vec<&ProcessInfo> = snapshot
            .iter()
            .filter(|process| filter.matches(process, &snapshot))
            .collect();
        let listing = json::Listing {
            schema: json::SCHEMA,
            taken_at_ms,
            interval_ms,
            processes: &processes,
        };
        let mut out = Vec::new();
        json::write_line(&mut out, &listing).expect("BUG: memory is writable");
        out
    });
    let listing = listing
        .await
        .map_err(|_| unavailable("the server is stopping"))?;
    Ok(text_with(
        StatusCode::OK,
        "application/json",
        listing,
        permit,
    ))
}

fn unavailable(text: &'static str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
}

fn not_found(path: &str, rules: &SiteRules) -> Refusal {
    let text = match path {
        "/events" | "/processes" => {
            let key = &path[1..];
            format!("{path} is off: set serve.{key} = true in the settings")
        }
        _ => {
            let paths = page::paths(rules).map(|(path, _)| path);
            format!(
                "there is no such page; there are {}",
                paths.collect::<Vec<_>>().join(", ")
            )
        }
    };
    Refusal::new(StatusCode::NOT_FOUND, text)
}
