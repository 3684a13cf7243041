//! Answers that are refusals, and answers that are lost: what is sent again, what is not, and what the error says.

use std::time::{Duration, Instant};

use fota_core::models::{DeviceId, Verdict};
use fota_core::{Error, ErrorKind};
use fota_emulator::{Effect, Fault, Settings, Shape};
use fota_tests::{Adapter, Kind, Lab, account, scenarios};

scenarios!(
    too_many_requests_with_seconds,
    too_many_requests_with_a_date,
    too_many_requests_for_longer_than_the_call_may_take,
    unavailable_then_well,
    unavailable_for_good,
    unavailable_on_assign,
    failed_on_assign,
    lost_answer_on_assign,
    lost_answer_on_remove,
    closed_before_processing_on_assign,
    reset_on_assign,
    lost_answer_on_reads,
    page_of_a_proxy,
    page_with_a_good_status,
    page_with_a_good_status_on_assign,
    garbage,
    truncated_body,
    truncated_body_on_assign,
    every_error_shape_by_its_kind,
);

const A: &str = "352099001761481";
const B: &str = "353328110034566";

fn lab() -> (Lab, Vec<DeviceId>) {
    (Lab::with_devices(&[A, B], 2), vec![DeviceId::from(A), DeviceId::from(B)])
}

/// A client that has its tokens, so that only the call itself is in what is counted from here on.
fn logged_in(lab: &Lab, kind: &dyn Kind) -> Box<dyn Adapter> {
    let client = lab.open(kind);
    client.login().unwrap();
    client
}

fn too_many_requests_with_seconds(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.once("licenses.list", Effect::answer(429, Shape::Gateway).retry_after(1));
    let start = Instant::now();
    client.usage(&account()).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(lab.statuses("licenses.list"), [Some(429), Some(200)]);
}

/// The date counts from the answer's own `Date`, so that the two machines' clocks need not agree. The emulator's
/// is years behind.
fn too_many_requests_with_a_date(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.once("licenses.assign", Effect::answer(429, Shape::Api).retry_after_date(1));
    let start = Instant::now();
    // 429 says that it was not processed, so even a write is sent again.
    let change = client.assign(&account(), &devices).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(change.device_list.iter().all(|device| device.verdict() == Verdict::Success));
    assert_eq!(lab.statuses("licenses.assign"), [Some(429), Some(200)]);
}

fn too_many_requests_for_longer_than_the_call_may_take(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.list", Effect::answer(429, Shape::Gateway).retry_after(3600)));
    let start = Instant::now();
    let error = client.usage(&account()).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "it waited for nothing: {:?}", start.elapsed());
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!((error.attempts(), error.status().unwrap().as_u16()), (1, 429));
    assert!(error.is_retryable());
    assert_eq!(lab.count("licenses.list"), 1);
}

fn unavailable_then_well(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.list", Effect::answer(503, Shape::Html)).times(2));
    assert_eq!(client.usage(&account()).unwrap().total_licenses, Some(2));
    assert_eq!(lab.statuses("licenses.list"), [Some(503), Some(503), Some(200)]);
}

fn unavailable_for_good(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.list", Effect::answer(503, Shape::Text)));
    let error = client.usage(&account()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 5), "{error}");
    assert!(error.to_string().contains("after 5 attempts"), "{error}");
    assert!(error.is_retryable() && !error.may_have_been_applied());
    assert_eq!(lab.count("licenses.list"), 5);
}

/// 503 says that the request was not processed: it is sent again, and the license is assigned once.
fn unavailable_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.once("licenses.assign", Effect::answer(503, Shape::Html));
    let change = client.assign(&account(), &devices).unwrap();
    assert!(change.device_list.iter().all(|device| device.verdict() == Verdict::Success), "{change:?}");
    assert_eq!(change.used_licenses, Some(2));
    assert_eq!(lab.statuses("licenses.assign"), [Some(503), Some(200)]);

    lab.fault(Fault::new("licenses.remove", Effect::answer(503, Shape::Html)));
    let error = client.remove(&account(), &devices).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 5));
    assert!(!error.may_have_been_applied(), "{error:?}");
    assert_eq!(lab.licensed(), devices);
}

/// 500, 502 and 504 say nothing about whether it was done, so a write is not sent again.
fn failed_on_assign(kind: &dyn Kind) {
    for status in [500, 502, 504] {
        let (lab, devices) = lab();
        let client = logged_in(&lab, kind);
        lab.fault(Fault::new("licenses.assign", Effect::answer(status, Shape::Html)).after_processing());
        let error = client.assign(&account(), &devices).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 1), "{status}: {error}");
        assert!(error.may_have_been_applied(), "{status}");
        assert_eq!(lab.count("licenses.assign"), 1, "{status}");
        assert_eq!(lab.licensed(), devices, "{status}: it had been done");
    }
}

fn is_third_outcome(error: &Error, endpoint: &str) {
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.may_have_been_applied(), "{error:?}");
    assert_eq!((error.attempts(), error.endpoint(), error.status()), (1, Some(endpoint), None));
    assert!(std::error::Error::source(error).is_some(), "the cause is named");
}

fn lost_answer_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.assign", Effect::Close).after_processing());
    is_third_outcome(&client.assign(&account(), &devices).unwrap_err(), "licenses.assign");
    assert_eq!(lab.count("licenses.assign"), 1);
    assert_eq!(lab.licensed(), devices, "it had been done");
}

fn lost_answer_on_remove(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    client.assign(&account(), &devices).unwrap();
    lab.fault(Fault::new("licenses.remove", Effect::Reset).after_processing());
    is_third_outcome(&client.remove(&account(), &devices).unwrap_err(), "licenses.remove");
    assert_eq!(lab.count("licenses.remove"), 1);
    assert!(lab.licensed().is_empty());
}

/// From where the client stands this is the same, and it must not guess.
fn closed_before_processing_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.assign", Effect::Close));
    is_third_outcome(&client.assign(&account(), &devices).unwrap_err(), "licenses.assign");
    assert_eq!(lab.count("licenses.assign"), 1);
    assert!(lab.licensed().is_empty(), "it had not been done");
}

fn reset_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.assign", Effect::Reset));
    is_third_outcome(&client.assign(&account(), &devices).unwrap_err(), "licenses.assign");
    assert_eq!(lab.count("licenses.assign"), 1);
}

/// Reads are sent again, the one that is a POST included.
fn lost_answer_on_reads(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    for effect in [Effect::Close, Effect::Reset, Effect::Cut { bytes: 9 }] {
        lab.with(fota_emulator::Emulator::clear_log);
        for operation in ["licenses.list", "devices.lookup", "subscriptions.get"] {
            lab.once(operation, effect.clone());
        }
        client.usage(&account()).unwrap();
        client.lookup(&account(), &devices).unwrap();
        client.subscription(&account()).unwrap();
        for operation in ["licenses.list", "devices.lookup", "subscriptions.get"] {
            assert_eq!(lab.count(operation), 2, "{operation} {effect:?}");
        }
    }
}

fn page_of_a_proxy(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.list", Effect::answer(502, Shape::Html)));
    let error = client.usage(&account()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 5), "{error}");
    assert_eq!(error.status().unwrap(), 502);
    assert_eq!(error.headers().unwrap()["content-type"], "text/html");
    assert!(error.body().unwrap().starts_with(b"<html>"), "{:?}", error.body());
    assert!(error.fault().is_none());
    assert!(!error.to_string().contains("<html>"), "no dump of bodies: {error}");
    assert_eq!(lab.count("licenses.list"), 5);
}

/// The vendor's SDK returns the page as the result.
fn page_with_a_good_status(kind: &dyn Kind) {
    for body in [Shape::Html, Shape::Empty, Shape::Text] {
        let (lab, _) = lab();
        let client = logged_in(&lab, kind);
        lab.fault(Fault::new("licenses.list", Effect::answer(200, body.clone())));
        let error = client.usage(&account()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1), "{body:?}: {error}");
        assert_eq!(error.status().unwrap(), 200);
        assert_eq!(error.body().unwrap().is_empty(), body == Shape::Empty);
        assert_eq!(lab.count("licenses.list"), 1);
    }
}

fn page_with_a_good_status_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.assign", Effect::answer(200, Shape::Html)).after_processing());
    let error = client.assign(&account(), &devices).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1), "{error}");
    assert!(error.may_have_been_applied());
    assert_eq!(lab.count("licenses.assign"), 1);
    assert_eq!(lab.licensed(), devices);
}

fn garbage(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.list", Effect::Garbage));
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.body().unwrap().contains(&0xff), "kept as it came");
    assert_eq!(error.to_string().lines().count(), 1);
}

fn truncated_body(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(500, 500, 7).assigned(500));
    let client = lab.open_with(kind, |options| options.retry = options.retry.max_attempts(3));
    client.login().unwrap();
    lab.fault(Fault::new("licenses.list", Effect::Cut { bytes: 1000 }));
    let error = client.usage(&account()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 3), "{error}");
    assert!(!error.may_have_been_applied() && error.is_retryable());
    assert_eq!(lab.count("licenses.list"), 3);
}

fn truncated_body_on_assign(kind: &dyn Kind) {
    let (lab, devices) = lab();
    let client = logged_in(&lab, kind);
    lab.fault(Fault::new("licenses.assign", Effect::Cut { bytes: 20 }));
    let error = client.assign(&account(), &devices).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 1), "{error}");
    assert!(error.may_have_been_applied());
    assert_eq!(lab.count("licenses.assign"), 1);
    assert_eq!(lab.licensed(), devices);
}

fn every_error_shape_by_its_kind(kind: &dyn Kind) {
    let (lab, _) = lab();
    let client = logged_in(&lab, kind);
    let rows: [(u16, Shape, &str, ErrorKind, u64); 8] = [
        (400, Shape::Api, "INVALID_PARAMETER", ErrorKind::Refused, 1),
        (400, Shape::Gateway, "900906", ErrorKind::Refused, 1),
        (403, Shape::GatewayXml, "404", ErrorKind::Unauthorized, 1),
        (403, Shape::Gateway, "900908", ErrorKind::Unauthorized, 1),
        (500, Shape::Sibling, "internal_server_error", ErrorKind::Unavailable, 5),
        // A 500 that is no passing trouble.
        (500, Shape::Api, "DEVICE_NOT_FOUND", ErrorKind::Unavailable, 1),
        (500, Shape::Soap, "soap:Server", ErrorKind::Unavailable, 5),
        (503, Shape::Gateway, "900800", ErrorKind::Throttled, 5),
    ];
    for (status, shape, code, expected, requests) in rows {
        lab.with(|emulator| {
            emulator.clear_log();
            emulator.clear_faults();
        });
        lab.fault(Fault::new("licenses.list", Effect::answer(status, shape).code(code).message("no luck")));
        let error = client.usage(&account()).unwrap_err();
        assert_eq!(error.kind(), expected, "{status} {code}: {error}");
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.fault().unwrap().code(), Some(code));
        assert_eq!(error.server_message(), Some("no luck"));
        assert_eq!(
            (u64::from(error.attempts()), lab.count("licenses.list")),
            (requests, requests),
            "{status} {code}"
        );
    }
}
