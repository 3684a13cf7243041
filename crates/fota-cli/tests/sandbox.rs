//! The main job with no account: assign the fleet of a file, list it, take it back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::{Home, fleet, fleet_imeis};
use serde_json::{Value, json};

fn listed(home: &Home) -> BTreeSet<String> {
    let list = home.fota(["--sandbox", "licenses", "list", "-o", "json"]).expect(0).json();
    list.as_array().unwrap().iter().map(|row| row["deviceId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fleet_gets_its_licenses_and_gives_them_back() {
    let home = Home::new();
    let file = fleet();
    let imeis = fleet_imeis();
    assert_eq!(imeis.len(), 12);
    let change = |verb: &'static str| {
        home.fota(["--sandbox", "licenses", verb, "--yes", "--from", file.to_str().unwrap()])
    };

    let done = change("assign").expect(0);
    for imei in &imeis {
        let line = done.stdout.lines().find(|line| line.starts_with(imei.as_str())).unwrap();
        assert!(line.ends_with(" assigned"), "{line}");
    }
    assert!(done.stdout.contains("pool before: 0 of 100 licenses in use, 100 free"), "{}", done.stdout);
    assert!(done.stdout.contains("pool after:  12 of 100 licenses in use, 88 free"), "{}", done.stdout);
    assert_eq!(done.stdout.lines().last(), Some("12 devices, all assigned"));

    assert_eq!(listed(&home), imeis.iter().cloned().collect());
    let again = change("assign").expect(0);
    assert_eq!(again.stdout.lines().last(), Some("12 devices: 0 assigned, 12 had one already"));

    let done = change("remove").expect(0);
    assert_eq!(done.stdout.matches(" removed\n").count(), 12 + 1, "{}", done.stdout);
    assert!(done.stdout.contains("pool after:  0 of 100 licenses in use, 100 free"), "{}", done.stdout);
    assert_eq!(listed(&home), BTreeSet::new());
    assert_eq!(home.fota(["--sandbox", "licenses", "list", "-o", "json"]).expect(0).stdout, "[]\n");
}

#[test]
fn json_has_the_documented_shapes() {
    let home = Home::new();
    let usage = home.fota(["licenses", "usage", "--sandbox", "-o", "json"]).expect(0).json();
    assert_eq!(
        usage,
        json!({"accountName": "0000123456-00001", "totalLicenses": 100, "assignedLicenses": 0, "freeLicenses": 100})
    );
    let imei = "352099001761481";
    let change = home.fota(["--sandbox", "licenses", "assign", imei, "-o", "json"]).expect(0).json();
    assert_eq!(
        change,
        json!({"accountName": "0000123456-00001", "requested": 1, "applied": 1, "already": 0, "refused": 0,
               "unresolved": 0, "notAttempted": 0, "totalLicenses": 100, "assignedLicenses": 1,
               "devices": [{"deviceId": imei, "outcome": "applied", "status": null, "reason": null}]})
    );
    let list = home.fota(["--sandbox", "licences", "list", "-o", "json"]).expect(0).json();
    assert_eq!(list[0]["deviceId"], imei);
    assert!(list[0]["assignmentTime"].as_str().unwrap().starts_with("20"), "{list}");
    assert_eq!(list[0].as_object().unwrap().len(), 2);

    // One of two has no license to give back.
    let other = "353328110034566";
    let change =
        home.fota(["--sandbox", "licenses", "remove", "--yes", imei, other, "-o", "json"]).expect(5).json();
    assert_eq!((&change["applied"], &change["refused"]), (&json!(1), &json!(1)));
    assert_eq!(change["devices"][0]["outcome"], "applied");
    assert_eq!(change["devices"][1]["outcome"], "refused");
    assert_eq!(change["devices"][1]["status"], "LicenseRemoveFailed");
    assert!(change["devices"][1]["reason"].is_string(), "{change}");
}

#[test]
fn csv_and_jsonl_hold_one_device_a_line() {
    let home = Home::new();
    let file = fleet();
    let file = file.to_str().unwrap();
    let done = home.fota(["--sandbox", "licenses", "assign", "--from", file, "-o", "csv"]).expect(0);
    let mut expected = vec!["deviceId,outcome,status,reason".to_owned()];
    expected.extend(fleet_imeis().iter().map(|imei| format!("{imei},applied,,")));
    assert_eq!(done.stdout.lines().collect::<Vec<_>>(), expected);
    let done = home.fota(["--sandbox", "licenses", "list", "-o", "csv"]).expect(0);
    assert_eq!(done.stdout.lines().next(), Some("deviceId,assignmentTime"));
    assert_eq!(done.stdout.lines().count(), 13);
    let done = home.fota(["--sandbox", "licenses", "list", "-o", "jsonl"]).expect(0);
    let rows: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 12);
    let done = home.fota(["--sandbox", "licenses", "usage", "-o", "csv"]).expect(0);
    assert_eq!(
        done.stdout,
        "accountName,totalLicenses,assignedLicenses,freeLicenses\n0000123456-00001,100,12,88\n"
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    let home = Home::new();
    let file = fleet();
    let file = file.to_str().unwrap();
    let plan =
        home.fota(["--sandbox", "licenses", "assign", "--from", file, "--dry-run", "-o", "json"]).expect(0);
    let plan = plan.json();
    assert_eq!(
        (&plan["dryRun"], &plan["requested"], &plan["applied"]),
        (&json!(true), &json!(12), &json!(0))
    );
    assert_eq!(plan["devices"][0]["outcome"], "planned");
    let done = home.fota(["--sandbox", "licenses", "assign", "--from", file, "--dry-run"]).expect(0);
    assert!(done.stdout.contains("nothing was changed"), "{}", done.stdout);
    assert_eq!(listed(&home).len(), 0);
}

#[test]
fn a_pool_that_is_too_small_refuses_the_surplus() {
    let home = Home::new();
    let imeis: String = (0..105).map(|n| with_check_digit(35_209_900_000_000 + n) + "\n").collect();
    let done =
        home.fota_stdin(&["--sandbox", "licenses", "assign", "--from", "-", "--batch-size", "40"], &imeis);
    let done = done.expect(5);
    assert!(done.stderr.contains("only 100 of 105 fit"), "{}", done.stderr);
    assert_eq!(done.stdout.lines().last(), Some("105 devices: 100 assigned, 5 refused"));
    assert_eq!(listed(&home).len(), 100);
}

#[test]
fn removing_without_a_terminal_needs_yes() {
    let home = Home::new();
    let imei = "352099001761481";
    home.fota(["--sandbox", "licenses", "assign", imei]).expect(0);
    let done = home.fota(["--sandbox", "licenses", "remove", imei]).expect(2);
    assert!(done.stderr.contains("--yes") && done.stdout.is_empty(), "{done:#?}");
    assert_eq!(listed(&home).len(), 1);
}

#[test]
fn commands_at_the_same_time_wait_for_each_other() {
    let home = Home::new();
    let imeis = fleet_imeis();
    std::thread::scope(|scope| {
        for imei in &imeis {
            let home = &home;
            scope.spawn(move || home.fota(["--sandbox", "licenses", "assign", imei.as_str()]).expect(0));
        }
    });
    assert_eq!(listed(&home), imeis.into_iter().collect());
}

#[test]
fn auth_status_tells_who_and_where_and_no_secret() {
    let home = Home::new();
    let done = home.fota(["--sandbox", "auth", "status", "-o", "json"]).expect(0);
    let status = done.json();
    assert_eq!(status["accountName"], "0000123456-00001");
    assert_eq!(status["loggedIn"], true);
    assert!(status["baseUrl"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{status}");
    assert!(status["accessTokenExpiresIn"].as_u64().is_some_and(|seconds| seconds <= 3600), "{status}");
    assert!(!done.stdout.contains("not-real") && !done.stderr.contains("not-real"), "{done:#?}");
    home.fota(["--sandbox", "auth", "status"]).expect(0);
}

fn with_check_digit(body: u64) -> String {
    let digits = format!("{body:014}");
    let sum: u32 = digits
        .chars()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit.to_digit(10).unwrap()) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
