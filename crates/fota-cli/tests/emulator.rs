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

#[test]
fn faults_of_the_command_line_are_in_force() {
    let home = Home::new();
    let arguments = [
        "--devices",
        "10",
        "--assigned",
        "10",
        "--fault",
        "licenses.list:400:code=SHORT_FORM:after-requests=1:once",
        "--fault",
        r#"{"operation":"licenses.list","effect":{"kind":"answer","status":400,"code":"LONG_FORM"},"window":{"afterRequests":2}}"#,
    ];
    let emulator = Emulator::start(&home, &arguments);
    emulator.fota(&home, &["licenses", "list"]).expect(0);
    for code in ["SHORT_FORM", "LONG_FORM", "LONG_FORM"] {
        let failed = emulator.fota(&home, &["licenses", "list"]);
        assert_ne!(failed.code, 0);
        assert!(failed.stderr.contains(code), "{code}: {failed:#?}");
    }
}

#[test]
fn a_lost_answer_of_the_command_line_was_carried_out() {
    let home = Home::new();
    let arguments = ["--devices", "0", "--adopt-unknown", "--fault", "licenses.assign:close-after"];
    let emulator = Emulator::start(&home, &arguments);
    let device = "352099001761481";
    // Whatever the command makes of it, within its time: the device has its license.
    emulator.fota(&home, &["licenses", "assign", device, "--timeout", "10s"]);
    let list = emulator.fota(&home, &["licenses", "list", "-o", "json"]).expect(0).json();
    assert_eq!(list[0]["deviceId"], device);
}

#[test]
fn a_second_operator_works_behind_our_back() {
    let home = Home::new();
    let rule = "licenses.list:operator=remove:random=2:seed=7";
    let emulator = Emulator::start(&home, &["--devices", "10", "--assigned", "10", "--fault", rule]);
    for left in [8, 6] {
        let list = emulator.fota(&home, &["licenses", "list", "-o", "json"]).expect(0).json();
        assert_eq!(list.as_array().unwrap().len(), left);
    }
}

#[test]
fn a_rate_limit_is_in_force() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--rate-limit", "1/1h"]);
    emulator.fota(&home, &["licenses", "usage"]).expect(0);
    let throttled = emulator.fota(&home, &["licenses", "usage", "--timeout", "2s"]);
    assert_ne!(throttled.code, 0, "{throttled:#?}");
    assert!(throttled.stderr.contains("429") || throttled.stderr.contains("900800"), "{throttled:#?}");
}

#[test]
fn magic_imeis_can_be_switched_off() {
    let home = Home::new();
    let (nobody, unlucky) = ("001001000000015", "001001000000056");
    let emulator = Emulator::start(&home, &["--adopt-unknown"]);
    let done = emulator.fota(&home, &["licenses", "assign", nobody]).expect(5);
    assert!(done.stdout.contains("Device Not Found"), "{done:#?}");
    // Answered 503 once: the command tries again, and succeeds.
    emulator.fota(&home, &["licenses", "assign", unlucky]).expect(0);
    let emulator = Emulator::start(&home, &["--adopt-unknown", "--no-magic"]);
    emulator.fota(&home, &["licenses", "assign", nobody]).expect(0);
}

#[test]
fn bad_rules_are_told_before_anything_starts() {
    let home = Home::new();
    for (flag, value, wrong, possible) in [
        ("--fault", "licences.assign:close", "licences.assign", "licenses.assign"),
        ("--fault", "*:explode", "explode", "close-after"),
        ("--fault", "*:close:p=2", "probability", "between 0 and 1"),
        ("--fault", r#"{"operation":"*","effect":{"kind":"explode"}}"#, "explode", "dribble"),
        ("--rate-limit", "often", "often", "10/1s"),
    ] {
        let done = home.fota(["emulator", flag, value]).expect(2);
        assert!(done.stdout.is_empty(), "{done:#?}");
        assert!(done.stderr.contains(wrong) && done.stderr.contains(possible), "{value}: {}", done.stderr);
    }
}

#[test]
fn the_help_shows_rules_that_work() {
    let home = Home::new();
    let help = home.fota(["emulator", "--help"]).expect(0).stdout;
    let rules: Vec<String> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--fault "))
        .filter(|rest| !rest.starts_with('<'))
        .map(|line| line.split("  ").next().unwrap().trim_matches('\'').to_owned())
        .collect();
    assert!(rules.len() >= 5, "{help}");
    let arguments: Vec<&str> = rules.iter().flat_map(|rule| ["--fault", rule]).collect();
    // It starts, so it has taken them all.
    Emulator::start(&home, &arguments);
}

/// Asks the process to end, politely, and gives its exit code.
fn terminate(emulator: &mut Emulator) -> Option<i32> {
    let killed = Command::new("kill").args(["-TERM", &emulator.id().to_string()]).status().unwrap();
    assert!(killed.success());
    emulator.wait()
}
