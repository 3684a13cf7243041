//! The two tokens of a client: who may use them, when they die, and who fetches new ones.
//!
//! All callers share one `Session`. A caller that finds a token missing or refused asks [`Session::access`];
//! one of them is told to log in, the others wait for it. A generation number on each token keeps late
//! news about an old token from killing its successor. Rules of the service that this file keeps:
//!
//! * a session dies after 20 minutes without a request;
//! * a bearer token lives an hour from its first issue, and asking again gives the same one;
//! * five failed logins in a row lock the user for good, so a refused one is never repeated.

use std::sync::Arc;
use std::time::Duration;

use fota_models::Secret;

use crate::auth::Credentials;
use crate::config::Config;
use crate::endpoint::Auth;
use crate::error::{Error, ErrorKind};
use crate::login::{Attempted, LoginFlow, same_token};
use crate::saved::SavedTokens;
use crate::tokens::{Generation, Issued, Stale, Tokens};
use crate::transport::Moment;

/// A session that was idle for this long is gone. The service says 20 minutes; half a minute of them is
/// kept back for the request's way.
const IDLE: Duration = Duration::from_secs(20 * 60 - 30);
/// A bearer with less life than this is replaced, if the service gives another one.
const SKEW: Duration = Duration::from_secs(60);
/// The life of a bearer when the answer does not say: the documented hour, less the skew.
const UNSTATED_LIFE: Duration = Duration::from_secs(3600 - 60);
/// Logins with an unknown end, before any good one, after which no more are tried.
const UNCLEAR_LIMIT: u32 = 2;

/// One run of the login flow, which callers can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flight(u64);

/// The answer to a caller that needs tokens.
#[derive(Debug)]
pub enum Access {
    /// Here they are.
    Ready(Tokens),
    /// Another caller is fetching them; wait until [`Session::outcome`] says that it is done.
    Busy(Flight),
    /// Fetch them: drive the flow, then hand it to [`Session::land`], or call [`Session::abandon`].
    Login(Flight, Box<LoginFlow>),
    /// They cannot be had.
    Failed(Error),
}

/// What became of a flight.
#[derive(Debug)]
pub enum Outcome {
    /// It is still under way.
    Pending,
    /// It failed, and with it everyone who waited for it.
    Failed(Error),
    /// It is over. Ask for access again.
    Over,
}

/// The shared state of both tokens. A pure machine: time is an argument.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    credentials: Arc<Credentials>,
    bearer: Option<Bearer>,
    refused_bearer: Option<Secret>,
    live: Option<Live>,
    flights: u64,
    current: Option<Flight>,
    failed: Option<(Flight, Error)>,
    latch: Option<Error>,
    unclear_logins: u32,
    proven: bool,
}

#[derive(Debug)]
struct Bearer {
    secret: Secret,
    issued: Issued,
    expires: Moment,
    /// The service was asked for a younger one and gave this one again.
    youngest: bool,
}

#[derive(Debug)]
struct Live {
    secret: Secret,
    issued: Issued,
    /// Unless it is used before.
    dies: Moment,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({:?})", self.generation)
    }
}

impl Session {
    /// A session that has no tokens yet.
    pub fn new(config: Arc<Config>, credentials: Credentials) -> Self {
        Session {
            config,
            credentials: Arc::new(credentials),
            bearer: None,
            refused_bearer: None,
            live: None,
            flights: 0,
            current: None,
            failed: None,
            latch: None,
            unclear_logins: 0,
            proven: false,
        }
    }

    /// Tokens for a request that needs `auth`, and from which `stale` was refused.
    pub fn access(&mut self, auth: Auth, stale: Stale, now: Moment, seed: u64) -> Access {
        self.bury(stale, now);
        let wants_session = auth == Auth::BearerAndSession;
        let missing_session = wants_session && self.live.is_none();
        if let (Some(bearer), false) = (&self.bearer, missing_session) {
            let aging = bearer.expires.since(now) < SKEW && !bearer.youngest;
            // While someone fetches a younger one, the old one is good enough.
            if !aging || self.current.is_some() {
                return Access::Ready(Tokens {
                    bearer: bearer.issued.clone(),
                    session: self.live.as_ref().filter(|_| wants_session).map(|live| live.issued.clone()),
                });
            }
        }
        if let Some(flight) = self.current {
            return Access::Busy(flight);
        }
        if let (true, Some(first)) = (missing_session, &self.latch) {
            let text = "no login is attempted, for an earlier one with these credentials failed; \
                        correct the user name or password first";
            return Access::Failed(first.clone().with_kind(ErrorKind::LoginBlocked, text).retryable(false));
        }
        self.flights += 1;
        let flight = Flight(self.flights);
        self.current = Some(flight);
        let keep = self.bearer.as_ref().filter(|bearer| bearer.youngest || bearer.expires.since(now) >= SKEW);
        let keep = keep.map(|bearer| bearer.issued.clone());
        let flow = LoginFlow::new(self.config.clone(), self.credentials.clone(), keep, missing_session, seed);
        Access::Login(flight, Box::new(flow))
    }

    /// Takes back a flow that ran to its end with `result`. Its tokens are for all callers.
    ///
    /// # Errors
    /// The flow's own, or that the service hands out the very token it refuses.
    pub fn land(
        &mut self,
        flight: Flight,
        flow: LoginFlow,
        result: Result<(), Error>,
        now: Moment,
    ) -> Result<(), Error> {
        if self.current != Some(flight) {
            // The credentials were changed meanwhile; these tokens are of the old ones.
            return Err(Error::new(ErrorKind::Unauthorized, "the credentials were changed during the login")
                .retryable(true));
        }
        self.current = None;
        let result = self.settle(flow, result, now);
        if let Err(error) = &result {
            self.failed = Some((flight, error.clone()));
        }
        result
    }

    /// Ends a flight whose caller went away. Another caller may start over.
    pub fn abandon(&mut self, flight: Flight, flow: &LoginFlow) {
        if self.current == Some(flight) {
            self.current = None;
            self.count_login(flow.gained.login, None);
        }
    }

    /// What became of a flight that a caller waits for.
    pub fn outcome(&self, flight: Flight) -> Outcome {
        match &self.failed {
            _ if self.current == Some(flight) => Outcome::Pending,
            Some((failed, error)) if *failed == flight => Outcome::Failed(error.clone()),
            _ => Outcome::Over,
        }
    }

    /// Notes a good answer to a request with this session token: its 20 minutes start again.
    pub fn touch(&mut self, tokens: &Tokens, now: Moment) {
        if let (Some(live), Some(used)) = (&mut self.live, &tokens.session) {
            if live.issued.generation == used.generation {
                live.dies = live.dies.max(now.after(IDLE));
            }
        }
    }

    /// Other credentials: drops both tokens and allows logins again.
    pub fn replace_credentials(&mut self, credentials: Credentials) {
        self.credentials = Arc::new(credentials);
        self.bearer = None;
        self.refused_bearer = None;
        self.live = None;
        self.current = None;
        self.latch = None;
        self.unclear_logins = 0;
        self.proven = false;
    }

    /// Forgets the session token and gives both tokens as they were, for the logout.
    pub fn take_session(&mut self) -> Option<Tokens> {
        let session = self.live.take()?.issued;
        let bearer = self.bearer.as_ref()?.issued.clone();
        Some(Tokens { bearer, session: Some(session) })
    }

    /// Takes the bearer token out, to revoke it.
    pub fn take_bearer(&mut self) -> Option<Secret> {
        self.bearer.take().map(|bearer| bearer.secret)
    }

    /// Both tokens as they are now, or nothing unless both are alive.
    pub fn saved(&self, now: Moment) -> Option<SavedTokens> {
        let bearer = self.bearer.as_ref().filter(|bearer| bearer.expires > now)?;
        let live = self.live.as_ref().filter(|live| live.dies > now)?;
        Some(SavedTokens {
            access_token: bearer.secret.clone(),
            bearer_left: bearer.expires.since(now),
            session_token: live.secret.clone(),
            session_idle: IDLE.saturating_sub(live.dies.since(now)),
        })
    }

    /// Takes tokens of another process over, each unless it is dead, cannot be sent, or there is one already.
    pub fn adopt(&mut self, saved: SavedTokens, now: Moment) {
        self.bury(Stale::default(), now);
        let SavedTokens { access_token, bearer_left, session_token, session_idle } = saved;
        let refused = self.refused_bearer.as_ref() == Some(&access_token);
        if self.bearer.is_none() && !bearer_left.is_zero() && !refused {
            if let Ok(issued) = Issued::bearer(&access_token, Generation::fresh()) {
                let expires = now.after(bearer_left);
                self.bearer = Some(Bearer { secret: access_token, issued, expires, youngest: false });
            }
        }
        let life = IDLE.saturating_sub(session_idle);
        if self.live.is_none() && !life.is_zero() {
            if let Ok(issued) = Issued::session(&session_token, Generation::fresh()) {
                self.live = Some(Live { secret: session_token, issued, dies: now.after(life) });
            }
        }
    }

    /// The credentials in force.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether logins are blocked because an earlier one failed.
    pub fn is_blocked(&self) -> bool {
        self.latch.is_some()
    }

    /// Drops what was refused, has expired or was idle for too long.
    fn bury(&mut self, stale: Stale, now: Moment) {
        let refused =
            |issued: &Issued, dead: Option<Generation>| dead.is_some_and(|dead| dead >= issued.generation);
        if let Some(bearer) = self.bearer.take_if(|bearer| refused(&bearer.issued, stale.bearer)) {
            self.refused_bearer = Some(bearer.secret);
        }
        self.bearer.take_if(|bearer| bearer.expires <= now);
        self.live.take_if(|live| refused(&live.issued, stale.session) || live.dies <= now);
    }

    fn settle(&mut self, flow: LoginFlow, result: Result<(), Error>, now: Moment) -> Result<(), Error> {
        let gained = flow.gained;
        let mut result = result;
        if let Some((token, received)) = gained.bearer {
            let life = token.expires_in.map_or(UNSTATED_LIFE, Duration::from_secs);
            let known = self.bearer.take().map(|bearer| bearer.secret);
            let secret = token.access_token;
            if self.refused_bearer.take().is_some_and(|refused| refused == secret) && result.is_ok() {
                result = Err(same_token());
            }
            let issued = Issued::bearer(&secret, Generation::fresh())?;
            let youngest = known.is_some_and(|known| known == secret);
            self.bearer = Some(Bearer { secret, issued, expires: received.after(life), youngest });
        }
        if let Some(session) = gained.session {
            let issued = Issued::session(&session, Generation::fresh())?;
            self.live = Some(Live { secret: session, issued, dies: now.after(IDLE) });
        }
        self.count_login(gained.login, result.as_ref().err());
        result
    }

    fn count_login(&mut self, login: Attempted, error: Option<&Error>) {
        let unclear = || Error::new(ErrorKind::LoginBlocked, "earlier logins ended without an answer");
        match login {
            Attempted::No => {}
            Attempted::Good => {
                self.proven = true;
                self.unclear_logins = 0;
            }
            Attempted::Rejected => self.latch = Some(error.cloned().unwrap_or_else(unclear)),
            Attempted::Unclear => {
                self.unclear_logins += 1;
                // Credentials that worked before are not what makes logins end without an answer.
                if !self.proven && self.unclear_logins >= UNCLEAR_LIMIT {
                    self.latch = Some(error.cloned().unwrap_or_else(unclear));
                }
            }
        }
    }
}
