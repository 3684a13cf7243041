//! Two tokens, one login: what is fetched when, and what is never sent twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_core::script::{Script, VirtualClock, lost_answer};
use fota_core::work::Order;
use fota_core::{
    Config, Credentials, Error, ErrorKind, RetryPolicy, SavedTokens, Secret, Servers, Shared, Timer as _,
    TransportError, drive, licenses,
};
use fota_models::LicenseSummary;
use http::Response;

const PAGE: &str = r#"{"accountName":"0000123456-00001","assignedLicenses":0,"hasMoreData":false}"#;
const BEARER_DEAD: &str = r#"{"fault":{"code":900901,"message":"Invalid Credentials","description":""}}"#;
const SESSION_DEAD: &str =
    r#"{"errorCode":"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired","errorMessage":"x"}"#;
const WRONG_PASSWORD: &str =
    r#"{"errorCode":"UnifiedWebService.INPUT_INVALID.Credentials","errorMessage":"no"}"#;

fn credentials() -> Credentials {
    Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password")
}

fn shared() -> Arc<Shared> {
    let config = Config::new(Servers::at("http://127.0.0.1:1").unwrap());
    Arc::new(Shared::new(config, credentials(), 1))
}

fn list(shared: &Arc<Shared>, script: &Script, clock: &VirtualClock) -> Result<LicenseSummary, Error> {
    let account = "0000123456-00001".parse().unwrap();
    drive::call_blocking(shared, script, clock, licenses::List::new(account))
}

fn token(name: &str, life: u64) -> String {
    format!(r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":{life}}}"#)
}

fn session(name: &str) -> String {
    format!(r#"{{"sessionToken":"{name}"}}"#)
}

/// The last segments of the paths that were asked for, in order.
fn asked(script: &Script) -> Vec<&'static str> {
    script
        .requests()
        .iter()
        .map(|request| match request.uri().path() {
            path if path.ends_with("/token") => "token",
            path if path.ends_with("/login") => "login",
            path if path.ends_with("/logout") => "logout",
            path if path.ends_with("/revoke") => "revoke",
            _ => "call",
        })
        .collect()
}

#[test]
fn tokens_are_fetched_once_and_used_by_all_calls() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new().login().answer(200, PAGE).answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    list(&shared, &script, &clock).unwrap();
    assert_eq!(asked(&script), ["token", "login", "call", "call"]);
    let requests = script.requests();
    assert_eq!(requests[0].headers()["authorization"], "Basic ZmFrZS1rZXk6ZmFrZS1zZWNyZXQ=");
    assert_eq!(requests[0].body(), "grant_type=client_credentials");
    assert_eq!(requests[1].headers()["authorization"], "Bearer fake-bearer");
    assert_eq!(requests[1].body(), r#"{"username":"fake-user","password":"fake-password"}"#);
    assert_eq!(requests[2].headers()["vz-m2m-token"], "fake-session");
}

#[test]
fn only_the_dead_token_is_replaced() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new()
        .login()
        .answer(401, BEARER_DEAD)
        .answer(200, token("b2", 3600))
        .answer(200, PAGE)
        .answer(400, SESSION_DEAD)
        .answer(200, session("s2"))
        .answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    list(&shared, &script, &clock).unwrap();
    assert_eq!(asked(&script), ["token", "login", "call", "token", "call", "call", "login", "call"]);
    let last = script.requests().pop().unwrap();
    assert_eq!(
        (&last.headers()["authorization"], &last.headers()["vz-m2m-token"]),
        (&"Bearer b2".parse().unwrap(), &"s2".parse().unwrap())
    );
}

#[test]
fn both_tokens_may_die_in_one_call_but_each_is_replaced_once() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new()
        .login()
        .answer(401, BEARER_DEAD)
        .answer(200, token("b2", 3600))
        .answer(400, SESSION_DEAD)
        .answer(200, session("s2"))
        .answer(401, BEARER_DEAD);
    let error = list(&shared, &script, &clock).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(asked(&script), ["token", "login", "call", "token", "call", "login", "call"]);
}

#[test]
fn a_wrong_password_is_sent_once_until_credentials_change() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new().answer(200, token("b", 3600)).answer(400, WRONG_PASSWORD);
    assert_eq!(list(&shared, &script, &clock).unwrap_err().kind(), ErrorKind::LoginRejected);
    for _ in 0..20 {
        clock.advance(Duration::from_secs(120));
        let error = list(&shared, &script, &clock).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginBlocked);
        assert_eq!(error.status(), Some(http::StatusCode::BAD_REQUEST), "the first answer is kept");
    }
    assert_eq!(asked(&script), ["token", "login"]);
    shared.set_credentials(credentials());
    let script = Script::new().login().answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
}

/// A 401 without a gateway's code may be the password: asking again could lock the user.
#[test]
fn a_login_is_repeated_only_when_the_gateway_blames_the_bearer() {
    for (status, body) in [(401, ""), (401, "<html>"), (403, "{}"), (401, r#"{"errorCode":"X"}"#), (400, "")]
    {
        let (shared, clock) = (shared(), VirtualClock::new());
        let script = Script::new().answer(200, token("b", 3600)).answer(status, body);
        assert_eq!(
            list(&shared, &script, &clock).unwrap_err().kind(),
            ErrorKind::LoginRejected,
            "{status} {body}"
        );
        assert_eq!(asked(&script), ["token", "login"]);
    }
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new()
        .answer(200, token("b", 3600))
        .answer(401, BEARER_DEAD)
        .answer(200, token("b2", 3600))
        .answer(200, session("s"))
        .answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    assert_eq!(asked(&script), ["token", "login", "token", "login", "call"]);
}

/// The gateway refuses the bearer of the login, and the OAuth service gives the very same one again.
#[test]
fn the_same_bearer_again_ends_the_login_without_a_second_attempt() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script =
        Script::new().answer(200, token("b", 3600)).answer(401, BEARER_DEAD).answer(200, token("b", 3500));
    assert_eq!(list(&shared, &script, &clock).unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!(asked(&script), ["token", "login", "token"]);
    assert!(!shared.is_login_blocked());
}

#[test]
fn the_same_bearer_again_ends_a_call_too() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new().login().answer(401, BEARER_DEAD).answer(200, token("fake-bearer", 3000));
    let error = list(&shared, &script, &clock).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.to_string().contains("same one"), "{error}");
    // What the server said when it refused the token is not lost.
    assert_eq!(error.status(), Some(http::StatusCode::UNAUTHORIZED));
    assert_eq!(error.fault().and_then(fota_models::ApiFault::code), Some("900901"));
    assert_eq!(asked(&script), ["token", "login", "call", "token"]);
}

#[test]
fn logins_without_an_end_are_counted_too() {
    for make in [
        |script: Script| script.fail(lost_answer()),
        |script: Script| script.answer(200, "{\"expiresIn\":1}"),
    ] {
        let (shared, clock) = (shared(), VirtualClock::new());
        let script = make(make(Script::new().answer(200, token("b", 3600))));
        for _ in 0..2 {
            assert_ne!(list(&shared, &script, &clock).unwrap_err().kind(), ErrorKind::LoginBlocked);
        }
        assert_eq!(list(&shared, &script, &clock).unwrap_err().kind(), ErrorKind::LoginBlocked);
        assert_eq!(asked(&script), ["token", "login", "login"]);
    }
}

/// A transport may keep a login back, for reasons that outlive this process. It is no attempt: it counts as
/// none and blocks nothing.
#[test]
fn logins_that_the_transport_declines_do_not_count() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let mut script = Script::new().answer(200, token("b", 3600));
    for _ in 0..5 {
        script = script.fail(TransportError::declined("fake rule"));
    }
    for _ in 0..5 {
        let error = list(&shared, &script, &clock).unwrap_err();
        assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Declined, Some("auth.login")));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.source().unwrap().to_string(), "fake rule");
    }
    assert!(!shared.is_login_blocked());
    let script = Script::new().answer(200, session("s")).answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
}

/// A login that worked proves the password, so a later outage must not block the client for good.
#[test]
fn proven_credentials_survive_lost_logins() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let mut script = Script::new().login().answer(200, PAGE);
    for _ in 0..4 {
        script = script.answer(400, SESSION_DEAD).fail(lost_answer());
    }
    // The session is gone after the first loss, so each further call starts with the login.
    list(&shared, &script, &clock).unwrap();
    assert_eq!(list(&shared, &script, &clock).unwrap_err().kind(), ErrorKind::Interrupted);
    let script =
        Script::new().fail(lost_answer()).fail(lost_answer()).answer(200, session("s")).answer(200, PAGE);
    list(&shared, &script, &clock).unwrap_err();
    list(&shared, &script, &clock).unwrap_err();
    list(&shared, &script, &clock).unwrap();
}

#[test]
fn a_session_dies_of_twenty_idle_minutes_and_lives_on_while_used() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new()
        .answer(200, token("b", 86_400))
        .answer(200, session("s1"))
        .answer(200, PAGE)
        .answer(200, PAGE)
        .answer(200, PAGE)
        .answer(200, session("s2"))
        .answer(200, PAGE);
    for minutes in [0, 15, 15, 21] {
        clock.advance(Duration::from_secs(minutes * 60));
        list(&shared, &script, &clock).unwrap();
    }
    assert_eq!(asked(&script), ["token", "login", "call", "call", "call", "login", "call"]);
}

/// Within its hour the service gives the same token again; that must not become a loop.
#[test]
fn an_aging_bearer_is_replaced_or_used_until_it_really_ends() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new()
        .answer(200, token("b1", 90))
        .answer(200, session("s"))
        .answer(200, PAGE)
        // 50 s left: asks, gets the same one, goes on with it, and asks no more.
        .answer(200, token("b1", 50))
        .answer(200, PAGE)
        .answer(200, PAGE)
        // Ended: asks again, gets a new one.
        .answer(200, token("b2", 3600))
        .answer(200, PAGE);
    for seconds in [0, 40, 20, 40] {
        clock.advance(Duration::from_secs(seconds));
        list(&shared, &script, &clock).unwrap();
    }
    assert_eq!(asked(&script), ["token", "login", "call", "token", "call", "call", "token", "call"]);
}

#[test]
fn refused_oauth_keys_are_reported_as_such() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let body = r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#;
    let script = Script::new().answer(401, body);
    let error = list(&shared, &script, &clock).unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Unauthorized, Some("auth.token")));
    assert!(error.to_string().contains("invalid_client"), "{error}");
    assert_eq!(asked(&script), ["token"]);
}

#[test]
fn logout_and_revoke_end_what_there_is_and_fetch_nothing() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new();
    drive::run_blocking(shared.logout(), &script, &clock).unwrap();
    drive::run_blocking(shared.revoke(), &script, &clock).unwrap();
    assert!(script.requests().is_empty());

    let script = Script::new().login().answer(200, "{}").answer(200, "").login();
    drive::run_blocking(shared.login(), &script, &clock).unwrap();
    drive::run_blocking(shared.logout(), &script, &clock).unwrap();
    drive::run_blocking(shared.revoke(), &script, &clock).unwrap();
    drive::run_blocking(shared.login(), &script, &clock).unwrap();
    assert_eq!(asked(&script), ["token", "login", "logout", "revoke", "token", "login"]);
    assert_eq!(script.requests()[3].body(), "token=fake%2Dbearer");
}

/// Many works, one client, stepped by hand: one of them logs in, the others wait, and when it goes away
/// another one takes over.
#[test]
fn one_login_for_all_and_an_heir_when_its_caller_goes_away() {
    let shared = shared();
    let now = fota_core::Moment::default();
    let work = || shared.call(licenses::List::new("0000123456-00001".parse().unwrap()));
    let mut works: Vec<_> = (0..50).map(|_| work()).collect();
    let ok = |body: &str| Ok(Response::new(Bytes::copy_from_slice(body.as_bytes())));

    assert!(matches!(works[0].step(now), Order::Send(..)));
    for follower in &mut works[1..] {
        assert!(matches!(follower.step(now), Order::Await(_)));
    }
    // The first one is dropped with the token request in flight.
    works.remove(0);
    works[0].landed(Ok(()));
    assert!(matches!(works[0].step(now), Order::Send(..)));
    works[0].feed(ok(&token("b", 3600)), now);
    assert!(matches!(works[0].step(now), Order::Send(..)));
    works[0].feed(ok(&session("s")), now);
    for work in &mut works {
        work.landed(Ok(()));
        let Order::Send(request, _) = work.step(now) else { panic!("tokens are there") };
        assert_eq!(request.headers()["vz-m2m-token"], "s");
        work.feed(ok(PAGE), now);
        assert!(matches!(work.step(now), Order::Done(Ok(_))));
    }
}

/// Late news that an old token was refused must not kill its successor.
#[test]
fn refusals_of_an_old_generation_are_ignored() {
    let shared = shared();
    let now = fota_core::Moment::default();
    let mut works: Vec<_> =
        (0..20).map(|_| shared.call(licenses::List::new("0000123456-00001".parse().unwrap()))).collect();
    let script = Script::new().login();
    drive::run_blocking(shared.login(), &script, &VirtualClock::new()).unwrap();
    let mut fetched = 0;
    // All are sent with the first tokens; all are refused, one after the other.
    for work in &mut works {
        assert!(matches!(work.step(now), Order::Send(..)));
    }
    for work in &mut works {
        work.feed(Ok(Response::builder().status(401).body(Bytes::from(BEARER_DEAD)).unwrap()), now);
        loop {
            let Order::Send(request, _) = work.step(now) else { panic!() };
            if request.uri().path().ends_with("/token") {
                fetched += 1;
                work.feed(Ok(Response::new(Bytes::from(token("b2", 3600)))), now);
            } else {
                assert_eq!(request.headers()["authorization"], "Bearer b2");
                break;
            }
        }
    }
    assert_eq!(fetched, 1);
}

#[test]
fn a_failed_login_is_shared_by_all_who_waited() {
    let shared = Arc::new(Shared::new(
        Config::new(Servers::at("http://127.0.0.1:1").unwrap()).retry(RetryPolicy::none()),
        credentials(),
        1,
    ));
    let now = fota_core::Moment::default();
    let mut leader = shared.login();
    let mut follower = shared.login();
    assert!(matches!(leader.step(now), Order::Send(..)));
    let Order::Await(flight) = follower.step(now) else { panic!() };
    leader.feed(Ok(Response::builder().status(503).body(Bytes::new()).unwrap()), now);
    assert!(matches!(leader.step(now), Order::Done(Err(_))));
    let error = shared.wait_blocking(flight).unwrap_err();
    follower.landed(Err(error));
    let Order::Done(Err(error)) = follower.step(now) else { panic!() };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 1));
}

/// The login was lost, so the change it was for was never sent.
#[test]
fn a_lost_login_has_changed_no_license() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new().answer(200, token("b", 3600)).fail(lost_answer());
    let change = licenses::Assign::new("0000123456-00001".parse().unwrap(), ["352099001761481"]);
    let error = drive::call_blocking(&shared, &script, &clock, change).unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Interrupted, Some("auth.login")));
    assert!(!error.may_have_been_applied());
}

fn saved(bearer_left: u64, session_idle: u64) -> SavedTokens {
    SavedTokens {
        access_token: Secret::from("canary-bearer"),
        bearer_left: Duration::from_secs(bearer_left),
        session_token: Secret::from("canary-session"),
        session_idle: Duration::from_secs(session_idle),
    }
}

#[test]
fn adopted_tokens_are_used_without_a_login() {
    let (shared, clock) = (shared(), VirtualClock::new());
    assert_eq!(shared.saved_tokens(clock.now()), None);
    shared.adopt_tokens(saved(3000, 600), clock.now());
    assert_eq!(shared.saved_tokens(clock.now()), Some(saved(3000, 600)));
    clock.advance(Duration::from_secs(500));
    assert_eq!(shared.saved_tokens(clock.now()), Some(saved(2500, 1100)));
    let script = Script::new().answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    assert_eq!(asked(&script), ["call"]);
    let requests = script.requests();
    assert_eq!(requests[0].headers()["authorization"], "Bearer canary-bearer");
    assert_eq!(requests[0].headers()["vz-m2m-token"], "canary-session");
    // A good answer starts the 20 minutes again.
    assert_eq!(shared.saved_tokens(clock.now()), Some(saved(2500, 0)));
    let shown = format!("{shared:?} {:?}", shared.saved_tokens(clock.now()));
    assert!(!shown.contains("canary") && shown.contains("redacted"), "{shown}");
    clock.advance(Duration::from_secs(1200));
    assert_eq!(shared.saved_tokens(clock.now()), None, "the session died");
}

#[test]
fn dead_tokens_are_not_adopted() {
    for (tokens, expected) in [
        (saved(0, 1200), &["token", "login", "call"][..]),
        (saved(0, 0), &["token", "call"]),
        (saved(3600, 1171), &["login", "call"]),
        (saved(3600, u64::MAX), &["login", "call"]),
        (SavedTokens { session_token: Secret::from("two\nlines"), ..saved(3600, 0) }, &["login", "call"]),
    ] {
        let (shared, clock) = (shared(), VirtualClock::new());
        shared.adopt_tokens(tokens.clone(), clock.now());
        assert_eq!(shared.saved_tokens(clock.now()), None, "{tokens:?}");
        let mut script = Script::new();
        for step in expected {
            script = match *step {
                "token" => script.answer(200, token("b", 3600)),
                "login" => script.answer(200, session("s")),
                _ => script.answer(200, PAGE),
            };
        }
        list(&shared, &script, &clock).unwrap();
        assert_eq!(asked(&script), expected, "{tokens:?}");
    }
}

#[test]
fn newer_tokens_are_kept() {
    let (shared, clock) = (shared(), VirtualClock::new());
    let script = Script::new().login().answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    let own = shared.saved_tokens(clock.now()).unwrap();
    assert_eq!((own.access_token.expose(), own.session_token.expose()), ("fake-bearer", "fake-session"));
    shared.adopt_tokens(saved(3600, 0), clock.now());
    assert_eq!(shared.saved_tokens(clock.now()), Some(own));
}

#[test]
fn refused_tokens_that_were_adopted_are_replaced_once() {
    let (shared, clock) = (shared(), VirtualClock::new());
    shared.adopt_tokens(saved(3600, 0), clock.now());
    let script = Script::new()
        .answer(401, BEARER_DEAD)
        .answer(200, token("b2", 3600))
        .answer(400, SESSION_DEAD)
        .answer(200, session("s2"))
        .answer(200, PAGE);
    list(&shared, &script, &clock).unwrap();
    assert_eq!(asked(&script), ["call", "token", "call", "login", "call"]);
    let now = shared.saved_tokens(clock.now()).unwrap();
    assert_eq!((now.access_token.expose(), now.session_token.expose()), ("b2", "s2"));
}

#[test]
fn a_bearer_that_was_refused_is_not_adopted_again() {
    let (shared, clock) = (shared(), VirtualClock::new());
    shared.adopt_tokens(saved(3600, 0), clock.now());
    let script = Script::new().answer(401, BEARER_DEAD).answer(401, r#"{"error":"invalid_client"}"#);
    list(&shared, &script, &clock).unwrap_err();
    shared.adopt_tokens(saved(3600, 0), clock.now());
    assert_eq!(shared.saved_tokens(clock.now()), None);
    let other = SavedTokens { access_token: Secret::from("b2"), ..saved(3600, 0) };
    shared.adopt_tokens(other.clone(), clock.now());
    assert_eq!(shared.saved_tokens(clock.now()), Some(other));
}
