//! The two drivers: the same loop over the same machines, once blocking, once asynchronous. They send,
//! sleep and wait; every decision is made in [`Work`].

use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::shared::Shared;
use crate::transport::{AsyncTimer, AsyncTransport, Timer, Transport};
use crate::work::{Machine, Order, Work};

/// Runs work to its end, asynchronously. Dropping the future abandons it; a login that it was running for
/// others is taken over by one of them.
///
/// # Errors
/// Whatever ended the work.
pub async fn run<M: Machine>(
    mut work: Work<M>,
    transport: &dyn AsyncTransport,
    timer: &dyn AsyncTimer,
) -> Result<M::Output, Error> {
    let mut now = timer.now();
    loop {
        match work.step(now) {
            Order::Send(request, limits) => {
                let result = transport.send(request, limits).await;
                now = timer.now();
                work.feed(result, now);
                continue;
            }
            Order::Sleep(span) => timer.sleep(span).await,
            Order::Await(flight) => {
                let landed = work.shared().wait(flight).await;
                work.landed(landed);
            }
            Order::Done(result) => return result,
        }
        now = timer.now();
    }
}

/// Runs work to its end, blocking the thread.
///
/// # Errors
/// Whatever ended the work.
pub fn run_blocking<M: Machine>(
    mut work: Work<M>,
    transport: &dyn Transport,
    timer: &dyn Timer,
) -> Result<M::Output, Error> {
    let mut now = timer.now();
    loop {
        match work.step(now) {
            Order::Send(request, limits) => {
                let result = transport.send(request, limits);
                now = timer.now();
                work.feed(result, now);
                continue;
            }
            Order::Sleep(span) => timer.sleep(span),
            Order::Await(flight) => {
                let landed = work.shared().wait_blocking(flight);
                work.landed(landed);
            }
            Order::Done(result) => return result,
        }
        now = timer.now();
    }
}

/// Runs one call to its end, asynchronously.
///
/// # Errors
/// Whatever ended the call.
pub async fn call<E: Endpoint>(
    shared: &Arc<Shared>,
    transport: &dyn AsyncTransport,
    timer: &dyn AsyncTimer,
    endpoint: E,
) -> Result<E::Output, Error> {
    run(shared.call(endpoint), transport, timer).await
}

/// Runs one call to its end, blocking the thread.
///
/// # Errors
/// Whatever ended the call.
pub fn call_blocking<E: Endpoint>(
    shared: &Arc<Shared>,
    transport: &dyn Transport,
    timer: &dyn Timer,
    endpoint: E,
) -> Result<E::Output, Error> {
    run_blocking(shared.call(endpoint), transport, timer)
}
