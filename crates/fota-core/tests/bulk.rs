//! Bulk runs: one outcome per device, whatever the answers say or leave out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use bytes::Bytes;
use fota_core::bulk::{Action, Outcome, Run};
use fota_core::script::{Script, VirtualClock, lost_answer};
use fota_core::{Config, Credentials, Endpoint, Error, RetryPolicy, Servers, Shared, drive, licenses};
use fota_models::{DeviceId, DeviceOutcome, LicenseChange};
use http::Response;
use proptest::prelude::*;
use std::sync::Arc;

fn ids(count: u64) -> Vec<DeviceId> {
    (0..count).map(|n| DeviceId::from(format!("{:015}", 352_099_001_000_000 + n))).collect()
}

fn answer(status: &str, devices: &[DeviceId]) -> LicenseChange {
    let outcomes: Vec<_> = devices.iter().map(|device| DeviceOutcome::new(device.clone(), status)).collect();
    LicenseChange::default().total_licenses(5000).used_licenses(7).device_list(outcomes)
}

fn refused(status: u16, body: &str) -> Error {
    let response = Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    licenses::Assign::from_response(response).unwrap_err()
}

fn lost() -> Error {
    let config = Config::new(Servers::at("http://127.0.0.1:1").unwrap()).retry(RetryPolicy::none());
    let shared = Arc::new(Shared::new(config, Credentials::new("k", "s", "u", "p"), 1));
    let script = Script::new().login().fail(lost_answer());
    let endpoint = licenses::Assign::new("1".parse().unwrap(), ids(1));
    drive::call_blocking(&shared, &script, &VirtualClock::new(), endpoint).unwrap_err()
}

#[test]
fn splits_drops_duplicates_and_keeps_the_order() {
    let mut devices = ids(2500);
    devices.push(devices[0].clone());
    let mut run = Run::new(Action::Assign, devices);
    let mut sizes = Vec::new();
    while let Some(chunk) = run.next_chunk() {
        sizes.push(chunk.devices.len());
        let result = answer("LicenseAssignSuccess", &chunk.devices);
        run.record(&chunk, Ok(result));
    }
    assert_eq!(sizes, [1000, 1000, 500]);
    let report = run.report();
    assert_eq!(report.counts().applied, 2500);
    assert_eq!(report.devices.iter().map(|device| device.device_id.clone()).collect::<Vec<_>>(), ids(2500));
    assert_eq!((report.total_licenses, report.used_licenses), (Some(5000), Some(7)));
}

#[test]
fn each_words_meaning() {
    let devices = ids(5);
    let outcomes = vec![
        DeviceOutcome::new(devices[0].clone(), "LicenseAssignSuccess"),
        DeviceOutcome::new(devices[1].clone(), "LicenseAssignSuccess")
            .reason(fota_models::Reason::from("Device license preexisting")),
        DeviceOutcome::new(devices[2].clone(), "LicenseAssignFailed")
            .reason(fota_models::Reason::from("Device Not Found")),
        DeviceOutcome::new(devices[3].clone(), "UpgradePending"),
        // The fifth is not in the answer at all.
    ];
    let mut run = Run::new(Action::Assign, devices);
    let chunk = run.next_chunk().unwrap();
    run.record(&chunk, Ok(LicenseChange::default().device_list(outcomes)));
    let outcomes: Vec<_> = run.report().devices.into_iter().map(|device| device.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Applied,
            Outcome::Already,
            Outcome::Refused {
                status: "LicenseAssignFailed".into(),
                reason: Some("Device Not Found".into())
            },
            Outcome::Unresolved,
            Outcome::Unresolved,
        ]
    );
}

#[test]
fn failed_requests() {
    // what failed, outcome word of its devices, whether the run goes on
    let api = r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"Inactive account"}"#;
    for (error, outcome, goes_on) in [
        (refused(400, api), "refused", true),
        (refused(503, ""), "notAttempted", false),
        (refused(401, ""), "notAttempted", false),
        (lost(), "unresolved", false),
    ] {
        let mut run = Run::new(Action::Remove, ids(4)).batch_size(2);
        let chunk = run.next_chunk().unwrap();
        run.record(&chunk, Err(error));
        assert_eq!((run.next_chunk().is_some(), run.stopped().is_none()), (goes_on, goes_on), "{outcome}");
        let report = run.report();
        assert_eq!(report.devices[0].outcome.as_str(), outcome);
        // The second chunk was handed out in one case and never booked: nobody knows.
        let rest = if goes_on { "unresolved" } else { "notAttempted" };
        assert_eq!(report.devices[3].outcome.as_str(), rest);
    }
}

proptest! {
    /// Whatever comes back, every device is reported once and the counts add up.
    #[test]
    fn every_device_once(
        picks in prop::collection::vec(0_u64..40, 0..60),
        batch in 0_usize..20,
        answers in prop::collection::vec((0..4, any::<bool>()), 60),
    ) {
        let mut distinct = Vec::new();
        for pick in &picks {
            if !distinct.contains(pick) {
                distinct.push(*pick);
            }
        }
        let all = ids(40);
        let devices = picks.iter().map(|pick| all[usize::try_from(*pick).unwrap()].clone());
        let mut run = Run::new(Action::Assign, devices).batch_size(batch);
        let mut answers = answers.into_iter();
        let mut handed = 0;
        while let Some(chunk) = run.next_chunk() {
            prop_assert!(chunk.devices.len() <= batch.max(1));
            handed += chunk.devices.len();
            match answers.next() {
                Some((0, _)) => run.record(&chunk, Ok(answer("Success", &chunk.devices))),
                Some((1, _)) => run.record(&chunk, Ok(answer("LicenseAssignFailed", &chunk.devices[1..]))),
                Some((2, _)) => run.record(&chunk, Err(refused(400, ""))),
                Some((_, true)) => run.record(&chunk, Err(refused(503, ""))),
                _ => {}
            }
        }
        let report = run.report();
        prop_assert_eq!(report.devices.len(), distinct.len());
        let counts = report.counts();
        let sum = counts.applied + counts.already + counts.refused + counts.unresolved + counts.not_attempted;
        prop_assert_eq!(sum, distinct.len());
        prop_assert!(counts.not_attempted >= distinct.len() - handed);
    }
}
