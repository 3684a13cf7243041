//! How ureq gets its connections: resolve, connect and TLS under one time limit, and a note of whether a
//! byte of the request was ever handed to one.
//!
//! ureq alone reports a refused connection as plain I/O, so that nobody could tell it from an answer that
//! was lost; and it resolves the host for every call, pooled connection or not, with a thread each time.

use std::cell::Cell;
use std::fmt;

use fota_core::proxy::Proxies;
use http::Uri;
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};

#[cfg(feature = "tls")]
use crate::tls_transport::Tls;
use crate::tunnel;

thread_local! {
    /// Whether the exchange of this thread has handed a byte to a connection. ureq makes the whole exchange
    /// in the thread of its caller.
    static SENT: Cell<bool> = const { Cell::new(false) };
}

/// Starts an exchange in this thread: nothing is sent yet.
pub(crate) fn start() {
    SENT.set(false);
}

/// Whether a byte of the request may have been sent.
pub(crate) fn was_sent() -> bool {
    SENT.get()
}

/// Leaves resolving to [`Connect`], which runs only when no pooled connection serves.
#[derive(Debug)]
pub(crate) struct ResolveLater;

impl Resolver for ResolveLater {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Resolves, connects and finishes TLS within ureq's connect limit.
#[derive(Debug, Default)]
pub(crate) struct Connect {
    resolver: DefaultResolver,
    tcp: TcpConnector,
    proxies: Proxies,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Connect {
    /// The same, able to reach `https` servers too, some of them through proxies.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(tls: Tls, proxies: Proxies) -> Self {
        Connect { tls: Some(tls), proxies, ..Connect::default() }
    }
}

impl Connector for Connect {
    type Out = Tracked;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Tracked>, Error> {
        let limit = Limit::new(details);
        #[cfg(feature = "tls")]
        let no_tls = self.tls.is_none();
        #[cfg(not(feature = "tls"))]
        let no_tls = true;
        if details.needs_tls() && no_tls {
            return Err(Error::Tls("this transport was made without TLS"));
        }
        let proxy = self.proxies.for_uri(details.uri).map_err(other)?;
        let proxy_uri = proxy.map(fota_core::proxy::Proxy::uri).transpose().map_err(other)?;
        let uri = proxy_uri.as_ref().unwrap_or(details.uri);
        // Of two hosts that could not be reached, the message says which one it is.
        let lost = |error: Error| match (proxy, error) {
            (Some(proxy), error) if !matches!(error, Error::Timeout(_)) => other(proxy.unreachable(error)),
            (_, error) => error,
        };
        let resolved = ConnectionDetails {
            uri,
            addrs: self.resolver.resolve(uri, details.config, limit.left()?).map_err(lost)?,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: (details.current_time)(),
            timeout: limit.left()?,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let Some(tcp) = self.tcp.connect(&resolved, None::<()>).map_err(lost)? else { return Ok(None) };
        let mut connection: Box<dyn Transport> = Box::new(tcp);
        if let Some(proxy) = proxy {
            connection = tunnel::open(connection, proxy, details.uri, details, limit.left()?)?;
        }
        #[cfg(feature = "tls")]
        if let (true, Some(tls)) = (details.needs_tls(), &self.tls) {
            return Ok(Some(Tracked(Box::new(tls.wrap(connection, details, limit.left()?)?))));
        }
        Ok(Some(Tracked(connection)))
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

/// The time for a whole connection.
struct Limit<'a> {
    details: &'a ConnectionDetails<'a>,
    start: Instant,
}

impl<'a> Limit<'a> {
    fn new(details: &'a ConnectionDetails<'a>) -> Self {
        Limit { details, start: (details.current_time)() }
    }

    fn left(&self) -> Result<NextTimeout, Error> {
        let mut timeout = self.details.timeout;
        if let (Duration::Exact(limit), Instant::Exact(start), Instant::Exact(now)) =
            (timeout.after, self.start, (self.details.current_time)())
        {
            let left = limit.saturating_sub(now.saturating_duration_since(start));
            if left.is_zero() {
                return Err(Error::Timeout(timeout.reason));
            }
            timeout.after = Duration::Exact(left);
        }
        Ok(timeout)
    }
}

/// A finished connection that notes when it is given something to send.
pub(crate) struct Tracked(Box<dyn Transport>);

impl Transport for Tracked {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        SENT.set(true);
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
