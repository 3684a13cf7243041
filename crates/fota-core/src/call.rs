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
use http::{Request, Response};

use crate::answer;
use crate::attempts::{Attempts, Fed};
use crate::config::Config;
use crate::endpoint::{Endpoint, Operation, Prepared};
use crate::error::{Error, ErrorKind};
use crate::tokens::{Stale, Tokens};
use crate::transport::{Limits, Moment, Target, TransportError};

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
    /// All that is the same for every endpoint, so that a program has it once.
    attempts: Attempts,
    output: Option<E::Output>,
}

impl<E: Endpoint> Call<E> {
    /// A call that has not started. `seed` feeds the jitter of the pauses.
    pub fn new(endpoint: E, config: Arc<Config>, seed: u64) -> Self {
        Call { endpoint, attempts: Attempts::new(Operation::of::<E>(), config, seed), output: None }
    }

    /// What to do next. `tokens` are the newest the driver has.
    pub fn step(&mut self, tokens: Option<&Tokens>, now: Moment) -> Step<E::Output> {
        let endpoint = &self.endpoint;
        match self.attempts.step(&|servers| Prepared::new(endpoint, servers), tokens, now) {
            Step::Send(request, limits) => Step::Send(request, limits),
            Step::Wait(span) => Step::Wait(span),
            Step::NeedAuth(stale) => Step::NeedAuth(stale),
            Step::Done(Err(error)) => Step::Done(Err(error)),
            Step::Done(Ok(())) => {
                Step::Done(self.output.take().ok_or_else(|| {
                    Error::new(ErrorKind::Misuse, "the call ended well and its result is gone")
                }))
            }
        }
    }

    /// What came of the request that [`Step::Send`] asked for. Ignored when none is in flight.
    pub fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        if !self.attempts.in_flight() {
            return;
        }
        let fed = match result {
            Err(error) => Fed::Lost(error),
            Ok(response) => {
                let status = response.status();
                match answer::read::<E>(response) {
                    Ok(output) => {
                        self.output = Some(output);
                        Fed::Good(status)
                    }
                    Err(error) => Fed::Bad(status, error),
                }
            }
        };
        self.attempts.feed(fed, now);
    }

    /// Ends the call with `error`, because the tokens it needs cannot be had.
    pub fn give_up(&mut self, error: Error) {
        self.attempts.give_up(error);
    }

    /// The endpoint that is called.
    pub fn endpoint(&self) -> &E {
        &self.endpoint
    }
}

impl<E: Endpoint> std::fmt::Debug for Call<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.attempts.debug("Call", f)
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
