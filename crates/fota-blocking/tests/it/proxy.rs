//! Through a real proxy on loopback, with real TLS inside the tunnel.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fota_blocking::{Client, UreqTransport};
use fota_core::proxy::{Proxies, ProxyError};
use fota_core::{ErrorKind, Limits, Phase, RetryPolicy, Transport, TransportError};
use http::{Request, Response};

use crate::proxy_server::ConnectProxy;
use crate::server::{After, Authority, Server, answer, closed_port, silent};
use crate::service::credentials;

/// No name server knows it; only the proxy leads to it.
const HOST: &str = "fota.example";

fn secure(authority: &Authority) -> Server {
    Server::start_tls(authority.server(HOST), |_, wire| {
        wire.write_all(answer("200 OK", "secure").as_bytes()).unwrap();
        wire.flush().unwrap();
        After::Keep
    })
}

fn send(transport: &UreqTransport, limits: Limits) -> Result<Response<Bytes>, TransportError> {
    let request = Request::post(format!("https://{HOST}/path?canary-query"))
        .header("authorization", "Bearer canary-bearer")
        .header("vz-m2m-token", "canary-session")
        .body(Bytes::from_static(b"canary-body"))
        .unwrap();
    transport.send(request, limits)
}

fn through(proxy: &str, authority: &Authority) -> UreqTransport {
    UreqTransport::with_proxies(Proxies::through(proxy).unwrap(), authority.pem()).unwrap()
}

#[test]
fn the_tunnel_carries_tls_and_the_proxy_learns_nothing_but_the_host() {
    let authority = Authority::new();
    let server = secure(&authority);
    let proxy = ConnectProxy::to(server.address);
    let transport = through(&proxy.url(), &authority);
    for _ in 0..3 {
        let response = send(&transport, Limits::default()).unwrap();
        assert_eq!(response.body(), "secure");
    }
    assert_eq!(proxy.heads(), ["CONNECT fota.example:443 HTTP/1.1\r\nHost: fota.example:443\r\n\r\n"]);
    assert!(proxy.bytes() > 0 && !proxy.saw("canary"));
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "one tunnel for all of them");
    assert_eq!(requests[0].line(), "POST /path?canary-query");
    assert_eq!(requests[0].body, b"canary-body");
    assert!(!requests[0].head.to_ascii_lowercase().contains("proxy-"), "{}", requests[0].head);
}

#[test]
fn the_password_of_the_proxy_goes_to_the_proxy_alone() {
    let authority = Authority::new();
    let server = secure(&authority);
    let proxy = ConnectProxy::to(server.address);
    let url = format!("http://user:pass%40word@{}", proxy.address);
    send(&through(&url, &authority), Limits::default()).unwrap();
    let heads = proxy.heads();
    // user:pass@word
    assert!(heads[0].contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNzQHdvcmQ=\r\n"), "{heads:?}");
    assert!(!server.requests()[0].head.contains("dXNlcjpwYXNzQHdvcmQ="));
}

#[test]
fn a_certificate_for_another_name_is_refused_inside_the_tunnel() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.server("proxy.example"), |_, _| After::Close);
    let proxy = ConnectProxy::to(server.address);
    let error = send(&through(&proxy.url(), &authority), Limits::default()).unwrap_err();
    assert_eq!((error.phase, error.declined), (Phase::Connect, false), "{error:?}");
    assert!(format!("{:?}", error.source).contains("InvalidCertificate"), "{error:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_proxy_that_gives_no_tunnel_is_named_and_nothing_was_sent() {
    let authority = Authority::new();
    for (said, declined, word) in [
        (
            "HTTP/1.1 407 Authenticate\r\nProxy-Authenticate: Basic\r\n\r\n",
            true,
            "refuses the user name and password",
        ),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n", true, "status 403"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", false, "status 502"),
        ("SSH-2.0-OpenSSH\r\n\r\n", false, "does not speak HTTP"),
        ("", false, "without an answer"),
    ] {
        let proxy = ConnectProxy::saying(said);
        let url = format!("http://canary:canary@{}", proxy.address);
        let error = send(&through(&url, &authority), Limits::default()).unwrap_err();
        assert_eq!(
            (error.phase, error.timed_out, error.declined),
            (Phase::Connect, false, declined),
            "{error:?}"
        );
        let cause = ProxyError::behind(&error).unwrap_or_else(|| panic!("{said:?}: {error:?}")).to_string();
        assert!(cause.contains(word) && cause.contains(&proxy.url()), "{cause}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert!(proxy.bytes() == 0 && !proxy.heads()[0].contains("canary"));
    }
}

#[test]
fn a_proxy_that_is_not_there_or_never_answers_is_a_failure_to_connect() {
    let authority = Authority::new();
    let error = send(&through(&closed_port().to_string(), &authority), Limits::default()).unwrap_err();
    assert_eq!((error.phase, error.timed_out, error.declined), (Phase::Connect, false, false), "{error:?}");
    assert!(ProxyError::behind(&error).unwrap().to_string().contains("it cannot be reached"), "{error:?}");
    let start = Instant::now();
    let limits = Limits::default().connect(Duration::from_millis(200));
    let error = send(&through(&silent().to_string(), &authority), limits).unwrap_err();
    assert_eq!((error.phase, error.timed_out), (Phase::Connect, true), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn loopback_and_the_servers_of_no_proxy_are_reached_directly() {
    let authority = Authority::new();
    let nowhere = closed_port().to_string();
    let local = Server::start_tls(authority.server("localhost"), |_, wire| {
        wire.write_all(answer("200 OK", "direct").as_bytes()).unwrap();
        wire.flush().unwrap();
        After::Keep
    });
    let plain = Server::saying(answer("200 OK", "direct"), || After::Keep);
    let transport = through(&nowhere, &authority);
    for url in [local.url(), plain.url()] {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        assert_eq!(transport.send(request, Limits::default()).unwrap().body(), "direct");
    }
    // The direct way to a name that nobody knows does not lead past the list.
    let proxies = Proxies::through(&nowhere).unwrap().no_proxy("example");
    let transport = UreqTransport::with_proxies(proxies, authority.pem()).unwrap();
    let error = send(&transport, Limits::default()).unwrap_err();
    assert_eq!(error.phase, Phase::Connect);
    assert!(ProxyError::behind(&error).is_none(), "{error:?}");
}

#[test]
fn a_proxy_that_is_none_is_told_when_building() {
    let proxies = |name: &str| (name == "https_proxy").then(|| "socks5://canary@p:1".to_owned());
    let builder = || Client::builder().credentials(credentials()).proxies(Proxies::from_variables(proxies));
    let error = builder().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("https_proxy") && !error.to_string().contains("canary"), "{error}");
    assert!(builder().base_url("http://127.0.0.1:1").build().is_ok(), "it is not used for this one");
}

/// Runs itself again, in a process with variables of its own: no test sets those of the one that it runs in.
#[test]
fn the_environment_counts_unless_other_proxies_are_given() {
    const CHILD: &str = "FOTA_TEST_CHILD";
    if let Some(direct) = std::env::var_os(CHILD) {
        return client_in_this_environment(direct == "direct");
    }
    let proxy = ConnectProxy::saying("HTTP/1.1 403 Forbidden\r\n\r\n");
    let url = format!("http://canary:canary@{}", proxy.address);
    for (child, expected) in [("through", 1), ("direct", 1)] {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "proxy::the_environment_counts_unless_other_proxies_are_given"])
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .env("https_proxy", &url)
            .env(CHILD, child)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{child}");
        assert_eq!(proxy.heads().len(), expected, "{child}");
    }
}

fn client_in_this_environment(direct: bool) {
    let builder = Client::builder()
        .credentials(credentials())
        .base_url(&format!("https://{HOST}"))
        .root_certificates_pem(Authority::new().pem());
    let builder = if direct { builder.proxies(Proxies::none()) } else { builder };
    let client = builder.retry(RetryPolicy::none()).build().unwrap();
    let error = client.login().unwrap_err();
    assert_eq!(ProxyError::behind(&error).is_some(), !direct, "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
