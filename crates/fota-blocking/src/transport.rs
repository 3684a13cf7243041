//! One HTTP/1.1 exchange with ureq: what happened, and in which phase it failed.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use fota_core::proxy::{Proxies, ProxyError};
use fota_core::{Error, ErrorKind, Limits, Phase, Transport, TransportError};
use http::{Request, Response};
use ureq::config::Config;
use ureq::{Agent, AsSendBody, Body};

use crate::connect::{self, Connect, ResolveLater};

/// An unused connection is closed after this long, well before a usual server closes it (60 s). Those that
/// the server closed earlier are noticed before they are used.
const IDLE: Duration = Duration::from_secs(15);
/// The most unused connections that are kept, and kept for one server.
const IDLE_CONNECTIONS: usize = 32;
/// Gateways add headers; a longer head is refused.
const MAX_HEAD: usize = 256 * 1024;

/// ureq as a [`Transport`], with a connection pool that all clones share.
///
/// It speaks HTTP/1.1, follows no redirect, decompresses nothing, and sends exactly the headers it is given
/// and `Host`.
#[derive(Clone)]
pub struct UreqTransport(Agent);

impl UreqTransport {
    /// A transport for `https` and `http`, with the root certificates that the crate's features choose.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] when TLS cannot be set up: no root certificates on this machine, or a
    /// build without TLS.
    pub fn new() -> Result<Self, Error> {
        UreqTransport::with_root_certificates_pem([])
    }

    /// The same, and it also trusts the root certificates in `pem`.
    ///
    /// # Errors
    /// As for [`UreqTransport::new`], or when `pem` holds no certificate.
    pub fn with_root_certificates_pem(pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        UreqTransport::with_proxies(Proxies::none(), pem)
    }

    /// The same, through proxies. The other constructors know none.
    ///
    /// # Errors
    /// As for [`UreqTransport::with_root_certificates_pem`], but that `pem` may be empty. A proxy that is not
    /// one is an error of the first request to a server behind it.
    pub fn with_proxies(proxies: Proxies, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        #[cfg(feature = "tls")]
        let result = crate::tls::config(pem.as_ref()).map(|config| {
            let tls = crate::tls_transport::Tls::new(config);
            UreqTransport(agent(Connect::tls(tls, proxies)))
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
        UreqTransport(agent(Connect::default()))
    }

    fn exchange<B: AsSendBody>(
        &self,
        request: Request<B>,
        limits: Limits,
    ) -> Result<Response<Body>, TransportError> {
        let request = self
            .0
            .configure_request(request)
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.attempt))
            .build();
        self.0.run(request).map_err(failure)
    }
}

impl std::fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UreqTransport")
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        connect::start();
        let (head, body) = request.into_parts();
        let response = if body.is_empty() {
            self.exchange(Request::from_parts(head, ()), limits)?
        } else {
            self.exchange(Request::from_parts(head, &*body), limits)?
        };
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, read(body, limits.max_body)?))
    }
}

fn agent(connect: Connect) -> Agent {
    let config = Config::builder()
        .http_status_as_error(false)
        // A redirect would carry the session token to whatever host it names.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .max_response_header_size(MAX_HEAD)
        .max_idle_age(IDLE)
        .max_idle_connections(IDLE_CONNECTIONS)
        .max_idle_connections_per_host(IDLE_CONNECTIONS)
        .build();
    Agent::with_parts(config, connect, ResolveLater)
}

/// Reads the whole body, or as much of it as shows that it is too long. Dropping the rest closes the
/// connection.
fn read(body: Body, cap: usize) -> Result<Bytes, TransportError> {
    let announced = match body.content_length().map(usize::try_from) {
        Some(Ok(length)) if length <= cap => length,
        Some(_) => return Err(TransportError::body_too_large(cap)),
        None => 0,
    };
    let mut whole = Vec::with_capacity(announced);
    let most = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    body.into_reader().take(most).read_to_end(&mut whole).map_err(|error| failure(error.into()))?;
    if whole.len() > cap {
        return Err(TransportError::body_too_large(cap));
    }
    Ok(whole.into())
}

fn failure(error: ureq::Error) -> TransportError {
    // ureq does not name what another error is about as its cause.
    let error = match error {
        ureq::Error::Other(cause) => match cause.downcast::<ProxyError>() {
            // Nothing was sent, and asking the proxy again would not help.
            Ok(refusal) if refusal.is_final() => return TransportError::declined(*refusal),
            Ok(refusal) => return TransportError::connect(*refusal),
            Err(cause) => ureq::Error::Other(cause),
        },
        error => error,
    };
    let timed_out = matches!(error, ureq::Error::Timeout(_));
    match (connect::was_sent(), timed_out) {
        (false, false) => TransportError::connect(error),
        (true, false) => TransportError::exchange(error),
        (false, true) => TransportError::timeout(Phase::Connect, error),
        (true, true) => TransportError::timeout(Phase::Exchange, error),
    }
}
