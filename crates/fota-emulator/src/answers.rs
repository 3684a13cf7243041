//! Good answers, in the spelling that the switches ask for. With default switches they are what the typed models write.

use bytes::Bytes;
use fota_core::server::json_reply;
use fota_models::{DeviceOutcome, TimeFormat, Timestamp};
use http::Response;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::switches::{
    ChangeTotalName, EmptyList, OutcomeTimes, ReasonName, StatusWords, Switches, TotalName,
};

/// Writes `output`, after renaming what the switches want renamed.
pub(crate) fn respond<T: Serialize>(output: &T, switches: &Switches) -> Response<Bytes> {
    if !rewrites(switches) {
        return json_reply(output);
    }
    match serde_json::to_value(output) {
        Ok(Value::Object(mut answer)) => {
            rewrite(&mut answer, switches);
            json_reply(&answer)
        }
        _ => json_reply(output),
    }
}

/// A time on the wire, from milliseconds since 1970.
pub(crate) fn stamp(millis: i64, format: TimeFormat) -> Option<Timestamp> {
    let nanos = u32::try_from(millis.rem_euclid(1000)).ok()? * 1_000_000;
    Timestamp::from_unix(millis.div_euclid(1000), nanos, format)
}

/// The outcomes with the times that the switch asks for.
pub(crate) fn with_times(outcomes: Vec<DeviceOutcome>, how: OutcomeTimes, now: i64) -> Vec<DeviceOutcome> {
    let (updated, next) = match how {
        OutcomeTimes::Absent => return outcomes,
        OutcomeTimes::Rfc3339 => (stamp(now, TimeFormat::Rfc3339), stamp(now, TimeFormat::Rfc3339)),
        OutcomeTimes::Go => (stamp(now, TimeFormat::Go), stamp(now, TimeFormat::Go)),
        OutcomeTimes::Unset => {
            (Some(Timestamp::parse("0001-01-01 00:00:00 +0000 UTC")), Some(Timestamp::parse("")))
        }
    };
    let timed = outcomes.into_iter().map(|outcome| {
        outcome
            .updated_time(updated.clone())
            .recent_attempt_time(updated.clone())
            .next_attempt_time(next.clone())
    });
    timed.collect()
}

fn rewrites(switches: &Switches) -> bool {
    let defaults = Switches::default();
    switches.total_name != defaults.total_name
        || switches.change_total_name != defaults.change_total_name
        || switches.reason_name != defaults.reason_name
        || switches.status_words != defaults.status_words
        || switches.empty_list != defaults.empty_list
        || switches.numbers_as_text
        || switches.unknown_fields
}

fn rewrite(answer: &mut Map<String, Value>, switches: &Switches) {
    match switches.total_name {
        TotalName::TotalLicenses => {}
        TotalName::TotalLicense => rename(answer, "totalLicenses", "totalLicense"),
        TotalName::Omitted => {
            answer.remove("totalLicenses");
        }
    }
    if switches.change_total_name == ChangeTotalName::LicTotalCount {
        rename(answer, "licCount", "licTotalCount");
    }
    let is_change = answer.contains_key("licUsedCount");
    if let Some(devices) = answer.get_mut("deviceList").and_then(Value::as_array_mut) {
        for device in devices.iter_mut().filter_map(Value::as_object_mut) {
            if is_change {
                rewrite_outcome(device, switches);
            }
            if switches.unknown_fields {
                device.insert("x-emulated".to_owned(), Value::from("unknown to every document"));
            }
        }
        if devices.is_empty() {
            match switches.empty_list {
                EmptyList::Empty => {}
                EmptyList::Null => {
                    answer.insert("deviceList".to_owned(), Value::Null);
                }
                EmptyList::Absent => {
                    answer.remove("deviceList");
                }
            }
        }
    }
    if switches.numbers_as_text {
        for value in answer.values_mut().filter(|value| value.is_number()) {
            *value = Value::from(value.to_string());
        }
    }
    if switches.unknown_fields {
        answer.insert("x-emulated".to_owned(), serde_json::json!({"nested": [1, null, "text"]}));
    }
}

fn rewrite_outcome(device: &mut Map<String, Value>, switches: &Switches) {
    match switches.reason_name {
        ReasonName::ResultReason => {}
        ReasonName::Reason => rename(device, "resultReason", "Reason"),
        ReasonName::LowerReason => rename(device, "resultReason", "reason"),
    }
    if switches.status_words == StatusWords::Plain
        && let Some(status) = device.get_mut("status")
    {
        let success = status.as_str().is_some_and(|word| word.ends_with("Success"));
        *status = Value::from(if success { "Success" } else { "Failure" });
    }
}

fn rename(object: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = object.remove(from) {
        object.insert(to.to_owned(), value);
    }
}
