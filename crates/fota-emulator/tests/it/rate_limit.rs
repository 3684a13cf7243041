//! Throttling as a state, as the client sees it.

use std::time::Duration;

use fota_emulator::{ACCOUNT, AccountSettings, RateLimit, Server, Settings};
use fota_models::{AccountName, ApiFault};
use http::Method;

use crate::bench::{Bench, refusal};
use crate::socket::{exchange, list, sign_in};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_gateway_refuses_what_is_more_and_says_when_to_come_back() {
    let settings = Settings::default().rate_limit(RateLimit::new(2, 10 * SECOND)).manual_clock();
    let server = Server::start(settings).unwrap();
    let tokens = sign_in(&server);
    let status = || exchange(&server, &list(&server, &tokens)).status();
    // Signing in is no account's request.
    assert_eq!([status(), status()], [200, 200]);
    server.advance(Duration::from_millis(2500));
    let refused = exchange(&server, &list(&server, &tokens));
    assert_eq!((refused.status(), refused.header("retry-after").as_deref()), (429, Some("8")));
    let fault = ApiFault::parse(refused.body()).unwrap();
    assert!(matches!(fault, ApiFault::Gateway(_)));
    assert_eq!(fault.code(), Some("900800"));
    assert_eq!(server.counters().throttled, 1);
    let entry = server.log().pop().unwrap();
    assert_eq!((entry.status, entry.processed, entry.fault), (Some(429), true, None));
    // Who waits as long as told is let in, and opens the next span.
    server.advance(8 * SECOND);
    assert_eq!([status(), status(), status()], [200, 200, 429]);
    server.advance(9 * SECOND);
    assert_eq!(status(), 429);
    server.advance(SECOND);
    assert_eq!(status(), 200);
}

#[test]
fn a_throttled_change_changes_nothing() {
    let mut bench = Bench::new(Settings::seeded(9, 9, 1).assigned(0).rate_limit(RateLimit::new(1, SECOND)));
    let devices = bench.devices();
    bench.assign(&devices[..1]).unwrap();
    assert_eq!(refusal(bench.assign(&devices[1..])), (429, "900800".to_owned()));
    assert_eq!(bench.licensed(), &devices[..1]);
}

#[test]
fn each_account_has_its_own_limit_and_only_callers_with_a_bearer_count() {
    let other = AccountName::new("0000123456-00002").unwrap();
    let other = AccountSettings::new(other, 1).rate_limit(RateLimit::new(1, SECOND));
    let mut bench = Bench::new(Settings::default().account(other));
    let path = "/licenses/0000123456-00002";
    let tokens = bench.tokens.take();
    let nobody = http::Request::get(format!("/api/fota/v3{path}")).body("".into()).unwrap();
    assert_eq!(bench.send(&nobody).0, 401);
    bench.tokens = tokens;
    assert_eq!(bench.raw(Method::GET, path, "").0, 200);
    assert_eq!(bench.raw(Method::GET, path, "").0, 429);
    bench.list().unwrap();
    bench.list().unwrap();
}

#[test]
fn the_admin_api_sets_and_lifts_it() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(bench.admin(Method::GET, "/rate-limit", "").1, serde_json::Value::Null);
    let limit = r#"{"requests":1,"perMillis":60000}"#;
    let (status, answer) = bench.admin(Method::PUT, &format!("/rate-limit?account={ACCOUNT}"), limit);
    assert_eq!(
        (status, answer["requests"].as_u64(), answer["perMillis"].as_u64()),
        (200, Some(1), Some(60_000))
    );
    assert_eq!(bench.admin(Method::GET, "/rate-limit", "").1, answer);
    bench.list().unwrap();
    assert_eq!(refusal(bench.list()).0, 429);
    bench.wait(60);
    bench.list().unwrap();
    assert_eq!(refusal(bench.list()).0, 429);
    assert_eq!(bench.admin(Method::DELETE, "/rate-limit", "").0, 200);
    bench.list().unwrap();
    bench.list().unwrap();
    assert_eq!(bench.admin(Method::PUT, "/rate-limit", r#"{"requests":1}"#).0, 400);
    assert_eq!(bench.admin(Method::PUT, "/rate-limit?account=nobody", limit).0, 404);
}

#[test]
fn a_restored_account_keeps_the_limit_of_the_settings() {
    let settings = Settings::default().rate_limit(RateLimit::new(1, SECOND));
    let snapshot = Bench::fresh(Settings::default()).emulator.snapshot();
    let mut bench = Bench::fresh(settings);
    bench.emulator.restore(snapshot);
    assert_eq!(bench.emulator.account(ACCOUNT).unwrap().rate_limit(), Some(RateLimit::new(1, SECOND)));
}

#[test]
fn limits_as_text() {
    for (text, requests, per) in [
        ("10/1s", 10, SECOND),
        ("5/s", 5, SECOND),
        ("600 / 1m", 600, 60 * SECOND),
        ("0/500ms", 0, SECOND / 2),
    ] {
        assert_eq!(text.parse(), Ok(RateLimit::new(requests, per)), "{text}");
    }
    for text in ["", "10", "10/", "/1s", "ten/1s", "10/0s", "10/1y", "-1/1s"] {
        let error = text.parse::<RateLimit>().unwrap_err().to_string();
        assert!(error.contains("10/1s"), "{text}: {error}");
    }
}
