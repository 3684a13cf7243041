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
fn a_lost_answer_is_settled_by_reading() {
    let home = Home::new();
    let server = service();
    server
        .faults([
            Fault::new("licenses.assign", Effect::Close).after_processing().once(),
            Fault::new("licenses.assign", Effect::Close).skip(1).once(),
        ])
        .unwrap();
    let file = fleet();
    let arguments =
        ["licenses", "assign", "--from", file.to_str().unwrap(), "--batch-size", "5", "-o", "json"];
    let (code, stdout, stderr) = run(&home, &server, &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&change["applied"], &change["assignedLicenses"]), (&json!(12), &json!(12)), "{change}");
    // Three requests, one of them again, for it was lost before it had an effect; both lost ones looked up.
    assert_eq!(server.counters().operation("licenses.assign"), 4);
    assert_eq!(server.counters().operation("devices.lookup"), 2);
}

/// Neither the lookup nor the list can be read: nobody knows, the exit code says so, and `resume` finds out.
#[test]
fn what_cannot_be_read_is_unresolved_until_it_can() {
    let home = Home::new();
    let server = service();
    server
        .faults([
            Fault::new("licenses.assign", Effect::Close).after_processing().once(),
            Fault::new("devices.lookup", Effect::answer(400, Shape::Api)),
            Fault::new("licenses.list", Effect::answer(400, Shape::Api)).skip(1),
        ])
        .unwrap();
    let file = fleet();
    let failed = home.path().join("failed.csv");
    let arguments = [
        "licenses",
        "assign",
        "--from",
        file.to_str().unwrap(),
        "-o",
        "json",
        "--failed",
        failed.to_str().unwrap(),
    ];
    let (code, stdout, stderr) = run(&home, &server, &arguments);
    assert_eq!(code, Some(6), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&change["applied"], &change["unresolved"]), (&json!(0), &json!(12)), "{change}");
    let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("fota resume "), "{error}");
    let (code, _, stderr) = run(&home, &server, &["imei-check-is-not-a-command"]);
    assert_eq!(code, Some(2), "{stderr}");

    // The failed rows are input for another run.
    let rows = std::fs::read_to_string(&failed).unwrap();
    assert_eq!(
        (rows.lines().next(), rows.lines().count()),
        (Some("imei,outcome,status,reason"), 13),
        "{rows}"
    );
    let plan = ["licenses", "assign", "--from", failed.to_str().unwrap(), "--dry-run", "-o", "json"];
    server.with(fota_emulator::Emulator::clear_faults);
    let (code, stdout, stderr) = run(&home, &server, &plan);
    assert_eq!((code, stdout.matches("planned").count()), (Some(0), 12), "{stderr}");

    let name = hint.split("fota resume ").nth(1).unwrap().split(',').next().unwrap();
    let (code, stdout, stderr) = run(&home, &server, &["resume", name, "-o", "json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let change: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&change["applied"], &change["unresolved"]), (&json!(12), &json!(0)), "{change}");
    assert_eq!(server.counters().operation("licenses.assign"), 1, "it was applied; it is not sent again");
    let (code, stdout, _) = run(&home, &server, &["runs", "-o", "json"]);
    let runs: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &runs[0]["run"], &runs[0]["finished"], &runs[0]["known"]),
        (Some(0), &json!(name), &json!(true), &json!(12))
    );
    let (code, _, stderr) = run(&home, &server, &["resume"]);
    assert_eq!(code, Some(2), "{stderr}");
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
    let arguments = [
        "licenses",
        "assign",
        "--from",
        file.to_str().unwrap(),
        "--batch-size",
        "5",
        "--concurrency",
        "1",
        "-o",
        "json",
    ];
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
    assert!(stderr.contains("stopping after the requests under way"), "{stderr}");
}
