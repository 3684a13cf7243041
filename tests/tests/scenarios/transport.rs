//! What a transport must and must not do: no redirects, bodies up to a limit, an end in time, and the right phase
//! for every failure.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fota_core::models::DeviceId;
use fota_core::{Error, ErrorKind, Servers};
use fota_emulator::{Effect, Fault, Settings};
use fota_tests::{Adapter, Kind, Lab, Raw, account, closed_port, eventually, scenarios};

scenarios!(
    announced_100_megabytes,
    unannounced_100_megabytes,
    slow_body_past_the_deadline,
    slow_head_past_the_deadline,
    slow_answer_on_assign,
    whole_call_has_a_deadline,
    redirects_are_not_followed,
    redirect_on_assign,
    refused_connection,
    refused_connection_at_login,
    not_http,
    closed_connections_in_the_pool,
    connections_are_reused,
    answers_are_not_decompressed,
    every_header_is_kept,
);

const DEVICE: &str = "352099001761481";
const MIB: usize = 1 << 20;

/// The tokens come from the lab, the answers of the service from `base`.
fn open(
    lab: &Lab,
    kind: &dyn Kind,
    base: &str,
    change: impl FnOnce(&mut fota_tests::Options),
) -> Box<dyn Adapter> {
    let at = lab.base_url();
    let servers =
        Servers::new(&format!("{at}/api/ts/v1"), &format!("{at}/api/m2m"), &format!("{base}/api/fota/v3"));
    let client = lab.open_with(kind, |options| {
        options.servers = servers.unwrap();
        change(options);
    });
    client.login().unwrap();
    client
}

fn lab() -> Lab {
    Lab::with_devices(&[DEVICE], 1)
}

fn one_device() -> Vec<DeviceId> {
    vec![DeviceId::from(DEVICE)]
}

fn is_too_large(error: &Error, start: Instant) {
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::BodyTooLarge, 1), "{error}");
    assert!(!error.is_retryable());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

fn announced_100_megabytes(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    client.login().unwrap();
    lab.fault(Fault::new("licenses.*", Effect::Oversized { bytes: 100 * (MIB as u64) }));
    let start = Instant::now();
    is_too_large(&client.usage(&account()).unwrap_err(), start);
    let error = client.assign(&account(), &one_device()).unwrap_err();
    is_too_large(&error, start);
    assert!(error.may_have_been_applied());
    assert_eq!((lab.count("licenses.list"), lab.count("licenses.assign")), (1, 1));
}

/// Nobody says how long it is; the reader has to count, and stop.
fn unannounced_100_megabytes(kind: &dyn Kind) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let flood = Raw::serve(move |stream| {
        let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
        if stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err() {
            return false;
        }
        for _ in 0..1600 {
            if stream.write_all(&chunk).is_err() {
                return false;
            }
            count.fetch_add(chunk.len(), Ordering::SeqCst);
        }
        stream.write_all(b"0\r\n\r\n").is_ok()
    });
    let lab = lab();
    let client = open(&lab, kind, &flood.base_url(), |options| options.limits = options.limits.max_body(MIB));
    let start = Instant::now();
    is_too_large(&client.usage(&account()).unwrap_err(), start);
    assert_eq!(flood.connections(), 1);
    // What lies in socket buffers is not read, and the rest is never sent.
    std::thread::sleep(Duration::from_millis(200));
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 40 * MIB, "{sent} bytes were taken");
}

fn is_late(error: &Error, start: Instant) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(590) && elapsed < Duration::from_secs(3), "{elapsed:?}");
}

/// Each byte comes in time, the last one would not.
fn slow_body_past_the_deadline(kind: &dyn Kind) {
    let lab = Lab::new(Settings::seeded(20, 20, 7).assigned(20));
    let client = lab.open_with(kind, |options| {
        options.limits = options.limits.attempt(Duration::from_millis(600));
        options.retry = options.retry.max_attempts(1);
    });
    client.login().unwrap();
    lab.fault(Fault::new("licenses.list", Effect::Dribble { bytes: 1, every_millis: 20 }));
    let start = Instant::now();
    let error = client.usage(&account()).unwrap_err();
    is_late(&error, start);
    assert!(error.is_retryable() && !error.may_have_been_applied());
    assert_eq!(lab.count("licenses.list"), 1);
}

fn slow_head_past_the_deadline(kind: &dyn Kind) {
    let trickle = Raw::serve(|stream| {
        b"HTTP/1.1 200 OK\r\nx-slow: yes\r\n".iter().cycle().take(2000).all(|byte| {
            std::thread::sleep(Duration::from_millis(20));
            stream.write_all(&[*byte]).is_ok()
        })
    });
    let lab = lab();
    let client = open(&lab, kind, &trickle.base_url(), |options| {
        options.limits = options.limits.attempt(Duration::from_millis(600));
        options.retry = options.retry.max_attempts(1);
    });
    let start = Instant::now();
    is_late(&client.usage(&account()).unwrap_err(), start);
    assert_eq!(trickle.connections(), 1);
}

fn slow_answer_on_assign(kind: &dyn Kind) {
    let lab = lab();
    let client =
        lab.open_with(kind, |options| options.limits = options.limits.attempt(Duration::from_millis(600)));
    client.login().unwrap();
    lab.fault(Fault::new("licenses.assign", Effect::Delay).delay(Duration::from_secs(5)));
    let start = Instant::now();
    let error = client.assign(&account(), &one_device()).unwrap_err();
    is_late(&error, start);
    assert!(error.may_have_been_applied(), "the answer was late, not the request");
    assert_eq!((error.attempts(), lab.count("licenses.assign")), (1, 1));
    assert_eq!(lab.licensed(), one_device());
}

/// Many attempts, each within its own limit, must not add up to more than the call may take.
fn whole_call_has_a_deadline(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open_with(kind, |options| {
        options.limits = options.limits.attempt(Duration::from_millis(250));
        options.retry = options.retry.max_attempts(100).total(Duration::from_millis(600));
    });
    client.login().unwrap();
    lab.fault(Fault::new("licenses.list", Effect::Delay).delay(Duration::from_secs(5)));
    let start = Instant::now();
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!((2..=4).contains(&error.attempts()), "{error}");
    assert_eq!(u64::from(error.attempts()), lab.count("licenses.list"));
}

/// A redirect would carry both tokens to whatever host it names.
fn redirects_are_not_followed(kind: &dyn Kind) {
    let elsewhere = Raw::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    for status in [301, 302, 303, 307, 308] {
        let lab = lab();
        let client = lab.open(kind);
        client.login().unwrap();
        let location = format!("{}/api/fota/v3/licenses/0000123456-00001", elsewhere.base_url());
        lab.fault(Fault::new("licenses.list", Effect::Redirect { status, location: location.clone() }));
        let error = client.usage(&account()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::UnexpectedStatus, 1), "{error}");
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.headers().unwrap()["location"], location.as_str());
        assert_eq!(lab.count("licenses.list"), 1);
    }
    assert_eq!(elsewhere.connections(), 0, "the client went there");
}

fn redirect_on_assign(kind: &dyn Kind) {
    let elsewhere = Raw::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    for status in [302, 307] {
        let lab = lab();
        let client = lab.open(kind);
        client.login().unwrap();
        let location = elsewhere.base_url();
        lab.fault(Fault::new("licenses.assign", Effect::Redirect { status, location }));
        let error = client.assign(&account(), &one_device()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::UnexpectedStatus, 1), "{error}");
        assert!(!error.may_have_been_applied());
        assert_eq!(lab.count("licenses.assign"), 1);
    }
    // The login, where the password would go along.
    let lab = lab();
    lab.fault(Fault::new("auth.login", Effect::Redirect { status: 307, location: elsewhere.base_url() }));
    let error = lab.open(kind).usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedStatus, "{error}");
    assert_eq!(lab.logins(), (1, 1));
    assert_eq!(elsewhere.connections(), 0, "the client went there");
}

/// Nothing was sent, so even a write is tried again, and may not have been applied.
fn refused_connection(kind: &dyn Kind) {
    let lab = lab();
    let base = format!("http://{}", closed_port());
    let client = open(&lab, kind, &base, |options| options.retry = options.retry.max_attempts(3));
    for error in
        [client.usage(&account()).unwrap_err(), client.assign(&account(), &one_device()).unwrap_err()]
    {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3), "{error}");
        assert!(!error.may_have_been_applied() && error.is_retryable(), "{error:?}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

fn refused_connection_at_login(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open_with(kind, |options| {
        options.servers = Servers::at(&format!("http://{}", closed_port())).unwrap();
    });
    let error = client.assign(&account(), &one_device()).unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Connect, Some("auth.token")), "{error}");
    assert!(!error.may_have_been_applied() && !client.is_login_blocked());
}

fn not_http(kind: &dyn Kind) {
    for noise in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"\x15\x03\x01\x00\x02\x02\x28", b""] {
        let server = Raw::start(noise);
        let lab = lab();
        let client = open(&lab, kind, &server.base_url(), |options| {
            options.retry = options.retry.max_attempts(2);
        });
        let error = client.usage(&account()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 2), "{noise:?}: {error}");
        let error = client.assign(&account(), &one_device()).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, 1), "{noise:?}: {error}");
        assert!(error.may_have_been_applied());
        assert_eq!(server.connections(), 3);
    }
}

/// The server closes a connection while it lies in the pool. The next write must neither fail nor be sent twice.
fn closed_connections_in_the_pool(kind: &dyn Kind) {
    let page = r#"{"assignedLicenses":1,"hasMoreData":false}"#;
    let change = r#"{"licCount":1,"licUsedCount":1,"deviceList":[]}"#;
    // It says keep-alive and closes all the same.
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let server = Raw::serve(move |stream| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let second = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{change}", change.len());
        stream.write_all(if first { &answer } else { &second }.as_bytes()).is_ok_and(|()| false)
    });
    let lab = lab();
    let client = open(&lab, kind, &server.base_url(), |_| {});
    client.usage(&account()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    client.assign(&account(), &one_device()).unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

fn connections_are_reused(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    for _ in 0..20 {
        client.usage(&account()).unwrap();
        client.lookup(&account(), &one_device()).unwrap();
    }
    assert_eq!(lab.requests(), 42);
    // hyper hands a connection back to its pool a moment after the answer, so that the next call may have opened
    // another one meanwhile.
    let most = if kind.name() == "hyper" { 4 } else { 1 };
    assert!(lab.connections() <= most, "{} connections", lab.connections());
}

/// The body is handed on as it came; nobody asked for gzip.
fn answers_are_not_decompressed(kind: &dyn Kind) {
    let server =
        Raw::start("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x08ab");
    let lab = lab();
    let client = open(&lab, kind, &server.base_url(), |_| {});
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(&error.body().unwrap()[..], b"\x1f\x08ab");
    eventually("the request arrived", || server.connections() == 1);
}

fn every_header_is_kept(kind: &dyn Kind) {
    use std::fmt::Write as _;
    let mut head =
        String::from("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-twice: 1\r\nx-twice: 2\r\n");
    for number in 0..120 {
        write!(head, "x-gateway-{number}: value\r\n").unwrap();
    }
    head.push_str("\r\n");
    let server = Raw::start(head);
    let lab = lab();
    let client = open(&lab, kind, &server.base_url(), |_| {});
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let headers = error.headers().unwrap();
    assert_eq!(headers.get_all("x-twice").iter().count(), 2);
    assert!((0..120).all(|number| headers.contains_key(format!("x-gateway-{number}"))));
}
