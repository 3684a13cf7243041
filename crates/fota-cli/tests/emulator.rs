//! Against `fota emulator` in a process of its own, as against the real service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use common::{Emulator, Home};

const FLEET: [&str; 6] = ["--devices", "2500", "--licenses", "2000", "--seed", "7"];

#[test]
fn a_list_walks_all_pages() {
    let home = Home::new();
    for page_size in ["1000", "7"] {
        let emulator = Emulator::start(&home, &[&FLEET[..], &["--page-size", page_size]].concat());
        let list = emulator.fota(&home, &["licenses", "list", "-o", "json"]).expect(0).json();
        let ids: Vec<&str> =
            list.as_array().unwrap().iter().map(|row| row["deviceId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 1500);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1500);
        let table = emulator.fota(&home, &["licenses", "list"]).expect(0);
        assert_eq!(table.stdout.lines().count(), 1501);
        assert!(table.stderr.contains("1500 devices hold a license"), "{}", table.stderr);
        let quiet = emulator.fota(&home, &["licenses", "list", "-q"]).expect(0);
        assert_eq!(quiet.stderr, "");
    }
}

#[test]
fn the_exports_are_ready_to_paste() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &FLEET);
    let names: Vec<&str> = emulator.exports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "FOTA_BASE_URL",
            "FOTA_ACCOUNT",
            "FOTA_CLIENT_ID",
            "FOTA_CLIENT_SECRET",
            "FOTA_USERNAME",
            "FOTA_PASSWORD"
        ]
    );
    assert!(emulator.exports[0].1.starts_with("http://127.0.0.1:"));
    let usage = emulator.fota(&home, &["licenses", "usage", "-o", "json"]).expect(0).json();
    assert_eq!(usage["totalLicenses"], 2000);
    assert_eq!(usage["assignedLicenses"], 1500);
}

#[test]
fn devices_of_nobody_are_refused_one_by_one() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &FLEET);
    let done = emulator.fota(&home, &["licenses", "assign", "352099001761481", "353328110034566"]).expect(5);
    assert_eq!(done.stdout.matches("refused").count(), 3, "{}", done.stdout);
    assert_eq!(done.stdout.lines().last(), Some("2 devices: 0 assigned, 2 refused"));
}

#[test]
fn a_wrong_password_is_tried_once_and_explained() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--assigned", "0"]);
    for verb in [&["auth", "status"][..], &["licenses", "list"]] {
        let mut command = emulator.command(&home);
        let output = command.env("FOTA_PASSWORD", "wrong-and-fake").args(verb).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{errors}");
        assert!(errors.contains("hint: check FOTA_USERNAME and FOTA_PASSWORD"), "{errors}");
        assert!(output.stdout.is_empty());
    }
    // Two wrong logins so far. Five would have locked the user.
    emulator.fota(&home, &["auth", "status"]).expect(0);
    let mut command = emulator.command(&home);
    let output = command
        .env("FOTA_CLIENT_SECRET", "wrong-and-fake")
        .args(["auth", "status", "-o", "json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let errors: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(errors["error"]["kind"], "unauthorized");
    assert!(errors["error"]["hint"].as_str().unwrap().contains("FOTA_CLIENT_SECRET"), "{errors}");
}

#[test]
fn the_state_outlives_the_process() {
    let home = Home::new();
    let state = home.path().join("emulator.json");
    let arguments =
        ["--adopt-unknown", "--devices", "0", "--licenses", "5", "--state", state.to_str().unwrap()];
    let mut emulator = Emulator::start(&home, &arguments);
    emulator.fota(&home, &["licenses", "assign", "352099001761481"]).expect(0);
    assert_eq!(terminate(&mut emulator), Some(0));
    let emulator = Emulator::start(&home, &arguments);
    let list = emulator.fota(&home, &["licenses", "list", "-o", "json"]).expect(0).json();
    assert_eq!(list[0]["deviceId"], "352099001761481");
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[test]
fn a_port_in_use_is_told() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = home.fota(["emulator", "--port", &port]).expect(1);
    assert!(done.stderr.contains(&port) && done.stdout.is_empty(), "{done:#?}");
    home.fota(["emulator", "--sandbox"]).expect(2);
}

#[test]
fn a_reader_that_goes_away_ends_the_list_quietly() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &[&FLEET[..], &["--page-size", "10"]].concat());
    let mut child = emulator
        .command(&home)
        .args(["licenses", "list", "-o", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"deviceId\""), "{first}");
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
}

/// Asks the process to end, politely, and gives its exit code.
fn terminate(emulator: &mut Emulator) -> Option<i32> {
    let killed = Command::new("kill").args(["-TERM", &emulator.id().to_string()]).status().unwrap();
    assert!(killed.success());
    emulator.wait()
}
