//! A handful of calls at once, polled together in the caller's task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The calls under way. They are few, so all are polled whenever one of them may have moved on.
pub(crate) struct Calls<'a, T>(Vec<Pin<Box<dyn Future<Output = T> + Send + 'a>>>);

impl<'a, T> Calls<'a, T> {
    pub(crate) fn start(&mut self, call: impl Future<Output = T> + Send + 'a) {
        self.0.push(Box::pin(call));
    }

    /// What the first one gives that has ended.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<T> {
        let ended =
            self.0.iter_mut().enumerate().find_map(|(index, call)| match call.as_mut().poll(context) {
                Poll::Ready(ended) => Some((index, ended)),
                Poll::Pending => None,
            });
        match ended {
            Some((index, ended)) => {
                drop(self.0.swap_remove(index));
                Poll::Ready(ended)
            }
            None => Poll::Pending,
        }
    }
}

impl<T> Default for Calls<'_, T> {
    fn default() -> Self {
        Calls(Vec::new())
    }
}
