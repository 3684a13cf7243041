//! Threads that fetch pages of a list while its reader works on others.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use fota_core::Error;
use fota_core::licenses::List;
use fota_core::models::LicenseSummary;
use fota_core::segments::Ticket;

use crate::Client;

/// As many threads as there were requests at a time. They end when this is dropped; one that is in a call, after
/// the call.
pub(crate) struct Workers {
    client: Client,
    jobs: Sender<Job>,
    queue: Arc<Mutex<Receiver<Job>>>,
    replies: Sender<Reply>,
    inbox: Receiver<Reply>,
    threads: usize,
    under_way: usize,
}

type Job = (Ticket, List);
type Reply = (Ticket, thread::Result<Result<LicenseSummary, Error>>);

impl Workers {
    /// No thread yet.
    pub(crate) fn new(client: Client) -> Self {
        let (jobs, queue) = mpsc::channel();
        let (replies, inbox) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        Workers { client, jobs, queue, replies, inbox, threads: 0, under_way: 0 }
    }

    pub(crate) fn start(&mut self, ticket: Ticket, request: List) {
        self.under_way += 1;
        if self.under_way > self.threads && self.spawn() {
            self.threads += 1;
        }
        if self.threads > 0 {
            drop(self.jobs.send((ticket, request)));
        } else {
            // Not even one thread to be had.
            drop(self.replies.send((ticket, Ok(self.client.call(request)))));
        }
    }

    /// The next answer, when there is one already.
    pub(crate) fn look(&mut self) -> Option<(Ticket, Result<LicenseSummary, Error>)> {
        let reply = self.inbox.try_recv().ok()?;
        Some(self.take(reply))
    }

    /// The next answer; `None` when nothing is under way.
    pub(crate) fn wait(&mut self) -> Option<(Ticket, Result<LicenseSummary, Error>)> {
        if self.under_way == 0 {
            return None;
        }
        let reply = self.inbox.recv().ok()?;
        Some(self.take(reply))
    }

    fn take(&mut self, (ticket, result): Reply) -> (Ticket, Result<LicenseSummary, Error>) {
        self.under_way = self.under_way.saturating_sub(1);
        // A panic of a transport is the reader's, as it would be without threads.
        (ticket, result.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    fn spawn(&self) -> bool {
        let (client, queue, replies) = (self.client.clone(), self.queue.clone(), self.replies.clone());
        let work = move || {
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            while let Ok((ticket, request)) = next() {
                let result = catch_unwind(AssertUnwindSafe(|| client.call(request)));
                if replies.send((ticket, result)).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new().name("fota-list".to_owned()).spawn(work).is_ok()
    }
}
