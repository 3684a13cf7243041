//! The admin API, and the log that must never hold a secret.

use fota_core::Endpoint;
use fota_core::auth::{Login, Revoke, Token};
use fota_core::{ClientCredentials, licenses};
use fota_emulator::{Server, Settings};
use fota_models::{DeviceOutcome, Verdict};
use http::{Method, Request};

use crate::bench::{Bench, account, servers};
use crate::socket::{connect, exchange, list, read, sign_in, write};

#[test]
fn health_and_unknown_paths() {
    let mut bench = Bench::fresh(Settings::default());
    let (status, health) = bench.admin(Method::GET, "/health", "");
    assert_eq!(
        (status, health["status"].as_str(), health["accountName"].as_str()),
        (200, Some("ok"), Some("0000123456-00001"))
    );
    assert_eq!(bench.admin(Method::GET, "/nothing", "").0, 404);
    assert_eq!(bench.admin(Method::POST, "/health", "").0, 404);
    let request =
        Request::get("/_emulator/health").header("origin", "http://example.com").body("".into()).unwrap();
    assert_eq!(bench.send(&request).0, 403);
}

#[test]
fn faults_come_and_go() {
    let mut bench = Bench::new(Settings::default());
    let rules = r#"[{"operation":"licenses.list","count":1,"effect":{"kind":"answer","status":503,"body":"html","retryAfter":{"seconds":2}}},
                    {"operation":"licenses.assign","effect":{"kind":"close"},"processed":true}]"#;
    assert_eq!(bench.admin(Method::POST, "/faults", rules).1["ids"], serde_json::json!([1, 2]));
    assert_eq!(bench.list().unwrap_err().status().unwrap(), 503);
    bench.list().unwrap();
    let (_, rules) = bench.admin(Method::GET, "/faults", "");
    assert_eq!(
        (&rules[0]["used"], &rules[0]["effect"]["kind"], &rules[1]["id"]),
        (&1.into(), &"answer".into(), &2.into())
    );
    assert_eq!(bench.admin(Method::DELETE, "/faults/2", "").0, 200);
    assert_eq!(bench.admin(Method::DELETE, "/faults/2", "").0, 404);
    assert_eq!(bench.admin(Method::DELETE, "/faults", "").0, 200);
    assert_eq!(bench.admin(Method::GET, "/faults", "").1, serde_json::json!([]));
    let (status, answer) =
        bench.admin(Method::POST, "/faults", r#"{"operation":"*","effect":{"kind":"answer","status":1}}"#);
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("status 1"));
    // One bad rule keeps the good one out too.
    let mixed = r#"[{"operation":"*","effect":{"kind":"close"}},{"operation":"*"}]"#;
    assert_eq!(bench.admin(Method::POST, "/faults", mixed).0, 400);
    bench.list().unwrap();
}

#[test]
fn the_clock_moves_tokens_die() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(bench.admin(Method::POST, "/clock/advance", r#"{"seconds":1200}"#).1["aheadSeconds"], 1200.0);
    assert!(bench.list().unwrap_err().fault().unwrap().is_session_token());
    let (_, clock) = bench.admin(Method::GET, "/clock", "");
    assert_eq!(clock["wall"], "Tue, 05 Mar 2024 09:30:11 GMT");
    for bad in [r#"{"seconds":-1}"#, r#"{"minutes":1}"#, ""] {
        assert_eq!(bench.admin(Method::POST, "/clock/advance", bad).0, 400);
    }
    bench.sign_in();
    bench.list().unwrap();
    bench.admin(Method::POST, "/tokens/expire", r#"{"session":true}"#);
    assert!(bench.list().unwrap_err().fault().unwrap().is_session_token());
    bench.sign_in();
    let before = bench.token().unwrap().access_token;
    bench.admin(Method::POST, "/tokens/expire", r#"{"bearer":true}"#);
    assert_eq!(bench.list().unwrap_err().fault().unwrap().code(), Some("900901"));
    assert_ne!(bench.token().unwrap().access_token, before, "asking again helps");
}

#[test]
fn switches_change_one_by_one() {
    let mut bench = Bench::new(Settings::seeded(9, 9, 1));
    let (status, switches) = bench.admin(
        Method::PUT,
        "/switches",
        r#"{"pageSize":2,"totalName":"totalLicense","maxDevices":null}"#,
    );
    assert_eq!((status, &switches["pageSize"], &switches["tokenSeconds"]), (200, &2.into(), &3600.into()));
    assert_eq!(bench.list().unwrap().device_list.len(), 2);
    assert_eq!(bench.admin(Method::GET, "/switches", "").1, switches);
    assert_eq!(bench.admin(Method::PUT, "/switches", r#"{"pagesize":2}"#).0, 400);
    assert_eq!(bench.admin(Method::PUT, "/switches", r#"{"totalName":"other"}"#).0, 400);
    assert_eq!(bench.admin(Method::POST, "/reset", "").0, 200);
    assert_eq!(bench.admin(Method::GET, "/switches", "").1["pageSize"], 1000);
}

#[test]
fn the_ledger_and_its_devices() {
    let mut bench = Bench::new(Settings::seeded(4, 3, 1).assigned(2));
    let (_, ledger) = bench.admin(Method::GET, "/ledger", "");
    assert_eq!(
        ledger,
        serde_json::json!({"accountName": "0000123456-00001", "totalLicenses": 3, "assignedLicenses": 2, "devices": 4})
    );
    let licensed = bench.licensed();
    let (_, full) = bench.admin(Method::GET, "/ledger?full=true", "");
    assert_eq!(full["licensed"], serde_json::to_value(&licensed).unwrap());
    assert_eq!(bench.admin(Method::GET, "/ledger?account=other", "").0, 404);

    let path = format!("/devices/{}", licensed[0]);
    assert_eq!(bench.admin(Method::POST, &path, r#"{"upgraded":true}"#).1["upgraded"], true);
    assert_eq!(bench.admin(Method::POST, &path, r#"{"upgrade_running":true}"#).1["upgradeRunning"], true);
    let change = bench.remove(&licensed).unwrap();
    let verdicts: Vec<_> = change.device_list.iter().map(DeviceOutcome::verdict).collect();
    assert_eq!(verdicts, [Verdict::Failed, Verdict::Success]);
    assert_eq!(bench.admin(Method::GET, &path, "").1["licensed"], true);
    assert_eq!(bench.admin(Method::POST, "/devices/867234051200779", r#"{"upgraded":true}"#).0, 404);
    assert_eq!(bench.admin(Method::POST, &path, r#"{"updated":true}"#).0, 400);
}

#[test]
fn users_are_unlocked() {
    let mut bench = Bench::fresh(Settings::default());
    for _ in 0..5 {
        bench.login("wrong-password").unwrap_err();
    }
    assert_eq!(bench.admin(Method::POST, "/user/unlock", "").1["strikes"], 0);
    bench.sign_in();
}

#[test]
fn coverage_is_served() {
    let (_, coverage) = Bench::fresh(Settings::default()).admin(Method::GET, "/coverage", "");
    let rows = coverage.as_array().unwrap();
    for basis in ["documented", "observed", "guessed"] {
        assert!(rows.iter().any(|row| row["basis"] == basis));
    }
}

#[test]
fn the_log_counts_and_keeps_no_secret() {
    const CANARY: &str = "canary-d41d8cd98f";
    let mut bench = Bench::new(Settings::default());
    let bearer = bench.token().unwrap().access_token;
    let session = bench.login("emulator-password-not-real").unwrap();
    let tokens = bench.tokens.clone().unwrap();
    let _ = bench.call(&Token::new(ClientCredentials::new(CANARY, CANARY)));
    let _ = bench.call(&Login::new(CANARY, CANARY));
    let _ = bench.login(CANARY);
    let _ = bench.call(&Revoke::new(ClientCredentials::new(CANARY, CANARY), CANARY.into()));
    bench.tokens = Some(tokens);
    let mut request = licenses::List::new(account()).to_request(&servers(), bench.tokens.as_ref()).unwrap();
    *request.uri_mut() =
        format!("/api/fota/v3/licenses/x?token={CANARY}&lastSeenDeviceId=a{CANARY}").parse().unwrap();
    bench.send(&request);
    bench.raw(Method::GET, "/licenses/0000123456-00001?lastSeenDeviceId=42", "");

    let (_, log) = bench.admin(Method::GET, "/log", "");
    let text = format!("{log}{:?}{:?}", bench.emulator, bench.emulator.log().collect::<Vec<_>>());
    for secret in
        [CANARY, bearer.expose(), session.expose(), "emulator-password-not-real", "emulator-secret-not-real"]
    {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    let counters = &log["counters"];
    assert_eq!((&counters["tokenRequests"], &counters["tokensIssued"]), (&5.into(), &1.into()));
    assert_eq!((&counters["logins"], &counters["failedLogins"]), (&4.into(), &2.into()));
    assert_eq!(counters["operations"]["licenses.list"], 2);
    let last = log["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(last["path"], "/api/fota/v3/licenses/0000123456-00001?lastSeenDeviceId=42");
    assert_eq!(
        (&last["operation"], &last["status"], &last["method"]),
        (&"licenses.list".into(), &200.into(), &"GET".into())
    );
    bench.admin(Method::DELETE, "/log", "");
    assert_eq!(bench.admin(Method::GET, "/log", "").1["counters"]["requests"], 0);
}

#[test]
fn the_server_serves_it_all() {
    let server = Server::start(Settings::default().manual_clock()).unwrap();
    let tokens = sign_in(&server);
    assert_eq!(exchange(&server, &list(&server, &tokens)).status(), 200);
    let health = Request::get("/_emulator/health").body("".into()).unwrap();
    assert_eq!(exchange(&server, &health).status(), 200);
    assert_eq!(server.connections(), 4);
    assert_eq!((server.counters().token_requests, server.counters().logins), (1, 1));
    server.advance(std::time::Duration::from_secs(3600));
    assert_eq!(exchange(&server, &list(&server, &tokens)).status(), 401);
    let lines = server.env_lines();
    assert!(lines.contains(&format!("export FOTA_BASE_URL='{}'\n", server.base_url())), "{lines}");
    assert_eq!(lines.lines().count(), 6);
}

#[test]
fn two_requests_on_one_connection() {
    let server = Server::start(Settings::default()).unwrap();
    let mut stream = connect(&server);
    let request = "GET /_emulator/health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    write(&mut stream, &Request::get("/_emulator/health").body("".into()).unwrap());
    let both = read(&mut stream);
    assert_eq!(String::from_utf8_lossy(&both.bytes).matches("HTTP/1.1 200").count(), 2);
    assert_eq!(server.connections(), 1);
}

#[test]
fn only_loopback() {
    let error = Server::bind("0.0.0.0:0".parse().unwrap(), Settings::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn dropping_the_server_frees_the_port() {
    let server = Server::start(Settings::default()).unwrap();
    let address = server.address();
    let idle = connect(&server);
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
    drop(idle);
}
