//! Processes as JSON and similar formats.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::fields::FIELDS;
use super::process::ProcessInfo;

/// Serialises the fields in the order of [`FIELDS`], without the details that are not collected.
impl Serialize for ProcessInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = || {
            let fields = FIELDS.iter();
            fields.filter(|field| field.detail().is_none_or(|detail| self.details.has(detail)))
        };
        let mut out = serializer.serialize_struct("ProcessInfo", fields().count())?;
        for field in fields() {
            out.serialize_field(field.name, &field.value(self))?;
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::model::{Field, PLAIN_FIELDS, Resources, Unit};

    /// Returns the JSON of a process without unknown values.
    fn complete() -> Json {
        let sample = |unit| match unit {
            Unit::Text => json!("a \"name\"\n"),
            Unit::Arguments => json!(["sh", "-c", ""]),
            Unit::State => json!("disk_sleep"),
            Unit::CorePercent => json!(12.5),
            Unit::CpuMs => json!(1_234.567_891),
            Unit::Flag => json!(true),
            Unit::Pid => json!(4_294_967_295_u32),
            Unit::EpochMs | Unit::Bytes | Unit::Count | Unit::Id => json!(u64::MAX),
            Unit::Integer => json!(-20),
        };
        // Details have whole milliseconds.
        let sample = |field: &Field| match field.unit {
            Unit::CpuMs if field.detail().is_some() => json!(1_234.0),
            unit => sample(unit),
        };
        let fields = FIELDS.iter().map(|field| (field.name, sample(field)));
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn every_field_round_trips_through_json() {
        let json = complete();
        let process: ProcessInfo = serde_json::from_value(json.clone()).expect("it is a process");
        for field in FIELDS {
            assert!(!field.value(&process).is_unknown(), "{}", field.name);
        }
        assert_eq!(serde_json::to_value(&process).expect("plain data"), json);
    }

    #[test]
    fn json_has_the_fields_in_order() {
        let process: ProcessInfo = serde_json::from_value(complete()).expect("it is a process");
        let text = serde_json::to_string(&process).expect("plain data");
        let places = FIELDS
            .iter()
            .map(|field| text.find(&format!("\"{}\":", field.name)));
        let places: Option<Vec<_>> = places.collect();
        assert!(places.is_some_and(|places| places.is_sorted()), "{text}");
    }

    #[test]
    fn a_percentage_is_printed_in_single_precision() {
        let json = r#"{"pid":7,"cpu_percent":12.7}"#;
        let process: ProcessInfo = serde_json::from_str(json).expect("it is a process");
        let text = serde_json::to_string(&process).expect("plain data");
        assert!(text.contains(r#""cpu_percent":12.7,"#), "{text}");
    }

    #[test]
    fn every_plain_value_is_a_field() {
        let resources = serde_json::to_value(Resources::default()).expect("plain data");
        let resources = resources.as_object().expect("a struct");
        let plain: BTreeSet<_> = PLAIN_FIELDS.iter().map(|plain| plain.field.name).collect();
        assert!(resources.keys().map(String::as_str).eq(plain));
    }

    #[test]
    fn names_of_fields_are_unique() {
        let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let fields = || FIELDS.iter();
        assert!(unique(fields().map(|field| field.name).collect()));
        assert!(unique(fields().map(|field| field.heading).collect()));
        let called = |field: &Field| [&[field.name], field.aliases].concat();
        assert!(unique(fields().flat_map(called).collect()));
        assert!(unique(fields().filter_map(|field| field.metric).collect()));
        assert!(unique(fields().filter_map(|field| field.otel).collect()));
        for field in FIELDS {
            for name in called(field) {
                let found = Field::called(name).map(|found| found.name);
                assert_eq!(found, Some(field.name));
            }
            let texts = [field.heading, field.about];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", field.name);
        }
    }

    #[test]
    fn fields_that_share_an_order_agree_on_it() {
        let orders = || FIELDS.iter().filter_map(|field| field.order);
        for (one, other) in orders().flat_map(|one| orders().map(move |other| (one, other))) {
            assert!(one.name != other.name || one == other, "{one:?} {other:?}");
        }
    }
}
