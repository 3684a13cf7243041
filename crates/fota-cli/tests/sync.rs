//! `fota licenses sync`: the account becomes what the file says, once; what cannot or must not be is refused as
//! a whole; and whatever the service and other people do meanwhile, it ends with the truth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sync/account.rs"]
mod account;
mod common;

use account::{Account, set};
use serde_json::json;

#[test]
fn it_converges_and_then_there_is_nothing_to_do() {
    let account = Account::new(40, 40, 25);
    // 5 to 25 have one, 25 to 32 need one, 0 to 5 are not in the file.
    let file = account.file("fleet.txt", &account.devices[5..32]);
    let plan = ["--dry-run", "--detailed-exitcode", "-o", "json"];

    let planned = account.sync(&file, &plan).expect(9).json();
    assert_eq!(
        planned["plan"],
        json!({"wanted": 27, "licensed": 25, "assign": 7, "remove": 0, "unchanged": 20, "kept": 5,
            "totalLicenses": 40, "assignedLicenses": 25, "freeLicenses": 15, "shortBy": 0})
    );
    assert_eq!((&planned["dryRun"], &planned["inSync"]), (&json!(true), &json!(false)));
    let outcomes: Vec<_> = planned["devices"].as_array().unwrap().iter().map(|d| &d["outcome"]).collect();
    assert_eq!(outcomes, [&json!("planned"); 7]);
    assert_eq!(account.writes(), 0, "a dry run changes nothing");
    account.sync(&file, &["--dry-run"]).expect(0);

    let change = account.sync(&file, &["-o", "json"]).expect(0).json();
    assert_eq!((&change["applied"], &change["inSync"]), (&json!(7), &json!(true)), "{change}");
    assert_eq!((&change["plan"]["kept"], &change["assignedLicenses"]), (&json!(5), &json!(32)));
    assert_eq!(account.licensed(), set(&account.devices[..32]), "nothing is taken without --prune");

    account.server.with(fota_emulator::Emulator::clear_log);
    let again = account.sync(&file, &["-o", "json"]).expect(0).json();
    assert_eq!((&again["devices"], &again["inSync"]), (&json!([]), &json!(true)), "{again}");
    let none = account.sync(&file, &plan).expect(0).json();
    assert_eq!(none["plan"]["assign"], 0);
    assert_eq!(account.writes(), 0, "the second run changes nothing");
}

#[test]
fn pruning_removes_first_and_looks_before_it_assigns() {
    let account = Account::new(40, 25, 25);
    // The pool is used up: two licenses have to come back before two devices can have them.
    let file = account.file("fleet.txt", &account.devices[2..27]);
    let plan = ["--prune", "--dry-run", "--detailed-exitcode"];
    let planned = account.sync(&file, &plan).expect(9);
    assert!(planned.stdout.contains("2 needed, 2 freed: fits"), "{planned:#?}");
    assert!(planned.stderr.contains("cancels the device's scheduled upgrades"), "{planned:#?}");

    let done = account.sync(&file, &["--prune", "--yes"]).expect(0);
    let first = &account.devices[0];
    assert!(done.stdout.contains(&format!("{first}   remove  removed")), "{done:#?}");
    let last = "2 assigned, 2 removed; in sync: the 25 devices of the file have their licenses";
    assert_eq!(done.stdout.lines().last(), Some(last));
    assert_eq!(account.licensed(), set(&account.devices[2..27]));
    let order: Vec<_> = account
        .log(&["licenses.list", "licenses.assign", "licenses.remove"])
        .iter()
        .map(|e| e.operation)
        .collect();
    let removed = order.iter().position(|name| *name == "licenses.remove").unwrap();
    assert_eq!(order[removed..removed + 3], ["licenses.remove", "licenses.list", "licenses.assign"]);

    account.server.with(fota_emulator::Emulator::clear_log);
    account.sync(&file, &["--prune", "--yes"]).expect(0);
    account.sync(&file, &plan).expect(0);
    assert_eq!(account.writes(), 0);
}

#[test]
fn what_cannot_fit_sends_nothing_and_says_what_is_missing() {
    let account = Account::new(40, 20, 15);
    let file = account.file("fleet.txt", &account.devices[5..30]);
    let done = account.sync(&file, &[]).expect(3);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.contains("15 licenses needed, 5 free: short by 10; nothing was sent"), "{done:#?}");
    assert!(done.stderr.contains("--prune removes") && done.stderr.contains("10 licenses more"), "{done:#?}");
    // Five more with --prune, and still not enough.
    let flags = ["--prune", "--yes", "--max-remove", "100%", "-o", "json"];
    let error = account.sync(&file, &flags).expect(3).error();
    assert_eq!(error["kind"], "does_not_fit", "{error}");
    assert!(error["message"].as_str().unwrap().contains("short by 5"), "{error}");
    // The plan is shown; no detailed exit code makes it look feasible.
    let flags = ["--dry-run", "--detailed-exitcode", "-o", "json"];
    let planned = account.sync(&file, &flags).expect(3);
    assert_eq!(planned.json()["plan"]["shortBy"], 10);
    assert_eq!(account.writes(), 0);
}

/// Devices that were upgraded keep their license, so less comes free than planned: what fits is assigned, and
/// not a device more.
#[test]
fn a_refused_removal_never_makes_the_assignment_overrun() {
    let account = Account::new(20, 10, 10);
    account.server.with(|emulator| {
        let name = emulator.account_name();
        let state = fota_emulator::DeviceState::upgraded();
        emulator.account_mut(name.as_str()).unwrap().set_device(account.devices[0].as_str().into(), state);
    });
    let file = account.file("fleet.txt", &account.devices[3..13]);
    let failed = account.home.path().join("failed.csv");
    let flags = ["--prune", "--yes", "--max-remove", "3", "-o", "json", "--failed", failed.to_str().unwrap()];
    let change = account.sync(&file, &flags).expect(5).json();
    assert_eq!(
        (&change["applied"], &change["refused"], &change["notAttempted"], &change["inSync"]),
        (&json!(4), &json!(1), &json!(1), &json!(false)),
        "{change}"
    );
    let devices = change["devices"].as_array().unwrap();
    let find = |id: &str| devices.iter().find(|device| device["deviceId"] == id).unwrap();
    let refused = find(&account.devices[0]);
    assert_eq!((&refused["action"], &refused["outcome"]), (&json!("remove"), &json!("refused")));
    assert!(refused["reason"].is_string(), "{refused}");
    // First come, first served, in the order of the file.
    let held = find(&account.devices[12]);
    assert_eq!(held["outcome"], "notAttempted");
    assert!(held["reason"].as_str().unwrap().contains("no license was left"), "{held}");
    let sent: Vec<_> = account.log(&["licenses.assign"]).iter().map(|entry| entry.devices).collect();
    assert_eq!(sent, [2], "the third device is not even asked for");
    assert_eq!(account.licensed().len(), 10);
    let rows = std::fs::read_to_string(&failed).unwrap();
    assert!(rows.starts_with("imei,action,outcome,status,reason\n"), "{rows}");
    assert!(rows.contains(&format!("{},remove,refused,LicenseRemoveFailed", account.devices[0])), "{rows}");
    // Nothing is left to resume; the same sync says the same again.
    account.fota(&["resume"]).expect(2);
    let done = account.sync(&file, &["--prune", "--yes"]).expect(5);
    assert_eq!(done.stdout.lines().last(), Some("1 refused, 1 not attempted; not in sync"));
    assert_eq!(account.log(&["licenses.assign"]).len(), 1);
}

#[test]
fn lost_answers_in_both_phases_are_settled_by_reading() {
    let account = Account::new(60, 40, 40);
    account.fault("licenses.remove:close-after:once");
    account.fault("licenses.remove:close:once");
    account.fault("licenses.assign:close-after:once");
    account.fault("licenses.assign:close:once");
    account.fault("licenses.list:503:times=2");
    let file = account.file("fleet.txt", &account.devices[20..60]);
    let flags = ["--prune", "--yes", "--max-remove", "50%", "--batch-size", "7", "-o", "json"];
    let change = account.sync(&file, &flags).expect(0).json();
    assert_eq!((&change["applied"], &change["inSync"]), (&json!(40), &json!(true)), "{change}");
    assert_eq!(account.licensed(), set(&account.devices[20..60]));
}

#[test]
fn a_list_that_breaks_off_changes_nothing() {
    let account = Account::new(40, 40, 30);
    account.fault("licenses.list:400:body=api:skip=2");
    let file = account.file("fleet.txt", &account.devices[20..40]);
    let done = account.sync(&file, &["--prune", "--yes", "--max-remove", "100%"]).expect(1);
    assert!(done.stderr.contains("not read to its end, and nothing was changed"), "{done:#?}");
    assert_eq!((done.stdout.as_str(), account.writes()), ("", 0));
}

/// Somebody else takes a wanted license away while the list is read, gives one to a device that is not wanted,
/// and takes one that was to be removed.
#[test]
fn what_others_change_meanwhile_is_made_good_in_the_same_run() {
    let account = Account::new(40, 40, 30);
    let file = account.file("fleet.txt", &account.devices[2..32]);
    let rule = |action, device: usize, request: &str, skip| {
        let device = &account.devices[device];
        account.fault(&format!("licenses.{request}:operator={action}:devices={device}:skip={skip}:once"));
    };
    rule("remove", 5, "list", 1);
    rule("remove", 0, "remove", 0);
    rule("assign", 31, "assign", 0);
    let flags = ["--prune", "--yes", "-o", "json"];
    let change = account.sync(&file, &flags).expect(0).json();
    assert_eq!((&change["refused"], &change["inSync"]), (&json!(0), &json!(true)), "{change}");
    // Devices 30 and 5 got one, 1 lost its; 31 had one by then, and 0 had none.
    assert_eq!((&change["applied"], &change["already"]), (&json!(3), &json!(2)), "{change}");
    assert_eq!(account.licensed(), set(&account.devices[2..32]));

    // What was not in the plan is not removed, but told.
    account.fota(&["licenses", "remove", "-q", "--yes", &account.devices[31]]).expect(0);
    account.server.with(fota_emulator::Emulator::clear_faults);
    rule("assign", 39, "assign", 0);
    let error = account.sync(&file, &flags).expect(6);
    assert_eq!(error.json()["inSync"], false);
    assert_eq!(error.error()["kind"], "changed_meanwhile");
    assert!(account.licensed().contains(&account.devices[39]));
    account.sync(&file, &flags).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[2..32]));
}

#[test]
fn mass_removals_and_empty_files_are_refused() {
    let account = Account::new(40, 40, 30);
    let refused = |file: &str, flags: &[&str], code| {
        let done = account.sync(file, &[flags, &["-o", "json"]].concat()).expect(code);
        assert_eq!((done.stdout.as_str(), account.writes()), ("", 0), "{flags:?}");
        done.error()
    };
    // Four of thirty are more than a tenth.
    let file = account.file("fleet.txt", &account.devices[4..30]);
    let error = refused(&file, &["--prune", "--yes"], 3);
    assert_eq!(error["kind"], "too_many_removals");
    assert!(error["hint"].as_str().unwrap().contains("--max-remove 4"), "{error}");
    refused(&file, &["--prune", "--yes", "--max-remove", "3"], 3);
    refused(&file, &["--prune", "--yes", "--max-remove", "13%", "--skip-invalid"], 2);
    // Nobody is there to be asked.
    refused(&file, &["--prune"], 2);
    refused(&file, &["--max-remove", "4", "--yes"], 2);
    for empty in ["", "imei\n", "# nothing\n"] {
        let file = account.home.write("empty.csv", empty).to_str().unwrap().to_owned();
        refused(&file, &["--yes"], 3);
        let error = refused(&file, &["--prune", "--yes", "--max-remove", "100%"], 3);
        assert!(error["hint"].as_str().unwrap().contains("--allow-empty"), "{error}");
        // Allowed to be empty is not allowed to remove everything.
        let error = refused(&file, &["--prune", "--yes", "--allow-empty"], 3);
        assert_eq!(error["kind"], "too_many_removals");
    }
    assert_eq!(account.licensed().len(), 30);
    account.sync(&file, &["--prune", "--yes", "--max-remove", "4"]).expect(0);
    let file = account.home.write("empty.csv", "imei\n").to_str().unwrap().to_owned();
    account.sync(&file, &["--prune", "--yes", "--allow-empty", "--max-remove", "100%"]).expect(0);
    assert!(account.licensed().is_empty());
}

/// The file has the 14 digits of a device that the account lists with 15: it must not lose its license.
#[test]
fn another_spelling_of_a_licensed_device_is_refused() {
    let account = Account::new(40, 40, 30);
    let mut wanted = account.devices[..30].to_vec();
    wanted[7].truncate(14);
    let file = account.file("fleet.txt", &wanted);
    for flags in [&["--prune", "--yes", "--unchecked"][..], &["--unchecked"]] {
        let done = account.sync(&file, flags).expect(3);
        assert!(
            done.stderr.contains(&account.devices[7]) && done.stderr.contains("same device"),
            "{done:#?}"
        );
    }
    // Twice in the file, and not in the account.
    wanted[29] = account.devices[35].clone();
    wanted[7] = account.devices[35][..14].to_owned();
    let file = account.file("fleet.txt", &wanted);
    let done = account.sync(&file, &["--unchecked"]).expect(3);
    assert!(done.stderr.contains("the file has") && done.stderr.contains("same device"), "{done:#?}");
    assert_eq!(account.writes(), 0);
}

#[test]
fn duplicates_are_told_or_skipped() {
    let account = Account::new(10, 10, 0);
    let mut wanted = account.devices[..5].to_vec();
    wanted.push(wanted[1].clone());
    let file = account.file("fleet.txt", &wanted);
    let done = account.sync(&file, &[]).expect(3);
    assert!(done.stderr.contains("line 6") && done.stderr.contains("line 2"), "{done:#?}");
    assert_eq!(account.server.counters().requests, 0);
    account.sync(&file, &["--skip-invalid"]).expect(0);
    assert_eq!(account.licensed(), set(&account.devices[..5]));
}
