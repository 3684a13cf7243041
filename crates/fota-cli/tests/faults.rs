//! A service that fails half-way: what is known is told, what is not is told too, and the exit code says which.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Home, fleet, fleet_imeis};
use fota_emulator::{Effect, Fault, Server, Settings, Shape};
use serde_json::{Value, json};

fn service() -> Server {
    Server::start(Settings::seeded(0, 100, 7).devices(fleet_imeis().iter().map(String::as_str))).unwrap()
}

fn command(home: &Home, server: &Server, arguments: &[&str]) -> Command {
    let mut command = home.command();
    command.envs(server.environment()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit code, stdout, stderr.
fn run(home: &Home, server: &Server, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(home, server, arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_lost_answer_leaves_devices_unresolved() {
    let home = Home::new();
    let server = service();
    server.faults([Fault::new("licenses.assign", Effect::Close).after_processing().skip(1).once()]).unwrap();
    let file = fleet();
    let arguments = [
        "licenses",
        "assign",
        "--from",
        file.to_str().unwrap(),
        "--batch-size",
        "5",
        "-o",
        "json",
        "--timeout",
        "5s",
    ];
    let (code, stdout, stderr) = run(&home, &server, &arguments);
    assert_eq!(code, Some(6), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&change["applied"], &change["unresolved"], &change["notAttempted"]),
        (&json!(5), &json!(5), &json!(2)),
        "{change}"
    );
    // The pool is read again, so it tells what the lost answer did.
    assert_eq!(change["assignedLicenses"], 10);
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["mayHaveBeenApplied"], true);
    assert!(error["error"]["hint"].as_str().unwrap().contains("again"), "{error}");

    // Doing as the hint says.
    let (code, stdout, stderr) = run(&home, &server, &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&change["applied"], &change["already"]), (&json!(2), &json!(10)));
}

#[test]
fn a_service_that_fails_before_any_change_is_exit_7() {
    let home = Home::new();
    let server = service();
    server.faults([Fault::new("licenses.assign", Effect::answer(503, Shape::Html))]).unwrap();
    let imei = &fleet_imeis()[0];
    let (code, stdout, stderr) = run(&home, &server, &["licenses", "assign", imei, "--timeout", "1s"]);
    assert_eq!(code, Some(7), "{stderr}");
    assert!(stdout.contains("not attempted"), "{stdout}");
    assert!(stderr.contains("HTTP 503"), "{stderr}");
}

#[test]
fn a_list_that_breaks_off_is_no_complete_document() {
    let home = Home::new();
    let server = Server::start(Settings::seeded(30, 30, 7).assigned(30).page_size(10)).unwrap();
    server.faults([Fault::new("licenses.list", Effect::answer(400, Shape::Api)).skip(2)]).unwrap();
    let (code, stdout, stderr) = run(&home, &server, &["licenses", "list", "-o", "json"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert_eq!(stdout.matches("deviceId").count(), 20);
    assert!(serde_json::from_str::<Value>(&stdout).is_err());
    let error: Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["error"]["status"], 400);
}

#[test]
fn a_whole_request_that_is_refused_refuses_its_devices() {
    let home = Home::new();
    let server = service();
    let hostile = Effect::answer(400, Shape::Api).code("INVALID_PARAMETER").message("=no\u{1b}[2J\u{202e}");
    server.faults([Fault::new("licenses.assign", hostile)]).unwrap();
    let imei = &fleet_imeis()[0];
    for format in ["table", "csv", "json"] {
        let (code, stdout, stderr) = run(&home, &server, &["licenses", "assign", imei, "-o", format]);
        assert_eq!(code, Some(5), "{stderr}");
        assert!(stdout.contains("400") && stdout.contains("no"), "{stdout}");
        assert!(
            !stdout.contains(['\u{1b}', '\u{202e}']) && !stderr.contains(['\u{1b}', '\u{202e}']),
            "{stdout}"
        );
        assert!(format != "csv" || stdout.contains(",400,'=no"), "{stdout}");
    }
}

#[test]
fn html_in_place_of_an_answer_is_told_as_such() {
    let home = Home::new();
    let server = service();
    server.faults([Fault::new("licenses.list", Effect::answer(200, Shape::Html))]).unwrap();
    let (code, stdout, stderr) = run(&home, &server, &["licenses", "usage"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("hint: something answers that is not the service"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_lets_the_request_under_way_end() {
    let home = Home::new();
    let server = service();
    server.faults([Fault::new("licenses.assign", Effect::Delay).delay(Duration::from_millis(1500))]).unwrap();
    let file = fleet();
    let arguments =
        ["licenses", "assign", "--from", file.to_str().unwrap(), "--batch-size", "5", "-o", "json"];
    let child = command(&home, &server, &arguments).spawn().unwrap();
    // The request is under way once the emulator has seen it; the delay comes before its answer.
    let start = Instant::now();
    while server.counters().operation("licenses.assign") == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "no request came");
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let change: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&change["applied"], &change["notAttempted"]), (&json!(5), &json!(7)), "{change}");
    assert!(stderr.contains("stopping after the request under way"), "{stderr}");
}
