//! What all calls of one client share and never change.

use crate::licenses::ListPath;
use crate::retry::{RetryBudget, RetryPolicy};
use crate::servers::Servers;
use crate::transport::Limits;

/// Settings of a client. Built once, shared behind an `Arc`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// Where the services live.
    pub servers: Servers,
    /// How often and how long a call is tried.
    pub retry: RetryPolicy,
    /// What one exchange may use.
    pub limits: Limits,
    /// Which of the two documented paths lists licenses.
    pub list_path: ListPath,
    pub(crate) budget: RetryBudget,
}

impl Config {
    /// Default settings for these servers.
    pub fn new(servers: Servers) -> Self {
        Config { servers, ..Config::default() }
    }

    /// These settings with another retry policy.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// These settings with other limits of one exchange.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// These settings with another path for listing licenses.
    pub fn list_path(mut self, list_path: ListPath) -> Self {
        self.list_path = list_path;
        self
    }
}
