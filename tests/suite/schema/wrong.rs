//! The schema refuses a line that lacks a field, has another one, or has a value of another type, at any depth.

use process_scanner::{Field, Unit};

use super::*;

/// Returns one line of each kind in `docs/json.md`.
fn samples() -> Vec<(&'static str, Value)> {
    let process = fields::process();
    let event = |name: &str, rest: Value| {
        let mut line = json!({ "event": name, "seq": 1, "at_ms": 9 });
        let fields = line.as_object_mut().unwrap();
        fields.extend(rest.as_object().unwrap().clone());
        (EVENT, line)
    };
    let listing = json!({
        "schema": 1, "taken_at_ms": 9, "interval_ms": 500.5, "processes": [process]
    });
    let times = json!({
        "count": 1, "sum_us": 1, "p50_us": 1, "p90_us": 1, "p99_us": 1, "p999_us": 1, "max_us": 1
    });
    let mut stats = serde_json::to_value(process_scanner::Metrics::default()).unwrap();
    stats["errors_total"] = json!({ "stuck": 1 });
    stats["cpu_total"] = json!({ "scan_ms": 1.5, "dispatch_ms": 1.0, "callbacks_ms": 0.0 });
    stats["consumers"] = json!([{
        "id": 1, "name": "output", "queue_depth": 0, "queue_len": 16, "delivered_total": 1,
        "lost_total": 0, "latency": times, "callback_cpu_ms_total": 0.5
    }]);
    vec![
        (LISTING, listing),
        event("existing", json!({ "process": process })),
        event("created", json!({ "process": process })),
        event(
            "updated",
            json!({ "process": process, "changed": ["name", "rss"] }),
        ),
        event(
            "exited",
            json!({ "process": process, "lived_ms": 4, "lived_ns": 4_100_000, "exit": null,
                    "ended_at_ms": 5, "likely_oom": null, "usage": null }),
        ),
        event(
            "resync",
            json!({ "lost_batches": 3, "pace": { "interval_ms": 50, "breaker": "open" },
                    "hearing": "lossy" }),
        ),
        event(
            "hearing_changed",
            json!({ "from": "complete", "to": "lossy", "reason": "the buffer was full" }),
        ),
        event(
            "listening_changed",
            json!({ "from": "bare", "to": "exits_only", "reason": "a storm" }),
        ),
        event(
            "usage_changed",
            json!({ "to": false, "reason": "the buffer was full" }),
        ),
        event(
            "scan_failed",
            json!({ "class": "stuck", "message": "it hangs" }),
        ),
        event(
            "interval_changed",
            json!({ "from_ms": 50, "to_ms": 80, "reason": "scans are expensive" }),
        ),
        event(
            "budget_changed",
            json!({ "exceeded": true, "reason": "it is dear" }),
        ),
        event("unseen", json!({ "unseen_at_most": 296 })),
        event(
            "breaker_changed",
            json!({ "from": "closed", "to": "half_open", "reason": "it failed" }),
        ),
        (STATS, stats),
    ]
}

/// Collects the JSON pointer of each value in a line.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                pointers(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn is_free_text(at: &str) -> bool {
    let field = at.rsplit('/').next().and_then(Field::named);
    at.contains("/command/")
        || field.is_some_and(|field| field.detail().is_some() && field.unit == Unit::Text)
        || [
            "/name",
            "/message",
            "/not_listening",
            "/reason",
            "/usage_reason",
        ]
        .iter()
        .any(|end| at.ends_with(end))
}

#[test]
fn the_schema_refuses_any_other_line() {
    for (part, line) in samples() {
        assert_all(part, std::slice::from_ref(&line));
        let validator = validator(part);
        let mut found = Vec::new();
        pointers(&line, "", &mut found);
        let refused = |at: &str, change: &dyn Fn(&mut Value)| {
            let mut wrong = line.clone();
            change(wrong.pointer_mut(at).unwrap());
            assert!(!validator.is_valid(&wrong), "{at} of {wrong}");
        };
        for at in &found {
            refused(at, &|value| *value = json!({ "of": "another type" }));
            if !is_free_text(at) {
                refused(at, &|value| *value = json!("no such word"));
            }
            let Some(fields) = line.pointer(at).unwrap().as_object() else {
                continue;
            };
            refused(at, &|value| value["surprise"] = json!(1));
            for name in fields.keys() {
                // The scanner omits classes of errors that have not occurred, and fields that are
                // not collected.
                let is_optional = Field::named(name).is_some_and(|field| field.detail().is_some())
                    && fields.contains_key("pid");
                if at != "/errors_total" && !is_optional {
                    refused(at, &|value| {
                        value.as_object_mut().unwrap().remove(name).unwrap();
                    });
                }
            }
        }
    }
}

#[test]
fn unknown_is_null_and_no_number_is_negative() {
    let (part, line) = samples().swap_remove(1);
    let validator = validator(part);
    for (name, value) in line["process"].as_object().unwrap() {
        let mut other = line.clone();
        other["process"][name] = Value::Null;
        assert_eq!(validator.is_valid(&other), name != "pid", "{name}");
        if value.is_number() && name != "nice" {
            other["process"][name] = json!(-1);
            assert!(!validator.is_valid(&other), "{name}");
        }
    }
}
