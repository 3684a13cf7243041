//! Assigning and removing: success is per device, whatever words the answer is in.

use fota_core::ErrorKind;
use fota_core::bulk::{Action, Options, Outcome, Run};
use fota_core::models::{DeviceId, LicenseChange, Verdict};
use fota_emulator::{
    ChangeTotalName, DeviceState, Effect, Fault, OutcomeTimes, OverAssignment, ReasonName, Settings, Shape,
    StatusWords, Switches,
};
use fota_tests::{Kind, Lab, account, scenarios};

scenarios!(
    assign_with_mixed_outcomes,
    assign_refused_as_a_whole,
    remove_refused_for_upgraded_devices,
    every_spelling_of_the_answer,
    lookup_tells_who_is_licensed,
    subscription_counts,
    bulk_run_in_three_requests,
    bulk_run_settles_lost_answers,
    bulk_run_leaves_open_what_nobody_knows,
);

const A: &str = "352099001761481";
const B: &str = "353328110034566";
const C: &str = "867234051200779";
const D: &str = "990000862471854";
/// Not of the account.
const STRANGER: &str = "490154203237518";

fn assign_with_mixed_outcomes(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[A, B, C, D], 3);
    let client = lab.open(kind);
    let first = client.assign(&account(), &ids(&[A])).unwrap();
    assert_eq!((first.total_licenses, first.used_licenses), (Some(3), Some(1)));
    assert_eq!(verdicts(&first), [(A, Verdict::Success)]);

    let change = client.assign(&account(), &ids(&[A, B, STRANGER, C, D])).unwrap();
    assert_eq!((change.total_licenses, change.used_licenses), (Some(3), Some(3)));
    assert_eq!(
        verdicts(&change),
        [
            (A, Verdict::AlreadyAssigned),
            (B, Verdict::Success),
            (STRANGER, Verdict::Failed),
            (C, Verdict::Success),
            (D, Verdict::Failed),
        ]
    );
    let reason = |index: usize| change.device_list[index].reason.as_ref().unwrap().as_str().to_owned();
    assert_eq!(
        (reason(0), reason(2)),
        ("Device license preexisting".to_owned(), "Device Not Found".to_owned())
    );
    assert_ne!(reason(4), "");
    assert_eq!(lab.licensed(), ids(&[A, B, C]));
    assert_eq!((lab.count("licenses.assign"), lab.logins()), (2, (1, 1)));
}

fn assign_refused_as_a_whole(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[A, B], 1);
    lab.switch(Switches { over_assignment: OverAssignment::WholeRequest, ..Switches::default() });
    let error = lab.open(kind).assign(&account(), &ids(&[A, B])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(error.status().unwrap(), 400);
    assert_eq!(error.fault().unwrap().code(), Some("INVALID_PARAMETER"));
    assert_eq!((error.attempts(), error.endpoint()), (1, Some("licenses.assign")));
    assert!(!error.may_have_been_applied() && !error.is_retryable(), "{error:?}");
    assert!(lab.licensed().is_empty());
    assert_eq!(lab.count("licenses.assign"), 1);
}

fn remove_refused_for_upgraded_devices(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[A, B, C, D], 3);
    let client = lab.open(kind);
    client.assign(&account(), &ids(&[A, B, C])).unwrap();
    lab.set_device(A, DeviceState::upgraded());
    lab.set_device(B, DeviceState::upgrade_running());
    let change = client.remove(&account(), &ids(&[A, B, C, D])).unwrap();
    assert_eq!(
        verdicts(&change),
        [(A, Verdict::Failed), (B, Verdict::Failed), (C, Verdict::Success), (D, Verdict::Failed)]
    );
    assert_eq!((change.total_licenses, change.used_licenses), (Some(3), Some(2)));
    assert!(change.device_list[0].reason.as_ref().unwrap().as_str().contains("upgraded"));
    assert_eq!(lab.licensed(), ids(&[A, B]));
    assert_eq!(lab.count("licenses.remove"), 1);
}

fn every_spelling_of_the_answer(kind: &dyn Kind) {
    let spellings: [(&str, fn(&mut Switches)); 10] = [
        ("as the SDKs", |_| {}),
        ("licTotalCount", |switches| switches.change_total_name = ChangeTotalName::LicTotalCount),
        ("Reason", |switches| switches.reason_name = ReasonName::Reason),
        ("reason", |switches| switches.reason_name = ReasonName::LowerReason),
        ("Success and Failure", |switches| switches.status_words = StatusWords::Plain),
        ("RFC 3339 times", |switches| switches.outcome_times = OutcomeTimes::Rfc3339),
        ("Go times", |switches| switches.outcome_times = OutcomeTimes::Go),
        ("unset times", |switches| switches.outcome_times = OutcomeTimes::Unset),
        ("numbers as text", |switches| switches.numbers_as_text = true),
        ("unknown fields", |switches| switches.unknown_fields = true),
    ];
    let lab = Lab::with_devices(&[A, B], 2);
    let client = lab.open(kind);
    for (name, set) in spellings {
        let mut switches = Switches::default();
        set(&mut switches);
        lab.switch(switches);
        let assigned = client.assign(&account(), &ids(&[A, STRANGER])).unwrap();
        assert_eq!(verdicts(&assigned), [(A, Verdict::Success), (STRANGER, Verdict::Failed)], "{name}");
        assert_eq!((assigned.total_licenses, assigned.used_licenses), (Some(2), Some(1)), "{name}");
        let reason = assigned.device_list[1].reason.as_ref().map(|reason| reason.as_str().to_owned());
        assert_eq!(reason.as_deref(), Some("Device Not Found"), "{name}");
        let again = client.assign(&account(), &ids(&[A])).unwrap();
        assert_eq!(verdicts(&again), [(A, Verdict::AlreadyAssigned)], "{name}");
        let removed = client.remove(&account(), &ids(&[A, B])).unwrap();
        assert_eq!(verdicts(&removed), [(A, Verdict::Success), (B, Verdict::Failed)], "{name}");
        assert_eq!((removed.total_licenses, removed.used_licenses), (Some(2), Some(0)), "{name}");
    }
}

fn lookup_tells_who_is_licensed(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[A, B], 2);
    let client = lab.open(kind);
    client.assign(&account(), &ids(&[B])).unwrap();
    let lookup = client.lookup(&account(), &ids(&[A, B, STRANGER])).unwrap();
    let found: Vec<_> = lookup
        .device_list
        .iter()
        .map(|device| (device.device_id.to_string(), device.license_assigned))
        .collect();
    assert_eq!(found, [(A.to_owned(), Some(false)), (B.to_owned(), Some(true)), (STRANGER.to_owned(), None)]);
    // Two formats of time in one object, both understood.
    let device = &lookup.device_list[0];
    assert!(device.create_time.as_ref().is_some_and(|time| time.unix().is_some()));
    assert!(device.last_connection_time.as_ref().is_some_and(|time| time.unix().is_some()));
}

fn subscription_counts(kind: &dyn Kind) {
    let lab = Lab::with_devices(&[A], 9);
    let client = lab.open(kind);
    client.assign(&account(), &ids(&[A])).unwrap();
    let subscription = client.subscription(&account()).unwrap();
    assert_eq!((subscription.license_count, subscription.license_used_count), (Some(9), Some(1)));
    assert_eq!(subscription.purchase_types().count(), 1);
}

fn bulk_run_in_three_requests(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(2500, 2200, 7).assigned(100));
    let client = lab.open(kind);
    let devices: Vec<_> =
        lab.with(|emulator| emulator.account(account().as_str()).unwrap().devices().cloned().collect());
    // Named twice, changed and reported once.
    let mut run = Run::new(Action::Assign, account(), devices.iter().chain(&devices).cloned());
    client.run(&mut run);
    assert!(run.stopped().is_none());
    let report = run.report();
    let counts = report.counts();
    assert_eq!((counts.applied, counts.already, counts.refused), (2100, 100, 300));
    assert_eq!((counts.unresolved, counts.not_attempted), (0, 0));
    assert_eq!(report.devices.len(), 2500);
    assert_eq!((report.total_licenses, report.used_licenses), (Some(2200), Some(2200)));
    assert_eq!(lab.count("licenses.assign"), 3);
    assert_eq!(lab.licensed().len(), 2200);
}

/// One answer is lost after the change, one before it: both are looked up, and only the second is sent again.
fn bulk_run_settles_lost_answers(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 30, 7).assigned(0));
    lab.fault(Fault::new("licenses.assign", Effect::Close).after_processing().once());
    lab.fault(Fault::new("licenses.assign", Effect::Close).skip(1).once());
    let devices: Vec<_> =
        lab.with(|emulator| emulator.account(account().as_str()).unwrap().devices().cloned().collect());
    let mut run = Run::new(Action::Assign, account(), devices).options(Options::default().batch(10));
    let client = lab.open(kind);
    client.run(&mut run);
    assert!(run.stopped().is_none());
    assert_eq!(run.report().counts().applied, 30);
    assert_eq!((lab.count("licenses.assign"), lab.count("devices.lookup")), (4, 2));
    assert_eq!(lab.licensed().len(), 30);
}

/// The answer is lost, and neither the lookup nor the list can be read. The rest of the run goes on.
fn bulk_run_leaves_open_what_nobody_knows(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(30, 30, 7).assigned(0));
    lab.fault(Fault::new("licenses.assign", Effect::Close).after_processing().skip(1).once());
    lab.fault(Fault::new("devices.lookup", Effect::answer(400, Shape::Api)));
    lab.fault(Fault::new("licenses.list", Effect::answer(400, Shape::Api)));
    let devices: Vec<_> =
        lab.with(|emulator| emulator.account(account().as_str()).unwrap().devices().cloned().collect());
    let options = Options::default().batch(10).concurrency(1);
    let mut run = Run::new(Action::Assign, account(), devices).options(options);
    let client = lab.open(kind);
    client.run(&mut run);
    let report = run.report();
    let counts = report.counts();
    assert_eq!((counts.applied, counts.unresolved, counts.not_attempted), (20, 10, 0));
    assert!(report.devices[10..20].iter().all(|device| device.outcome == Outcome::Unresolved));
    assert_eq!(lab.count("licenses.assign"), 3);
    assert_eq!(lab.licensed().len(), 30);

    // A refusal of a whole request, on the other hand, is final and known.
    lab.once("licenses.remove", Effect::answer(400, Shape::Api));
    let mut run = Run::new(Action::Remove, account(), lab.licensed()).options(options);
    client.run(&mut run);
    let counts = run.report().counts();
    assert_eq!((counts.refused, counts.applied), (10, 20));
}

fn verdicts(change: &LicenseChange) -> Vec<(&str, Verdict)> {
    let known = [A, B, C, D, STRANGER];
    (change.device_list.iter())
        .map(|outcome| {
            let id = known.into_iter().find(|id| outcome.device_id == **id).unwrap_or("?");
            (id, outcome.verdict())
        })
        .collect()
}

fn ids(devices: &[&str]) -> Vec<DeviceId> {
    devices.iter().map(|device| DeviceId::from(*device)).collect()
}
