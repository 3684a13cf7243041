//! A scripted transport and a virtual clock, for tests of programs that build on this crate (feature
//! `test-util`). No socket, no sleep: an hour passes when a test says so.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::transport::{AsyncTimer, AsyncTransport, Limits, Moment, Phase, Timer, Transport, TransportError};

/// Answers requests from a list, in order, and keeps what was asked.
#[derive(Debug, Default)]
pub struct Script {
    answers: Mutex<VecDeque<Result<Response<Bytes>, TransportError>>>,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    /// A script without answers.
    pub fn new() -> Self {
        Script::default()
    }

    /// Adds an answer with this status and body.
    pub fn answer(self, status: u16, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        self.respond(response)
    }

    /// Adds a complete answer.
    pub fn respond(self, response: Response<Bytes>) -> Self {
        lock(&self.answers).push_back(Ok(response));
        self
    }

    /// Adds a failure.
    pub fn fail(self, error: TransportError) -> Self {
        lock(&self.answers).push_back(Err(error));
        self
    }

    /// Adds the two answers of a login: a bearer and a session token.
    pub fn login(self) -> Self {
        self.answer(200, r#"{"access_token":"fake-bearer","token_type":"Bearer","expires_in":3600}"#)
            .answer(200, r#"{"sessionToken":"fake-session"}"#)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.requests).clone()
    }

    fn next(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        lock(&self.requests).push(request);
        let none = || Err(TransportError::connect("the script has no more answers"));
        lock(&self.answers).pop_front().unwrap_or_else(none)
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        let response = self.next(request)?;
        if response.body().len() > limits.max_body {
            return Err(TransportError::body_too_large(limits.max_body));
        }
        Ok(response)
    }
}

#[async_trait]
impl AsyncTransport for Script {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        Transport::send(self, request, limits)
    }
}

/// A clock that moves only when someone sleeps on it or [`VirtualClock::advance`] is called.
#[derive(Debug, Default)]
pub struct VirtualClock(Mutex<Duration>);

impl VirtualClock {
    /// A clock at its start.
    pub fn new() -> Self {
        VirtualClock::default()
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        let mut now = lock(&self.0);
        *now = now.saturating_add(span);
    }

    fn read(&self) -> Moment {
        Moment::new(*lock(&self.0))
    }
}

impl Timer for VirtualClock {
    fn now(&self) -> Moment {
        self.read()
    }

    fn sleep(&self, span: Duration) {
        self.advance(span);
    }
}

#[async_trait]
impl AsyncTimer for VirtualClock {
    fn now(&self) -> Moment {
        self.read()
    }

    async fn sleep(&self, span: Duration) {
        self.advance(span);
    }
}

/// The failure of an exchange whose answer was lost.
pub fn lost_answer() -> TransportError {
    TransportError { phase: Phase::Exchange, ..TransportError::exchange("the connection was reset") }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
