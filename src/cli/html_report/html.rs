//! The page: data, scripts and styles in one file.

use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::{Environment, UndefinedBehavior, Value};
use sha2::{Digest, Sha256};

use super::data::ReportData;
use super::escaped_json::escaped_json;
use super::page;

/// Writes a report as a page.
///
/// The page needs no other file and no network: its policy forbids everything except its own scripts and styles.
///
/// # Errors
///
/// Those of `out`.
pub(crate) fn write_page(data: &ReportData, out: &mut dyn Write) -> io::Result<()> {
    let style = page::style();
    let library = page::library();
    let script = page::script();
    let policy = policy(&style, &[&library, &script]);
    let parts = [
        ("title", Value::from(data.title())),
        ("policy", Value::from(policy)),
        ("css", Value::from_safe_string(style)),
        ("library", Value::from_safe_string(library)),
        ("script", Value::from_safe_string(script)),
        ("data", Value::from_safe_string(escaped_json(data))),
    ];
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The ending of the name turns on the escaping of HTML.
    environment
        .add_template("report.html", page::TEMPLATE)
        .expect("BUG: the template is wrong");
    let template = environment
        .get_template("report.html")
        .expect("BUG: the template was just added");
    let rendered = template.render_captured_to(Value::from_pairs(parts), &mut *out);
    rendered.map(|_| ()).map_err(|error| {
        let cause = std::error::Error::source(&error);
        let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
        cause.map_or_else(
            || io::Error::other(error.to_string()),
            |cause| io::Error::new(cause.kind(), cause.to_string()),
        )
    })
}

/// Returns the content security policy of a page with this style and these scripts.
///
/// `frame-ancestors` is missing, because browsers ignore it in a page.
fn policy(style: &str, scripts: &[&str]) -> String {
    let scripts: Vec<String> = scripts.iter().map(|script| source(script)).collect();
    [
        "default-src 'none'".to_owned(),
        format!("script-src {}", scripts.join(" ")),
        format!("style-src {}", source(style)),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
    ]
    .join("; ")
}

/// Returns the hash of a text as a source of a policy.
fn source(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    format!("'sha256-{}'", BASE64_STANDARD.encode(hash))
}
