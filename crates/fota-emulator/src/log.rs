//! The request log: who asked for what and what became of it. Never a header, never a body, so never a secret.

use std::collections::{BTreeMap, VecDeque};

use fota_models::DeviceId;
use serde::Serialize;

/// Entries kept; the oldest go first.
const CAPACITY: usize = 10_000;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogEntry {
    /// Counts from 1, over all requests.
    pub number: u64,
    /// Milliseconds of the emulator's time since its start.
    pub at_millis: u64,
    /// The HTTP method.
    pub method: String,
    /// The path; of the query only a cursor that is a number.
    pub path: String,
    /// The operation, such as `licenses.assign`, or `unknown`.
    pub operation: &'static str,
    /// Devices named in the body.
    pub devices: usize,
    /// The answer's status; none when the connection was closed or reset instead.
    pub status: Option<u16>,
    /// Whether the operation was carried out, or refused for reasons of its own, rather than replaced by a fault.
    pub processed: bool,
    /// The fault rule that took part.
    pub fault: Option<u64>,
    /// The name of the magic IMEI that took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magic: Option<&'static str>,
    /// Devices whose license another operator gave or took just before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_by_others: Vec<DeviceId>,
}

/// What happened so far, in numbers. They count on when the log drops its oldest entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Counters {
    /// Requests, those of the admin API excepted.
    pub requests: u64,
    /// Requests for an access token, whatever the answer.
    pub token_requests: u64,
    /// Access tokens made; asking again within the hour makes none.
    pub tokens_issued: u64,
    /// Login requests, whatever the answer.
    pub logins: u64,
    /// Logins refused for user name, password or lock.
    pub failed_logins: u64,
    /// Requests refused for an account's rate limit.
    pub throttled: u64,
    /// Licenses that other operators gave or took.
    pub changed_by_others: u64,
    /// Requests per operation.
    pub operations: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Requests for one operation, such as `licenses.assign`.
    pub fn operation(&self, name: &str) -> u64 {
        self.operations.get(name).copied().unwrap_or(0)
    }
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: VecDeque<LogEntry>,
    pub(crate) counters: Counters,
}

impl RequestLog {
    /// Counts a request and gives its number.
    pub(crate) fn arrive(&mut self, operation: &'static str) -> u64 {
        self.counters.requests += 1;
        *self.counters.operations.entry(operation).or_default() += 1;
        match operation {
            "auth.token" => self.counters.token_requests += 1,
            "auth.login" => self.counters.logins += 1,
            _ => {}
        }
        self.counters.requests
    }

    pub(crate) fn push(&mut self, entry: LogEntry) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter()
    }

    pub(crate) fn clear(&mut self) {
        *self = RequestLog::default();
    }
}

/// What of a request's target may be written down.
pub(crate) fn loggable(uri: &http::Uri) -> String {
    let cursor = uri.query().and_then(|query| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("lastSeenDeviceId="))
            .filter(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
    });
    match cursor {
        Some(cursor) => format!("{}?lastSeenDeviceId={cursor}", uri.path()),
        None => uri.path().to_owned(),
    }
}
