//! Drives a bulk run: calls on a few threads, every decision and every event on the caller's.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;

use fota_core::Timer;
use fota_core::bulk::{Job, Next, Observer, Reply, Request, Run};

use crate::Client;

pub(crate) fn run<O: Observer + ?Sized>(client: &Client, timer: &dyn Timer, run: &mut Run, observer: &mut O) {
    let (jobs, queue) = mpsc::channel::<Job>();
    let (replies, inbox) = mpsc::channel();
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..run.concurrency() {
            let (queue, replies) = (&queue, replies.clone());
            scope.spawn(move || {
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok(job) = next() {
                    if replies.send((job.ticket, perform(client, job.request))).is_err() {
                        break;
                    }
                }
            });
        }
        loop {
            let next = run.next(timer.now());
            // With the request that comes next, or before waiting: an outcome is on disk as soon as it is known.
            let written = observer.record(run.take_events());
            let ended = match (next, written) {
                (Next::Send(job), Ok(())) => {
                    drop(jobs.send(job));
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
                        Next::Wait(span) if run.in_flight() == 0 => {
                            timer.sleep(span);
                            Err(RecvTimeoutError::Timeout)
                        }
                        Next::Wait(span) => inbox.recv_timeout(span),
                        _ => inbox.recv().map_err(RecvTimeoutError::from),
                    }
                }
            };
            if let Ok((ticket, reply)) = ended {
                run.record(ticket, reply, timer.now());
            }
            // Asked after a pause too, so that nothing new is sent once someone has broken it off.
            if observer.progress(run).is_break() {
                run.drain();
            }
        }
        // Without a sender the threads end, and with them the scope.
        drop(jobs);
    });
}

fn perform(client: &Client, request: Request) -> Reply {
    match request {
        Request::Assign(endpoint) => Reply::Change(client.call(endpoint)),
        Request::Remove(endpoint) => Reply::Change(client.call(endpoint)),
        Request::Lookup(endpoint) => Reply::Lookup(client.call(endpoint)),
        Request::List(endpoint) => Reply::List(client.call(endpoint.path(client.config().list_path))),
    }
}
