//! One logical call as a state machine: attempts, pauses, one refresh of each token, the answer.
//!
//! ```text
//!            +-- feed: retry --> Waiting --(time passes)--+
//!            |                                            v
//!  new --> Ready --(step: Send)--> InFlight --feed--> Done (step hands the result out)
//!            ^                        |
//!            +--(step with new tokens)-- NeedAuth <-------+
//! ```
//!
//! The driver asks [`Call::step`] what to do, does it, and hands what came of it to [`Call::feed`]. The
//! machine never waits, and a driver that calls it out of turn gets an error, not a panic or a loop.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use fota_core::{Call, Config, Moment, Secret, Servers, Step, Tokens, licenses};
//!
//! let config = Arc::new(Config::new(Servers::production()));
//! let account = "0000123456-00001".parse()?;
//! let mut call = Call::new(licenses::List::new(account), config, 1);
//!
//! // It has no tokens yet, and says so.
//! let now = Moment::default();
//! assert!(matches!(call.step(None, now), Step::NeedAuth(_)));
//! let tokens = Tokens::new(&Secret::from("bearer"), &Secret::from("session"))?;
//!
//! // With tokens it makes a request. Send it with whatever you have.
//! let Step::Send(request, _limits) = call.step(Some(&tokens), now) else { panic!() };
//! assert_eq!(request.uri().query(), Some("lastSeenDeviceId=0"));
//!
//! // A 503 makes it wait; then the same request is made again.
//! call.feed(Ok(http::Response::builder().status(503).body(Bytes::new())?), now);
//! let Step::Wait(pause) = call.step(Some(&tokens), now) else { panic!() };
//! let now = now.after(pause);
//! assert!(matches!(call.step(Some(&tokens), now), Step::Send(..)));
//!
//! let body = Bytes::from(r#"{"accountName":"0000123456-00001","assignedLicenses":0,"hasMoreData":false}"#);
//! call.feed(Ok(http::Response::new(body)), now);
//! let Step::Done(Ok(page)) = call.step(Some(&tokens), now) else { panic!() };
//! assert_eq!(page.assigned_licenses, Some(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_models::ApiFault;
use http::{Request, Response, StatusCode};

use crate::answer;
use crate::config::Config;
use crate::endpoint::{Auth, Endpoint, Prepared};
use crate::error::{Error, ErrorKind};
use crate::log;
use crate::refusal::{Blamed, blamed};
use crate::retry::{Failure, may_have_been_applied, may_retry};
use crate::tokens::{Generation, Stale, Tokens};
use crate::transport::{Limits, Moment, Phase, Target, TransportError};

/// What the driver has to do next.
#[allow(clippy::large_enum_variant, reason = "moved once, from the machine to its driver")]
pub enum Step<T> {
    /// Send this within the limits and feed what came of it.
    Send(Request<Bytes>, Limits),
    /// Come back after this long.
    Wait(Duration),
    /// Come back with tokens that are newer than these.
    NeedAuth(Stale),
    /// It is over. Asked again, the machine answers with [`ErrorKind::Misuse`].
    Done(Result<T, Error>),
}

/// One logical call of an endpoint.
pub struct Call<E: Endpoint> {
    endpoint: E,
    config: Arc<Config>,
    prepared: Option<Prepared>,
    random: fastrand::Rng,
    state: State<E::Output>,
    attempts: u32,
    started: Option<Moment>,
    sent_at: Moment,
    used: (Generation, Option<Generation>),
    renewed_bearer: bool,
    renewed_session: bool,
    /// How often in a row a driver came back without newer tokens.
    fruitless: u32,
    uncertain: bool,
    /// The answer that refused a token, for the error that tells that no better one is to be had.
    refused: Option<Error>,
}

enum State<T> {
    Ready,
    InFlight,
    Waiting(Moment),
    NeedAuth(Stale),
    Done(Result<T, Error>),
    Over,
}

/// After so many steps without the tokens it asked for, a call gives up.
const PATIENCE: u32 = 8;

impl<E: Endpoint> Call<E> {
    /// A call that has not started. `seed` feeds the jitter of the pauses.
    pub fn new(endpoint: E, config: Arc<Config>, seed: u64) -> Self {
        Call {
            endpoint,
            config,
            prepared: None,
            random: fastrand::Rng::with_seed(seed),
            state: State::Ready,
            attempts: 0,
            started: None,
            sent_at: Moment::default(),
            used: (Generation::default(), None),
            renewed_bearer: false,
            renewed_session: false,
            fruitless: 0,
            uncertain: false,
            refused: None,
        }
    }

    /// What to do next. `tokens` are the newest the driver has.
    pub fn step(&mut self, tokens: Option<&Tokens>, now: Moment) -> Step<E::Output> {
        let started = *self.started.get_or_insert(now);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(until) if now < until => {
                self.state = State::Waiting(until);
                Step::Wait(until.since(now))
            }
            State::Ready | State::Waiting(_) => self.send(tokens, started, now),
            State::NeedAuth(stale) => match tokens {
                Some(fresh) if !stale.still_in(fresh) => self.send(tokens, started, now),
                _ => self.need(stale),
            },
            State::InFlight => {
                self.uncertain |= may_have_been_applied(E::REPLAY, Failure::Lost);
                let error =
                    Error::new(ErrorKind::Misuse, "asked for the next step while a request is in flight");
                Step::Done(Err(self.seal(error)))
            }
            State::Done(result) => Step::Done(result),
            State::Over => Step::Done(Err(
                self.seal(Error::new(ErrorKind::Misuse, "the call is over and its result was taken"))
            )),
        }
    }

    /// What came of the request that [`Step::Send`] asked for. Ignored when none is in flight.
    pub fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        if !matches!(self.state, State::InFlight) {
            return;
        }
        let status = result.as_ref().ok().map(Response::status);
        log::attempt(E::NAME, self.attempts, status, now.since(self.sent_at));
        self.state = match result {
            Err(error) => self.lost(error, now),
            Ok(response) => self.answered(response, now),
        };
    }

    /// Ends the call with `error`, because the tokens it needs cannot be had.
    pub fn give_up(&mut self, error: Error) {
        if !matches!(self.state, State::Over) {
            let uncertain =
                self.uncertain || matches!(self.state, State::InFlight) && E::REPLAY != crate::Replay::Safe;
            let endpoint = error.endpoint().unwrap_or(E::NAME);
            let attempts = error.attempts().max(self.attempts);
            let error = error.with_call(endpoint, attempts, uncertain);
            let error = match &self.refused {
                Some(refused) => error.or_answer_of(refused),
                None => error,
            };
            self.state = State::Done(Err(error));
        }
    }

    /// The endpoint that is called.
    pub fn endpoint(&self) -> &E {
        &self.endpoint
    }

    fn send(&mut self, tokens: Option<&Tokens>, started: Moment, now: Moment) -> Step<E::Output> {
        let complete = match E::AUTH {
            Auth::Own => true,
            Auth::Bearer => tokens.is_some(),
            Auth::BearerAndSession => tokens.is_some_and(|tokens| tokens.session.is_some()),
        };
        // Bad input is refused before tokens are fetched for it.
        let prepared = match self
            .prepared
            .take()
            .map_or_else(|| Prepared::new(&self.endpoint, &self.config.servers), Ok)
        {
            Ok(prepared) => self.prepared.insert(prepared),
            Err(error) => return Step::Done(Err(self.seal(error))),
        };
        if !complete {
            return self.need(Stale::default());
        }
        let left = self.config.retry.total.saturating_sub(now.since(started));
        if left.is_zero() {
            let error = Error::new(ErrorKind::Timeout, "the time for the whole call ran out").retryable(true);
            return Step::Done(Err(self.seal(error)));
        }
        let request = match prepared.request::<E>(tokens) {
            Ok(request) => request,
            Err(error) => return Step::Done(Err(self.seal(error))),
        };
        if let Some(tokens) = tokens {
            self.used = (tokens.bearer.generation, tokens.session.as_ref().map(|session| session.generation));
        }
        self.attempts += 1;
        self.fruitless = 0;
        self.sent_at = now;
        self.state = State::InFlight;
        let limits = self.config.limits;
        let attempt = limits.attempt.min(left);
        Step::Send(request, limits.attempt(attempt).connect(limits.connect.min(attempt)))
    }

    fn need(&mut self, stale: Stale) -> Step<E::Output> {
        self.fruitless += 1;
        if self.fruitless > PATIENCE {
            let error = Error::new(
                ErrorKind::Misuse,
                "the driver keeps coming back without the tokens it was asked for",
            );
            return Step::Done(Err(self.seal(error)));
        }
        self.state = State::NeedAuth(stale);
        Step::NeedAuth(stale)
    }

    fn lost(&mut self, error: TransportError, now: Moment) -> State<E::Output> {
        let failure = match error.phase {
            // Whatever else such an error says: what was declined was not sent.
            _ if error.declined => Failure::NotSent,
            Phase::Connect => Failure::NotSent,
            Phase::Exchange => Failure::Lost,
        };
        self.uncertain |= may_have_been_applied(E::REPLAY, failure);
        let kind = match (error.too_large, error.timed_out, error.phase) {
            _ if error.declined => ErrorKind::Declined,
            (true, ..) => ErrorKind::BodyTooLarge,
            (_, true, _) => ErrorKind::Timeout,
            (_, false, Phase::Connect) => ErrorKind::Connect,
            (_, false, Phase::Exchange) => ErrorKind::Interrupted,
        };
        let (hopeless, timed_out) = (error.too_large || error.declined, error.timed_out);
        let error = Error::new(kind, error.to_string()).with_source(error).retryable(!hopeless);
        if hopeless {
            return self.fail(error);
        }
        self.again(failure, timed_out, error, now)
    }

    fn answered(&mut self, response: Response<Bytes>, now: Moment) -> State<E::Output> {
        let status = response.status();
        let error = match answer::read::<E>(response) {
            Ok(output) => {
                self.config.budget.earn();
                return State::Done(Ok(output));
            }
            Err(error) => error,
        };
        if !status.is_success() {
            if let Some(stale) = self.refused(status, error.fault()) {
                log::event(E::NAME, "a token was refused; asking for a new one");
                self.refused = Some(error);
                return State::NeedAuth(stale);
            }
        }
        let failure = Failure::Status(status);
        self.uncertain |= may_have_been_applied(E::REPLAY, failure);
        let timed_out = status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::GATEWAY_TIMEOUT;
        let permanent = error.fault().is_some_and(is_permanent);
        let hopeful = !permanent && may_retry(crate::Replay::Safe, failure);
        self.again(failure, timed_out, error.retryable(hopeful), now)
    }

    /// Which token to replace, if replacing one may help and has not been tried in this call.
    fn refused(&mut self, status: StatusCode, fault: Option<&ApiFault>) -> Option<Stale> {
        let session = match blamed(E::AUTH, status, fault) {
            Blamed::Neither => return None,
            Blamed::Bearer => false,
            Blamed::Session => true,
            Blamed::Unclear => self.renewed_bearer,
        };
        let (bearer_used, session_used) = self.used;
        let tried = if session { &mut self.renewed_session } else { &mut self.renewed_bearer };
        if std::mem::replace(tried, true) {
            return None;
        }
        Some(if session {
            Stale { bearer: None, session: session_used }
        } else {
            Stale { bearer: Some(bearer_used), session: None }
        })
    }

    fn again(&mut self, failure: Failure, timed_out: bool, error: Error, now: Moment) -> State<E::Output> {
        let policy = &self.config.retry;
        let allowed =
            error.is_retryable() && may_retry(E::REPLAY, failure) && self.attempts < policy.max_attempts;
        if !allowed {
            return self.fail(error);
        }
        let pause =
            policy.pause(self.attempts, &mut self.random).max(error.retry_after().unwrap_or_default());
        let left = policy.total.saturating_sub(now.since(self.started.unwrap_or(now)));
        if pause >= left {
            let error = match error.retry_after() {
                Some(asked) if asked >= left => error.clone().with_kind(
                    error.kind(),
                    format!("the server asks to wait {} s, longer than the call may take", asked.as_secs()),
                ),
                _ => error,
            };
            return self.fail(error);
        }
        if !self.config.budget.spend(timed_out) {
            return self.fail(error);
        }
        State::Waiting(now.after(pause))
    }

    fn fail(&self, error: Error) -> State<E::Output> {
        State::Done(Err(self.seal(error)))
    }

    fn seal(&self, error: Error) -> Error {
        error.with_call(E::NAME, self.attempts, self.uncertain)
    }
}

impl<E: Endpoint> std::fmt::Debug for Call<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("endpoint", &E::NAME)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Send(request, limits) => {
                f.debug_tuple("Send").field(&Target(request)).field(limits).finish()
            }
            Step::Wait(span) => f.debug_tuple("Wait").field(span).finish(),
            Step::NeedAuth(stale) => f.debug_tuple("NeedAuth").field(stale).finish(),
            Step::Done(result) => f.debug_tuple("Done").field(result).finish(),
        }
    }
}

impl<T> std::fmt::Debug for State<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            State::Ready => "Ready",
            State::InFlight => "InFlight",
            State::Waiting(_) => "Waiting",
            State::NeedAuth(_) => "NeedAuth",
            State::Done(_) => "Done",
            State::Over => "Over",
        })
    }
}

/// Errors that a 5xx status does not make passing: sibling services report these as 500.
fn is_permanent(fault: &ApiFault) -> bool {
    matches!(
        fault.code_without_service(),
        Some(
            "NOT_FOUND"
                | "DEVICE_NOT_FOUND"
                | "DEVICE_NOT_ELIGIBLE"
                | "DEVICE_UNREGISTERED"
                | "UNREGISTERED_ACCOUNT"
                | "INACTIVE_ACCOUNT"
                | "ACCOUNT_USAGE_EXCEEDED"
                | "CALLBACK_NOT_REGISTERED"
        )
    )
}
