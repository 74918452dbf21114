//! The schema and the documents have exactly the fields of `FIELDS`.

use std::collections::BTreeSet;

use process_scanner::{Changes, FIELDS, Field, Resources, Unit};

use super::*;

const JSON: &str = include_str!("../../../docs/json.md");
const OPENTELEMETRY: &str = include_str!("../../../docs/opentelemetry.md");
const RECORDINGS: &str = include_str!("../../../docs/recordings.md");
const COLUMNS: &str = include_str!("../../../docs/columns.roff");

/// Returns whether the field is never null: only the pid is.
fn is_always_known(field: &Field) -> bool {
    field.name == "pid"
}

/// Returns a valid value of a field.
fn sample(field: &Field) -> Value {
    match field.unit {
        Unit::Text => json!("sh"),
        Unit::Arguments => json!(["sh"]),
        Unit::State => json!("sleeping"),
        Unit::CorePercent | Unit::CpuMs => json!(1.5),
        Unit::Flag => json!(false),
        Unit::Pid | Unit::EpochMs | Unit::Bytes | Unit::Count | Unit::Id => json!(7),
        Unit::Integer => json!(-7),
        unit => panic!("{}: no JSON type for {unit:?}", field.name),
    }
}

/// Returns a process in JSON, with a value for each field.
pub(super) fn process() -> Value {
    let fields = FIELDS.iter();
    fields
        .map(|field| (field.name.to_owned(), sample(field)))
        .collect()
}

/// Returns the type of a field: in the schema, and in the words of `docs/json.md`.
///
/// The list of states comes from the schema itself.
fn types(field: &Field) -> (Value, &'static str) {
    let or_null = |name: &str| json!([name, "null"]);
    match field.unit {
        Unit::Pid if is_always_known(field) => (json!({ "$ref": "#/$defs/pid" }), "number"),
        Unit::Pid => (
            json!({ "oneOf": [{ "$ref": "#/$defs/pid" }, { "type": "null" }] }),
            "number or null",
        ),
        Unit::EpochMs | Unit::Bytes | Unit::Count | Unit::Id => {
            (json!({ "$ref": "#/$defs/count_or_null" }), "number or null")
        }
        Unit::Integer => (json!({ "type": or_null("integer") }), "number or null"),
        Unit::CorePercent | Unit::CpuMs => (
            json!({ "type": or_null("number"), "minimum": 0 }),
            "number or null",
        ),
        Unit::Text => (json!({ "type": or_null("string") }), "string or null"),
        Unit::Arguments => (
            json!({ "type": or_null("array"), "items": { "type": "string" } }),
            "list of strings or null",
        ),
        Unit::State => (
            schema()["$defs"]["process"]["properties"][field.name].clone(),
            "string or null",
        ),
        Unit::Flag => (json!({ "type": or_null("boolean") }), "true, false or null"),
        unit => panic!("{}: no JSON type for {unit:?}", field.name),
    }
}

/// Returns the cells of the table below a heading, without the header.
fn rows<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let mut lines = text.lines().skip_while(|line| *line != heading);
    assert_eq!(lines.next(), Some(heading));
    let table = lines.skip_while(|line| !line.starts_with('|'));
    let table = table.take_while(|line| line.starts_with('|')).skip(2);
    table
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// Returns the texts between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn json_md_lists_each_group_of_optional_fields() {
    let optional = |field: &&Field| field.detail().is_some();
    let mut expected: Vec<(&str, Vec<&str>)> = Vec::new();
    for field in FIELDS.iter().filter(optional) {
        let group = field.collect.unwrap();
        match expected.last_mut() {
            Some((name, fields)) if *name == group => fields.push(field.name),
            _ => expected.push((group, vec![field.name])),
        }
    }
    let listed = rows(JSON, "### Groups of `--collect`");
    let listed = listed.iter().map(|row| {
        let group = quoted(row[0]).next().unwrap();
        (group, quoted(row[1]).collect())
    });
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}

fn names() -> Vec<&'static str> {
    FIELDS.iter().map(|field| field.name).collect()
}

#[test]
fn the_schema_has_each_field_with_the_type_of_its_unit() {
    let schema = &schema()["$defs"]["process"];
    let required = FIELDS.iter().filter(|field| field.detail().is_none());
    let required: Vec<_> = required.map(|field| field.name).collect();
    assert_eq!(schema["required"], json!(required));
    let properties = schema["properties"].as_object().unwrap();
    let expected: BTreeSet<_> = names().into_iter().collect();
    assert!(properties.keys().map(String::as_str).eq(expected));
    for field in FIELDS {
        assert_eq!(properties[field.name], types(field).0, "{}", field.name);
        let states = properties[field.name]["enum"].as_array();
        assert_eq!(
            states.is_some(),
            field.unit == Unit::State,
            "{}",
            field.name
        );
    }
    assert_all(
        "listing",
        &[json!({
            "schema": 1, "taken_at_ms": 9, "interval_ms": null, "processes": [process()]
        })],
    );
}

#[test]
fn unreadable_values_are_counted_by_the_names_of_fields() {
    let schema = schema();
    let names_in_schema = &schema["$defs"]["stats"]["properties"]["unreadable_total"];
    assert_eq!(names_in_schema["propertyNames"]["enum"], json!(names()));
}

#[test]
fn the_schema_and_its_document_have_the_names_of_all_changes() {
    let names: Vec<_> = Changes::ALL.names().collect();
    let schema = schema();
    let cases = schema["$defs"]["event"]["oneOf"].as_array().unwrap();
    let listed = cases
        .iter()
        .find_map(|case| case["properties"]["changed"]["items"].get("enum"));
    assert_eq!(listed, Some(&json!(names)));
    let rows = rows(
        JSON,
        "## `pscan watch --json` and `pscan replay FILE --json`",
    );
    let row = rows.iter().find(|row| row[0] == "`changed`").unwrap();
    assert_eq!(quoted(row[2]).collect::<Vec<_>>(), names);
}

#[test]
fn the_document_of_json_has_each_field_with_its_type() {
    let rows = rows(JSON, "## A process");
    let listed: Vec<_> = rows.iter().flat_map(|row| quoted(row[0])).collect();
    assert_eq!(listed, names());
    for (row, field) in rows.iter().zip(FIELDS) {
        assert_eq!(row[1], types(field).1, "{}", field.name);
        assert!(!row[2].is_empty(), "{}", field.name);
    }
}

#[test]
fn the_document_of_opentelemetry_has_each_field_with_its_names() {
    let rows_of_fields = rows(OPENTELEMETRY, "## A process");
    for field in FIELDS {
        let name = format!("`{}`", field.name);
        let row = rows_of_fields.iter().find(|row| row[0] == name);
        let row = row.unwrap_or_else(|| panic!("{name} is missing"));
        match field.otel {
            Some(otel) => assert_eq!(quoted(row[1]).next(), Some(otel), "{name}"),
            None => assert!(row[1].starts_with("none"), "{name}"),
        }
    }
    let with_metrics = FIELDS
        .iter()
        .filter_map(|field| Some((field.name, field.metric?)));
    let listed = rows(OPENTELEMETRY, "## Metrics of a process");
    let listed: Vec<_> = listed
        .iter()
        .map(|row| {
            (
                quoted(row[0]).next().unwrap(),
                quoted(row[1]).next().unwrap(),
            )
        })
        .collect();
    assert_eq!(listed, with_metrics.collect::<Vec<_>>());
}

#[test]
fn the_document_of_recordings_has_each_optional_field() {
    let rows = rows(RECORDINGS, "## Row");
    let details = FIELDS.iter().filter(|field| field.detail().is_some());
    for field in details {
        let name = format!("`{}`", field.name);
        assert!(rows.iter().any(|row| row[0] == name), "{name}");
    }
}

#[test]
fn the_document_of_recordings_has_each_plain_field() {
    let plain = serde_json::to_value(Resources::default()).unwrap();
    let rows = rows(RECORDINGS, "## Row");
    for name in plain.as_object().unwrap().keys() {
        let row = vec![format!("`{name}`"), "unknown".into(), "unknown".into()];
        assert!(rows.iter().any(|listed| *listed == row), "{name}");
    }
}

#[test]
fn the_manual_page_describes_usual_columns_and_lists_all() {
    let described: Vec<_> = COLUMNS
        .lines()
        .filter_map(|line| line.strip_prefix(".B "))
        .collect();
    let table = pscan(&["--sample", "0"]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    // The page does not describe PID.
    let usual = table.lines().nth(1).unwrap().split_whitespace().skip(1);
    assert_eq!(
        described.iter().copied().collect::<BTreeSet<_>>(),
        usual.collect()
    );
    let page = pscan(&["man"]).output().unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains(COLUMNS));
    for field in FIELDS {
        let names = [&[field.name], field.aliases].concat().join(", ");
        let entry = format!("\n\\fB{names}\\fR ({})\n", field.heading);
        assert!(page.contains(&entry), "{entry}: {page}");
    }
}
