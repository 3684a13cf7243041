//! Tokens, sessions, the lock, and the order of checks.

use bytes::Bytes;
use fota_core::auth::{Login, Logout, Revoke, Token};
use fota_core::{ClientCredentials, Endpoint, SESSION_HEADER, licenses};
use fota_emulator::{PASSWORD, Settings, Switches, USERNAME};
use http::header::AUTHORIZATION;
use http::{Method, Request};

use crate::bench::{Bench, account, refusal, servers};

#[test]
fn the_same_token_within_its_hour() {
    let mut bench = Bench::fresh(Settings::default());
    let first = bench.token().unwrap();
    assert_eq!((first.expires_in, first.token_type.as_deref()), (Some(3600), Some("Bearer")));
    bench.wait(1000);
    let same = bench.token().unwrap();
    assert_eq!((&same.access_token, same.expires_in), (&first.access_token, Some(2600)));
    bench.wait(2599);
    assert_eq!(bench.token().unwrap().expires_in, Some(1));
    bench.wait(1);
    let next = bench.token().unwrap();
    assert_ne!(next.access_token, first.access_token);
    assert_eq!(next.expires_in, Some(3600));
    let counters = bench.emulator.counters();
    assert_eq!((counters.token_requests, counters.tokens_issued), (4, 2));
}

#[test]
fn an_expired_bearer_is_refused_by_the_gateway() {
    let mut bench = Bench::new(Settings::default());
    bench.wait(1199);
    bench.list().unwrap();
    bench.wait(1199);
    bench.list().unwrap();
    bench.wait(1199);
    bench.list().unwrap();
    // The session was used a moment ago; the bearer's hour ends now.
    bench.wait(3);
    assert_eq!(refusal(bench.list()), (401, "900901".to_owned()));
}

#[test]
fn a_settable_lifetime() {
    let settings = Settings::default().switches(Switches { token_seconds: 90, ..Switches::default() });
    let mut bench = Bench::new(settings);
    bench.wait(89);
    bench.list().unwrap();
    bench.wait(1);
    assert_eq!(refusal(bench.list()), (401, "900901".to_owned()));
}

#[test]
fn token_requests_are_checked() {
    let mut bench = Bench::fresh(Settings::default());
    let wrong = Token::new(ClientCredentials::new("emulator-key", "wrong"));
    assert_eq!(refusal(bench.call(&wrong)), (401, "invalid_client".to_owned()));
    let good =
        Token::new(bench.emulator.credentials().client().clone()).to_request(&servers(), None).unwrap();
    let mut send = |body: &'static str, with_header: bool| {
        let mut request = good.clone();
        *request.body_mut() = Bytes::from_static(body.as_bytes());
        if !with_header {
            request.headers_mut().remove(AUTHORIZATION);
        }
        bench.send(&request)
    };
    assert_eq!(send("scope=x", true).1["error"], "invalid_request");
    assert_eq!(send("scope=x", true).0, 400);
    assert_eq!(send("grant_type=password", true).1["error"], "unsupported_grant_type");
    assert_eq!(send("grant_type=client_credentials", false).1["fault"]["code"], "900902");
    assert_eq!(send("grant_type=client_credentials&scope=", true).0, 200);
}

#[test]
fn revoking_brings_a_new_token() {
    let mut bench = Bench::new(Settings::default());
    let client = bench.emulator.credentials().client().clone();
    let old = bench.token().unwrap().access_token;
    bench.call(&Revoke::new(client.clone(), "some-other-token".into())).unwrap();
    assert_eq!(bench.token().unwrap().access_token, old);
    bench.call(&Revoke::new(client, old.clone())).unwrap();
    assert_eq!(refusal(bench.list()), (401, "900901".to_owned()));
    assert_ne!(bench.token().unwrap().access_token, old);
}

#[test]
fn five_strikes_lock_the_user() {
    let mut bench = Bench::fresh(Settings::default());
    for strike in 1..=5 {
        let error = bench.login("wrong-password").unwrap_err();
        assert_eq!(error.status().unwrap(), 400);
        assert_eq!(bench.emulator.strikes(), strike);
    }
    let locked = refusal(bench.login(PASSWORD));
    assert_eq!(locked, (400, "UnifiedWebService.REQUEST_FAILED.Login.Locked".to_owned()));
    // Nor does waiting help: only support does.
    bench.wait(100_000);
    assert_eq!(refusal(bench.login(PASSWORD)), locked);
    assert_eq!((bench.emulator.counters().logins, bench.emulator.counters().failed_logins), (7, 7));
    bench.emulator.unlock_user();
    bench.sign_in();
}

#[test]
fn a_good_login_resets_the_count() {
    let mut bench = Bench::fresh(Settings::default());
    for _ in 0..3 {
        for _ in 0..4 {
            bench.login("wrong-password").unwrap_err();
        }
        bench.sign_in();
        assert_eq!(bench.emulator.strikes(), 0);
    }
}

#[test]
fn what_is_no_login_is_no_strike() {
    let mut bench = Bench::new(Settings::default());
    let login = Login::new(USERNAME, PASSWORD).to_request(&servers(), bench.tokens.as_ref()).unwrap();
    for (body, code) in [
        ("", "INPUT_INVALID.RequestUndefined"),
        ("{}", "DeserializationFailed"),
        ("nonsense", "DeserializationFailed"),
        (r#"{"username":"emulator-user"}"#, "DeserializationFailed"),
        (r#"{"username":"emulator-user","password":"a'b"}"#, "INPUT_INVALID.Request.InvalidCharacter"),
    ] {
        let mut request = login.clone();
        *request.body_mut() = Bytes::from_static(body.as_bytes());
        let (status, answer) = bench.send(&request);
        assert_eq!(
            (status, answer["errorCode"].as_str().unwrap()),
            (400, &*format!("UnifiedWebService.{code}"))
        );
    }
    let mut request = login;
    request.headers_mut().remove(AUTHORIZATION);
    *request.body_mut() = Bytes::from_static(br#"{"username":"emulator-user","password":"wrong"}"#);
    assert_eq!(bench.send(&request).1["fault"]["code"], "900902");
    assert_eq!(bench.emulator.strikes(), 0);
}

#[test]
fn a_session_lives_while_it_is_used() {
    let mut bench = Bench::new(Settings::default());
    for _ in 0..2 {
        bench.wait(1199);
        bench.list().unwrap();
    }
    bench.wait(1200);
    let expired = (400, "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired".to_owned());
    assert_eq!(refusal(bench.list()), expired);
    assert_eq!(refusal(bench.list()), expired, "refusals do not bring it back");
}

#[test]
fn a_refused_request_keeps_the_session_alive_too() {
    let mut bench = Bench::new(Settings::default());
    bench.wait(1199);
    assert_eq!(bench.raw(Method::GET, "/licenses/0000123456-09999", "").0, 400);
    bench.wait(1199);
    bench.list().unwrap();
}

#[test]
fn logout_ends_the_session() {
    let mut bench = Bench::new(Settings::default());
    let response = bench.response(&Logout::new());
    assert!(String::from_utf8_lossy(response.body()).contains("sessionToken"));
    let unknown = (400, "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid".to_owned());
    assert_eq!(refusal(bench.list()), unknown);
    assert_eq!(refusal(bench.call(&Logout::new())), unknown);
}

#[test]
fn a_second_login_displaces_the_first_only_on_request() {
    for displace in [false, true] {
        let switches = Switches { displace_sessions: displace, ..Switches::default() };
        let mut bench = Bench::new(Settings::default().switches(switches));
        let first = bench.tokens.clone();
        bench.sign_in();
        bench.list().unwrap();
        bench.tokens = first;
        assert_eq!(bench.list().is_err(), displace);
    }
}

#[test]
fn checks_come_in_the_order_of_the_layers() {
    let mut bench = Bench::new(Settings::default());
    let good = licenses::List::new(account()).to_request(&servers(), bench.tokens.as_ref()).unwrap();
    let with = |path: &str, bearer: bool, session: &'static str| {
        let mut request: Request<Bytes> = good.clone();
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("/api/fota/v3{path}").parse().unwrap();
        if !bearer {
            request.headers_mut().insert(AUTHORIZATION, "Bearer wrong".parse().unwrap());
        }
        if !session.is_empty() {
            request.headers_mut().insert(SESSION_HEADER, session.parse().unwrap());
        }
        request
    };
    let assign = "/licenses/0000123456-00001/assign";
    let unknown_account = "/licenses/0000123456-09999/assign";
    let unknown_session = "00000000-0000-4000-8000-000000000000";
    let rows = [
        (with("/nothing", false, "-"), 401, "900901"),
        (with("/nothing", true, "-"), 400, "900906"),
        (with(unknown_account, true, "-"), 400, "UnifiedWebService.REQUEST_FAILED.SessionToken.Format"),
        (with(assign, true, unknown_session), 400, "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid"),
        (with(unknown_account, true, ""), 400, "Inactive account"),
        (with(assign, true, ""), 400, "Input binding error"),
    ];
    for (request, status, expected) in rows {
        let (found, answer) = bench.send(&request);
        assert_eq!(found, status, "{answer}");
        assert!(answer.to_string().contains(expected), "{answer} lacks {expected}");
    }
}

#[test]
fn outside_the_services_the_gateway_contradicts_itself() {
    let mut bench = Bench::new(Settings::default());
    let request = Request::builder().uri("/elsewhere").body(Bytes::new()).unwrap();
    let response = bench.emulator.handle(&request, bench.now).response;
    assert_eq!(response.status(), 403);
    let fault = fota_models::ApiFault::parse(response.body()).unwrap();
    assert!(matches!(fault, fota_models::ApiFault::GatewayXml(_)));
    assert_eq!(fault.code(), Some("404"));
}

#[test]
fn tokens_come_from_the_seed() {
    let token = |seed| {
        let mut bench = Bench::fresh(Settings::seeded(10, 10, seed));
        (bench.token().unwrap().access_token, bench.login(PASSWORD).unwrap())
    };
    assert_eq!(token(1), token(1));
    assert_ne!(token(1), token(2));
}
