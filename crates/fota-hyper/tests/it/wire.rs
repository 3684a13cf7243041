//! One exchange: what is sent, what comes back, and the phase of each failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fota_core::{AsyncTransport, Limits, Phase, TransportError};
use fota_hyper::HyperTransport;
use http::{Request, Response};

use crate::server::{After, Server, answer, closed_port, eventually};

async fn send(
    transport: &HyperTransport,
    url: &str,
    limits: Limits,
) -> Result<Response<Bytes>, TransportError> {
    transport.send(Request::get(url).body(Bytes::new()).unwrap(), limits).await
}

async fn get(url: &str) -> Result<Response<Bytes>, TransportError> {
    send(&HyperTransport::http_only(), url, Limits::default()).await
}

/// Phase, timed out, too large.
fn traits(error: &TransportError) -> (Phase, bool, bool) {
    (error.phase, error.timed_out, error.too_large)
}

const LOST: (Phase, bool, bool) = (Phase::Exchange, false, false);
const UNSENT: (Phase, bool, bool) = (Phase::Connect, false, false);
const TOO_LARGE: (Phase, bool, bool) = (Phase::Exchange, false, true);

#[tokio::test]
async fn exactly_the_given_headers_and_host_are_sent() {
    let server = Server::saying(answer("200 OK", ""), || After::Keep);
    let transport = HyperTransport::http_only();
    let url = format!("{}/a%2Fb?c=d%20e", server.url());
    let host = format!("host: localhost:{}", server.address.port());

    let request = Request::get(&url).header("Authorization", "Bearer b").header("VZ-M2M-Token", "s");
    transport.send(request.body(Bytes::new()).unwrap(), Limits::default()).await.unwrap();
    let request = Request::post(&url).header("content-length", "2").header("user-agent", "me");
    transport.send(request.body(Bytes::from("{}")).unwrap(), Limits::default()).await.unwrap();
    let request = Request::post(&url).header("content-length", "0");
    transport.send(request.body(Bytes::new()).unwrap(), Limits::default()).await.unwrap();

    let requests = server.requests();
    assert_eq!(requests[0].line(), "GET /a%2Fb?c=d%20e");
    assert_eq!(requests[0].headers(), ["authorization: Bearer b", &host, "vz-m2m-token: s"]);
    assert_eq!(requests[1].headers(), ["content-length: 2", &host, "user-agent: me"]);
    assert_eq!(requests[1].body, b"{}");
    assert_eq!(requests[2].headers(), ["content-length: 0", &host]);
    assert_eq!(server.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn any_status_is_an_answer_with_all_its_headers() {
    let text = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\nx-id: 1\r\nx-id: 2\r\ntransfer-encoding: chunked\r\n\r\n\
                3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let server = Server::saying(text, || After::Keep);
    let response = get(&server.url()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.headers().get_all("x-id").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(response.body(), "abcde");
}

#[tokio::test]
async fn nothing_is_decompressed() {
    let text = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x0b\x08\x00";
    let server = Server::saying(text, || After::Keep);
    let response = get(&server.url()).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(&response.body()[..], b"\x1f\x0b\x08\x00");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Server::saying(answer("200 OK", ""), || After::Keep);
    for status in ["302 Found", "307 Temporary Redirect"] {
        let text =
            format!("HTTP/1.1 {status}\r\nlocation: {}/x\r\ncontent-length: 2\r\n\r\nno", elsewhere.url());
        let server = Server::saying(text, || After::Keep);
        let response = get(&server.url()).await.unwrap();
        assert_eq!(response.status().as_str(), &status[..3]);
        assert_eq!(response.headers()["location"], format!("{}/x", elsewhere.url()));
        assert_eq!(response.body(), "no");
        assert_eq!(server.count("GET /"), 1);
    }
    thread::sleep(Duration::from_millis(50));
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn what_surely_was_not_sent_fails_in_the_connect_phase() {
    let refused = get(&format!("http://{}", closed_port())).await.unwrap_err();
    assert_eq!(traits(&refused), UNSENT, "{refused:?}");
    let unknown = get("http://no-such-host.invalid/").await.unwrap_err();
    assert_eq!(unknown.phase, Phase::Connect, "{unknown:?}");
    let tls = get("https://localhost:1/").await.unwrap_err();
    assert_eq!(traits(&tls), UNSENT, "no TLS in this transport: {tls:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_loses_the_answer() {
    let whole = answer("200 OK", "0123456789");
    for cut in [0, 5, 20, whole.len() - 10, whole.len() - 1] {
        let server = Server::saying(&whole[..cut], || After::Close);
        let error = get(&server.url()).await.unwrap_err();
        assert_eq!(traits(&error), LOST, "cut at {cut}: {error:?}");
        assert_eq!(server.count("GET /"), 1, "cut at {cut}: sent once");
    }
    let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc";
    let server = Server::saying(text, || After::Close);
    assert_eq!(traits(&get(&server.url()).await.unwrap_err()), LOST);
    let server = Server::saying("this is not HTTP\r\n\r\n", || After::Close);
    assert_eq!(traits(&get(&server.url()).await.unwrap_err()), LOST);
}

#[tokio::test]
async fn a_stale_connection_is_replaced_but_a_sent_request_is_not_repeated() {
    let server = Server::start(|request, wire| match request.number {
        // Answers, and closes the idle connection without a word.
        0 => {
            wire.write_all(answer("200 OK", "a").as_bytes()).unwrap();
            After::Close
        }
        1 => {
            wire.write_all(answer("200 OK", "b").as_bytes()).unwrap();
            After::Keep
        }
        // The pooled connection dies with this request on it.
        _ => After::Close,
    });
    let transport = HyperTransport::http_only();
    let url = server.url();
    let send = || send(&transport, &url, Limits::default());
    assert_eq!(send().await.unwrap().body(), "a");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(send().await.unwrap().body(), "b");
    assert_eq!(traits(&send().await.unwrap_err()), LOST);
    assert_eq!(server.requests().len(), 3);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn the_attempt_ends_in_time_wherever_the_server_is_slow() {
    let limits = Limits::default().attempt(Duration::from_millis(200));
    let dripping = Server::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        for _ in 0..50 {
            if wire.write_all(b"x").is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        After::Close
    });
    let mute = Server::start(|_, _| {
        thread::sleep(Duration::from_secs(3));
        After::Close
    });
    for server in [dripping, mute] {
        let start = Instant::now();
        let error = send(&HyperTransport::http_only(), &server.url(), limits).await.unwrap_err();
        assert_eq!(traits(&error), (Phase::Exchange, true, false), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_body_over_the_cap_is_not_read_and_the_server_sees_the_close() {
    const CHUNK: usize = 64 * 1024;
    const WHOLE: usize = 100 * 1024 * 1024;
    for announced in [true, false] {
        let (sent, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (sent.clone(), closed.clone());
        let server = Server::start(move |_, wire| {
            let framing =
                if announced { format!("content-length: {WHOLE}") } else { "connection: close".into() };
            wire.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").as_bytes()).unwrap();
            let chunk = vec![b'x'; CHUNK];
            for _ in 0..WHOLE / CHUNK {
                if wire.write_all(&chunk).is_err() {
                    counters.1.store(1, Ordering::SeqCst);
                    break;
                }
                counters.0.fetch_add(CHUNK, Ordering::SeqCst);
            }
            After::Close
        });
        let limits = Limits::default().max_body(1024 * 1024);
        let error = send(&HyperTransport::http_only(), &server.url(), limits).await.unwrap_err();
        assert_eq!(traits(&error), TOO_LARGE, "{error:?}");
        let seen =
            tokio::task::spawn_blocking(move || eventually(|| closed.load(Ordering::SeqCst) == 1)).await;
        assert!(seen.unwrap(), "the client must close the connection");
        assert!(sent.load(Ordering::SeqCst) < WHOLE / 4, "{sent:?}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_fine() {
    let server = Server::saying(answer("200 OK", "0123456789"), || After::Keep);
    let at = |cap| Limits::default().max_body(cap);
    let transport = HyperTransport::http_only();
    assert_eq!(send(&transport, &server.url(), at(10)).await.unwrap().body(), "0123456789");
    let error = send(&transport, &server.url(), at(9)).await.unwrap_err();
    assert_eq!(traits(&error), TOO_LARGE);
}
