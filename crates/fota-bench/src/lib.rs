//! What all clients of the benchmark share: the payloads, the command line, and how a process looks at itself.
//!
//! Every client is a program of its own, `bench-CLIENT OPERATION CALLS ADDRESS`, so that callgrind counts one client
//! and no server. The server is `bench-stub`. `cargo xtask bench` runs them all and makes the table.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "programs that only run here")]

use std::error::Error;
use std::fmt::Write as _;

/// What ends a client.
pub type Failure = Box<dyn Error + Send + Sync>;

/// An account with one page of [`PAGE`] devices.
pub const ACCOUNT: &str = "0000123456-00001";
/// An account with a thousand such pages.
pub const FLEET: &str = "0000123456-00002";
/// Devices on a page, and in a change.
pub const PAGE: usize = 1000;
/// The tokens that every client holds. As long as the vendor's, and visibly no secrets.
pub const BEARER: &str = "fake-bearer-00000000-0000-0000-0000-0";
/// As [`BEARER`].
pub const SESSION: &str = "fake-session-00000000-0000-0000-0000";

/// What a client is asked to do, `calls` times.
#[derive(Debug, Clone)]
pub struct Job {
    /// What to do.
    pub operation: Operation,
    /// How often.
    pub calls: usize,
    /// The stub's base URL.
    pub base: String,
}

/// One row of the table, as a client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Read a page of [`PAGE`] devices.
    List,
    /// Assign licenses to [`PAGE`] devices, in one request.
    Assign,
    /// Assign a license to one device.
    One,
    /// Read pages and keep them all: what does a device take?
    Hold,
    /// Walk the whole [`FLEET`], keeping nothing but a sum.
    Fold,
    /// 64 tasks that each read pages.
    Flight,
    /// Assign licenses to this many pages full of devices, however the client does that best.
    Run,
}

impl Job {
    /// Reads the command line.
    ///
    /// # Errors
    /// When it is not `OPERATION CALLS ADDRESS`.
    pub fn from_args() -> Result<Self, Failure> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let [operation, calls, address] = words.as_slice() else {
            return Err("usage: bench-CLIENT OPERATION CALLS ADDRESS".into());
        };
        let operation = match operation.as_str() {
            "list" => Operation::List,
            "assign" => Operation::Assign,
            "one" => Operation::One,
            "hold" => Operation::Hold,
            "fold" => Operation::Fold,
            "flight" => Operation::Flight,
            "run" => Operation::Run,
            other => return Err(format!("there is no operation `{other}`").into()),
        };
        Ok(Job { operation, calls: calls.parse()?, base: format!("http://{address}") })
    }

    /// How many devices a change of this operation names.
    pub fn devices(&self) -> usize {
        match self.operation {
            Operation::One => 1,
            Operation::Run => PAGE * self.calls,
            _ => PAGE,
        }
    }

    /// For operations that a client does not have.
    ///
    /// # Errors
    /// Always.
    pub fn unknown(&self) -> Result<(), Failure> {
        Err(format!("this client does not do {:?}", self.operation).into())
    }
}

/// The id of device number `index`: 15 digits.
pub fn device(index: usize) -> String {
    format!("{:015}", 352_099_000_000_000 + index)
}

/// The body of a change that names these devices.
pub fn change_request(devices: usize) -> String {
    let mut body = String::from(r#"{"deviceList":["#);
    for index in 0..devices {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(body, r#"{comma}"{}""#, device(index));
    }
    body + "]}"
}

/// One page of a listing, in the shape of the vendor's sample; `pages` in all.
pub fn page(first: usize, more: bool) -> String {
    let last = device(first + PAGE - 1);
    let mut body = format!(
        r#"{{"accountName":"{ACCOUNT}","totalLicenses":2000000,"assignedLicenses":1000000,"hasMoreData":{more},"lastSeenDeviceId":"{last}","maxPageSize":{PAGE},"deviceList":["#
    );
    for index in first..first + PAGE {
        let comma = if index == first { "" } else { "," };
        let (id, day, minute, second, milli) =
            (device(index), index % 28 + 1, index % 59, index % 60, index % 1000);
        let _ = write!(
            body,
            r#"{comma}{{"deviceId":"{id}","assignmentTime":"2024-03-{day:02} 09:{minute:02}:{second:02}.{milli:03} +0000 UTC"}}"#
        );
    }
    body + "]}"
}

/// The answer to a change of these devices: all of them done.
pub fn change_answer<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut body =
        format!(r#"{{"accountName":"{ACCOUNT}","licCount":2000000,"licUsedCount":1000000,"deviceList":["#);
    for (index, id) in ids.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"deviceId":"{id}","status":"LicenseAssignSuccess","resultReason":"Success"}}"#
        );
    }
    body + "]}"
}

/// A line of this process's `/proc` status, in KiB: `VmRSS` now, `VmHWM` at its highest.
///
/// # Errors
/// Where there is no such line.
pub fn memory(line: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    Ok(found.and_then(|text| text.split_whitespace().next()?.parse().ok()).ok_or("no such line")?)
}

/// Prints what `cargo xtask bench` reads: one `name value` a line.
pub fn tell(name: &str, value: impl std::fmt::Display) {
    println!("{name} {value}");
}

/// Ends a client's `main`, with the processor time of its main thread in nanoseconds.
pub fn finish(result: Result<(), Failure>) -> std::process::ExitCode {
    let cpu = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    if let Some(nanos) = cpu.split_whitespace().next() {
        tell("cpu_ns", nanos);
    }
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}
