//! Drives a bulk run: a handful of calls at once, polled together in the caller's task.

use std::future::poll_fn;
use std::task::Poll;

use fota_core::AsyncTimer;
use fota_core::bulk::{Next, Observer, Reply, Request, Run};

use crate::Client;
use crate::calls::Calls;

pub(crate) async fn run<O: Observer + ?Sized>(
    client: &Client,
    timer: &dyn AsyncTimer,
    run: &mut Run,
    observer: &mut O,
) {
    let mut calls = Calls::default();
    loop {
        let next = run.next(timer.now());
        // With the request that comes next, or before waiting: an outcome is on disk as soon as it is known.
        let written = observer.record(run.take_events());
        let pause = match (next, written) {
            (Next::Send(job), Ok(())) => {
                calls.start(async move { (job.ticket, perform(client, job.request).await) });
                continue;
            }
            (Next::Send(job), Err(error)) => {
                run.withdraw(job.ticket, error);
                continue;
            }
            (next, written) => {
                if let Err(error) = written {
                    run.journal_failed(error);
                }
                match next {
                    Next::Finished => break,
                    Next::Wait(span) => Some(span),
                    _ => None,
                }
            }
        };
        let mut pause = pause.map(|span| timer.sleep(span));
        let ended = poll_fn(|context| match calls.poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => match &mut pause {
                Some(pause) => pause.as_mut().poll(context).map(|()| None),
                None => Poll::Pending,
            },
        });
        if let Some((ticket, reply)) = ended.await {
            run.record(ticket, reply, timer.now());
        }
        // Asked after a pause too, so that nothing new is sent once someone has broken it off.
        if observer.progress(run).is_break() {
            run.drain();
        }
    }
}

async fn perform(client: &Client, request: Request) -> Reply {
    match request {
        Request::Assign(endpoint) => Reply::Change(client.call(endpoint).await),
        Request::Remove(endpoint) => Reply::Change(client.call(endpoint).await),
        Request::Lookup(endpoint) => Reply::Lookup(client.call(endpoint).await),
        Request::List(endpoint) => Reply::List(client.call(endpoint.path(client.config().list_path)).await),
    }
}
