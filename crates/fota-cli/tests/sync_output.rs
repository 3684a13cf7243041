//! What `fota licenses sync` prints, and how `--detailed-exitcode` ends dry runs of all changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "sync/account.rs"]
mod account;
mod common;

use account::Account;
use serde_json::{Value, json};

#[test]
fn every_form_of_output() {
    let account = Account::new(10, 10, 3);
    let file = account.file("fleet.txt", &account.devices[1..5]);
    let flags = ["--prune", "--yes", "--dry-run", "-o"];
    let rows = |outcome: &str| {
        [("remove", 0), ("assign", 3), ("assign", 4)]
            .map(|(action, device)| format!("{},{action},{outcome},,", account.devices[device]))
    };
    let csv = account.sync(&file, &[&flags[..], &["csv"]].concat()).expect(0).stdout;
    let expected =
        |outcome: &str| format!("deviceId,action,outcome,status,reason\n{}\n", rows(outcome).join("\n"));
    assert_eq!(csv, expected("planned"));
    let lines = account.sync(&file, &[&flags[..], &["jsonl"]].concat()).expect(0).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        json!({"deviceId": account.devices[0], "action": "remove", "outcome": "planned", "status": null,
            "reason": null})
    );
    assert_eq!(lines.len(), 3);
    let table = account.sync(&file, &[&flags[..], &["table"]].concat()).expect(0);
    assert!(table.stdout.ends_with("assign 2, remove 1, unchanged 2; nothing was changed (--dry-run)\n"));
    assert_eq!(account.sync(&file, &["--prune", "--yes", "-o", "csv"]).expect(0).stdout, expected("applied"));
    let nothing = |format| account.sync(&file, &["--prune", "--yes", "-o", format]).expect(0).stdout;
    assert_eq!(nothing("csv"), "deviceId,action,outcome,status,reason\n");
    assert_eq!(nothing("jsonl"), "");
    let last = "nothing to change; in sync: the 4 devices of the file have their licenses";
    assert_eq!(nothing("table"), format!("pool now: 4 of 10 licenses in use, 6 free\n{last}\n"));
    let quiet = account.sync(&file, &["-q", "-o", "csv"]).expect(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn assign_and_remove_tell_whether_they_would_change_anything() {
    let account = Account::new(10, 10, 3);
    let (licensed, other) = (account.devices[0].as_str(), account.devices[5].as_str());
    let pending = |verb, devices: &[&str]| {
        let flags = ["--dry-run", "--detailed-exitcode"];
        account.fota(&[&["licenses", verb], &flags[..], devices].concat()).code
    };
    assert_eq!(pending("assign", &[licensed]), 0);
    assert_eq!(pending("assign", &[licensed, other]), 9);
    assert_eq!(pending("remove", &[other]), 0);
    assert_eq!(pending("remove", &[licensed, other]), 9);
    account.fota(&["licenses", "assign", other, "--detailed-exitcode"]).expect(2);
    assert_eq!(account.writes(), 0);
}
