//! One call against every kind of answer: what is sent, what is retried, what the error says.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

use std::time::Duration;

use bytes::Bytes;
use fota_core::script::{Script, VirtualClock, lost_answer};
use fota_core::{
    Call, Config, Credentials, Endpoint, Error, ErrorKind, Limits, Moment, RetryPolicy, Secret, Servers,
    Shared, Step, Timer, Tokens, TransportError, devices, drive, licenses, subscriptions,
};
use fota_models::AccountName;
use http::Response;
use proptest::prelude::*;
use std::sync::Arc;

const PAGE: &str = r#"{"accountName":"0000123456-00001","assignedLicenses":0,"hasMoreData":false}"#;
const CHANGE: &str = r#"{"accountName":"0000123456-00001","licCount":5,"licUsedCount":1,
    "deviceList":[{"deviceId":"352099001761481","status":"LicenseAssignSuccess"}]}"#;

fn account() -> AccountName {
    "0000123456-00001".parse().unwrap()
}

fn servers() -> Servers {
    Servers::at("http://127.0.0.1:1").unwrap()
}

fn tokens() -> Tokens {
    Tokens::new(&Secret::from("fake-bearer"), &Secret::from("fake-session")).unwrap()
}

fn run<E: Endpoint>(script: &Script, clock: &VirtualClock, endpoint: E) -> Result<E::Output, Error> {
    run_with(script, clock, endpoint, Config::new(servers()))
}

/// Tokens are there; the script answers the call alone.
fn run_with<E: Endpoint>(
    script: &Script,
    clock: &VirtualClock,
    endpoint: E,
    config: Config,
) -> Result<E::Output, Error> {
    let shared = Arc::new(Shared::new(config, Credentials::new("k", "s", "u", "p"), 1));
    drive::run_blocking(shared.login(), &Script::new().login(), &VirtualClock::new()).unwrap();
    drive::call_blocking(&shared, script, clock, endpoint)
}

fn assign() -> licenses::Assign {
    licenses::Assign::new(account(), ["352099001761481"])
}

#[test]
fn requests_are_spelled_as_the_vendors_sdk_spells_them() {
    let request = |endpoint: &dyn Fn() -> Result<http::Request<Bytes>, Error>| {
        let request = endpoint().unwrap();
        format!("{} {}", request.method(), request.uri().path_and_query().unwrap())
    };
    let (servers, tokens) = (servers(), tokens());
    let list = licenses::List::new(account()).after("352099001761481".into());
    let index = list.clone().path(licenses::ListPath::Index);
    for (expected, made) in [
        (
            "GET /api/fota/v3/licenses/0000123456-00001?lastSeenDeviceId=352099001761481",
            request(&|| list.to_request(&servers, Some(&tokens))),
        ),
        (
            "GET /api/fota/v3/licenses/0000123456-00001/index/352099001761481",
            request(&|| index.to_request(&servers, Some(&tokens))),
        ),
        (
            "POST /api/fota/v3/licenses/0000123456-00001/assign",
            request(&|| assign().to_request(&servers, Some(&tokens))),
        ),
        (
            "POST /api/fota/v3/licenses/0000123456-00001/remove",
            request(&|| licenses::Remove::new(account(), ["1"]).to_request(&servers, Some(&tokens))),
        ),
        (
            "POST /api/fota/v3/devices/0000123456-00001",
            request(&|| devices::Lookup::new(account(), ["1"]).to_request(&servers, Some(&tokens))),
        ),
        (
            "GET /api/fota/v3/subscriptions/0000123456-00001",
            request(&|| subscriptions::Get::new(account()).to_request(&servers, Some(&tokens))),
        ),
    ] {
        assert_eq!(made, expected);
    }
    let request = assign().to_request(&servers, Some(&tokens)).unwrap();
    assert_eq!(request.body(), r#"{"deviceList":["352099001761481"]}"#);
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.headers()["accept"], "application/json");
    assert!(
        request.headers()["authorization"].is_sensitive() && request.headers()["vz-m2m-token"].is_sensitive()
    );
    assert!(!format!("{request:?}{tokens:?}").contains("fake-"), "tokens stay out of Debug");
    // The request, and its body, end where they are; GET carries no body headers.
    let request = list.to_request(&servers, Some(&tokens)).unwrap();
    assert!(
        !request.headers().contains_key("content-type") && !request.headers().contains_key("content-length")
    );
}

#[test]
fn bad_input_is_refused_before_a_request_or_a_login_exists() {
    let script = Script::new();
    let shared = Arc::new(Shared::new(Config::new(servers()), Credentials::new("k", "s", "u", "p"), 1));
    let refuse = |devices: Vec<String>| {
        let endpoint = licenses::Assign::new(account(), devices);
        let error = drive::call_blocking(&shared, &script, &VirtualClock::new(), endpoint).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        error.to_string()
    };
    assert!(refuse(vec![]).contains("empty"));
    assert!(refuse((0..1001).map(|n| n.to_string()).collect()).contains("1001 devices"));
    assert!(refuse(vec!["1".into(), String::new()]).contains("number 2"));
    assert!(script.requests().is_empty());
}

#[test]
fn reads_are_retried_and_writes_only_when_surely_not_processed() {
    // answers, then how many requests a read and a write send for them
    type Answer = fn() -> Result<u16, TransportError>;
    let answers: [(&str, Answer, usize, usize); 9] = [
        ("no connection", || Err(TransportError::connect("refused")), 2, 2),
        ("lost answer", || Err(lost_answer()), 2, 1),
        ("429", || Ok(429), 2, 2),
        ("503", || Ok(503), 2, 2),
        ("500", || Ok(500), 2, 1),
        ("502", || Ok(502), 2, 1),
        ("504", || Ok(504), 2, 1),
        ("400", || Ok(400), 1, 1),
        ("302", || Ok(302), 1, 1),
    ];
    for (name, answer, reads, writes) in answers {
        let script = |body: &'static str| match answer() {
            Ok(status) => Script::new().answer(status, "").answer(200, body),
            Err(error) => Script::new().fail(error).answer(200, body),
        };
        let read = script(PAGE);
        let result = run(&read, &VirtualClock::new(), licenses::List::new(account()));
        assert_eq!((read.requests().len(), result.is_ok()), (reads, reads == 2), "read, {name}");
        let write = script(CHANGE);
        let result = run(&write, &VirtualClock::new(), assign());
        assert_eq!((write.requests().len(), result.is_ok()), (writes, writes == 2), "write, {name}");
        if let Err(error) = result {
            let applied = matches!(name, "lost answer" | "500" | "502" | "504");
            assert_eq!(error.may_have_been_applied(), applied, "{name}: {error:?}");
        }
    }
}

#[test]
fn an_unreadable_good_answer_to_a_write_may_have_been_applied() {
    for body in ["", "<html>", "{", "[]", "{}", r#"{"errorCode":"X","errorMessage":"m"}"#] {
        let script = Script::new().answer(200, body);
        let error = run(&script, &VirtualClock::new(), assign()).unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_applied()), (ErrorKind::Decode, true), "{body}");
        assert_eq!(error.body().unwrap(), body);
    }
}

#[test]
fn errors_keep_what_the_server_said() {
    let long = "x".repeat(5000);
    let mut response = Response::new(Bytes::from(format!("<html>{long}")));
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    response.headers_mut().insert("x-request-id", "42".parse().unwrap());
    let script = Script::new().respond(response);
    let config = Config::new(servers()).retry(RetryPolicy::none());
    let error = run_with(&script, &VirtualClock::new(), licenses::List::new(account()), config).unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Unavailable, 502));
    assert_eq!(error.headers().unwrap()["x-request-id"], "42");
    assert_eq!(error.body().unwrap().len(), 2048);
    assert_eq!((error.attempts(), error.endpoint(), error.is_retryable()), (1, Some("licenses.list"), true));
    assert!(!error.to_string().contains("xxx"), "no body in the message");

    let script = Script::new().answer(
        400,
        "{\"errorCode\":\"INVALID_PARAMETER\",\"errorMessage\":\"Inactive\\n\\u001b[31m account\"}",
    );
    let error = run(&script, &VirtualClock::new(), licenses::List::new(account())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(
        error.to_string(),
        "licenses.list: the server refused the request (HTTP 400, INVALID_PARAMETER): Inactive  [31m account"
    );
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn decode_errors_name_the_place() {
    let body = r#"{"accountName":"a","hasMoreData":"perhaps"}"#;
    let error = run(&Script::new().answer(200, body), &VirtualClock::new(), licenses::List::new(account()))
        .unwrap_err();
    assert!(error.to_string().contains("at hasMoreData"), "{error}");
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<fota_core::DecodeError>().unwrap();
    assert_eq!(source.path(), Some("hasMoreData"));
}

#[test]
fn some_server_errors_are_permanent() {
    let body = r#"{"errorCode":"NOT_FOUND","errorMessage":"no"}"#;
    let script = Script::new().answer(500, body);
    let error = run(&script, &VirtualClock::new(), licenses::List::new(account())).unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(script.requests().len(), 1);
}

fn throttled(retry_after: &str, date: Option<&str>) -> Response<Bytes> {
    let mut response = Response::builder().status(429).header("retry-after", retry_after);
    if let Some(date) = date {
        response = response.header("date", date);
    }
    response.body(Bytes::new()).unwrap()
}

#[test]
fn retry_after_is_a_lower_bound() {
    for response in [
        throttled("30", None),
        throttled("Tue, 05 Mar 2024 09:10:41 GMT", Some("Tue, 05 Mar 2024 09:10:11 GMT")),
    ] {
        let clock = VirtualClock::new();
        let script = Script::new().respond(response).answer(200, PAGE);
        run(&script, &clock, licenses::List::new(account())).unwrap();
        assert!((30..32).contains(&Timer::now(&clock).since_start().as_secs()));
    }
}

#[test]
fn a_wait_that_does_not_fit_fails_at_once_and_says_so() {
    let clock = VirtualClock::new();
    let script = Script::new().respond(throttled("3600", None));
    let error = run(&script, &clock, assign()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert!(error.to_string().contains("3600 s"), "{error}");
    assert_eq!(Timer::now(&clock).since_start(), Duration::ZERO);
}

#[test]
fn attempts_and_total_time_are_finite() {
    let endless = (0..100).fold(Script::new(), |script, _| script.answer(503, ""));
    let error = run(&endless, &VirtualClock::new(), licenses::List::new(account())).unwrap_err();
    assert_eq!((error.attempts(), endless.requests().len()), (5, 5));

    // Each attempt eats most of a minute; the total limit ends it, and shortens the last attempt.
    let config = Config::new(servers()).retry(RetryPolicy::default().total(Duration::from_secs(100)));
    let mut call = Call::new(licenses::List::new(account()), Arc::new(config), 1);
    let mut now = Moment::default();
    let mut limits = Vec::new();
    let error = loop {
        match call.step(Some(&tokens()), now) {
            Step::Send(_, limit) => {
                limits.push(limit.attempt.as_secs());
                now = now.after(limit.attempt);
                call.feed(Err(TransportError::timeout(fota_core::Phase::Exchange, "slow")), now);
            }
            Step::Wait(pause) => now = now.after(pause),
            Step::Done(result) => break result.unwrap_err(),
            Step::NeedAuth(_) => panic!(),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(limits[0], 60);
    assert!(limits[1] < 41 && limits.len() == 2, "{limits:?}");
    assert!(now.since_start() <= Duration::from_secs(100));
}

#[test]
fn too_large_is_not_tried_again() {
    let big = Bytes::from(vec![b' '; 2000]);
    let script = Script::new().answer(200, big);
    let config = Config::new(servers()).limits(Limits::default().max_body(1000));
    let error = run_with(&script, &VirtualClock::new(), licenses::List::new(account()), config).unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::BodyTooLarge, 1));
}

#[test]
fn what_the_transport_declines_is_not_sent_and_not_tried_again() {
    for write in [false, true] {
        let script = Script::new().fail(TransportError::declined("fake rule")).answer(200, PAGE);
        let clock = VirtualClock::new();
        let error = if write {
            run(&script, &clock, assign()).unwrap_err()
        } else {
            run(&script, &clock, licenses::List::new(account())).unwrap_err()
        };
        assert_eq!((error.kind(), error.kind().as_str()), (ErrorKind::Declined, "declined"));
        assert!(!error.is_retryable() && !error.may_have_been_applied());
        assert_eq!((script.requests().len(), Timer::now(&clock)), (1, Moment::default()));
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.downcast_ref::<TransportError>().unwrap().declined);
        assert_eq!(source.source().unwrap().to_string(), "fake rule", "the reason stays within reach");
    }
}

/// What a driver may do, in any order.
#[derive(Debug, Clone)]
enum Act {
    Step(bool),
    Answer(u16, &'static str),
    Lose(bool),
    Pass(u64),
    GiveUp,
}

fn acts() -> impl Strategy<Value = Act> {
    let bodies = prop::sample::select(vec![
        "",
        PAGE,
        "<html>",
        r#"{"fault":{"code":900901}}"#,
        r#"{"errorCode":"A.REQUEST_FAILED.SessionToken.Expired"}"#,
        r#"{"errorCode":"NEW"}"#,
    ]);
    let statuses = prop::sample::select(vec![200_u16, 204, 302, 400, 401, 403, 408, 429, 500, 502, 503]);
    prop_oneof![
        8 => any::<bool>().prop_map(Act::Step),
        6 => (statuses, bodies).prop_map(|(status, body)| Act::Answer(status, body)),
        3 => any::<bool>().prop_map(Act::Lose),
        3 => (0_u64..400).prop_map(Act::Pass),
        1 => Just(Act::GiveUp),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever the driver does: no panic, at most `max_attempts` and the two refreshes' requests, one result.
    #[test]
    fn any_order_of_calls_ends(script in prop::collection::vec(acts(), 0..80), write in any::<bool>()) {
        fn check<E: Endpoint>(endpoint: E, script: &[Act]) -> Result<(), TestCaseError> {
            let mut call = Call::new(endpoint, Arc::new(Config::new(servers())), 3);
            let (mut now, mut sent, mut done) = (Moment::default(), 0, 0);
            let tokens = tokens();
            for act in script {
                match act {
                    Act::Step(with) => match call.step(with.then_some(&tokens), now) {
                        Step::Send(..) => sent += 1,
                        Step::Wait(span) => prop_assert!(!span.is_zero()),
                        Step::NeedAuth(_) => {}
                        Step::Done(Err(error)) if error.kind() == ErrorKind::Misuse => {}
                        Step::Done(_) => done += 1,
                    },
                    Act::Answer(status, body) => {
                        let response = Response::builder().status(*status).body(Bytes::from(*body)).unwrap();
                        call.feed(Ok(response), now);
                    }
                    Act::Lose(sent) => {
                        let error = if *sent { lost_answer() } else { TransportError::connect("refused") };
                        call.feed(Err(error), now);
                    }
                    Act::Pass(seconds) => now = now.after(Duration::from_secs(*seconds)),
                    Act::GiveUp => call.give_up(Error::new(ErrorKind::Unauthorized, "no tokens")),
                }
            }
            prop_assert!(sent <= 5 + 2, "{} requests", sent);
            prop_assert!(done <= 1, "{} results", done);
            // However it stands, a driver that goes on gets to an end.
            for _ in 0..200 {
                match call.step(None, now) {
                    Step::Done(_) => return Ok(()),
                    Step::Wait(span) => now = now.after(span),
                    Step::Send(..) => call.feed(Err(lost_answer()), now),
                    Step::NeedAuth(_) => {}
                }
            }
            Err(TestCaseError::fail("no end"))
        }
        if write { check(assign(), &script)?; } else { check(licenses::List::new(account()), &script)?; }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// No account name, however odd, changes the number of path segments or the query; decoded, the segment
    /// is the name.
    #[test]
    fn accounts_stay_in_their_segment(name in "\\PC{1,40}|[./%?#&+ \\\\ü0-9-]{1,12}") {
        let Ok(account) = AccountName::new(&name) else {
            prop_assert!(matches!(name.as_str(), "." | "..") || name.chars().any(char::is_control));
            return Ok(());
        };
        let request = licenses::List::new(account).to_request(&servers(), Some(&tokens())).unwrap();
        let segments: Vec<_> = request.uri().path().split('/').collect();
        prop_assert_eq!(&segments[..5], &["", "api", "fota", "v3", "licenses"]);
        prop_assert_eq!(segments.len(), 6);
        let decoded = percent_encoding::percent_decode_str(segments[5]).decode_utf8().unwrap();
        prop_assert_eq!(decoded, name.as_str());
        prop_assert_eq!(request.uri().query(), Some("lastSeenDeviceId=0"));
    }
}

/// A program that logs in by itself answers the machine's wish for newer tokens with new ones.
#[test]
fn a_hand_driven_call_goes_on_with_new_tokens() {
    let mut call = Call::new(licenses::List::new(account()), Arc::new(Config::new(servers())), 1);
    let now = Moment::default();
    let refused = r#"{"fault":{"code":900901}}"#;
    assert!(matches!(call.step(Some(&tokens()), now), Step::Send(..)));
    call.feed(Ok(Response::builder().status(401).body(Bytes::from(refused)).unwrap()), now);
    assert!(matches!(call.step(None, now), Step::NeedAuth(_)));
    assert!(matches!(call.step(Some(&tokens()), now), Step::Send(..)));
    call.feed(Ok(Response::new(Bytes::from(PAGE))), now);
    assert!(matches!(call.step(None, now), Step::Done(Ok(_))));
}
