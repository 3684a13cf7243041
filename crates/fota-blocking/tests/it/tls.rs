//! TLS with a real handshake, and whom it trusts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fota_blocking::{Client, UreqTransport};
use fota_core::{ErrorKind, Limits, Phase, Transport, TransportError};
use http::{Request, Response};
use rustls::ServerConfig;

use crate::server::{After, Authority, Server, answer, silent};
use crate::service::credentials;

fn start(tls: Arc<ServerConfig>) -> Server {
    Server::start_tls(tls, |_, wire| {
        wire.write_all(answer("200 OK", "secure").as_bytes()).unwrap();
        wire.flush().unwrap();
        After::Keep
    })
}

fn send(transport: &UreqTransport, url: &str, limits: Limits) -> Result<Response<Bytes>, TransportError> {
    transport.send(Request::get(url).body(Bytes::new()).unwrap(), limits)
}

#[test]
fn a_given_authority_is_trusted_and_its_connection_kept() {
    let authority = Authority::new();
    let server = start(authority.server("localhost"));
    let transport = UreqTransport::with_root_certificates_pem(authority.pem()).unwrap();
    for _ in 0..3 {
        let response = send(&transport, &server.url(), Limits::default()).unwrap();
        assert_eq!(response.body(), "secure");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn plain_http_works_on_a_transport_with_tls() {
    let server = Server::saying(answer("200 OK", "plain"), || After::Keep);
    let transport = UreqTransport::with_root_certificates_pem(Authority::new().pem()).unwrap();
    let response = send(&transport, &server.url(), Limits::default()).unwrap();
    assert_eq!(response.body(), "plain");
}

#[test]
fn an_unknown_authority_or_a_wrong_name_is_refused_before_anything_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let transport = UreqTransport::with_root_certificates_pem(authority.pem()).unwrap();
    for tls in [stranger.server("localhost"), authority.server("example.com")] {
        let server = start(tls);
        let error = send(&transport, &server.url(), Limits::default()).unwrap_err();
        assert_eq!((error.phase, error.timed_out), (Phase::Connect, false), "{error:?}");
        assert!(format!("{:?}", error.source).contains("InvalidCertificate"), "{error:?}");
        assert!(server.requests().is_empty());
    }
}

#[test]
fn a_handshake_that_takes_too_long_is_a_connect_timeout() {
    let transport = UreqTransport::with_root_certificates_pem(Authority::new().pem()).unwrap();
    let url = format!("https://localhost:{}", silent().port());
    for limits in [
        Limits::default().connect(Duration::from_millis(200)),
        Limits::default().attempt(Duration::from_millis(200)),
    ] {
        let start = Instant::now();
        let error = send(&transport, &url, limits).unwrap_err();
        assert_eq!((error.phase, error.timed_out), (Phase::Connect, true), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn certificates_that_are_none_are_refused_when_building() {
    for pem in ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error =
            Client::builder().credentials(credentials()).root_certificates_pem(pem).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
}
