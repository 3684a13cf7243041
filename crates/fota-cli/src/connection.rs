//! From settings to a client: of the configured service, or of the sandbox.

use std::fs;
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::{Credentials, Limits, RetryPolicy};
use fota_hyper::Client;

use crate::args::Global;
use crate::error::Failure;
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
            .servers(settings.servers)
            .credentials(settings.credentials.clone())
            .retry(retry)
            .limits(limits);
        if let Some(path) = settings.cacert {
            let pem = fs::read(&path).map_err(|error| {
                Failure::usage(format!("cannot read --cacert {}: {error}", path.display()))
            })?;
            builder = builder.root_certificates_pem(pem);
        }
        Ok(Connection {
            client: builder.build()?,
            account: settings.account,
            credentials: settings.credentials,
            host,
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
