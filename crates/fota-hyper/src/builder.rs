//! Collects the settings of a client and checks them together.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use fota_core::licenses::ListPath;
use fota_core::proxy::Proxies;
use fota_core::{
    AsyncTimer, AsyncTransport, Config, Credentials, Error, ErrorKind, Limits, RetryPolicy, Servers, Service,
    Shared,
};

use crate::{Client, HyperTransport, TokioTimer};

/// The settings of a [`Client`]. Only [`credentials`](ClientBuilder::credentials) has no default.
#[derive(Default)]
pub struct ClientBuilder {
    servers: Servers,
    base_url: Option<String>,
    credentials: Option<Credentials>,
    retry: RetryPolicy,
    limits: Limits,
    list_path: ListPath,
    root_certificates_pem: Vec<u8>,
    proxies: Option<Proxies>,
    transport: Option<Box<dyn AsyncTransport>>,
    timer: Option<Box<dyn AsyncTimer>>,
}

impl ClientBuilder {
    /// Where the services live. The default is the vendor's production host.
    pub fn servers(mut self, servers: Servers) -> Self {
        self.servers = servers;
        self.base_url = None;
        self
    }

    /// All services under one base URL, as [`Servers::at`] takes it; checked by [`ClientBuilder::build`].
    pub fn base_url(mut self, base_url: &str) -> Self {
        self.base_url = Some(base_url.to_owned());
        self
    }

    /// The OAuth key and secret, and the user name and password.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// How often and how long a call is tried.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// What one exchange may use: time to connect, time in all, bytes of the answer.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Which of the two documented paths lists licenses.
    pub fn list_path(mut self, list_path: ListPath) -> Self {
        self.list_path = list_path;
        self
    }

    /// Root certificates in PEM to trust besides the usual ones, such as that of a company's proxy.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates_pem = pem.into();
        self
    }

    /// The proxies to go through. The default are those of the environment, by curl's variables: `https_proxy`
    /// or `all_proxy`, but for the servers of `no_proxy`. [`Proxies::none`] ignores the environment.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Another transport in place of [`HyperTransport`]; root certificates and proxies are then its own business.
    pub fn transport(mut self, transport: impl AsyncTransport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// Another clock in place of [`TokioTimer`].
    pub fn timer(mut self, timer: impl AsyncTimer + 'static) -> Self {
        self.timer = Some(Box::new(timer));
        self
    }

    /// The client. Nothing is sent before its first call.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] when the base URL is not one, credentials are missing, TLS is needed and
    /// cannot be set up, or the environment names a proxy that is not one.
    pub fn build(self) -> Result<Client, Error> {
        let servers = match &self.base_url {
            Some(base_url) => Servers::at(base_url)?,
            None => self.servers,
        };
        let credentials = self
            .credentials
            .ok_or_else(|| Error::new(ErrorKind::InvalidRequest, "the client has no credentials"))?;
        let transport = match self.transport {
            Some(transport) => transport,
            // Reading the platform's certificates takes a while; plain http needs none.
            None if !needs_tls(&servers) && self.root_certificates_pem.is_empty() => {
                Box::new(HyperTransport::http_only())
            }
            #[cfg(feature = "tls")]
            None => {
                let proxies = proxies(self.proxies, &servers)?;
                Box::new(HyperTransport::with_proxies(proxies, self.root_certificates_pem)?)
            }
            // An error that says so. Plain http goes through no proxy, so such a program need not know any.
            #[cfg(not(feature = "tls"))]
            None => Box::new(HyperTransport::with_proxies(
                self.proxies.unwrap_or_default(),
                self.root_certificates_pem,
            )?),
        };
        let timer = self.timer.unwrap_or_else(|| Box::new(TokioTimer::new()));
        let config = Config::new(servers).retry(self.retry).limits(self.limits).list_path(self.list_path);
        let shared = Arc::new(Shared::new(config, credentials, seed()));
        Ok(Client::new(shared, transport, timer))
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("servers", &self.servers).finish_non_exhaustive()
    }
}

const SERVICES: [Service; 3] = [Service::Oauth, Service::M2m, Service::Fota];

fn needs_tls(servers: &Servers) -> bool {
    SERVICES.into_iter().any(|service| servers.base(service).starts_with("https:"))
}

/// Those to go through, or those of the environment. That a proxy is not one is told when the client is built, not
/// at its first call.
#[cfg(feature = "tls")]
fn proxies(chosen: Option<Proxies>, servers: &Servers) -> Result<Proxies, Error> {
    let proxies = chosen.unwrap_or_else(|| Proxies::from_variables(|name| std::env::var(name).ok()));
    for service in SERVICES {
        if let Ok(uri) = servers.base(service).parse() {
            proxies.for_uri(&uri)?;
        }
    }
    Ok(proxies)
}

/// The standard library seeds its hash maps at random; that is random enough for the jitter of pauses.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
