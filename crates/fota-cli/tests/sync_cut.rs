//! Syncs that are cut short, in either phase: `fota resume` and the same sync again both end with the file, and
//! a plan of yesterday is never carried out after that of today.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sync/account.rs"]
mod account;
mod common;

use std::collections::HashSet;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use account::{Account, done, set};
use common::Done;
use serde_json::{Value, json};

const FLAGS: [&str; 9] =
    ["--prune", "--yes", "--max-remove", "100%", "--batch-size", "3", "--concurrency", "2", "-q"];

/// 60 of 120 devices are licensed, and no license is free; the file wants the last 60 and half of the others.
fn slow_account() -> (Account, String) {
    let account = Account::new(120, 60, 60);
    for operation in ["licenses.remove", "licenses.assign"] {
        account.fault(&format!("{operation}:delay=40ms"));
    }
    let file = account.file("fleet.txt", &account.devices[30..90]);
    (account, file)
}

/// Starts a sync, and gives it when so many requests of that operation have come.
fn start_until(account: &Account, file: &str, operation: &str, requests: u64) -> Child {
    let before = account.server.counters().operation(operation);
    let mut child =
        account.command(&[&["licenses", "sync", "--from", file][..], &FLAGS].concat()).spawn().unwrap();
    let start = Instant::now();
    while account.server.counters().operation(operation) < before + requests {
        assert!(start.elapsed() < Duration::from_secs(30), "{operation} was not asked for");
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before the cut: {ended:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn interrupt(child: Child) -> Done {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    done(child.wait_with_output().unwrap())
}

fn runs(account: &Account) -> Vec<Value> {
    account.fota(&["runs", "-o", "json"]).expect(0).json().as_array().unwrap().clone()
}

/// No device whose outcome is on disk is part of a later request of that run.
fn assert_nothing_is_sent_twice(account: &Account) {
    for run in runs(account) {
        let name = run["run"].as_str().unwrap();
        let path = account.home.path().join(format!("state/fota/runs/{name}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut settled = HashSet::new();
        for line in text.lines().skip(1) {
            let line: Value = serde_json::from_str(line).unwrap();
            for id in line["sending"]["devices"].as_array().into_iter().flatten() {
                assert!(!settled.contains(id), "{id} was settled, and sent again");
            }
            let outcomes = line["settled"]["outcomes"].as_array().into_iter().flatten();
            settled.extend(outcomes.map(|known| known["device"].clone()));
        }
    }
}

#[test]
fn a_sync_that_was_killed_in_either_phase_is_resumed_to_its_end() {
    for operation in ["licenses.remove", "licenses.assign"] {
        for requests in [1, 4, 7] {
            let (account, file) = slow_account();
            kill(start_until(&account, &file, operation, requests));
            assert_eq!(runs(&account).last().unwrap()["finished"], false);
            let change = account.fota(&["resume", "-o", "json"]).expect(0).json();
            assert_eq!((&change["applied"], &change["inSync"]), (&json!(60), &Value::Null), "{change}");
            assert_eq!((&change["plan"]["remove"], &change["plan"]["assign"]), (&json!(30), &json!(30)));
            assert_eq!(account.licensed(), set(&account.devices[30..90]), "{operation} {requests}");
            assert_nothing_is_sent_twice(&account);
            assert_eq!(runs(&account).last().unwrap()["finished"], true);
            let writes = account.writes();
            account.sync(&file, &FLAGS).expect(0);
            assert_eq!(account.writes(), writes, "the file is reached");
        }
    }
}

#[test]
fn a_sync_that_was_killed_in_either_phase_is_made_good_by_the_next() {
    for operation in ["licenses.remove", "licenses.assign"] {
        for requests in [1, 5] {
            let (account, file) = slow_account();
            kill(start_until(&account, &file, operation, requests));
            let change = account.sync(&file, &[&FLAGS[..], &["-o", "json"]].concat()).expect(0).json();
            assert_eq!(change["inSync"], true, "{change}");
            assert_eq!(account.licensed(), set(&account.devices[30..90]), "{operation} {requests}");
            let runs = runs(&account);
            assert!(runs.iter().all(|run| run["action"] != "sync" || run["finished"] == true), "{runs:?}");
            account.fota(&["resume"]).expect(2);
        }
    }
}

/// Yesterday's sync was cut short while it removed. Today's file is another one. Were the old plan resumed
/// later, devices would lose licenses that today's file gave them.
#[test]
fn an_old_plan_is_never_carried_out_after_a_newer_one() {
    let (account, file) = slow_account();
    kill(start_until(&account, &file, "licenses.remove", 2));
    let old = runs(&account).last().unwrap()["run"].as_str().unwrap().to_owned();
    let today = account.file("today.txt", &account.devices[..60]);
    // A look at the plan leaves the old one alone.
    account.sync(&today, &["--prune", "--dry-run"]).expect(0);
    assert_eq!(runs(&account).last().unwrap()["finished"], false);
    account.sync(&today, &FLAGS).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[..60]));
    let writes = account.writes();
    for arguments in [&["resume"][..], &["resume", &old]] {
        let refused = account.fota(arguments).expect(2);
        assert!(refused.stderr.contains("finished"), "{refused:#?}");
    }
    assert_eq!(account.writes(), writes);

    // The same when there is nothing to do.
    kill(start_until(&account, &file, "licenses.remove", 1));
    let back = account.file("back.txt", &account.licensed().into_iter().collect::<Vec<_>>());
    let writes = account.writes();
    account.sync(&back, &FLAGS).expect(0);
    account.fota(&["resume"]).expect(2);
    assert_eq!(account.writes(), writes);
}

#[test]
fn an_interrupt_while_removing_keeps_the_assignment_from_beginning() {
    let (account, file) = slow_account();
    let stopped = interrupt(start_until(&account, &file, "licenses.remove", 2)).expect(130);
    assert!(stopped.stderr.contains("fota resume "), "{stopped:#?}");
    assert!(stopped.stdout.ends_with("not in sync\n"), "{stopped:#?}");
    let counters = account.server.counters();
    assert!(counters.operation("licenses.remove") < 10, "what is not sent yet is not sent");
    assert_eq!(counters.operation("licenses.assign"), 0);
    account.fota(&["resume", "-q"]).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[30..90]));
}

/// Removals that do not come through free nothing, and a service in trouble is left alone.
#[test]
fn an_outage_while_removing_keeps_the_assignment_from_beginning() {
    let account = Account::new(40, 40, 30);
    account.fault("licenses.remove:503:skip=1");
    let file = account.file("fleet.txt", &account.devices[10..40]);
    let flags = ["--timeout", "100ms", "-o", "json"];
    let cut = account.sync(&file, &[&FLAGS[..], &flags].concat()).expect(6);
    let change = cut.json();
    assert_eq!((&change["applied"], &change["notAttempted"]), (&json!(3), &json!(17)), "{change}");
    assert_eq!(account.server.counters().operation("licenses.assign"), 0);
    let hint = cut.error()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("fota resume "), "{hint}");
    account.server.with(fota_emulator::Emulator::clear_faults);
    account.fota(&["resume", "-q"]).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[10..40]));
}

/// Not even while the first one still reads: its plan would be made of licenses that the second one moves.
#[test]
fn two_syncs_of_an_account_do_not_work_at_the_same_time() {
    let (account, file) = slow_account();
    let other = account.file("other.txt", &account.devices[..60]);
    let refused = || {
        let second = account.sync(&other, &FLAGS).expect(2);
        assert!(second.stderr.contains("another process is working on a sync"), "{second:#?}");
    };
    account.fault("licenses.list:delay=20s:once");
    let reading = start_until(&account, &file, "licenses.list", 1);
    refused();
    kill(reading);

    let changing = start_until(&account, &file, "licenses.remove", 1);
    refused();
    let look = account.sync(&other, &["--dry-run"]);
    assert!(look.stdout.contains("nothing was changed"), "looking is free: {look:#?}");
    done(changing.wait_with_output().unwrap()).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[30..90]));
}

/// Less room than when the plan was made: the resumed sync assigns what fits.
#[test]
fn a_resumed_sync_looks_at_the_pool_again() {
    let (account, file) = slow_account();
    kill(start_until(&account, &file, "licenses.remove", 9));
    account.server.with(|emulator| {
        let name = emulator.account_name();
        emulator.account_mut(name.as_str()).unwrap().set_total_licenses(50);
    });
    let change = account.fota(&["resume", "-o", "json"]).expect(5).json();
    assert_eq!((&change["applied"], &change["notAttempted"]), (&json!(50), &json!(10)), "{change}");
    assert_eq!(account.licensed(), set(&account.devices[30..80]));
}
