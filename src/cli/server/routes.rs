//! What each path returns.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::ACCEPT;
use hyper::{Request, StatusCode};
use process_scanner::ProcessInfo;

use super::marks::Marks;
use super::parameters::{OfEvents, OfProcesses, parse};
use super::readiness::not_ready;
use super::responses::{Answer, PLAIN, Refusal, shared_text, text};
use super::site::{Site, SiteRules};
use super::{event_stream, page};
use crate::cli::exposition::Format;
use crate::cli::format::json;

/// Answers a request.
pub(super) fn respond(request: &Request<Incoming>, site: &Site, marks: Arc<Marks>) -> Answer {
    let rules = site.rules();
    let path = request.uri().path();
    // A probe has no token. None of these has anything about processes.
    let is_open = matches!(path, "/healthz" | "/readyz" | "/style.css");
    let answer = rules
        .access
        .check(request, is_open)
        .and_then(|()| match path {
            "/metrics" => Ok(metrics(request, site)),
            "/healthz" => Ok(text(StatusCode::OK, PLAIN, "ok\n")),
            "/readyz" => ready(site),
            "/" => Ok(text(StatusCode::OK, page::KIND, page::html(site, &rules))),
            "/style.css" => Ok(text(StatusCode::OK, "text/css", page::STYLE)),
            "/events" if rules.has_events => {
                let parameters: OfEvents = parse(request.uri().query())?;
                event_stream::stream(request.method(), &parameters, site, marks)
            }
            "/processes" if rules.has_processes => processes(request, site),
            _ => Err(not_found(path, &rules)),
        });
    let answer = answer.unwrap_or_else(Refusal::answer);
    site.published.serving().answered(answer.status().as_u16());
    answer
}

fn metrics(request: &Request<Incoming>, site: &Site) -> Answer {
    let accept = request.headers().get_all(ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let format = Format::accepted(&accept.join(","));
    shared_text(format.content_type(), site.published.text(format))
}

fn ready(site: &Site) -> Result<Answer, Refusal> {
    match not_ready(&site.published.freshness()) {
        None => Ok(text(StatusCode::OK, PLAIN, "ready\n")),
        Some(reason) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, reason)),
    }
}

fn processes(request: &Request<Incoming>, site: &Site) -> Result<Answer, Refusal> {
    let parameters: OfProcesses = parse(request.uri().query())?;
    let snapshot = site.published.consumers().snapshot();
    let Some(taken_at_ms) = snapshot.taken_at_ms() else {
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no scan has succeeded yet",
        ));
    };
    let filter = parameters.filter.on_host_with(None);
    let processes: Vec<&ProcessInfo> = snapshot
        .iter()
        .filter(|process| filter.matches(process, &snapshot))
        .collect();
    let listing = json::Listing {
        schema: json::SCHEMA,
        taken_at_ms,
        interval_ms: site.published.freshness().shares_cover_ms,
        processes: &processes,
    };
    let mut out = Vec::new();
    json::write_line(&mut out, &listing).expect("BUG: memory is writable");
    Ok(text(StatusCode::OK, "application/json", out))
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
