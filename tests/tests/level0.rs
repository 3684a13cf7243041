//! Embedding: the core without any adapter. Requests go out and answers come in over a plain `TcpStream`, first
//! endpoint by endpoint, then with machines driven by hand; and the example that shows it is run.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_core::auth::{Login, Logout, Token};
use fota_core::models::{DeviceId, Verdict};
use fota_core::work::Order;
use fota_core::{
    Call, ClientCredentials, Config, Endpoint, ErrorKind, Moment, Pager, Servers, Shared, Step, Tokens,
    TransportError, licenses,
};
use fota_emulator::{CLIENT_ID, CLIENT_SECRET, Effect, PASSWORD, Settings, Shape, USERNAME};
use fota_tests::{Lab, account, in_time};
use http::{Request, Response};

const LIMIT: Duration = Duration::from_secs(30);

/// One exchange, as a program that has nothing but the standard library would do it.
fn exchange(request: &Request<Bytes>) -> Response<Bytes> {
    let authority = request.uri().authority().unwrap().as_str();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let target = request.uri().path_and_query().unwrap();
    let mut head =
        format!("{} {target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        head.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", request.body()].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = Bytes::copy_from_slice(&answer[end + 4..]);
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut response = Response::builder().status(&lines.next().unwrap()[9..12]);
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        response = response.header(name, value.trim());
    }
    response.body(body).unwrap()
}

fn tokens(servers: &Servers) -> Tokens {
    let token = Token::new(ClientCredentials::new(CLIENT_ID, CLIENT_SECRET));
    let bearer = Token::from_response(exchange(&token.to_request(servers, None).unwrap())).unwrap();
    assert!(bearer.expires_in.is_some_and(|seconds| seconds <= 3600));
    let bearer_only = Tokens::bearer_only(&bearer.access_token).unwrap();
    let login = Login::new(USERNAME, PASSWORD).to_request(servers, Some(&bearer_only)).unwrap();
    let session = Login::from_response(exchange(&login)).unwrap();
    Tokens::new(&bearer.access_token, &session).unwrap()
}

/// Level 0: requests and answers, and nothing else of the crate.
#[test]
fn endpoint_by_endpoint() {
    in_time(LIMIT, || {
        let lab = Lab::new(Settings::seeded(20, 20, 7).assigned(5));
        let servers = lab.servers();
        let tokens = tokens(&servers);
        let list = licenses::List::new(account()).to_request(&servers, Some(&tokens)).unwrap();
        let page = licenses::List::from_response(exchange(&list)).unwrap();
        assert_eq!((page.total_licenses, page.device_list.len()), (Some(20), 5));

        let devices = lab.licensed();
        let remove = licenses::Remove::new(account(), devices).to_request(&servers, Some(&tokens)).unwrap();
        let change = licenses::Remove::from_response(exchange(&remove)).unwrap();
        assert!(change.device_list.iter().all(|device| device.verdict() == Verdict::Success));
        assert!(lab.licensed().is_empty());

        let logout = Logout::new().to_request(&servers, Some(&tokens)).unwrap();
        Logout::from_response(exchange(&logout)).unwrap();
        let error = licenses::List::from_response(exchange(&list)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "the session is over: {error}");
        assert!(error.fault().unwrap().is_session_token());
    });
}

/// Level 1: a call driven by hand, with a pause that nobody sleeps through and pages that follow each other.
#[test]
fn call_by_hand() {
    in_time(LIMIT, || {
        let lab = Lab::new(Settings::seeded(20, 20, 7).assigned(20).page_size(7));
        let config = Arc::new(Config::new(lab.servers()));
        let tokens = tokens(&lab.servers());
        lab.once("licenses.list", Effect::answer(503, Shape::Html));

        let mut now = Moment::default();
        let mut pauses = 0;
        let mut found = Vec::new();
        let mut pager = Pager::new(licenses::List::new(account()));
        while let Some(request) = pager.request() {
            let mut call = Call::new(request, config.clone(), 1);
            let page = loop {
                match call.step(Some(&tokens), now) {
                    Step::Send(request, _) => call.feed(Ok(exchange(&request)), now),
                    Step::Wait(span) => {
                        pauses += 1;
                        now = now.after(span);
                    }
                    Step::NeedAuth(stale) => panic!("the tokens are good: {stale:?}"),
                    Step::Done(result) => break result.unwrap(),
                }
            };
            found.extend(pager.accept(page).unwrap().into_iter().map(|device| device.device_id));
        }
        assert_eq!(found, lab.licensed());
        assert_eq!((pauses, lab.count("licenses.list")), (1, 4));
    });
}

/// A program that logs in by itself is told which token died, and nothing was sent twice.
#[test]
fn call_by_hand_learns_which_token_died() {
    in_time(LIMIT, || {
        let lab = Lab::new(Settings::seeded(20, 20, 7));
        let config = Arc::new(Config::new(lab.servers()));
        let old = tokens(&lab.servers());
        lab.with(fota_emulator::Emulator::kill_sessions);
        let device = DeviceId::from("352099001761481");
        let assign = || Call::new(licenses::Assign::new(account(), [device.clone()]), config.clone(), 1);
        let now = Moment::default();

        let mut call = assign();
        let Step::Send(request, _) = call.step(Some(&old), now) else { panic!("it has tokens") };
        call.feed(Ok(exchange(&request)), now);
        let Step::NeedAuth(stale) = call.step(Some(&old), now) else { panic!("the session is dead") };
        assert!(stale.session.is_some() && stale.bearer.is_none(), "{stale:?}");
        // The dead token again, however often: no request, no loop, an end.
        let end = (0..100).find_map(|_| match call.step(Some(&old), now) {
            Step::Done(result) => Some(result),
            Step::NeedAuth(_) => None,
            other => panic!("{other:?}"),
        });
        let error = end.expect("it gives up").unwrap_err();
        assert!(!error.may_have_been_applied(), "{error:?}");
        assert_eq!(lab.count("licenses.assign"), 1);

        let fresh = tokens(&lab.servers());
        let mut call = assign();
        let Step::Send(request, _) = call.step(Some(&fresh), now) else { panic!("it has tokens") };
        call.feed(Ok(exchange(&request)), now);
        let Step::Done(Ok(change)) = call.step(Some(&fresh), now) else { panic!("the tokens are good") };
        assert_eq!(change.device_list.len(), 1);
    });
}

/// The same with the login left to the core: everything a runtime of one's own has to do is in this loop.
#[test]
fn work_by_hand() {
    in_time(LIMIT, || {
        let lab = Lab::new(Settings::seeded(20, 20, 7).assigned(5));
        let credentials = lab.with(|emulator| emulator.credentials());
        let shared = Arc::new(Shared::new(Config::new(lab.servers()), credentials, 1));
        let mut now = Moment::default();
        for round in 1..=3 {
            let mut work = shared.call(licenses::List::new(account()));
            let mut sent = 0;
            let page = loop {
                match work.step(now) {
                    // The first exchange of the second round is lost.
                    Order::Send(_, _) if round == 2 && sent == 0 => {
                        work.feed(Err(TransportError::exchange("cut")), now);
                        sent += 1;
                    }
                    Order::Send(request, _) => {
                        work.feed(Ok(exchange(&request)), now);
                        sent += 1;
                    }
                    Order::Sleep(span) => now = now.after(span),
                    Order::Await(flight) => panic!("nobody else logs in: {flight:?}"),
                    Order::Done(result) => break result.unwrap(),
                }
            };
            assert_eq!(page.assigned_licenses, Some(5));
            // Token, login, list; then one lost and one good; then an hour later all again.
            assert_eq!(sent, [3, 2, 3][round - 1]);
            if round == 2 {
                lab.advance(Duration::from_secs(3600));
                now = now.after(Duration::from_secs(3600));
            }
        }
        assert_eq!(lab.logins(), (2, 2));
    });
}

/// `std_transport`, as a reader of the documentation would run it.
#[test]
fn example_lists_licenses() {
    in_time(Duration::from_secs(300), || {
        let lab = Lab::new(Settings::seeded(60, 60, 7).assigned(50).page_size(7));
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "-p", "fota-core", "--example", "std_transport"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .envs(lab.environment())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let printed: BTreeSet<_> =
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(printed, lab.licensed().iter().map(ToString::to_string).collect());
        assert!(errors.contains("50 licensed devices"), "{errors}");
        assert_eq!((lab.count("licenses.list"), lab.logins()), (8, (1, 1)));
    });
}
