//! What all clones of a client share: settings, both tokens, and who waits for them.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use http::Response;

use crate::auth::{Credentials, Logout, Revoke};
use crate::call::{Call, Step};
use crate::config::Config;
use crate::endpoint::{Auth, Endpoint};
use crate::error::Error;
use crate::login::LoginFlow;
use crate::saved::SavedTokens;
use crate::session::{Access, Flight, Outcome, Session};
use crate::tokens::{Stale, Tokens};
use crate::transport::{Moment, TransportError};
use crate::work::{Farewell, TokensOnly, Work};

/// What all clones of a client share: settings, tokens, and who waits for them.
#[derive(Debug)]
pub struct Shared {
    config: Arc<Config>,
    session: Mutex<Session>,
    waiting: Mutex<Vec<Waker>>,
    landed: Condvar,
    seeds: AtomicU64,
}

impl Shared {
    /// Settings and credentials of one client. `seed` feeds the jitter of all its pauses.
    pub fn new(config: Config, credentials: Credentials, seed: u64) -> Self {
        let config = Arc::new(config);
        Shared {
            session: Mutex::new(Session::new(config.clone(), credentials)),
            config,
            waiting: Mutex::default(),
            landed: Condvar::new(),
            seeds: AtomicU64::new(seed),
        }
    }

    /// The settings.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Other credentials from now on. Logins are allowed again.
    pub fn set_credentials(&self, credentials: Credentials) {
        self.session().replace_credentials(credentials);
        self.wake();
    }

    /// Whether logins are blocked because an earlier one failed.
    pub fn is_login_blocked(&self) -> bool {
        self.session().is_blocked()
    }

    /// Both tokens as they are now, for another process to adopt. Nothing unless both are alive.
    pub fn saved_tokens(&self, now: Moment) -> Option<SavedTokens> {
        self.session().saved(now)
    }

    /// Takes over the tokens of another process, so that nobody needs to log in. Each is ignored when it is
    /// dead, and when there is one already, which is newer. Should the service refuse them, they are replaced like
    /// any others.
    pub fn adopt_tokens(&self, saved: SavedTokens, now: Moment) {
        self.session().adopt(saved, now);
    }

    /// A call, ready to be driven.
    pub fn call<E: Endpoint>(self: &Arc<Self>, endpoint: E) -> Work<Call<E>> {
        Work::new(self.clone(), Call::new(endpoint, self.config.clone(), self.seed()))
    }

    /// Gets both tokens, logging in if need be.
    pub fn login(self: &Arc<Self>) -> Work<TokensOnly> {
        Work::new(self.clone(), TokensOnly::default())
    }

    /// Forgets the session and ends it on the server. Without one it does nothing.
    pub fn logout(self: &Arc<Self>) -> Work<Farewell<Logout>> {
        let tokens = self.session().take_session();
        let call =
            tokens.map(|tokens| (Call::new(Logout::new(), self.config.clone(), self.seed()), Some(tokens)));
        Work::new(self.clone(), Farewell::new(call))
    }

    /// Forgets the access token and revokes it, for every process that shares the key. Without one it
    /// does nothing.
    pub fn revoke(self: &Arc<Self>) -> Work<Farewell<Revoke>> {
        let revocation = {
            let mut session = self.session();
            session.take_bearer().map(|token| Revoke::new(session.credentials().client().clone(), token))
        };
        let call = revocation.map(|endpoint| (Call::new(endpoint, self.config.clone(), self.seed()), None));
        Work::new(self.clone(), Farewell::new(call))
    }

    fn seed(&self) -> u64 {
        self.seeds.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }

    pub(crate) fn access(self: &Arc<Self>, auth: Auth, stale: Stale, now: Moment) -> Next {
        match self.session().access(auth, stale, now, self.seed()) {
            Access::Ready(tokens) => Next::Ready(tokens),
            Access::Failed(error) => Next::Failed(error),
            Access::Busy(flight) => Next::Busy(flight),
            Access::Login(flight, flow) => {
                Next::Login(Lead { shared: self.clone(), flight, flow: Some(flow) })
            }
        }
    }

    pub(crate) fn touch(&self, tokens: &Tokens, now: Moment) {
        self.session().touch(tokens, now);
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.landed.notify_all();
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Blocks the thread until a login that another caller runs has ended.
    ///
    /// # Errors
    /// The login's own.
    pub fn wait_blocking(&self, flight: Flight) -> Result<(), Error> {
        let mut session = self.session();
        loop {
            match session.outcome(flight) {
                Outcome::Over => return Ok(()),
                Outcome::Failed(error) => return Err(error),
                Outcome::Pending => {
                    session = self.landed.wait(session).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Completes once a login that another caller runs has ended.
    ///
    /// # Errors
    /// The login's own.
    pub async fn wait(&self, flight: Flight) -> Result<(), Error> {
        poll_fn(|context| {
            // The session stays locked until the waker is in the list, so no landing is missed.
            let session = self.session();
            match session.outcome(flight) {
                Outcome::Over => Poll::Ready(Ok(())),
                Outcome::Failed(error) => Poll::Ready(Err(error)),
                Outcome::Pending => {
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                        waiting.push(context.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// The answer to a caller that needs tokens.
pub(crate) enum Next {
    Ready(Tokens),
    Failed(Error),
    Busy(Flight),
    Login(Lead),
}

/// The caller that fetches tokens for all. If it goes away half-way (a dropped future, a panic), the
/// others are woken and one of them takes over.
#[derive(Debug)]
pub(crate) struct Lead {
    shared: Arc<Shared>,
    flight: Flight,
    flow: Option<Box<LoginFlow>>,
}

impl Lead {
    pub(crate) fn step(&mut self, now: Moment) -> Step<()> {
        match &mut self.flow {
            Some(flow) => flow.step(now),
            None => Step::Done(Ok(())),
        }
    }

    pub(crate) fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        if let Some(flow) = &mut self.flow {
            flow.feed(result, now);
        }
    }

    pub(crate) fn land(mut self, result: Result<(), Error>, now: Moment) -> Result<(), Error> {
        let Some(flow) = self.flow.take() else { return result };
        let result = self.shared.session().land(self.flight, *flow, result, now);
        self.shared.wake();
        result
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if let Some(flow) = self.flow.take() {
            self.shared.session().abandon(self.flight, &flow);
            self.shared.wake();
        }
    }
}
