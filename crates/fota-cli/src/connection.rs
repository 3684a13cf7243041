//! From settings to a client: of the configured service, or of the sandbox.

use std::fs;
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::{Credentials, Limits, RetryPolicy, SavedTokens, Secret};
use fota_hyper::{Client, HyperTransport};

use crate::args::Global;
use crate::cache::{Cache, Contents, Trouble};
use crate::error::Failure;
use crate::exit::Exit;
use crate::guard::{Failures, Guard, GuardedTransport, Stop};
use crate::output::Console;
use crate::sandbox::Sandbox;
use crate::settings::{Environment, SERVICES, Settings, Timing};
use crate::wire::Wire;

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
    share: Option<Share>,
}

/// A session that commands share.
#[derive(Debug)]
struct Share {
    cache: Cache,
    /// Its token when this command began.
    begun_with: Secret,
    reused: bool,
}

/// What there was to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No session was kept.
    Nothing,
    /// One was kept that had died, or that could not be read.
    Dead,
    /// One was kept and is ended now.
    Session,
}

/// How long a session that is not needed any more, or its file, is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Connection {
    /// Nothing is sent yet, unless commands share sessions: then there is one when this returns.
    pub(crate) async fn open(
        global: &Global,
        environment: &Environment,
        console: &Console,
    ) -> Result<Self, Failure> {
        let (settings, sandbox) = if global.sandbox {
            let sandbox = Sandbox::start(environment, console)?;
            let timing = Timing { total: global.timeout, request: global.request_timeout, once: false };
            (sandbox.settings(timing)?, Some(sandbox))
        } else {
            (Settings::resolve(global, environment)?, None)
        };
        Connection::start(settings, sandbox, environment, console).await
    }

    /// The same with settings that are known already.
    pub(crate) async fn start(
        settings: Settings,
        sandbox: Option<Sandbox>,
        environment: &Environment,
        console: &Console,
    ) -> Result<Self, Failure> {
        let host = settings.host();
        let (mut failures, mut cache, mut guarded) = (None, None, None);
        if sandbox.is_none() {
            let guard = Guard::open(environment, &settings.servers, &settings.credentials)?;
            failures = guard.check()?;
            if settings.session_cache {
                cache = Some(Cache::new(environment, &settings.servers, &settings.credentials, &guard)?);
            }
            guarded = Some(guard);
        }
        let mut connection = Connection {
            client: client(&settings, guarded)?,
            account: settings.account,
            credentials: settings.credentials,
            host,
            failures,
            sandbox,
            share: None,
        };
        if let Some(cache) = cache {
            connection.share(cache, console).await?;
        }
        Ok(connection)
    }

    /// The service, as a journal names it. The sandbox has another port in each process.
    pub(crate) fn service(&self) -> &str {
        if self.sandbox.is_some() { "sandbox" } else { &self.host }
    }

    /// Whether an earlier command's session is used; nothing when commands do not share sessions.
    pub(crate) fn reuses_session(&self) -> Option<bool> {
        self.share.as_ref().map(|share| share.reused)
    }

    /// Ends the session, as the vendor asks for, or keeps it for the next command, and puts the sandbox away.
    ///
    /// A session that cannot be ended in a moment dies by itself, so that is no failure.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match &self.share {
            Some(share) => keep(share, self.client.saved_tokens()).await,
            None => drop(tokio::time::timeout(PATIENCE, self.client.logout()).await),
        }
        match self.sandbox {
            Some(sandbox) => sandbox.stop(),
            None => Ok(()),
        }
    }

    /// Gets tokens out of the cache, or logs in and puts them there. Other commands wait for that.
    async fn share(&mut self, cache: Cache, console: &Console) -> Result<(), Failure> {
        let warn = |trouble: Trouble| console.warn(format_args!("sessions are not shared: {trouble}"));
        let mut locked = match cache.lock(self.client.config().retry.total).await {
            Ok(locked) => locked,
            Err(Trouble::Busy(waited)) => return Err(Stop::Busy(waited).into()),
            Err(trouble) => {
                warn(trouble);
                return Ok(());
            }
        };
        let found = match locked.read() {
            Ok(Contents::Tokens(tokens)) => Some(tokens),
            Ok(Contents::Empty) => None,
            Ok(Contents::Damaged) => {
                console.warn("the session that commands share is damaged, and not used");
                None
            }
            Err(error) => {
                warn(cache.broken(error));
                return Ok(());
            }
        };
        if let Some(tokens) = found.clone() {
            self.client.adopt_tokens(tokens);
        }
        // Sends nothing when both tokens are good.
        self.client.login().await?;
        let Some(tokens) = self.client.saved_tokens() else { return Ok(()) };
        let reused = found.as_ref().is_some_and(|found| found.session_token == tokens.session_token);
        let is_known = reused && found.is_some_and(|found| found.access_token == tokens.access_token);
        let written = if is_known { Ok(()) } else { locked.write(&tokens) };
        if let Err(error) = written {
            // Half an entry helps nobody.
            let _ = locked.clear();
            warn(cache.broken(error));
            return Ok(());
        }
        self.share = Some(Share { cache, begun_with: tokens.session_token, reused });
        Ok(())
    }
}

/// Ends the session that commands share, whether or not this one would, and removes it from the cache.
pub(crate) async fn end_shared(global: &Global, environment: &Environment) -> Result<Ended, Failure> {
    let settings = Settings::resolve(global, environment)?;
    let guard = Guard::open(environment, &settings.servers, &settings.credentials)?;
    let cache = Cache::new(environment, &settings.servers, &settings.credentials, &guard)?;
    if !cache.exists() {
        return Ok(Ended::Nothing);
    }
    let client = client(&settings, Some(guard))?;
    let mut locked = match cache.lock_any(client.config().retry.total).await {
        Ok(locked) => locked,
        Err(Trouble::Busy(waited)) => return Err(Stop::Busy(waited).into()),
        Err(trouble) => return Err(unremoved(&trouble)),
    };
    let contents = locked.read();
    // Removed first: what follows may fail.
    locked.clear().map_err(|error| unremoved(&cache.broken(error)))?;
    match contents.map_err(|error| unremoved(&cache.broken(error)))? {
        Contents::Empty => return Ok(Ended::Nothing),
        Contents::Damaged => return Ok(Ended::Dead),
        Contents::Tokens(tokens) => client.adopt_tokens(tokens),
    }
    if client.saved_tokens().is_none() {
        return Ok(Ended::Dead);
    }
    client.logout().await?;
    Ok(Ended::Session)
}

fn unremoved(trouble: &Trouble) -> Failure {
    Failure::new(Exit::Unexpected, "session_cache", format!("the session cannot be removed: {trouble}"))
        .hint("delete the file; a session dies after 20 minutes without a request")
}

/// Leaves the newest tokens to the next command.
async fn keep(share: &Share, tokens: Option<SavedTokens>) {
    let Some(mut tokens) = tokens else { return };
    // Where this fails, the next command finds an older state, or logs in.
    let Ok(mut locked) = share.cache.lock(PATIENCE).await else { return };
    let is_new = tokens.session_token != share.begun_with;
    match locked.read() {
        Ok(Contents::Tokens(kept)) if kept.session_token == tokens.session_token => {
            // Another command may have used it later, or have a younger access token.
            tokens.session_idle = tokens.session_idle.min(kept.session_idle);
            if kept.bearer_left > tokens.bearer_left {
                tokens.access_token = kept.access_token;
                tokens.bearer_left = kept.bearer_left;
            }
        }
        // Another command has removed or replaced the session that this one began with.
        _ if !is_new => return,
        Ok(_) => {}
        Err(_) => return,
    }
    let _ = locked.write(&tokens);
}

/// A client that is guarded against a wrong password, unless that is pointless.
fn client(settings: &Settings, guard: Option<Guard>) -> Result<Client, Failure> {
    let mut retry = RetryPolicy::default();
    let mut limits = Limits::default();
    if settings.timing.once {
        retry = RetryPolicy::none();
    }
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
    let wire = Wire::new(transport(settings)?, &settings.servers);
    builder = match guard {
        Some(guard) => builder.transport(GuardedTransport::new(wire, guard)),
        None => builder.transport(wire),
    };
    Ok(builder.build()?)
}

/// Reading the platform's certificates takes a while; plain http needs none.
pub(crate) fn transport(settings: &Settings) -> Result<HyperTransport, Failure> {
    let pem = match &settings.cacert {
        Some(path) => fs::read(path).map_err(|error| {
            Failure::usage(format!("cannot read the certificates {}: {error}", path.display()))
        })?,
        None => Vec::new(),
    };
    let plain = SERVICES.into_iter().all(|service| settings.servers.base(service).starts_with("http:"));
    if plain && settings.cacert.is_none() {
        return Ok(HyperTransport::http_only());
    }
    Ok(HyperTransport::with_proxies(settings.proxies.clone(), pem)?)
}
