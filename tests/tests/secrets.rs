//! Secrets never print. Canaries stand for the key, the secret, the password and both tokens; whatever can be shown
//! is then searched for them: `Debug` and `Display` of every type that can hold one, every error with its causes,
//! and everything that any crate logs at the most talkative level.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display, Write as _};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_core::auth::{Login, Logout, Revoke, Token};
use fota_core::models::{AccessToken, LoginRequest, SessionToken};
use fota_core::session::{Access, Session};
use fota_core::{
    Auth, Call, ClientCredentials, Config, Credentials, DecodeError, Endpoint, Error, Moment, Secret,
    Servers, Shared, Stale, Step, Tokens, licenses,
};
use fota_emulator::{Effect, Emulator, Fault, Settings, Shape};
use fota_tests::{
    Authority, Blocking, Hyper, Kind, Lab, Options, Raw, Tap, TlsFront, account, capture_logs, in_time,
};
use http::Response;

const KEY: &str = "canary-key-4f1c";
const SECRET: &str = "canary-secret-9b2d";
const PASSWORD: &str = "canary-password-63aa";
const WRONG: &str = "canary-wrong-password-d07e";
const BEARER: &str = "canary-bearer-5e88";
const SESSION: &str = "canary-session-1c39";
const REFRESH: &str = "canary-refresh-aa10";

/// `KEY:SECRET` as the wire has it. Written out, so that a change of the encoding is noticed.
const BASIC: &str = "Y2FuYXJ5LWtleS00ZjFjOmNhbmFyeS1zZWNyZXQtOWIyZA==";

const CANARIES: [&str; 8] = [KEY, SECRET, PASSWORD, WRONG, BEARER, SESSION, REFRESH, BASIC];

fn credentials() -> Credentials {
    Credentials::new(KEY, SECRET, "someone", PASSWORD)
}

fn tokens() -> Tokens {
    Tokens::new(&Secret::from(BEARER), &Secret::from(SESSION)).unwrap()
}

#[track_caller]
fn silent_in(text: &str, canaries: impl IntoIterator<Item = impl AsRef<str>>) {
    for canary in canaries {
        let canary = canary.as_ref();
        if let Some(at) = text.find(canary) {
            let from = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let line = text[from..].lines().next().unwrap_or_default();
            panic!("{canary} was shown: {}", line.chars().take(600).collect::<String>());
        }
    }
}

#[track_caller]
fn silent(what: &(impl Debug + ?Sized)) {
    silent_in(&format!("{what:?} {what:#?}"), CANARIES);
}

#[track_caller]
fn silent_display(what: &impl Display) {
    silent_in(&format!("{what} {what:#}"), CANARIES);
}

/// An error and all that it names as causes, shown in every way.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?} {:?}", error.headers(), error.fault());
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, " {error} {error:?} {error:#?}").unwrap();
        cause = error.source();
    }
    text
}

#[test]
fn models() {
    let secret = Secret::from(PASSWORD);
    silent(&secret);
    silent_display(&secret);
    silent(&Some(vec![secret]));
    silent(&AccessToken::new(BEARER).refresh_token(Secret::from(REFRESH)));
    silent(&SessionToken::new(SESSION));
    silent(&LoginRequest::new("someone", PASSWORD));
    // A secret under a name that nobody knows yet.
    let json = format!(r#"{{"access_token":"{BEARER}","id_token":"{REFRESH}"}}"#);
    silent(&serde_json::from_str::<AccessToken>(&json).unwrap());
    let json = format!(r#"{{"sessionToken":"{SESSION}","VZ-M2M-Token":"{REFRESH}"}}"#);
    silent(&serde_json::from_str::<SessionToken>(&json).unwrap());
    let json = format!(r#"{{"username":"someone","password":"{PASSWORD}","oldPassword":"{WRONG}"}}"#);
    silent(&serde_json::from_str::<LoginRequest>(&json).unwrap());
    // But what is no secret is shown: an empty `Debug` would pass the rest of this file.
    assert!(format!("{:?}", AccessToken::new(BEARER)).contains("Bearer"));
}

#[test]
fn core_types() {
    let client = ClientCredentials::new(KEY, SECRET);
    silent(&credentials());
    silent(&client);
    silent(&tokens());
    silent(&Token::new(client.clone()));
    silent(&Revoke::new(client.clone(), Secret::from(BEARER)));
    silent(&Login::new("someone", PASSWORD));
    let config = Arc::new(Config::default());
    silent(&config);
    silent(&Shared::new(Config::default(), credentials(), 1));
    silent(&Session::new(config, credentials()));
}

/// The machines hand out requests with secrets in their headers and bodies; showing a step shows none of them.
#[test]
fn machines_in_every_state() {
    fn walk<E: Endpoint>(endpoint: E, answer: &str)
    where
        E::Output: Debug,
    {
        let mut call = Call::new(endpoint, Arc::new(Config::default()), 1);
        silent(&call);
        let step = call.step(Some(&tokens()), Moment::default());
        assert!(matches!(step, Step::Send(..)));
        silent(&step);
        silent(&call);
        call.feed(Ok(Response::new(Bytes::copy_from_slice(answer.as_bytes()))), Moment::default());
        silent(&call);
        silent(&call.step(Some(&tokens()), Moment::default()));
    }
    let client = ClientCredentials::new(KEY, SECRET);
    walk(
        Token::new(client.clone()),
        &format!(r#"{{"access_token":"{BEARER}","refresh_token":"{REFRESH}"}}"#),
    );
    walk(Revoke::new(client, Secret::from(BEARER)), "");
    walk(Login::new("someone", PASSWORD), &format!(r#"{{"sessionToken":"{SESSION}"}}"#));
    walk(Logout::new(), &format!(r#"{{"sessionToken":"{SESSION}"}}"#));
    walk(licenses::List::new(account()), r#"{"assignedLicenses":0,"hasMoreData":false}"#);

    let shared = Arc::new(Shared::new(Config::default(), credentials(), 1));
    let mut work = shared.call(licenses::List::new(account()));
    silent(&work);
    // Three exchanges: token, login, and the call itself.
    for answer in [
        format!(r#"{{"access_token":"{BEARER}"}}"#),
        format!(r#"{{"sessionToken":"{SESSION}"}}"#),
        r#"{"assignedLicenses":0,"hasMoreData":false}"#.to_owned(),
    ] {
        silent(&work.step(Moment::default()));
        silent(&work);
        silent(&shared);
        work.feed(Ok(Response::new(answer.into())), Moment::default());
        silent(&work);
        silent(&shared);
    }
    silent(&work.step(Moment::default()));

    let mut session = Session::new(Arc::new(Config::default()), credentials());
    let mut access = session.access(Auth::BearerAndSession, Stale::default(), Moment::default(), 1);
    silent(&access);
    if let Access::Login(_, flow) = &mut access {
        silent(&flow.step(Moment::default()));
        flow.feed(Ok(Response::new(format!(r#"{{"access_token":"{BEARER}"}}"#).into())), Moment::default());
        silent(flow);
        silent(&flow.step(Moment::default()));
    }
    silent(&access);
    silent(&session);
}

/// Answers of a server that cannot be read, and hold secrets all the same.
#[test]
fn unreadable_answers() {
    let broken = [
        format!(r#"{{"access_token":"{BEARER}","sessionToken":"{SESSION}" oops"#),
        format!(r#"{{"access_token":["{BEARER}"],"sessionToken":{{"x":"{SESSION}"}}}}"#),
        format!(r#"["{BEARER}","{SESSION}"]"#),
        format!(r#""{SESSION}""#),
        format!("<html>{SESSION}</html>"),
    ];
    for body in broken {
        let answer = || Response::new(Bytes::from(body.clone()));
        if let Err(error) = Token::from_response(answer()) {
            silent_in(&shown(&error), CANARIES);
        }
        let error = Login::from_response(answer()).unwrap_err();
        silent_in(&shown(&error), CANARIES);
        let (head, bytes) = answer().into_parts();
        let error: DecodeError = Login::decode(&head, &bytes).unwrap_err();
        silent(&error);
        silent_display(&error);
    }
}

/// A gateway that reflects what it was sent, header by header.
#[test]
fn reflected_headers() {
    let answer = Response::builder()
        .status(500)
        .header("authorization", format!("Bearer {BEARER}"))
        .header("x-forwarded-authorization", format!("Basic {BASIC}"))
        .header("vz-m2m-token", SESSION)
        .header("set-cookie", format!("session={SESSION}"))
        .header("x-request-id", "42")
        .body(Bytes::new())
        .unwrap();
    let error = licenses::List::from_response(answer).unwrap_err();
    silent_in(&shown(&error), CANARIES);
    assert!(shown(&error).contains("42"), "what is no secret is shown");
}

#[test]
fn requests_mark_their_secrets() {
    let servers = Servers::production();
    let client = ClientCredentials::new(KEY, SECRET);
    silent(Token::new(client.clone()).to_request(&servers, None).unwrap().headers());
    silent(Revoke::new(client, Secret::from(BEARER)).to_request(&servers, None).unwrap().headers());
    let list = licenses::List::new(account()).to_request(&servers, Some(&tokens())).unwrap();
    silent(&list);
    assert_eq!(list.headers()["vz-m2m-token"], SESSION, "it is there, and not shown");
    // What cannot be a header is refused without being shown.
    let split = Secret::from(format!("{SESSION}\r\nx: y"));
    silent_in(&shown(&Tokens::new(&split, &split).unwrap_err()), CANARIES);
    for url in [
        format!("https://someone:{PASSWORD}@host.example"),
        format!("someone:{PASSWORD}@host.example"),
        format!("http://{KEY}:{SECRET}@[::2]/"),
        format!("https://host.example/?token={BEARER}"),
        format!("http://host.example/#{BEARER}"),
        format!("/path?token={BEARER}"),
    ] {
        silent_in(&shown(&Servers::at(&url).unwrap_err()), CANARIES);
    }
}

fn canary_lab() -> Lab {
    let mut settings = Settings::seeded(30, 20, 7).assigned(10);
    settings.client_id = KEY.into();
    settings.client_secret = SECRET.into();
    settings.username = "someone".into();
    settings.password = PASSWORD.into();
    Lab::new(settings)
}

#[test]
fn emulator_types() {
    // Its key is printed at its start and opens nothing else, so that one it may show.
    let silent = |what: &dyn Debug| {
        silent_in(&format!("{what:?}"), CANARIES.iter().filter(|canary| **canary != KEY));
    };
    let lab = canary_lab();
    lab.open(&Blocking).usage(&account()).unwrap();
    silent(&lab);
    lab.with(|emulator| {
        silent(&emulator);
        silent(&emulator.log().collect::<Vec<_>>());
        silent(&emulator.counters());
        silent(&emulator.credentials());
    });
    let mut settings = Settings::empty();
    settings.client_secret = SECRET.into();
    settings.password = PASSWORD.into();
    silent(&settings);
}

/// A whole day of a client: everything that can be called, everything that can go wrong. Gives all errors back.
fn round(kind: &dyn Kind, lab: &Lab, base: &str, pem: &str) -> Vec<Error> {
    let mut errors = Vec::new();
    let options = |credentials: Credentials| {
        let mut options = Options::new(Servers::at(base).unwrap(), credentials);
        options.root_certificates_pem = pem.into();
        options.retry = options.retry.max_attempts(2);
        options
    };
    silent(&options(credentials()));
    let client = kind.open(options(credentials())).unwrap();
    silent_in(&client.debug(), CANARIES);
    let devices = lab.licensed();

    client.usage(&account()).unwrap();
    assert_eq!(client.list(&account(), None).len(), 10);
    client.lookup(&account(), &devices).unwrap();
    client.subscription(&account()).unwrap();
    client.remove(&account(), &devices).unwrap();
    client.assign(&account(), &devices).unwrap();
    lab.advance(Duration::from_secs(3600));
    client.usage(&account()).unwrap();
    silent_in(&client.debug(), CANARIES);

    let troubles = [
        Effect::answer(503, Shape::Html),
        Effect::answer(429, Shape::Gateway).retry_after(3600),
        Effect::answer(500, Shape::Soap),
        Effect::answer(403, Shape::GatewayXml),
        Effect::answer(400, Shape::Api),
        Effect::answer(200, Shape::Html),
        Effect::answer(401, Shape::Gateway).code("900901"),
        Effect::answer(401, Shape::Sibling).message("UWS session").code("unauthorized"),
        Effect::Redirect { status: 307, location: "http://127.0.0.1:1/".to_owned() },
        Effect::Close,
        Effect::Reset,
        Effect::Cut { bytes: 10 },
        Effect::Garbage,
        Effect::Oversized { bytes: 100 << 20 },
    ];
    for effect in troubles {
        lab.fault(Fault::new("licenses.*", effect));
        errors.push(client.usage(&account()).unwrap_err());
        errors.push(client.assign(&account(), &devices).unwrap_err());
        lab.with(Emulator::clear_faults);
    }
    let mut hasty = options(credentials());
    hasty.limits = hasty.limits.attempt(Duration::from_millis(500));
    hasty.retry = hasty.retry.max_attempts(1);
    let hasty = kind.open(hasty).unwrap();
    lab.fault(Fault::new("licenses.list", Effect::Delay).delay(Duration::from_secs(3)));
    errors.push(hasty.usage(&account()).unwrap_err());
    lab.with(Emulator::clear_faults);

    // The calls that carry the secrets themselves fail in every way, too.
    for operation in ["auth.token", "auth.login"] {
        for effect in
            [Effect::Close, Effect::Garbage, Effect::answer(500, Shape::Api), Effect::Cut { bytes: 12 }]
        {
            lab.fault(Fault::new(operation, effect));
            let client = kind.open(options(credentials())).unwrap();
            errors.push(client.usage(&account()).unwrap_err());
            lab.with(Emulator::clear_faults);
        }
    }
    client.revoke().unwrap();
    client.usage(&account()).unwrap();
    client.logout().unwrap();

    let wrong = kind.open(options(Credentials::new(KEY, SECRET, "someone", WRONG))).unwrap();
    errors.extend((0..3).map(|_| wrong.usage(&account()).unwrap_err()));
    silent_in(&wrong.debug(), CANARIES);
    let wrong = kind.open(options(Credentials::new(KEY, WRONG, "someone", PASSWORD))).unwrap();
    errors.push(wrong.usage(&account()).unwrap_err());
    let broken =
        kind.open(options(Credentials::new(format!("{KEY}\n"), SECRET, "someone", PASSWORD))).unwrap();
    errors.extend(broken.usage(&account()).err());
    lab.with(Emulator::unlock_user);
    errors
}

/// The one test that listens: what is logged is the process's, so it has to be alone in asking.
#[test]
fn logs_and_errors_of_a_whole_day() {
    in_time(Duration::from_secs(60), || {
        let logs = capture_logs();
        let authority = Authority::new();
        for kind in [&Hyper as &dyn Kind, &Blocking] {
            let lab = canary_lab();
            let tap = Tap::start(lab.address());
            let front = TlsFront::start(tap.address(), &authority, "127.0.0.1");
            let plain = format!("http://{}", tap.address());
            let mut errors = round(kind, &lab, &plain, "");
            errors.extend(round(kind, &lab, &front.base_url(), &authority.pem()));
            errors.extend(noise(kind));

            // All of them were really sent.
            let bearers = tap.values("authorization", "Bearer ");
            let sessions = tap.values("vz-m2m-token", "");
            assert!(bearers.len() >= 4 && sessions.len() >= 4, "{} and {}", bearers.len(), sessions.len());
            assert!(bearers.iter().chain(&sessions).all(|token| token.len() == 36));
            assert!(tap.values("authorization", "Basic ").contains(BASIC));
            assert!(tap.sent().contains(PASSWORD) && tap.sent().contains(WRONG));

            // None of them is shown.
            let secrets: BTreeSet<String> =
                bearers.into_iter().chain(sessions).chain(CANARIES.map(str::to_owned)).collect();
            assert!(errors.len() >= 80, "{} errors", errors.len());
            for error in &errors {
                silent_in(&shown(error), &secrets);
            }
            silent_in(&logs.text(), &secrets);
            let emulator = lab.with(|emulator| format!("{emulator:?}"));
            silent_in(&emulator, secrets.iter().filter(|secret| *secret != KEY));
        }
        let text = logs.text();
        // An empty log would pass all that; so would one that nobody but us writes to.
        for target in ["fota: ", "ureq", "rustls", "hyper_util"] {
            let lines = text.lines().filter(|line| line.starts_with(target)).count();
            assert!(lines > 10, "{target} logged {lines} lines");
        }
        assert!(text.contains("licenses.assign"), "attempts are named");
    });
}

/// Servers that speak no HTTP, or reflect the request's head in a body that cannot be read.
fn noise(kind: &dyn Kind) -> Vec<Error> {
    let echo = Raw::serve(|stream| {
        let body = format!(r#"{{"access_token": "{BEARER}", "sessionToken": "{SESSION}", broken"#);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-auth: {BEARER}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).is_ok()
    });
    let noise = Raw::start(format!("{SESSION}\r\n\r\n"));
    let headers = Raw::start(format!("HTTP/1.1 200 OK\r\n{SESSION}\r\n\r\n"));
    [echo, noise, headers]
        .iter()
        .map(|server| {
            let mut options = Options::new(Servers::at(&server.base_url()).unwrap(), credentials());
            options.retry = options.retry.max_attempts(1);
            kind.open(options).unwrap().usage(&account()).unwrap_err()
        })
        .collect()
}
