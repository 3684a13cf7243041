//! The attempts of a call: when to send, when to wait, which token to ask for, when to stop. All of [`Call`](crate::Call)
//! that does not depend on what is called.

use std::sync::Arc;

use fota_models::ApiFault;
use http::StatusCode;

use crate::call::Step;
use crate::config::Config;
use crate::endpoint::{Auth, Operation, Prepared};
use crate::error::{Error, ErrorKind};
use crate::log;
use crate::refusal::{Blamed, blamed};
use crate::retry::{Failure, may_have_been_applied, may_retry};
use crate::servers::Servers;
use crate::tokens::{Generation, Stale, Tokens};
use crate::transport::{Moment, Phase, TransportError};

/// What came of a request.
pub(crate) enum Fed {
    /// No answer.
    Lost(TransportError),
    /// A good answer; the caller keeps what it says.
    Good(StatusCode),
    /// Any other answer.
    Bad(StatusCode, Error),
}

/// Makes the parts of the request that stay the same over all attempts.
type Prepare<'a> = &'a dyn Fn(&Servers) -> Result<Prepared, Error>;

/// See the module.
pub(crate) struct Attempts {
    operation: Operation,
    config: Arc<Config>,
    prepared: Option<Prepared>,
    random: fastrand::Rng,
    state: State,
    count: u32,
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

enum State {
    Ready,
    InFlight,
    Waiting(Moment),
    NeedAuth(Stale),
    Done(Result<(), Error>),
    Over,
}

/// After so many steps without the tokens it asked for, a call gives up.
const PATIENCE: u32 = 8;

impl Attempts {
    pub(crate) fn new(operation: Operation, config: Arc<Config>, seed: u64) -> Self {
        Attempts {
            operation,
            config,
            prepared: None,
            random: fastrand::Rng::with_seed(seed),
            state: State::Ready,
            count: 0,
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

    pub(crate) fn in_flight(&self) -> bool {
        matches!(self.state, State::InFlight)
    }

    pub(crate) fn step(&mut self, prepare: Prepare<'_>, tokens: Option<&Tokens>, now: Moment) -> Step<()> {
        let started = *self.started.get_or_insert(now);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(until) if now < until => {
                self.state = State::Waiting(until);
                Step::Wait(until.since(now))
            }
            State::Ready | State::Waiting(_) => self.send(prepare, tokens, started, now),
            State::NeedAuth(stale) => match tokens {
                Some(fresh) if !stale.still_in(fresh) => self.send(prepare, tokens, started, now),
                _ => self.need(stale),
            },
            State::InFlight => {
                self.uncertain |= may_have_been_applied(self.operation.replay, Failure::Lost);
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

    pub(crate) fn feed(&mut self, fed: Fed, now: Moment) {
        let status = match &fed {
            Fed::Lost(_) => None,
            Fed::Good(status) | Fed::Bad(status, _) => Some(*status),
        };
        log::attempt(self.operation.name, self.count, status, now.since(self.sent_at));
        self.state = match fed {
            Fed::Lost(error) => self.lost(error, now),
            Fed::Good(_) => {
                self.config.budget.earn();
                State::Done(Ok(()))
            }
            Fed::Bad(status, error) => self.unwelcome(status, error, now),
        };
    }

    pub(crate) fn give_up(&mut self, error: Error) {
        if !matches!(self.state, State::Over) {
            let uncertain = self.uncertain
                || matches!(self.state, State::InFlight) && self.operation.replay != crate::Replay::Safe;
            let endpoint = error.endpoint().unwrap_or(self.operation.name);
            let attempts = error.attempts().max(self.count);
            let error = error.with_call(endpoint, attempts, uncertain);
            let error = match &self.refused {
                Some(refused) => error.or_answer_of(refused),
                None => error,
            };
            self.state = State::Done(Err(error));
        }
    }

    fn send(
        &mut self,
        prepare: Prepare<'_>,
        tokens: Option<&Tokens>,
        started: Moment,
        now: Moment,
    ) -> Step<()> {
        let complete = match self.operation.auth {
            Auth::Own => true,
            Auth::Bearer => tokens.is_some(),
            Auth::BearerAndSession => tokens.is_some_and(|tokens| tokens.session.is_some()),
        };
        // Bad input is refused before tokens are fetched for it.
        let prepared = match self.prepared.take().map_or_else(|| prepare(&self.config.servers), Ok) {
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
        let request = match prepared.request(&self.operation, tokens) {
            Ok(request) => request,
            Err(error) => return Step::Done(Err(self.seal(error))),
        };
        if let Some(tokens) = tokens {
            self.used = (tokens.bearer.generation, tokens.session.as_ref().map(|session| session.generation));
        }
        self.count += 1;
        self.fruitless = 0;
        self.sent_at = now;
        self.state = State::InFlight;
        let limits = self.config.limits;
        let attempt = limits.attempt.min(left);
        Step::Send(request, limits.attempt(attempt).connect(limits.connect.min(attempt)))
    }

    fn need(&mut self, stale: Stale) -> Step<()> {
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

    fn lost(&mut self, error: TransportError, now: Moment) -> State {
        let failure = match error.phase {
            // Whatever else such an error says: what was declined was not sent.
            _ if error.declined => Failure::NotSent,
            Phase::Connect => Failure::NotSent,
            Phase::Exchange => Failure::Lost,
        };
        self.uncertain |= may_have_been_applied(self.operation.replay, failure);
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

    fn unwelcome(&mut self, status: StatusCode, error: Error, now: Moment) -> State {
        if !status.is_success() {
            if let Some(stale) = self.refused(status, error.fault()) {
                log::event(self.operation.name, "a token was refused; asking for a new one");
                self.refused = Some(error);
                return State::NeedAuth(stale);
            }
        }
        let failure = Failure::Status(status);
        self.uncertain |= may_have_been_applied(self.operation.replay, failure);
        let timed_out = status == StatusCode::REQUEST_TIMEOUT || status == StatusCode::GATEWAY_TIMEOUT;
        let permanent = error.fault().is_some_and(is_permanent);
        let hopeful = !permanent && may_retry(crate::Replay::Safe, failure);
        self.again(failure, timed_out, error.retryable(hopeful), now)
    }

    /// Which token to replace, if replacing one may help and has not been tried in this call.
    fn refused(&mut self, status: StatusCode, fault: Option<&ApiFault>) -> Option<Stale> {
        let session = match blamed(self.operation.auth, status, fault) {
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

    fn again(&mut self, failure: Failure, timed_out: bool, error: Error, now: Moment) -> State {
        let policy = &self.config.retry;
        let allowed = error.is_retryable()
            && may_retry(self.operation.replay, failure)
            && self.count < policy.max_attempts;
        if !allowed {
            return self.fail(error);
        }
        let pause = policy.pause(self.count, &mut self.random).max(error.retry_after().unwrap_or_default());
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

    fn fail(&self, error: Error) -> State {
        State::Done(Err(self.seal(error)))
    }

    fn seal(&self, error: Error) -> Error {
        error.with_call(self.operation.name, self.count, self.uncertain)
    }
}

impl Attempts {
    pub(crate) fn debug(&self, name: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            State::Ready => "Ready",
            State::InFlight => "InFlight",
            State::Waiting(_) => "Waiting",
            State::NeedAuth(_) => "NeedAuth",
            State::Done(_) => "Done",
            State::Over => "Over",
        };
        f.debug_struct(name)
            .field("endpoint", &self.operation.name)
            .field("state", &format_args!("{state}"))
            .field("attempts", &self.count)
            .finish_non_exhaustive()
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
