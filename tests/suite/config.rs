//! Settings: their limits, and how they are read.

use process_scanner::Config;

#[test]
fn the_defaults_are_valid() {
    Config::default().validate().expect("defaults are valid");
}

#[test]
fn an_error_names_the_field_and_its_limits() {
    for (json, field, limit) in [
        (
            r#"{"interval_ms": 49}"#,
            "interval_ms is 49",
            "50 to 3600000",
        ),
        (r#"{"interval_ms": 3600001}"#, "interval_ms", "3600000"),
        (
            r#"{"max_interval_ms": 999}"#,
            "interval_ms is 1000",
            "at most max_interval_ms, which is 999",
        ),
        (
            r#"{"interval_ms": 5000, "max_interval_ms": 4999}"#,
            "interval_ms is 5000",
            "at most max_interval_ms, which is 4999",
        ),
        (
            r#"{"max_interval_ms": 3600001}"#,
            "max_interval_ms",
            "3600000",
        ),
        (
            r#"{"max_text_bytes": 63}"#,
            "max_text_bytes is 63",
            "64 to 1048576",
        ),
        (
            r#"{"scan_deadline_ms": 99}"#,
            "scan_deadline_ms is 99",
            "100 to 3600000",
        ),
        (r#"{"queue_len": 0}"#, "queue_len is 0", "1 to 65536"),
        (r#"{"queue_len": 65537}"#, "queue_len", "65536"),
        (
            r#"{"cpu_threshold_percent": 0}"#,
            "cpu_threshold_percent",
            "more than 0",
        ),
        (
            r#"{"cpu_threshold_percent": -1}"#,
            "cpu_threshold_percent",
            "more than 0",
        ),
        (
            r#"{"rss_threshold_bytes": 0}"#,
            "rss_threshold_bytes",
            "at least 1",
        ),
        (
            r#"{"cpu_budget_percent": 0.001}"#,
            "cpu_budget_percent is 0.001",
            "0.01 to 100",
        ),
        (r#"{"cpu_budget_percent": 101}"#, "cpu_budget", "100"),
        (
            r#"{"breaker_failed_scans": 0}"#,
            "breaker_failed_scans is 0",
            "1 to 1000",
        ),
        (
            r#"{"breaker_max_wait_ms": 99}"#,
            "breaker_max_wait_ms is 99",
            "100 to 3600000",
        ),
        (
            r#"{"overload_wait_ratio": 0.5}"#,
            "overload_wait_ratio is 0.5",
            "at least 1",
        ),
        (
            r#"{"redact": "off", "redact_patterns": ["x"]}"#,
            "redact is off",
            "redact_patterns",
        ),
        (
            r#"{"collect": ["pss"]}"#,
            "pss_pids is empty",
            "at least one pid if collect has pss",
        ),
        (
            r#"{"collect": ["cpu"], "pss_pids": [7, 8]}"#,
            "pss_pids is a list of 2",
            "empty if collect lacks pss",
        ),
        (
            r#"{"pss_wait_ms": 60001}"#,
            "pss_wait_ms is 60001",
            "0 to 60000",
        ),
        (r#"{"doubt_share": 0}"#, "doubt_share", "at most 1"),
        (r#"{"doubt_share": 1.5}"#, "doubt_share is 1.5", "at most 1"),
    ] {
        let config: Config = serde_json::from_str(json).expect("well-formed");
        let error = config.validate().expect_err(json).to_string();
        assert!(error.contains(field) && error.contains(limit), "{error}");
    }
}

#[test]
fn a_limit_that_is_off_stays_off_in_formats_without_null() {
    let mut config = Config::default();
    config.cpu_budget_percent = None;
    config.overload_wait_ratio = None;
    let mut json = serde_json::to_value(&config).expect("plain data");
    assert_eq!(json["cpu_budget_percent"], "off");
    json.as_object_mut()
        .expect("an object")
        .retain(|_, value| !value.is_null());
    let read: Config = serde_json::from_value(json).expect("its own words");
    assert_eq!(read, config);
    for (json, limit) in [
        ("2", Some(2.0)),
        ("0.5", Some(0.5)),
        ("\"0.5\"", Some(0.5)),
        ("null", None),
    ] {
        let json = format!(r#"{{"cpu_budget_percent": {json}}}"#);
        let read: Config = serde_json::from_str(&json).expect("well-formed");
        assert_eq!(read.cpu_budget_percent, limit);
    }
    for limit in ["NaN", "inf", "-inf"] {
        let json = format!(r#"{{"cpu_budget_percent": "{limit}"}}"#);
        serde_json::from_str::<Config>(&json).expect_err("it has no JSON form");
    }
    let error = serde_json::from_str::<Config>(r#"{"overload_wait_ratio": "of"}"#)
        .expect_err("neither a number nor off");
    assert!(error.to_string().contains("\"off\""), "{error}");
}

#[test]
fn nan_is_outside_every_limit() {
    for field in [
        |config: &mut Config| config.cpu_budget_percent = Some(f64::NAN),
        |config: &mut Config| config.overload_wait_ratio = Some(f64::NAN),
        |config: &mut Config| config.cpu_threshold_percent = Some(f32::NAN),
        |config: &mut Config| config.doubt_share = f64::NAN,
    ] {
        let mut config = Config::default();
        field(&mut config);
        config.validate().expect_err("not a number");
    }
}

#[test]
fn the_limits_themselves_are_valid() {
    for json in [
        r#"{"interval_ms": 50, "queue_len": 1, "doubt_share": 1}"#,
        r#"{"interval_ms": 3600000, "queue_len": 65536, "rss_threshold_bytes": 1}"#,
        r#"{"interval_ms": 50, "max_interval_ms": 50}"#,
        r#"{"max_interval_ms": 3600000}"#,
        r#"{"max_interval_ms": null}"#,
    ] {
        let config: Config = serde_json::from_str(json).expect("well-formed");
        config.validate().expect(json);
    }
}

#[test]
fn an_invalid_pattern_is_refused_when_it_is_read() {
    for pattern in ["(", ""] {
        let json = serde_json::json!({ "redact_patterns": [pattern] });
        let error = serde_json::from_value::<Config>(json).expect_err("no pattern");
        assert!(error.to_string().contains("for secrets"), "{error}");
    }
}

#[test]
fn an_unknown_field_is_refused() {
    let error = serde_json::from_str::<Config>(r#"{"intervall_ms": 1}"#)
        .expect_err("a misspelt field must not pass");
    assert!(error.to_string().contains("intervall_ms"));
}
