//! From settings to a client: of the configured service, or of the sandbox.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::{Credentials, Limits, RetryPolicy, Servers, Service};
use fota_hyper::{Client, HyperTransport};

use crate::args::Global;
use crate::error::Failure;
use crate::guard::{Failures, Guard, GuardedTransport};
use crate::output::Console;
use crate::sandbox::Sandbox;
use crate::settings::{Environment, Settings, Timing};

/// A client and whom it speaks for. To be closed, or the session stays open on the server for 20 minutes.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) account: AccountName,
    pub(crate) credentials: Credentials,
    /// Where the service is, for people.
    pub(crate) host: String,
    /// The failed logins on record, as far as is known. The sandbox has no such record.
    pub(crate) failures: Option<Failures>,
    sandbox: Option<Sandbox>,
}

impl Connection {
    /// Nothing is sent yet.
    pub(crate) fn open(
        global: &Global,
        environment: &Environment,
        console: &Console,
    ) -> Result<Self, Failure> {
        let (settings, sandbox) = if global.sandbox {
            let sandbox = Sandbox::start(environment, console)?;
            (
                sandbox.settings(Timing { total: global.timeout, request: global.request_timeout })?,
                Some(sandbox),
            )
        } else {
            (Settings::resolve(global, environment)?, None)
        };
        let host = settings.host();
        let mut retry = RetryPolicy::default();
        let mut limits = Limits::default();
        if let Some(total) = settings.timing.total {
            retry = retry.total(total);
        }
        if let Some(request) = settings.timing.request {
            limits = limits.attempt(request).connect(limits.connect.min(request));
        }
        let mut builder = Client::builder()
            .servers(settings.servers.clone())
            .credentials(settings.credentials.clone())
            .retry(retry)
            .limits(limits);
        let mut failures = None;
        if sandbox.is_none() {
            let guard = Guard::open(environment, &settings.servers, &settings.credentials)?;
            failures = guard.check()?;
            let transport = transport(&settings.servers, settings.cacert.as_deref())?;
            builder = builder.transport(GuardedTransport::new(transport, guard));
        }
        Ok(Connection {
            client: builder.build()?,
            account: settings.account,
            credentials: settings.credentials,
            host,
            failures,
            sandbox,
        })
    }

    /// The service, as a journal names it. The sandbox has another port in each process.
    pub(crate) fn service(&self) -> &str {
        if self.sandbox.is_some() { "sandbox" } else { &self.host }
    }

    /// Ends the session, as the vendor asks for, and puts the sandbox away.
    ///
    /// A session that cannot be ended in a moment dies by itself, so that is no failure.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        const PATIENCE: Duration = Duration::from_secs(3);
        let _ = tokio::time::timeout(PATIENCE, self.client.logout()).await;
        match self.sandbox {
            Some(sandbox) => sandbox.stop(),
            None => Ok(()),
        }
    }
}

/// Reading the platform's certificates takes a while; plain http needs none.
fn transport(servers: &Servers, cacert: Option<&Path>) -> Result<HyperTransport, Failure> {
    let pem = match cacert {
        Some(path) => fs::read(path)
            .map_err(|error| Failure::usage(format!("cannot read --cacert {}: {error}", path.display())))?,
        None => Vec::new(),
    };
    let plain = [Service::Oauth, Service::M2m, Service::Fota]
        .into_iter()
        .all(|service| servers.base(service).starts_with("http:"));
    if plain && cacert.is_none() {
        return Ok(HyperTransport::http_only());
    }
    Ok(HyperTransport::with_root_certificates_pem(pem)?)
}
