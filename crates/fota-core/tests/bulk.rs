//! Bulk runs: one outcome per device, whatever the answers say or leave out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use bytes::Bytes;
use fota_core::bulk::{Action, Event, Job, Next, Options, Outcome, Reply, Request, Run, Ticket};
use fota_core::script::{Script, VirtualClock, lost_answer};
use fota_core::{
    Config, Credentials, Endpoint, Error, Moment, RetryPolicy, Servers, Shared, drive, licenses,
};
use fota_models::{
    AccountName, DeviceId, DeviceLookup, DeviceOutcome, FotaDevice, LicenseChange, LicenseSummary,
    LicensedDevice,
};
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

fn account() -> AccountName {
    "0000123456-00001".parse().unwrap()
}

fn new(action: Action, devices: Vec<DeviceId>) -> Run {
    Run::new(action, account(), devices)
}

/// The next job, with the clock moved on as far as the run asks for.
fn job(run: &mut Run, now: &mut Moment) -> Option<Job> {
    loop {
        match run.next(*now) {
            Next::Send(job) => return Some(job),
            Next::Wait(span) => *now = now.after(span),
            Next::Busy => panic!("nothing is in flight in this test"),
            Next::Finished => return None,
        }
    }
}

fn devices(request: &Request) -> Vec<DeviceId> {
    match request {
        Request::Assign(endpoint) => endpoint.devices.device_list.clone(),
        Request::Remove(endpoint) => endpoint.devices.device_list.clone(),
        Request::Lookup(endpoint) => endpoint.devices.device_list.clone(),
        Request::List(_) => Vec::new(),
    }
}

/// One job after the other, answered by `server`; gives the names of the requests.
fn play(run: &mut Run, mut server: impl FnMut(&Request) -> Reply) -> Vec<String> {
    let mut now = Moment::default();
    let mut names = Vec::new();
    while let Some(job) = job(run, &mut now) {
        names.push(format!("{} {}", job.request.name(), devices(&job.request).len()));
        assert!(names.len() < 200, "no end: {names:?}");
        let reply = server(&job.request);
        run.record(job.ticket, reply, now);
    }
    names
}

fn lookup(devices: &[DeviceId], licensed: impl Fn(&DeviceId) -> Option<bool>) -> Reply {
    let records = devices.iter().map(|id| {
        let mut device = FotaDevice::new(id.clone());
        device.license_assigned = licensed(id);
        device
    });
    Reply::Lookup(Ok(DeviceLookup::default().device_list(records.collect::<Vec<_>>())))
}

fn outcomes(run: Run) -> Vec<&'static str> {
    run.report().devices.iter().map(|device| device.outcome.as_str()).collect()
}

#[test]
fn splits_drops_duplicates_and_keeps_the_order() {
    let mut input = ids(2500);
    input.push(input[0].clone());
    let mut run = new(Action::Assign, input);
    let names =
        play(&mut run, |request| Reply::Change(Ok(answer("LicenseAssignSuccess", &devices(request)))));
    assert_eq!(names, ["licenses.assign 1000", "licenses.assign 1000", "licenses.assign 500"]);
    let report = run.report();
    assert_eq!(report.counts().applied, 2500);
    assert_eq!(report.devices.iter().map(|device| device.device_id.clone()).collect::<Vec<_>>(), ids(2500));
    assert_eq!((report.total_licenses, report.used_licenses), (Some(5000), Some(7)));
}

#[test]
fn each_words_meaning_and_unclear_ones_are_looked_up() {
    let all = ids(6);
    let answers = vec![
        DeviceOutcome::new(all[0].clone(), "LicenseAssignSuccess"),
        DeviceOutcome::new(all[1].clone(), "LicenseAssignSuccess").reason(fota_models::Reason::Preexisting),
        DeviceOutcome::new(all[2].clone(), "LicenseAssignFailed").reason(fota_models::Reason::DeviceNotFound),
        DeviceOutcome::new(all[3].clone(), "UpgradePending"),
        DeviceOutcome::new(all[4].clone(), "UpgradePending"),
        // The sixth is not in the answer at all.
    ];
    let mut run = new(Action::Assign, all.clone());
    let names = play(&mut run, |request| match request {
        Request::Assign(_) => Reply::Change(Ok(LicenseChange::default().device_list(answers.clone()))),
        request => lookup(&devices(request), |id| Some(*id == all[3])),
    });
    assert_eq!(names, ["licenses.assign 6", "devices.lookup 3"]);
    let outcomes: Vec<_> = run.report().devices.into_iter().map(|device| device.outcome).collect();
    let refused = |status: &str, reason: Option<&str>| Outcome::Refused {
        status: status.into(),
        reason: reason.map(Into::into),
    };
    assert_eq!(
        outcomes,
        [
            Outcome::Applied,
            Outcome::Already,
            refused("LicenseAssignFailed", Some("Device Not Found")),
            Outcome::Applied,
            refused("UpgradePending", None),
            refused("", Some("the answer does not name the device")),
        ]
    );
}

#[test]
fn a_lost_answer_is_settled_by_reading_and_only_what_was_not_applied_is_sent_again() {
    let all = ids(4);
    let mut sent = 0;
    let mut run = new(Action::Assign, all.clone());
    let names = play(&mut run, |request| match request {
        Request::Assign(_) => {
            sent += 1;
            Reply::Change(if sent == 1 {
                Err(lost())
            } else {
                Ok(answer("LicenseAssignSuccess", &devices(request)))
            })
        }
        request => lookup(&devices(request), |id| Some(*id == all[1])),
    });
    assert_eq!(names, ["licenses.assign 4", "devices.lookup 4", "licenses.assign 3"]);
    assert_eq!(outcomes(run), ["applied"; 4]);
}

/// The lost removal was applied after the look: the refusal of the second one proves nothing.
#[test]
fn a_refusal_after_a_lost_answer_is_checked() {
    let mut sent = 0;
    let mut looks = 0;
    let mut run = new(Action::Remove, ids(1));
    let names = play(&mut run, |request| match request {
        Request::Remove(_) => {
            sent += 1;
            Reply::Change(if sent == 1 {
                Err(lost())
            } else {
                Ok(answer("LicenseRemoveFailed", &devices(request)))
            })
        }
        request => {
            looks += 1;
            lookup(&devices(request), |_| Some(looks == 1))
        }
    });
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(outcomes(run), ["applied"]);
}

/// The same across a crash: the first run looked in vain and died, and its request came late.
#[test]
fn a_refusal_after_an_earlier_runs_lost_answer_is_checked() {
    let all = ids(1);
    let journal = [
        Event::Sending { ticket: Ticket::new(1), devices: all.clone() },
        Event::Unsent { ticket: Ticket::new(1), devices: all.clone() },
    ];
    let mut run = new(Action::Remove, all).replay(journal);
    let names = play(&mut run, |request| match request {
        Request::Remove(_) => Reply::Change(Ok(answer("LicenseRemoveFailed", &devices(request)))),
        request => lookup(&devices(request), |_| Some(false)),
    });
    assert_eq!(names, ["licenses.remove 1", "devices.lookup 1"]);
    assert_eq!(outcomes(run), ["applied"]);
}

#[test]
fn silent_lookups_are_settled_by_the_license_list() {
    let all = ids(3);
    let mut run = new(Action::Assign, all.clone()).options(Options::default().rounds(1));
    let names = play(&mut run, |request| match request {
        Request::Assign(_) => Reply::Change(Err(lost())),
        Request::List(_) => {
            Reply::List(Ok(LicenseSummary::default().device_list(vec![LicensedDevice::new(all[2].clone())])))
        }
        request => lookup(&devices(request), |_| None),
    });
    assert_eq!(names, ["licenses.assign 3", "devices.lookup 3", "licenses.list 0"]);
    // One round was allowed: what surely was not applied is left.
    assert_eq!(outcomes(run), ["notAttempted", "notAttempted", "applied"]);
}

#[test]
fn what_cannot_be_read_stays_unresolved() {
    let mut run = new(Action::Assign, ids(2));
    let names = play(&mut run, |request| match request {
        Request::Assign(_) => Reply::Change(Err(lost())),
        Request::List(_) => Reply::List(Err(refused(400, ""))),
        _ => Reply::Lookup(Err(refused(400, ""))),
    });
    assert_eq!(names, ["licenses.assign 2", "devices.lookup 2", "licenses.list 0"]);
    assert_eq!(outcomes(run), ["unresolved"; 2]);
}

#[test]
fn too_large_requests_are_halved() {
    let mut run = new(Action::Assign, ids(1000));
    let names = play(&mut run, |request| {
        let devices = devices(request);
        Reply::Change(if devices.len() > 300 {
            Err(refused(413, ""))
        } else {
            Ok(answer("Success", &devices))
        })
    });
    assert_eq!(
        names,
        [
            "licenses.assign 1000",
            "licenses.assign 500",
            "licenses.assign 250",
            "licenses.assign 250",
            "licenses.assign 250",
            "licenses.assign 250"
        ]
    );
    assert_eq!(run.report().counts().applied, 1000);
}

#[test]
fn failures_that_do_not_pass_end_the_run() {
    let api = r#"{"errorCode":"INVALID_PARAMETER","errorMessage":"Inactive account"}"#;
    // what every request is answered with, how many are sent for 20 devices, what becomes of the first and last
    for (error, requests, first, last) in [
        (refused(400, api), 5, "refused", "notAttempted"),
        (refused(503, ""), 5, "notAttempted", "notAttempted"),
        (refused(401, ""), 1, "notAttempted", "notAttempted"),
    ] {
        let mut run = new(Action::Remove, ids(20)).options(Options::default().batch(2));
        let names = play(&mut run, |_| Reply::Change(Err(error.clone())));
        assert_eq!(names.len(), requests, "{error}");
        assert_eq!(run.stopped().unwrap().kind(), error.kind());
        let outcomes = outcomes(run);
        assert_eq!((outcomes[0], outcomes[19]), (first, last), "{error}");
    }
}

/// Two requests are in flight, and the answer to the first comes last: its count is the older one.
#[test]
fn the_pool_is_that_of_the_latest_change_and_not_of_the_latest_answer() {
    for (action, first, second) in [(Action::Assign, 1, 2), (Action::Remove, 9, 8)] {
        let mut run = new(action, ids(2)).options(Options::default().batch(1));
        let now = Moment::default();
        let jobs = [run.next(now), run.next(now)].map(|next| match next {
            Next::Send(job) => job,
            next => panic!("{next:?}"),
        });
        for (job, used) in jobs.iter().rev().zip([second, first]) {
            let change = answer("Success", &devices(&job.request)).used_licenses(used);
            run.record(job.ticket, Reply::Change(Ok(change)), now);
        }
        assert_eq!(run.report().used_licenses, Some(second), "{action}");
    }
}

#[test]
fn requests_in_flight_adapt() {
    let mut run = new(Action::Assign, ids(200)).options(Options::default().batch(1).concurrency(8));
    let now = Moment::default();
    let fill = |run: &mut Run, now| {
        let mut jobs = Vec::new();
        while let Next::Send(job) = run.next(now) {
            jobs.push(job);
        }
        jobs
    };
    let mut jobs = fill(&mut run, now);
    assert_eq!(jobs.len(), 4);
    // Good answers open the window step by step.
    for _ in 0..40 {
        let job = jobs.remove(0);
        run.record(job.ticket, Reply::Change(Ok(answer("Success", &devices(&job.request)))), now);
        jobs.extend(fill(&mut run, now));
    }
    assert_eq!(jobs.len(), 8);
    // One 429 halves it and makes a pause.
    let job = jobs.remove(0);
    run.record(job.ticket, Reply::Change(Err(refused(429, ""))), now);
    for job in jobs.drain(..4) {
        run.record(job.ticket, Reply::Change(Ok(answer("Success", &devices(&job.request)))), now);
    }
    assert_eq!(run.in_flight(), 3);
    let Next::Wait(pause) = run.next(now) else { panic!("a pause") };
    // Half of eight, and one more that the four good answers earned.
    assert_eq!(fill(&mut run, now.after(pause)).len(), 2);
}

/// The process dies at every possible point of a run with lost answers; its journal is all that is left.
#[test]
fn a_journal_cut_anywhere_leads_to_the_same_end() {
    let all = ids(6);
    let run_once = |journal: &mut Vec<Event>, licensed: &mut Vec<DeviceId>, steps: usize| -> Option<Run> {
        let mut run =
            new(Action::Assign, all.clone()).options(Options::default().batch(2)).replay(journal.clone());
        let mut now = Moment::default();
        for step in 0.. {
            let Some(job) = job(&mut run, &mut now) else { break };
            journal.extend(run.take_events());
            if step == steps {
                return None;
            }
            let reply = match &job.request {
                Request::Assign(endpoint) => {
                    let fresh =
                        endpoint.devices.device_list.iter().filter(|id| !licensed.contains(id)).count();
                    assert_eq!(fresh, endpoint.devices.device_list.len(), "a device is assigned twice");
                    licensed.extend(endpoint.devices.device_list.iter().cloned());
                    Reply::Change(if step % 2 == 0 {
                        Err(lost())
                    } else {
                        Ok(answer("Success", &devices(&job.request)))
                    })
                }
                request => lookup(&devices(request), |id| Some(licensed.contains(id))),
            };
            run.record(job.ticket, reply, now);
        }
        journal.extend(run.take_events());
        Some(run)
    };
    for steps in 0..12 {
        let (mut journal, mut licensed) = (Vec::new(), Vec::new());
        run_once(&mut journal, &mut licensed, steps);
        let run = run_once(&mut journal, &mut licensed, usize::MAX).unwrap();
        assert_eq!(outcomes(run), ["applied"; 6], "died after {steps} steps");
        // A third run has nothing to do.
        let mut run = new(Action::Assign, all.clone()).replay(journal);
        assert!(matches!(run.next(Moment::default()), Next::Finished));
    }
}

#[test]
fn a_job_that_could_not_be_written_down_is_not_sent_and_ends_the_run() {
    let mut run = new(Action::Assign, ids(3));
    let Next::Send(job) = run.next(Moment::default()) else { panic!() };
    run.withdraw(job.ticket, "disk full".into());
    assert!(matches!(run.next(Moment::default()), Next::Finished));
    assert_eq!(run.stopped().unwrap().kind(), fota_core::ErrorKind::Journal);
    assert_eq!(outcomes(run), ["notAttempted"; 3]);
}

proptest! {
    /// Whatever comes back, the run ends, every device is reported once, and the counts add up.
    #[test]
    fn every_device_once(
        picks in prop::collection::vec(0_u64..40, 0..60),
        batch in 0_usize..20,
        answers in prop::collection::vec(0..8_u8, 400),
    ) {
        let mut distinct = Vec::new();
        for pick in &picks {
            if !distinct.contains(pick) {
                distinct.push(*pick);
            }
        }
        let all = ids(40);
        let input = picks.iter().map(|pick| all[usize::try_from(*pick).unwrap()].clone()).collect();
        let mut run = new(Action::Assign, input).options(Options::default().batch(batch).patience(1000));
        let mut answers = answers.into_iter();
        let (lost, busy, bad) = (lost(), refused(503, ""), refused(400, ""));
        play(&mut run, |request| {
            let devices = devices(request);
            match (request, answers.next().unwrap_or(0)) {
                (Request::Assign(_), 1) => Reply::Change(Err(lost.clone())),
                (Request::Assign(_), 2) => Reply::Change(Err(busy.clone())),
                (Request::Assign(_), 3) => Reply::Change(Err(bad.clone())),
                (Request::Assign(_), 4) => Reply::Change(Ok(answer("LicenseAssignFailed", &devices[1..]))),
                (Request::Assign(_), _) => Reply::Change(Ok(answer("Success", &devices))),
                (Request::Lookup(_), 1) => Reply::Lookup(Err(busy.clone())),
                (Request::Lookup(_), 2) => Reply::Lookup(Err(bad.clone())),
                (Request::Lookup(_), 3) => lookup(&devices, |_| None),
                (Request::Lookup(_), pick) => lookup(&devices, |_| Some(pick % 2 == 0)),
                (_, 1) => Reply::List(Err(busy.clone())),
                (_, 2) => Reply::List(Err(bad.clone())),
                (_, _) => Reply::List(Ok(LicenseSummary::default())),
            }
        });
        let report = run.report();
        prop_assert_eq!(report.devices.len(), distinct.len());
        let counts = report.counts();
        let sum = counts.applied + counts.already + counts.refused + counts.unresolved + counts.not_attempted;
        prop_assert_eq!(sum, distinct.len());
    }
}

#[test]
fn plans_count_licenses() {
    use fota_core::bulk::{Plan, Pool};
    let all = ids(6);
    let plan = Plan::new(all[..4].iter().chain(&all[..1]).cloned(), all[2..].to_vec(), true);
    assert_eq!((plan.assign.as_slice(), plan.remove.as_slice(), plan.unchanged), (&all[..2], &all[4..], 2));
    assert_eq!(plan.kept, 0);
    assert!(plan.check(Pool { total: 4, used: 4 }).is_ok(), "two are freed, two are needed");
    let error = plan.check(Pool { total: 4, used: 5 }).unwrap_err();
    assert_eq!(
        (error.free, error.short_by),
        (1, 1),
        "one more is used than bought, so one removal frees nothing"
    );
    let plan = Plan::new(all[..4].to_vec(), all[2..].to_vec(), false);
    assert_eq!((plan.remove.len(), plan.unchanged, plan.kept), (0, 2, 2));
    let plan = Plan::new(all.clone(), all[5..].to_vec(), false);
    let error = plan.check(Pool { total: 4, used: 1 }).unwrap_err();
    assert_eq!(error.to_string(), "5 licenses are needed and 3 are free: short by 2");
    assert!(Plan::new(all.clone(), all, true).is_empty());
}
