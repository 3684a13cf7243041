//! Every fault, as the client sees it: bytes on a socket, with a deadline.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fota_core::{Endpoint, Servers, Tokens, licenses};
use fota_emulator::{
    ACCOUNT, Delivery, Effect, Emulator, Fault, OperatorAction, SecondOperator, Server, Settings, Shape,
};
use fota_models::ApiFault;
use http::Request;

use crate::bench::Bench;
use crate::socket::{Received, connect, exchange, list, read, sign_in, write};

fn start() -> (Server, Tokens) {
    let server = Server::start(Settings::seeded(20, 20, 1).assigned(5)).unwrap();
    let tokens = sign_in(&server);
    (server, tokens)
}

fn assign(server: &Server, tokens: &Tokens) -> Request<Bytes> {
    let devices: Vec<_> =
        server.with(|emulator| emulator.account(ACCOUNT).unwrap().devices().cloned().collect());
    let assign = licenses::Assign::new(server.account(), devices);
    assign.to_request(&Servers::at(&server.base_url()).unwrap(), Some(tokens)).unwrap()
}

fn licensed(server: &Server) -> usize {
    server.with(|emulator| emulator.account(ACCOUNT).unwrap().licensed().len())
}

/// The answer to a list request under this one rule, and the honest body.
fn under(effect: Effect) -> (Received, Vec<u8>) {
    let (server, tokens) = start();
    let request = list(&server, &tokens);
    let honest = exchange(&server, &request).body().to_vec();
    server.faults([Fault::new("licenses.list", effect).once()]).unwrap();
    let received = exchange(&server, &request);
    assert_eq!(exchange(&server, &request).body(), honest, "the rule was for one request");
    (received, honest)
}

#[test]
fn honest_answers_promise_what_they_send() {
    let (received, honest) = under(Effect::Delay);
    assert_eq!(received.status(), 200);
    assert_eq!((received.promised(), received.body()), (honest.len(), &*honest));
    assert_eq!(received.header("content-type").as_deref(), Some("application/json"));
    assert!(received.header("date").unwrap().starts_with("Tue, 05 Mar 2024 09:10:1"));
}

#[test]
fn every_body_shape() {
    type Expected = fn(Option<&ApiFault>) -> bool;
    let rows: [(Shape, Expected); 9] = [
        (Shape::Api, |fault| matches!(fault, Some(ApiFault::Api(_)))),
        (Shape::Gateway, |fault| matches!(fault, Some(ApiFault::Gateway(_)))),
        (Shape::GatewayXml, |fault| matches!(fault, Some(ApiFault::GatewayXml(_)))),
        (Shape::Oauth, |fault| matches!(fault, Some(ApiFault::OAuth(error)) if error.cause.is_none())),
        (Shape::Sibling, |fault| matches!(fault, Some(ApiFault::OAuth(error)) if error.cause.is_some())),
        (Shape::Soap, |fault| matches!(fault, Some(ApiFault::Soap(_)))),
        (Shape::Html, |fault| fault.is_none()),
        (Shape::Text, |fault| fault.is_none()),
        (Shape::Empty, |fault| fault.is_none()),
    ];
    for (shape, expected) in rows {
        let (received, _) = under(Effect::answer(503, shape.clone()));
        assert_eq!(received.status(), 503);
        assert!(expected(ApiFault::parse(received.body()).as_ref()), "{shape:?} {received:?}");
        assert_eq!(received.body().is_empty(), shape == Shape::Empty);
    }
    let (received, _) = under(Effect::answer(200, Shape::Html));
    assert_eq!(received.status(), 200);
    assert!(received.body().starts_with(b"<html>"));
    let custom = Shape::Custom { content_type: "text/csv".to_owned(), body: "a,b".to_owned() };
    let (received, _) = under(Effect::answer(418, custom));
    assert_eq!((received.status(), received.body()), (418, &b"a,b"[..]));
    assert_eq!(received.header("content-type").as_deref(), Some("text/csv"));
    let (received, _) = under(Effect::answer(400, Shape::Api).code("MY_CODE").message("mine"));
    assert_eq!(received.body(), br#"{"errorCode":"MY_CODE","errorMessage":"mine"}"#);
}

#[test]
fn retry_after_in_seconds_and_as_a_date() {
    let (received, _) = under(Effect::answer(429, Shape::Gateway).retry_after(7));
    assert_eq!((received.status(), received.header("retry-after").as_deref()), (429, Some("7")));
    assert_eq!(ApiFault::parse(received.body()).unwrap().code(), Some("900800"));
    let (received, _) = under(Effect::answer(429, Shape::Gateway).retry_after_date(60));
    let mut headers = http::HeaderMap::new();
    for name in ["date", "retry-after"] {
        headers.insert(name, received.header(name).unwrap().parse().unwrap());
    }
    assert_eq!(fota_core::retry_after(&headers), Some(Duration::from_secs(60)));
}

#[test]
fn redirects() {
    for status in [302, 307] {
        let location = "http://127.0.0.1:1/elsewhere".to_owned();
        let (received, _) = under(Effect::Redirect { status, location: location.clone() });
        assert_eq!((received.status(), received.header("location")), (status, Some(location)));
    }
}

#[test]
fn close_before_processing() {
    let (server, tokens) = start();
    server.faults([Fault::new("licenses.assign", Effect::Close).once()]).unwrap();
    let received = exchange(&server, &assign(&server, &tokens));
    assert!(received.bytes.is_empty() && !received.reset);
    assert_eq!(licensed(&server), 5);
    let entry = server.log().pop().unwrap();
    assert_eq!(
        (entry.operation, entry.devices, entry.status, entry.processed),
        ("licenses.assign", 20, None, false)
    );
    assert_eq!(entry.fault, Some(1));
}

#[test]
fn commit_then_lose_the_answer() {
    let (server, tokens) = start();
    server.faults([Fault::new("licenses.assign", Effect::Close).after_processing().once()]).unwrap();
    let received = exchange(&server, &assign(&server, &tokens));
    assert!(received.bytes.is_empty() && !received.reset);
    assert_eq!(licensed(&server), 20);
    let entry = server.log().pop().unwrap();
    assert_eq!((entry.status, entry.processed), (None, true));
}

#[test]
fn commit_then_answer_503() {
    let (server, tokens) = start();
    let fault = Fault::new("licenses.*", Effect::answer(503, Shape::Empty)).after_processing();
    server.faults([fault]).unwrap();
    assert_eq!(exchange(&server, &assign(&server, &tokens)).status(), 503);
    assert_eq!(licensed(&server), 20);
}

#[test]
fn reset() {
    let (received, _) = under(Effect::Reset);
    assert!(received.bytes.is_empty() && received.reset);
}

#[test]
fn commit_then_reset() {
    let (server, tokens) = start();
    server.faults(["licenses.assign:reset-after:once".parse().unwrap()]).unwrap();
    let received = exchange(&server, &assign(&server, &tokens));
    assert!(received.bytes.is_empty() && received.reset);
    assert_eq!(licensed(&server), 20);
}

#[test]
fn bodies_are_cut_at_the_byte() {
    for bytes in [0, 1, 17] {
        let (received, honest) = under(Effect::Cut { bytes });
        assert_eq!((received.status(), received.promised()), (200, honest.len()));
        assert_eq!(received.body(), &honest[..bytes]);
        assert!(!received.reset);
    }
    // Cutting after the end cuts nothing.
    let (received, honest) = under(Effect::Cut { bytes: 1 << 20 });
    assert_eq!(received.body(), honest);
}

#[test]
fn a_cut_answer_was_processed() {
    let (server, tokens) = start();
    server.faults([Fault::new("licenses.assign", Effect::Cut { bytes: 10 })]).unwrap();
    assert_eq!(exchange(&server, &assign(&server, &tokens)).body().len(), 10);
    assert_eq!(licensed(&server), 20);
}

#[test]
fn garbage() {
    let (received, _) = under(Effect::Garbage);
    assert_eq!(received.status(), 200);
    assert!(std::str::from_utf8(received.body()).is_err());
}

#[test]
fn oversized() {
    let (received, _) = under(Effect::Oversized { bytes: 5_000_001 });
    assert_eq!((received.status(), received.promised(), received.body().len()), (200, 5_000_001, 5_000_001));
    assert!(received.body().iter().all(|byte| *byte == b' '));
}

#[test]
fn a_client_may_stop_reading_an_oversized_body() {
    let (server, tokens) = start();
    server.faults([Fault::new("licenses.list", Effect::Oversized { bytes: 1 << 40 }).once()]).unwrap();
    let mut stream = connect(&server);
    write(&mut stream, &list(&server, &tokens));
    std::io::Read::read_exact(&mut stream, &mut [0; 1000]).unwrap();
    drop(stream);
    assert_eq!(exchange(&server, &list(&server, &tokens)).status(), 200);
}

#[test]
fn dribble() {
    let started = Instant::now();
    let (received, honest) = under(Effect::Dribble { bytes: 64, every_millis: 20 });
    assert_eq!(received.body(), honest);
    let pieces = u32::try_from(honest.len().div_ceil(64)).unwrap();
    assert!(pieces > 3 && started.elapsed() >= Duration::from_millis(20) * pieces);
}

#[test]
fn delay_holds_up_nobody_else() {
    let (server, tokens) = start();
    let delay = Duration::from_millis(700);
    server.faults([Fault::new("licenses.list", Effect::Delay).delay(delay).once()]).unwrap();
    let started = Instant::now();
    let mut slow = connect(&server);
    write(&mut slow, &list(&server, &tokens));
    while server.with(|emulator| emulator.fault_used(1)) == 0 {
        assert!(started.elapsed() < delay, "the rule was never used");
        std::thread::yield_now();
    }
    assert_eq!(exchange(&server, &list(&server, &tokens)).status(), 200);
    assert!(started.elapsed() < delay, "the second request waited for the first");
    assert_eq!(read(&mut slow).status(), 200);
    assert!(started.elapsed() >= delay);
}

#[test]
fn rules_match_skip_count_and_follow_each_other() {
    let mut bench = Bench::new(Settings::seeded(20, 20, 1).assigned(5));
    let device = bench.devices()[3].clone();
    let busy = |status| Effect::answer(status, Shape::Empty);
    for fault in [
        Fault::new("licenses.assign", busy(501)).for_device(device.clone()),
        Fault::new("licenses.*", busy(502)).for_account("0000123456-09999"),
        Fault::new("licenses.list", busy(503)).skip(1).times(2),
        Fault::new("devices.*", busy(504)),
    ] {
        bench.emulator.add_fault(fault).unwrap();
    }
    let mut list = || bench.raw(http::Method::GET, "/licenses/0000123456-00001", "").0;
    assert_eq!([list(), list(), list(), list()], [200, 503, 503, 200]);
    assert_eq!(bench.raw(http::Method::GET, "/licenses/0000123456-09999", "").0, 502);
    let others = bench.devices()[5..6].to_vec();
    bench.assign(&others).unwrap();
    assert_eq!(bench.assign(&[others[0].clone(), device]).unwrap_err().status().unwrap(), 501);
    assert_eq!(bench.raw(http::Method::POST, "/devices/0000123456-00001", "{}").0, 504);
    bench.emulator.clear_faults();
    assert_eq!(bench.raw(http::Method::POST, "/devices/0000123456-00001", "{}").0, 400);
}

#[test]
fn every_counts_what_is_not_skipped() {
    let mut bench = Bench::new(Settings::default());
    let busy = Effect::answer(503, Shape::Empty);
    bench.emulator.add_fault(Fault::new("licenses.list", busy).skip(1).every(3).times(2)).unwrap();
    let met: Vec<usize> = (1..=12).filter(|_| bench.list().is_err()).collect();
    assert_eq!(met, [4, 7]);
}

#[test]
fn chance_comes_from_the_seed() {
    let run = |seed| {
        let mut bench = Bench::new(Settings::default());
        let fault = Fault::new("licenses.list", Effect::answer(503, Shape::Empty)).probability(0.5, seed);
        bench.emulator.add_fault(fault).unwrap();
        (0..64).map(|_| bench.list().is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let good = run(3).into_iter().filter(|good| *good).count();
    assert!((16..48).contains(&good), "{good} of 64");
}

#[test]
fn the_pure_machine_says_how_to_deliver() {
    let mut bench = Bench::new(Settings::default());
    bench
        .emulator
        .add_fault(Fault::new("*", Effect::Close).after_processing().delay(Duration::from_secs(2)))
        .unwrap();
    let request = Request::builder().uri("/api/fota/v3/nothing").body(Bytes::new()).unwrap();
    let reply = bench.emulator.handle(&request, bench.now);
    assert_eq!(
        (reply.delivery, reply.delay, reply.processed),
        (Delivery::Close, Duration::from_secs(2), true)
    );
}

#[test]
fn rules_that_cannot_be_played_are_refused() {
    for (json, why) in [
        (r#"{"operation":"*","effect":{"kind":"answer","status":42}}"#, "status 42"),
        (
            r#"{"operation":"*","effect":{"kind":"redirect","status":200,"location":"/"}}"#,
            "200 is no redirect",
        ),
        (r#"{"operation":"*","effect":{"kind":"redirect","status":302,"location":"a\nb"}}"#, "header"),
        (r#"{"operation":"*","effect":{"kind":"dribble","bytes":0,"everyMillis":1}}"#, "bytes"),
        (r#"{"operation":"*","effect":{"kind":"close"},"probability":2}"#, "probability"),
        (r#"{"operation":"*","effect":{"kind":"close"},"probabilty":1}"#, "probabilty"),
        (r#"{"operation":"*","effect":{"kind":"explode"}}"#, "explode"),
        (r#"{"effect":{"kind":"close"}}"#, "operation"),
        (r#"{"operation":"licences.assign","effect":{"kind":"close"}}"#, "auth.token, auth.revoke"),
        (r#"{"operation":"*","effect":{"kind":"close"},"every":0}"#, "every"),
        (r#"{"operation":"*","effect":{"kind":"close"},"window":{"fromMillis":5,"untilMillis":5}}"#, "ends"),
        (r#"{"operation":"*","effect":{"kind":"close"},"window":{"till":5}}"#, "untilMillis"),
        (r#"{"operation":"*","effect":{"kind":"operator","action":"steal"}}"#, "toggle"),
    ] {
        let error = json.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(why), "{error} lacks {why}");
    }
    let mut emulator = Emulator::new(Settings::default());
    assert!(emulator.add_fault(Fault::new("*", Effect::Close).probability(f64::NAN, 0)).is_err());
}

#[test]
fn rules_survive_their_json() {
    for fault in [
        Fault::new("auth.*", Effect::answer(429, Shape::GatewayXml).retry_after_date(3)).times(2).skip(1),
        Fault::new("*", Effect::Dribble { bytes: 3, every_millis: 5 }).for_device("352099001761481"),
        Fault::new("*", Effect::Close).after_processing().probability(0.25, 9).for_account("x"),
        Fault::new("*", Effect::Reset).starting(Duration::from_secs(3)).after_requests(4).every(2),
        Fault::new("*", Effect::Garbage).until(Duration::from_millis(70)),
        Fault::new("*", Effect::Operator(SecondOperator::new(OperatorAction::Toggle).random(3))),
    ] {
        let json = serde_json::to_string(&fault).unwrap();
        assert_eq!(json.parse::<Fault>().unwrap(), fault, "{json}");
    }
}
