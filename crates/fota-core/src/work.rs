//! One piece of work for a client that shares its tokens: a call together with the login it may need.
//!
//! [`Call`] decides about one call, [`LoginFlow`](crate::LoginFlow) about one login,
//! [`Session`](crate::session::Session) about who logs in. `Work` puts the three together, so that a driver
//! has nothing left to decide.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::call::{Call, Step};
use crate::endpoint::{Auth, Endpoint};
use crate::error::{Error, ErrorKind};
use crate::session::Flight;
use crate::shared::{Lead, Next, Shared};
use crate::tokens::{Stale, Tokens};
use crate::transport::{Limits, Moment, Target, TransportError};

/// What the driver has to do next.
#[allow(clippy::large_enum_variant, reason = "moved once, from the machine to its driver")]
pub enum Order<T> {
    /// Send this within the limits and hand what came of it to [`Work::feed`].
    Send(Request<Bytes>, Limits),
    /// Come back after this long.
    Sleep(Duration),
    /// Another caller is logging in: wait with [`Shared::wait`] or [`Shared::wait_blocking`] and hand the
    /// result to [`Work::landed`].
    Await(Flight),
    /// It is over.
    Done(Result<T, Error>),
}

impl<T: std::fmt::Debug> std::fmt::Debug for Order<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Order::Send(request, limits) => {
                f.debug_tuple("Send").field(&Target(request)).field(limits).finish()
            }
            Order::Sleep(span) => f.debug_tuple("Sleep").field(span).finish(),
            Order::Await(flight) => f.debug_tuple("Await").field(flight).finish(),
            Order::Done(result) => f.debug_tuple("Done").field(result).finish(),
        }
    }
}

/// A machine that needs tokens and says so.
pub trait Machine {
    /// What it ends with.
    type Output;
    /// The tokens it needs.
    const AUTH: Auth;

    /// What to do next.
    fn step(&mut self, tokens: Option<&Tokens>, now: Moment) -> Step<Self::Output>;
    /// What came of the request it asked for.
    fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment);
    /// The tokens it asked for cannot be had.
    fn give_up(&mut self, error: Error);
}

/// A machine and the login it may need.
#[derive(Debug)]
pub struct Work<M: Machine> {
    shared: Arc<Shared>,
    machine: M,
    tokens: Option<Tokens>,
    /// Set while this work logs in for all.
    lead: Option<Lead>,
    /// Set while the machine waits for tokens.
    wanted: Option<Stale>,
}

impl<M: Machine> Work<M> {
    pub(crate) fn new(shared: Arc<Shared>, machine: M) -> Self {
        Work { shared, machine, tokens: None, lead: None, wanted: None }
    }

    /// What the client's calls share.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What to do next.
    pub fn step(&mut self, now: Moment) -> Order<M::Output> {
        loop {
            if let Some(lead) = &mut self.lead {
                match lead.step(now) {
                    Step::Send(request, limits) => return Order::Send(request, limits),
                    Step::Wait(span) => return Order::Sleep(span),
                    Step::NeedAuth(_) => self.end_login(Err(misuse()), now),
                    Step::Done(result) => self.end_login(result, now),
                }
                continue;
            }
            if let Some(stale) = self.wanted {
                match self.shared.access(M::AUTH, stale, now) {
                    Next::Ready(tokens) => {
                        self.tokens = Some(tokens);
                        self.wanted = None;
                    }
                    Next::Failed(error) => self.fail(error),
                    Next::Busy(flight) => return Order::Await(flight),
                    Next::Login(lead) => {
                        self.lead = Some(lead);
                        continue;
                    }
                }
            }
            match self.machine.step(self.tokens.as_ref(), now) {
                Step::Send(request, limits) => return Order::Send(request, limits),
                Step::Wait(span) => return Order::Sleep(span),
                Step::NeedAuth(stale) => self.wanted = Some(stale),
                Step::Done(result) => {
                    if let (Ok(_), Some(tokens)) = (&result, &self.tokens) {
                        self.shared.touch(tokens, now);
                    }
                    return Order::Done(result);
                }
            }
        }
    }

    /// What came of the request that [`Order::Send`] asked for.
    pub fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        match &mut self.lead {
            Some(lead) => lead.feed(result, now),
            None => self.machine.feed(result, now),
        }
    }

    /// How the login ended that [`Order::Await`] asked to wait for. Its failure is everyone's.
    pub fn landed(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.fail(error);
        }
    }

    fn end_login(&mut self, result: Result<(), Error>, now: Moment) {
        if let Some(lead) = self.lead.take() {
            if let Err(error) = lead.land(result, now) {
                self.fail(error);
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.wanted = None;
        self.machine.give_up(error);
    }
}

impl<E: Endpoint> Machine for Call<E> {
    type Output = E::Output;
    const AUTH: Auth = E::AUTH;

    fn step(&mut self, tokens: Option<&Tokens>, now: Moment) -> Step<E::Output> {
        Call::step(self, tokens, now)
    }

    fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        Call::feed(self, result, now);
    }

    fn give_up(&mut self, error: Error) {
        Call::give_up(self, error);
    }
}

/// Wants both tokens and nothing else: a login on its own.
#[derive(Debug, Default)]
pub struct TokensOnly {
    failed: Option<Error>,
}

impl Machine for TokensOnly {
    type Output = ();
    const AUTH: Auth = Auth::BearerAndSession;

    fn step(&mut self, tokens: Option<&Tokens>, _: Moment) -> Step<()> {
        match (self.failed.take(), tokens) {
            (Some(error), _) => Step::Done(Err(error)),
            (None, Some(_)) => Step::Done(Ok(())),
            (None, None) => Step::NeedAuth(Stale::default()),
        }
    }

    fn feed(&mut self, _: Result<Response<Bytes>, TransportError>, _: Moment) {}

    fn give_up(&mut self, error: Error) {
        self.failed = Some(error);
    }
}

/// Ends a token with the tokens there are: it never logs in for the sake of logging out.
#[derive(Debug)]
pub struct Farewell<E: Endpoint>(Option<(Call<E>, Option<Tokens>)>);

impl<E: Endpoint> Farewell<E> {
    pub(crate) fn new(call: Option<(Call<E>, Option<Tokens>)>) -> Self {
        Farewell(call)
    }
}

impl<E: Endpoint<Output = ()>> Machine for Farewell<E> {
    type Output = ();
    const AUTH: Auth = E::AUTH;

    fn step(&mut self, _: Option<&Tokens>, now: Moment) -> Step<()> {
        let Some((call, tokens)) = &mut self.0 else { return Step::Done(Ok(())) };
        match call.step(tokens.as_ref(), now) {
            // A token that the server no longer knows is as good as ended.
            Step::NeedAuth(_) => Step::Done(Ok(())),
            step => step,
        }
    }

    fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        if let Some((call, _)) = &mut self.0 {
            call.feed(result, now);
        }
    }

    fn give_up(&mut self, error: Error) {
        if let Some((call, _)) = &mut self.0 {
            call.give_up(error);
        }
    }
}

fn misuse() -> Error {
    Error::new(ErrorKind::Misuse, "a login asked for tokens of its own")
}
