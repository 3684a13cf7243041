//! One HTTP/1.1 exchange with hyper: what happened, and in which phase it failed.
//!
//! A connection is shared from a pool. Whether this request ever got one is known from hyper's capture of
//! the connection, so "surely not sent" is a fact and not a guess by error text.

use std::error::Error as StdError;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fota_core::proxy::Proxies;
use fota_core::{AsyncTransport, Error, ErrorKind, Limits, Phase, TransportError};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "tls")]
use crate::route::Route;

/// An unused connection is closed after this long, well before a usual server closes it (60 s), and before
/// the two could cross each other on the way.
const IDLE: Duration = Duration::from_secs(20);
/// The most unused connections that are kept for one server.
const IDLE_CONNECTIONS: usize = 32;
/// Gateways add headers; more than this many are refused.
const MAX_HEADERS: usize = 256;

/// hyper as an [`AsyncTransport`], with a connection pool that all clones share.
///
/// It speaks HTTP/1.1, follows no redirect, decompresses nothing, and sends exactly the headers it is given
/// and `Host`.
#[derive(Clone)]
pub struct HyperTransport(Pool);

#[derive(Clone)]
enum Pool {
    Plain(Client<HttpConnector, Full<Bytes>>),
    #[cfg(feature = "tls")]
    Tls(Client<hyper_rustls::HttpsConnector<Route>, Full<Bytes>>),
}

impl HyperTransport {
    /// A transport for `https` and `http`, with the root certificates that the crate's features choose.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] when TLS cannot be set up: no root certificates on this machine, or a
    /// build without TLS.
    pub fn new() -> Result<Self, Error> {
        HyperTransport::with_root_certificates_pem([])
    }

    /// The same, and it also trusts the root certificates in `pem`.
    ///
    /// # Errors
    /// As for [`HyperTransport::new`], or when `pem` holds no certificate.
    pub fn with_root_certificates_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        HyperTransport::with_proxies(Proxies::none(), pem)
    }

    /// The same, through proxies. The other constructors know none.
    ///
    /// # Errors
    /// As for [`HyperTransport::with_root_certificates_pem`], but that `pem` may be empty. A proxy that is not
    /// one is an error of the first request to a server behind it.
    pub fn with_proxies(proxies: Proxies, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        #[cfg(feature = "tls")]
        let result = crate::tls::config(pem.as_ref()).map(|config| {
            let mut http = connector();
            http.enforce_http(false);
            HyperTransport(Pool::Tls(pool(hyper_rustls::HttpsConnector::from((
                Route::new(http, proxies),
                config,
            )))))
        });
        #[cfg(not(feature = "tls"))]
        let result = {
            let _ = (pem, proxies);
            Err("this program was built without TLS")
        };
        result
            .map_err(|error| Error::new(ErrorKind::InvalidRequest, format!("TLS cannot be set up: {error}")))
    }

    /// A transport that reaches `http` servers only, such as a local emulator.
    pub fn http_only() -> Self {
        HyperTransport(Pool::Plain(pool(connector())))
    }

    fn start(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match &self.0 {
            Pool::Plain(client) => client.request(request),
            #[cfg(feature = "tls")]
            Pool::Tls(client) => client.request(request),
        }
    }
}

impl std::fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HyperTransport")
    }
}

#[async_trait]
impl AsyncTransport for HyperTransport {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        let connected = || connection.connection_metadata().is_some();
        let start = Instant::now();
        let mut exchange = pin!(async {
            let response = self.start(request).await.map_err(|error| {
                // To a proxy that refuses, nothing else was sent, and asking again would not help.
                if is_declined(&error) {
                    TransportError::declined(error)
                } else if !connected() || error.is_connect() || is_unsent(&error) {
                    TransportError::connect(error)
                } else {
                    TransportError::exchange(error)
                }
            })?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, read(body, limits.max_body).await?))
        });
        // Until there is a connection, the shorter limit counts. The request is handed to a connection only
        // while `exchange` is polled, so what `connected` says after a timeout stays true.
        let connect = limits.connect.min(limits.attempt);
        match timeout_at(start + connect, &mut exchange).await {
            Ok(result) => return result,
            Err(elapsed) if !connected() => return Err(TransportError::timeout(Phase::Connect, elapsed)),
            Err(_) => {}
        }
        match timeout_at(start + limits.attempt, exchange).await {
            Ok(result) => result,
            Err(elapsed) => Err(TransportError::timeout(Phase::Exchange, elapsed)),
        }
    }
}

fn connector() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http
}

fn pool<C>(connector: C) -> Client<C, Full<Bytes>>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        // Without a timer, idle connections are never closed on time.
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http1_max_headers(MAX_HEADERS)
        .build(connector)
}

/// Whether a proxy said no for good. Plain http goes through none.
#[cfg(feature = "tls")]
fn is_declined(error: &(dyn StdError + 'static)) -> bool {
    use fota_core::proxy::ProxyError;
    ProxyError::behind(error).is_some_and(ProxyError::is_final)
}

#[cfg(not(feature = "tls"))]
fn is_declined(_: &(dyn StdError + 'static)) -> bool {
    false
}

/// Whether hyper handed the request back unwritten: the pooled connection was closed before its turn.
fn is_unsent(error: &hyper_util::client::legacy::Error) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<hyper::Error>())
        .is_some_and(hyper::Error::is_canceled)
}

/// Reads the whole body, or as much of it as shows that it is too long. Dropping the rest closes the
/// connection.
async fn read(mut body: Incoming, cap: usize) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::body_too_large(cap);
    let announced = match body.size_hint().exact().map(usize::try_from) {
        Some(Ok(length)) if length <= cap => length,
        Some(_) => return Err(too_large()),
        None => 0,
    };
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(TransportError::exchange)?.into_data() else { continue };
        if data.len() > cap - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
