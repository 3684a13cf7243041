//! The doctor finds what is wrong, says what to do, ends with the code of the first failure, and never makes
//! anything worse: one login at most, and none that the guard would keep back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;
#[allow(dead_code, reason = "shared with the adapters' tests")]
#[path = "../../../tests/shared/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "shared with the adapters' tests")]
#[path = "../../../tests/shared/server.rs"]
mod server;

use std::process::Command;

use common::Home;
use fota_emulator::{Effect, Emulator, Fault, Server, Settings, Shape};
use proxy::ConnectProxy;
use serde_json::Value;
use server::{After, Authority};

const CHECKS: [&str; 10] =
    ["state", "config", "settings", "proxy", "network", "tls", "clock", "guard", "credentials", "account"];
const CANARY: &str = "canary-not-a-real-secret";

/// A service whose clock is that of this machine.
fn service() -> Server {
    Server::start(Settings::seeded(60, 60, 7).starting_now()).unwrap()
}

/// What it says with these variables on top of the emulator's, and how it ends.
#[track_caller]
fn doctor(home: &Home, server: &Server, set: &[(&str, &str)], arguments: &[&str], code: i32) -> Value {
    let mut command = home.command();
    command
        .envs(server.environment())
        .envs(set.iter().copied())
        .args(["doctor", "-o", "json"])
        .args(arguments);
    report(&mut command, code)
}

#[track_caller]
fn report(command: &mut Command, code: i32) -> Value {
    let output = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    assert!(!stdout.contains("canary") && !stderr.contains("canary"), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["exitCode"], code);
    assert_eq!(report["healthy"], code == 0);
    let names: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].clone()).collect();
    assert_eq!(names, CHECKS, "each check has its word, done or not");
    for check in report["checks"].as_array().unwrap() {
        let needs_hint = check["status"] == "fail" || check["status"] == "warn";
        assert!(!needs_hint || check["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{check}");
    }
    report
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

#[track_caller]
fn expect(report: &Value, name: &str, status: &str, word: &str) {
    let found = check(report, name);
    let text = format!("{} {}", found["message"], found["hint"]);
    assert!(found["status"] == status && text.contains(word), "{name} {status} {word}: {found}");
}

#[test]
fn all_is_well_with_one_login() {
    let (home, server) = (Home::new(), service());
    let report = doctor(&home, &server, &[], &[], 0);
    for name in CHECKS {
        assert_eq!(check(&report, name)["status"], "ok", "{report}");
    }
    expect(&report, "account", "ok", "licenses in use");
    assert_eq!((server.counters().logins, server.counters().failed_logins), (1, 0));
    let sandbox = report_of_sandbox(&home);
    expect(&sandbox, "account", "ok", "0 of 100");
}

fn report_of_sandbox(home: &Home) -> Value {
    report(home.command().args(["--sandbox", "doctor", "-o", "json"]), 0)
}

/// Catches a request of `--offline`.
#[test]
fn offline_sends_nothing() {
    let (home, server) = (Home::new(), service());
    let report = doctor(&home, &server, &[], &["--offline"], 0);
    for name in ["network", "tls", "clock", "credentials", "account"] {
        assert_eq!(check(&report, name)["status"], "skip");
    }
    assert_eq!((server.connections(), server.counters().requests), (0, 0));
}

/// Catches a doctor that locks the user.
#[test]
fn a_wrong_password_is_tried_once_a_visit_and_not_past_the_guard() {
    let (home, server) = (Home::new(), service());
    let wrong = [("FOTA_PASSWORD", CANARY)];
    let first = doctor(&home, &server, &wrong, &[], 4);
    expect(&first, "guard", "ok", "no failed login");
    expect(&first, "credentials", "fail", "FOTA_PASSWORD");
    assert_eq!(server.counters().failed_logins, 1);
    let second = doctor(&home, &server, &wrong, &[], 4);
    expect(&second, "guard", "warn", "1 failed login");
    for _ in 0..3 {
        let third = doctor(&home, &server, &wrong, &[], 8);
        expect(&third, "guard", "fail", "fota auth reset-guard");
        expect(&third, "credentials", "skip", "the guard says no");
    }
    assert_eq!((server.counters().logins, server.counters().failed_logins), (2, 2));
    // The key and the secret are told from user name and password.
    let key = doctor(&home, &server, &[("FOTA_CLIENT_SECRET", CANARY)], &[], 4);
    expect(&key, "credentials", "fail", "FOTA_CLIENT_ID");
    assert_eq!(server.counters().logins, 2);
}

#[test]
fn what_is_missing_or_wrong_in_the_settings_is_told() {
    let (home, server) = (Home::new(), service());
    let report_of = |home: &Home| report(home.command().args(["doctor", "-o", "json"]), 2);
    expect(&report_of(&home), "settings", "fail", "FOTA_ACCOUNT, FOTA_CLIENT_ID");
    home.write("config/fota/config.toml", "[profiles.default]\npassword = canary\n");
    let broken = doctor(&home, &server, &[], &[], 2);
    expect(&broken, "config", "fail", "line 2 is not TOML");
    expect(&broken, "settings", "skip", "cannot be read");
    home.write("config/fota/config.toml", "");
    expect(&doctor(&home, &server, &[("FOTA_TIMEOUT", "soon")], &[], 2), "settings", "fail", "FOTA_TIMEOUT");
    let proxy = [("https_proxy", "socks5://canary@p:1"), ("FOTA_BASE_URL", "https://fota.example")];
    expect(&doctor(&home, &server, &proxy, &[], 2), "settings", "fail", "socks5");
    assert_eq!(server.counters().requests, 0);
}

#[cfg(unix)]
#[test]
fn permissions_are_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;

    let (home, server) = (Home::new(), service());
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let config =
        home.write("config/fota/config.toml", format!("[profiles.default]\npassword = \"{CANARY}\"\n"));
    set(&config, 0o644);
    expect(&doctor(&home, &server, &[], &["--offline"], 2), "config", "fail", "chmod 600");
    set(&config, 0o600);
    let state = home.path().join("state/fota");
    set(&state, 0o777);
    expect(&doctor(&home, &server, &[], &["--offline"], 0), "state", "warn", "chmod 700");
    let file = home.write("file", "");
    let nowhere = [("XDG_STATE_HOME", file.to_str().unwrap())];
    expect(&doctor(&home, &server, &nowhere, &["--offline"], 1), "state", "fail", "XDG_STATE_HOME");
}

/// Catches a step on the way that is blamed on another.
#[test]
fn the_step_that_fails_is_the_one_that_is_named() {
    let (home, server) = (Home::new(), service());
    let at = |url: &'static str| [("FOTA_BASE_URL", url)];
    // No test is given port 1.
    let closed = doctor(&home, &server, &at("https://127.0.0.1:1"), &[], 7);
    expect(&closed, "network", "fail", "127.0.0.1:1 does not answer");
    expect(&closed, "credentials", "skip", "cannot be reached");
    let unknown = doctor(&home, &server, &at("https://fota.invalid"), &[], 7);
    expect(&unknown, "network", "fail", "fota.invalid:443 has no address");
    let secure = server.base_url().replace("http:", "https:");
    let plain = doctor(&home, &server, &[("FOTA_BASE_URL", &secure)], &[], 7);
    expect(&plain, "network", "ok", "answers at 127.0.0.1");
    expect(&plain, "tls", "fail", "base URL");
    let proxy = [("https_proxy", "canary:canary@127.0.0.1:1"), ("FOTA_BASE_URL", "https://fota.example")];
    let proxy = doctor(&home, &server, &proxy, &[], 7);
    expect(
        &proxy,
        "proxy",
        "ok",
        "fota.example through http://127.0.0.1:1, with a user name (by https_proxy)",
    );
    expect(&proxy, "network", "fail", "the proxy 127.0.0.1:1 does not answer");
    let ignored = [("http_proxy", "127.0.0.1:1"), ("FOTA_BASE_URL", "https://127.0.0.1:1")];
    expect(&doctor(&home, &server, &ignored, &["--offline"], 0), "proxy", "warn", "http_proxy has no effect");
    assert_eq!(server.counters().logins, 0);
}

/// Catches a certificate that is not checked, or a proxy that is not used, with real TLS through a real proxy.
#[test]
fn certificates_are_looked_at_through_the_proxy() {
    let (home, emulator, authority) = (Home::new(), service(), Authority::new());
    let secure = |name: &str| {
        server::Server::start_tls(authority.server(name), |request, wire| {
            assert!(request.line().starts_with("GET ") || request.line().starts_with("POST "));
            let body = r#"{"errorCode":"NO","errorMessage":"no"}"#;
            wire.write_all(server::answer("404 Not Found", body).as_bytes()).unwrap();
            wire.flush().unwrap();
            After::Keep
        })
    };
    let pem = home.write("company.pem", authority.pem());
    let visit = |certificate: &str, trusted: bool, code| {
        let server = secure(certificate);
        let proxy = ConnectProxy::to(server.address);
        let url = proxy.url();
        let mut set = vec![("FOTA_BASE_URL", "https://fota.example"), ("https_proxy", url.as_str())];
        if trusted {
            set.push(("FOTA_CACERT", pem.to_str().unwrap()));
        }
        let report = doctor(&home, &emulator, &set, &[], code);
        assert!(proxy.heads().iter().all(|head| head.starts_with("CONNECT fota.example:443 ")));
        assert!(!proxy.heads().is_empty() && !proxy.saw("Authorization"));
        (report, server.requests())
    };
    let (report, requests) = visit("fota.example", false, 7);
    expect(&report, "tls", "fail", "--cacert");
    // rcgen's name for an authority without one.
    expect(&report, "tls", "fail", "issued by rcgen self signed cert");
    expect(&report, "credentials", "skip", "cannot be reached");
    assert!(requests.is_empty());
    let (report, _) = visit("other.example", true, 7);
    expect(&report, "tls", "fail", "check the base URL");
    let (report, requests) = visit("fota.example", true, 1);
    expect(&report, "tls", "ok", "company.pem");
    expect(&report, "tls", "ok", "the certificate is valid until 4096-");
    expect(&report, "credentials", "fail", "");
    // The first one is without credentials.
    assert!(!requests[0].head.to_ascii_lowercase().contains("authorization"), "{}", requests[0].head);
}

/// Catches a clock that is not looked at: the emulator's stands still, years ago, unless it is told to run.
#[test]
fn a_clock_that_is_off_is_a_warning() {
    let (home, server) = (Home::new(), Emulator::start().unwrap());
    let report = doctor(&home, &server, &[], &[], 0);
    expect(&report, "clock", "warn", "s ahead of the service's");
    server.advance(std::time::Duration::from_secs(100 * 365 * 24 * 3600));
    let report = doctor(&home, &server, &[], &[], 0);
    expect(&report, "clock", "warn", "s behind the service's");
}

/// Catches a doctor that keeps trying: somebody is waiting, and a service in trouble has enough to do.
#[test]
fn no_request_is_repeated() {
    let (home, server) = (Home::new(), service());
    for (operation, checked) in
        [("auth.token", "credentials"), ("auth.login", "credentials"), ("licenses.list", "account")]
    {
        server.faults([Fault::new(operation, Effect::answer(503, Shape::Html))]).unwrap();
        let before = server.log().iter().filter(|entry| entry.operation == operation).count();
        let report = doctor(&home, &server, &[], &[], 7);
        expect(&report, checked, "fail", "503");
        let after = server.log().iter().filter(|entry| entry.operation == operation).count();
        assert_eq!(after - before, 1, "{operation}");
        server.with(Emulator::clear_faults);
    }
}

/// Catches an account that is taken for granted because the login works.
#[test]
fn an_account_that_is_not_ours_fails_by_itself() {
    let (home, server) = (Home::new(), service());
    let mut command = home.command();
    command.envs(server.environment()).args(["doctor", "-o", "json", "--account", "0000999999-00001"]);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    expect(&report, "credentials", "ok", "one login, accepted");
    expect(&report, "account", "fail", "");
    assert_eq!(output.status.code(), report["exitCode"].as_i64().map(|code| i32::try_from(code).unwrap()));
    assert_ne!(output.status.code(), Some(0));
}

/// Catches a table that does not show the verdict or the way out.
#[test]
fn people_get_a_line_for_each_check_and_the_verdict_last() {
    let (home, server) = (Home::new(), service());
    let run = |password: Option<&str>| {
        let mut command = home.command();
        command.envs(server.environment()).arg("doctor");
        password.map(|password| command.env("FOTA_PASSWORD", password));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let well = run(None);
    assert_eq!(well.lines().filter(|line| line.starts_with("ok    ")).count(), CHECKS.len(), "{well}");
    assert_eq!(well.lines().last(), Some("all is well"));
    let ill = run(Some(CANARY));
    assert!(ill.contains("\nFAIL  credentials ") && ill.contains("-> check FOTA_USERNAME"), "{ill}");
    assert_eq!(ill.lines().last(), Some("1 check failed"));
}
