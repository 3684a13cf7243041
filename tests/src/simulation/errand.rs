//! A job of a run as work that is stepped by hand, whichever of the four calls it is.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use fota_core::bulk::{Reply, Request};
use fota_core::licenses::{Assign, List, Remove};
use fota_core::session::Flight;
use fota_core::work::Machine;
use fota_core::{Call, Error, Limits, Moment, Order, Shared, TransportError, Work, devices::Lookup};
use http::Response;

/// One call under way.
#[derive(Debug)]
pub(super) enum Errand {
    Assign(Box<Work<Call<Assign>>>),
    Remove(Box<Work<Call<Remove>>>),
    Lookup(Box<Work<Call<Lookup>>>),
    List(Box<Work<Call<List>>>),
}

/// What an errand wants next.
#[derive(Debug)]
pub(super) enum Want {
    Send(http::Request<Bytes>, Limits),
    Sleep(Duration),
    Await(Flight),
    Done(Reply),
}

impl Errand {
    pub(super) fn new(shared: &Arc<Shared>, request: Request) -> Self {
        match request {
            Request::Assign(endpoint) => Errand::Assign(Box::new(shared.call(endpoint))),
            Request::Remove(endpoint) => Errand::Remove(Box::new(shared.call(endpoint))),
            Request::Lookup(endpoint) => Errand::Lookup(Box::new(shared.call(endpoint))),
            Request::List(endpoint) => Errand::List(Box::new(shared.call(endpoint))),
        }
    }

    pub(super) fn step(&mut self, now: Moment) -> Want {
        match self {
            Errand::Assign(work) => want(work, now, Reply::Change),
            Errand::Remove(work) => want(work, now, Reply::Change),
            Errand::Lookup(work) => want(work, now, Reply::Lookup),
            Errand::List(work) => want(work, now, Reply::List),
        }
    }

    pub(super) fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        match self {
            Errand::Assign(work) => work.feed(result, now),
            Errand::Remove(work) => work.feed(result, now),
            Errand::Lookup(work) => work.feed(result, now),
            Errand::List(work) => work.feed(result, now),
        }
    }

    pub(super) fn landed(&mut self, result: Result<(), Error>) {
        match self {
            Errand::Assign(work) => work.landed(result),
            Errand::Remove(work) => work.landed(result),
            Errand::Lookup(work) => work.landed(result),
            Errand::List(work) => work.landed(result),
        }
    }
}

fn want<M: Machine>(work: &mut Work<M>, now: Moment, reply: fn(Result<M::Output, Error>) -> Reply) -> Want {
    match work.step(now) {
        Order::Send(request, limits) => Want::Send(request, limits),
        Order::Sleep(span) => Want::Sleep(span),
        Order::Await(flight) => Want::Await(flight),
        Order::Done(result) => Want::Done(reply(result)),
    }
}

/// How a login ended that others wait for; `None` while it is under way. The waiting future is asked once, by
/// nobody who could be woken: the world asks again after every event.
pub(super) fn landed(shared: &Shared, flight: Flight) -> Option<Result<(), Error>> {
    match pin!(shared.wait(flight)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}
