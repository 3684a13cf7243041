//! Every switch changes what it says, and nothing by default.

use fota_emulator::{
    ChangeTotalName, EmptyList, OutcomeTimes, ReasonName, RouteRefusal, SessionRefusal, Settings,
    StatusWords, Switches, TimeStyle, TotalName,
};
use http::Method;
use serde_json::Value;

use crate::bench::{Bench, account};

const LIST: &str = "/licenses/0000123456-00001";
const ASSIGN: &str = "/licenses/0000123456-00001/assign";

fn with(switches: Switches) -> Bench {
    Bench::new(Settings::seeded(8, 8, 1).assigned(4).switches(switches))
}

fn list(bench: &mut Bench) -> Value {
    bench.raw(Method::GET, LIST, "").1
}

/// Assigns a device that has no license, one that has, and one that does not exist.
fn assign(bench: &mut Bench) -> Value {
    let licensed = bench.licensed();
    let free = bench.devices().into_iter().find(|device| !licensed.contains(device)).unwrap();
    let body = serde_json::json!({ "deviceList": [free, licensed[0], "867234051200779"] });
    bench.raw(Method::POST, ASSIGN, &body.to_string()).1
}

#[test]
fn default_spelling() {
    let mut bench = with(Switches::default());
    let page = list(&mut bench);
    let keys: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "accountName",
            "assignedLicenses",
            "deviceList",
            "hasMoreData",
            "lastSeenDeviceId",
            "maxPageSize",
            "totalLicenses"
        ]
    );
    let change = assign(&mut bench);
    assert_eq!((&change["licCount"], &change["licUsedCount"]), (&8.into(), &5.into()));
    let keys: Vec<_> = change["deviceList"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["deviceId", "resultReason", "status"]);
}

#[test]
fn names_of_totals() {
    let page = list(&mut with(Switches { total_name: TotalName::TotalLicense, ..Switches::default() }));
    assert_eq!((&page["totalLicense"], page.get("totalLicenses")), (&8.into(), None));
    let page = list(&mut with(Switches { total_name: TotalName::Omitted, ..Switches::default() }));
    assert!(page.get("totalLicense").is_none() && page.get("totalLicenses").is_none());
    let switches = Switches { change_total_name: ChangeTotalName::LicTotalCount, ..Switches::default() };
    let change = assign(&mut with(switches));
    assert_eq!((&change["licTotalCount"], change.get("licCount")), (&8.into(), None));
}

#[test]
fn names_of_reasons_and_status_words() {
    for (reason_name, key) in [(ReasonName::Reason, "Reason"), (ReasonName::LowerReason, "reason")] {
        let switches = Switches { reason_name, status_words: StatusWords::Plain, ..Switches::default() };
        let change = assign(&mut with(switches));
        let devices = change["deviceList"].as_array().unwrap();
        let words: Vec<_> = devices.iter().map(|device| device["status"].as_str().unwrap()).collect();
        assert_eq!(words, ["Success", "Success", "Failure"]);
        assert_eq!(devices[1][key], "Device license preexisting");
        assert!(devices[1].get("resultReason").is_none());
    }
}

#[test]
fn times_of_outcomes() {
    for (outcome_times, expected) in [
        (OutcomeTimes::Rfc3339, "2024-03-05T09:10:11Z"),
        (OutcomeTimes::Go, "2024-03-05 09:10:11 +0000 UTC"),
        (OutcomeTimes::Unset, "0001-01-01 00:00:00 +0000 UTC"),
    ] {
        let change = assign(&mut with(Switches { outcome_times, ..Switches::default() }));
        assert_eq!(change["deviceList"][0]["updatedTime"], expected);
    }
}

#[test]
fn style_of_times() {
    let times = |time_style| {
        let page = list(&mut with(Switches { time_style, ..Switches::default() }));
        let times = page["deviceList"].as_array().unwrap().iter();
        times.map(|device| device["assignmentTime"].as_str().unwrap().ends_with('Z')).collect::<Vec<_>>()
    };
    assert_eq!(times(TimeStyle::Documented), [false; 4]);
    assert_eq!(times(TimeStyle::Go), [false; 4]);
    assert_eq!(times(TimeStyle::Rfc3339), [true; 4]);
    assert_eq!(times(TimeStyle::Mixed), [false, true, false, true]);
}

#[test]
fn empty_lists() {
    for (empty_list, expected) in [
        (EmptyList::Empty, Some(Value::Array(Vec::new()))),
        (EmptyList::Null, Some(Value::Null)),
        (EmptyList::Absent, None),
    ] {
        let switches = Switches { empty_list, ..Switches::default() };
        let mut bench = Bench::new(Settings::empty().switches(switches));
        assert_eq!(list(&mut bench).get("deviceList").cloned(), expected);
    }
}

#[test]
fn numbers_as_text_and_unknown_fields() {
    let switches = Switches { numbers_as_text: true, unknown_fields: true, ..Switches::default() };
    let mut bench = with(switches);
    let page = list(&mut bench);
    assert_eq!((&page["totalLicenses"], &page["hasMoreData"]), (&"8".into(), &false.into()));
    assert!(page.get("x-emulated").is_some() && page["deviceList"][0].get("x-emulated").is_some());
    // The models read it all the same.
    assert_eq!(bench.list().unwrap().total_licenses, Some(8));
}

#[test]
fn refusals_of_sessions() {
    for (session_refusal, status, key, value) in [
        (SessionRefusal::Code400, 400, "errorCode", "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"),
        (SessionRefusal::Code401, 401, "errorCode", "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"),
        (SessionRefusal::Sibling401, 401, "error", "unauthorized"),
    ] {
        let mut bench = with(Switches { session_refusal, ..Switches::default() });
        bench.emulator.kill_sessions();
        let (found, answer) = bench.raw(Method::GET, LIST, "");
        assert_eq!((found, answer[key].as_str()), (status, Some(value)));
        let response = bench.response(&fota_core::licenses::List::new(account()));
        assert!(fota_models::ApiFault::parse(response.body()).unwrap().is_session_token());
    }
}

#[test]
fn refusals_of_routes() {
    for (route_refusal, status) in
        [(RouteRefusal::Gateway400, 400), (RouteRefusal::Gateway404, 404), (RouteRefusal::Xml403, 403)]
    {
        let mut bench = with(Switches { route_refusal, ..Switches::default() });
        assert_eq!(bench.raw(Method::GET, "/files/0000123456-00001", "").0, status);
        assert_eq!(bench.raw(Method::DELETE, LIST, "").0, status);
    }
}

#[test]
fn page_sizes_stay_within_the_documented_limit() {
    for (asked, got) in [(0, 1), (3, 3), (1000, 1000), (5000, 1000)] {
        let page = list(&mut with(Switches { page_size: asked, ..Switches::default() }));
        assert_eq!(page["maxPageSize"], got);
    }
}
