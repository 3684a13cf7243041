//! The way to the service: the proxy, the name and the port, TLS, and the clock at the other end.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use fota_core::{AsyncTransport as _, Limits, TransportError};
use http::header::DATE;
use http::{Request, Response, Uri};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::certificate::{self, Certificate};
use super::report::Report;
use crate::commands::service_uris;
use crate::connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::settings::{Environment, Settings};

/// For one step on the way.
const PATIENCE: Duration = Duration::from_secs(10);
/// A certificate is usually renewed a month before its end.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 86_400);
/// A clock that is off by more than this is worth a word: an access token's life and the times of a journal
/// are read off it.
const SKEW: Duration = Duration::from_secs(60);

/// Which proxy is in the way, without asking it.
pub(super) fn proxy(
    report: &mut Report<'_>,
    settings: &Settings,
    environment: &Environment,
) -> Result<(), Failure> {
    let mut ways: Vec<String> = Vec::new();
    for uri in service_uris(&settings.servers) {
        let host = uri.host().unwrap_or_default();
        let way = match settings.proxies.for_uri(&uri)? {
            Some(proxy) => format!(
                "{host} through {proxy}{} (by {})",
                if proxy.has_credentials() { ", with a user name" } else { "" },
                proxy.variable().unwrap_or("the settings")
            ),
            None => format!("{host} is reached directly"),
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    let is_set = |name: &str| matches!(environment.text(name), Ok(Some(_)));
    let sends_https = service_uris(&settings.servers).iter().any(|uri| uri.scheme_str() == Some("https"));
    let others = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    if sends_https && is_set("http_proxy") && !others.into_iter().any(is_set) {
        return report.warn(
            "proxy",
            format!("{}, for http_proxy has no effect on https", ways.join("; ")),
            "set https_proxy if the service is to be reached through it".to_owned(),
        );
    }
    report.ok("proxy", ways.join("; "))
}

/// Goes the way, as far as it leads. Whether it leads to all services.
pub(super) async fn reach(report: &mut Report<'_>, settings: &Settings) -> Result<bool, Failure> {
    let mut origins: Vec<Uri> = Vec::new();
    for uri in service_uris(&settings.servers) {
        if !origins.iter().any(|known| known.authority() == uri.authority() && known.scheme() == uri.scheme())
        {
            origins.push(uri);
        }
    }
    let mut all = true;
    for uri in origins {
        all &= reach_one(report, settings, &uri).await?;
    }
    Ok(all)
}

async fn reach_one(report: &mut Report<'_>, settings: &Settings, uri: &Uri) -> Result<bool, Failure> {
    let proxy = settings.proxies.for_uri(uri)?;
    let (host, port) = if let Some(proxy) = proxy {
        (proxy.host(), proxy.port())
    } else {
        let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(default))
    };
    let what = if proxy.is_some() { "the proxy " } else { "" };
    match connect(host, port).await {
        Ok(way) => report.ok("network", format!("{what}{host}:{port} {way}"))?,
        Err(why) => {
            let hint = match proxy {
                Some(proxy) => format!("check {}", proxy.variable().unwrap_or("the proxy")),
                None => {
                    "check the network, the base URL (fota config explain), and whether a proxy is needed \
                         (https_proxy)"
                        .to_owned()
                }
            };
            let failure = Failure::new(Exit::Unavailable, "network", format!("{what}{host}:{port} {why}"));
            report.fail("network", &failure.hint(hint))?;
            report.skip("tls", "there is no connection")?;
            report.skip("clock", "there is no connection")?;
            return Ok(false);
        }
    }
    let before = Instant::now();
    let answer = ask(settings, uri).await;
    let took = before.elapsed();
    let certificate = match uri.scheme_str() {
        Some("https") => certificate::look(&settings.proxies, uri).await,
        _ => None,
    };
    match answer {
        Ok(response) => {
            tls(report, settings, uri, response.status().as_u16(), certificate.as_ref())?;
            clock(report, &response, took)?;
            Ok(true)
        }
        Err(failure) => {
            let message = match certificate.as_ref().and_then(|certificate| certificate.issuer.as_deref()) {
                Some(issuer) => format!("{} (the certificate is issued by {issuer})", failure.message()),
                None => failure.message().to_owned(),
            };
            report.fail("tls", &failure.with_message(message))?;
            report.skip("clock", "there is no answer")?;
            Ok(false)
        }
    }
}

/// Looks the name up and opens a connection, which says nothing.
async fn connect(host: &str, port: u16) -> Result<String, String> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let start = Instant::now();
    let addresses: Vec<_> = match timeout(PATIENCE, lookup_host((name, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(format!("has no address: {error}")),
        Err(_) => return Err(format!("has no address after {} s", PATIENCE.as_secs())),
    };
    let mut last = "has no address".to_owned();
    for address in &addresses {
        match timeout(PATIENCE.saturating_sub(start.elapsed()), TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let took = start.elapsed().as_millis();
                return Ok(format!("answers at {} after {took} ms", address.ip()));
            }
            Ok(Err(error)) => last = format!("does not answer at {}: {error}", address.ip()),
            Err(_) => return Err(format!("does not answer at {} in time", address.ip())),
        }
    }
    Err(last)
}

/// A request without credentials. Any answer will do.
async fn ask(settings: &Settings, uri: &Uri) -> Result<Response<Bytes>, Failure> {
    let transport = connection::transport(settings)?;
    let request = Request::get(uri)
        .body(Bytes::new())
        .map_err(|error| Failure::new(Exit::Unexpected, "network", error.to_string()))?;
    let limits = Limits::default().connect(PATIENCE).attempt(PATIENCE);
    transport.send(request, limits).await.map_err(|error| refusal(&error))
}

/// What kept the answer away, in words that help.
fn refusal(error: &TransportError) -> Failure {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        let text = source.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = source.source();
    }
    if let Some(proxy) = fota_core::proxy::ProxyError::behind(error) {
        return Failure::from(proxy);
    }
    let hint = if message.contains("UnknownIssuer") || message.contains("unknown issuer") {
        "somebody else answers for the service, such as the proxy of a company: give its root certificate with \
         --cacert or FOTA_CACERT, if you trust it"
    } else if message.contains("Expired") || message.contains("NotValidYet") || message.contains("expired") {
        "check the clock of this machine; if it is right, the certificate of the service is out of date"
    } else if message.contains("NotValidForName") || message.contains("not valid for name") {
        "check the base URL (fota config explain)"
    } else {
        "check the base URL (fota config explain), and that nothing on the way ends connections"
    };
    Failure::new(Exit::Unavailable, "tls", message).hint(hint)
}

fn tls(
    report: &mut Report<'_>,
    settings: &Settings,
    uri: &Uri,
    status: u16,
    certificate: Option<&Certificate>,
) -> Result<(), Failure> {
    if status >= 500 {
        return report.warn(
            "tls",
            format!("connected, but the service answers with status {status}"),
            "try again later".to_owned(),
        );
    }
    if uri.scheme_str() == Some("http") {
        return report.ok("tls", "none, to this machine itself".to_owned());
    }
    let soon = certificate.and_then(Certificate::left).filter(|left| *left < EXPIRES_SOON);
    let roots = match &settings.cacert {
        Some(path) => format!("this machine's root certificates and {}", path.display()),
        None => "this machine's root certificates".to_owned(),
    };
    let mut message = "the certificate is valid".to_owned();
    if let Some(until) = certificate.and_then(|certificate| certificate.until.as_ref()) {
        let _ = write!(message, " until {until}");
    }
    if let Some(issuer) = certificate.and_then(|certificate| certificate.issuer.as_deref()) {
        let _ = write!(message, ", issued by {issuer}");
    }
    let _ = write!(message, ", and trusted by {roots}");
    match soon {
        Some(left) => report.warn(
            "tls",
            format!("{message}; {} days are left", left.as_secs() / 86_400),
            "who runs the service, or the proxy that answers for it, has to renew the certificate".to_owned(),
        ),
        None => report.ok("tls", message),
    }
}

fn clock(report: &mut Report<'_>, response: &Response<Bytes>, took: Duration) -> Result<(), Failure> {
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return report.skip("clock", "the answer has no date");
    };
    let now = SystemTime::now();
    let (skew, way) = match now.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    // A date has whole seconds, and was written at some time during the exchange.
    if skew <= took + Duration::from_secs(1) {
        return report.ok("clock", "the same as the service's, to the second".to_owned());
    }
    let message = format!("{} s {way} the service's", skew.as_secs());
    if skew > SKEW {
        return report.warn(
            "clock",
            message,
            "set the clock of this machine, by NTP for instance".to_owned(),
        );
    }
    report.ok("clock", message)
}
