//! Plays one cell: a fresh emulator, a fresh client, one operation, and what can be seen of it from both sides.

use std::time::{Duration, Instant};

use fota_core::models::{DeviceId, Verdict};
use fota_core::{Error, ErrorKind, Servers};
use fota_emulator::{Emulator, Fault};
use fota_tests::{Adapter, Kind, Lab, account};

use crate::cell::{Applied, Cause, Cell, Ends, Latch, Operation, Row};
use crate::front::{ClosedPort, Front};

/// Has no license at first; assign is asked to change that.
const WITHOUT: &str = "352099001761481";
/// Has a license at first; remove is asked to change that.
const WITH: &str = "353328110034566";

/// Short enough to wait for, long enough for a busy machine to answer in time when nothing holds it up.
const TOO_LATE: Duration = Duration::from_millis(600);
/// What an operation may take at all: no server's wish makes a call wait for an hour.
const AT_MOST: Duration = Duration::from_secs(15);
/// Less than the oversized answers, more than all others.
const MAX_BODY: usize = 64 * 1024;

/// What became of a cell.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) cell: Cell,
    /// What both adapters have to agree on besides the cell.
    pub(crate) details: Details,
    /// Broken laws that hold for every cell, whatever the table says.
    pub(crate) broken: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Details {
    endpoint: Option<&'static str>,
    status: Option<u16>,
    code: Option<String>,
    retryable: bool,
    retry_after: Option<Duration>,
    body: Option<Vec<u8>>,
}

pub(crate) fn play(row: &Row, operation: Operation, adapter: &dyn Kind) -> Played {
    Scene::new(row, operation, adapter).play()
}

struct Scene<'r> {
    row: &'r Row,
    operation: Operation,
    lab: Lab,
    client: Box<dyn Adapter>,
    broken: Vec<String>,
    /// Held until the scene is over.
    _port: ClosedPort,
}

/// What the emulator has seen of a stretch of time.
struct Seen {
    requests: u64,
    tokens: u64,
    logins: u64,
    processed: bool,
}

impl<'r> Scene<'r> {
    fn new(row: &'r Row, operation: Operation, adapter: &dyn Kind) -> Self {
        let lab = Lab::with_devices(&[WITHOUT, WITH], 2);
        lab.open(adapter).assign(&account(), &[DeviceId::from(WITH)]).unwrap();
        let port = ClosedPort::new();
        let trouble = &row.trouble;
        let there = match trouble.cause {
            Cause::Fault(_) => lab.base_url(),
            Cause::Refused => port.base_url(),
            Cause::HeadCut(bytes) => Front::start(lab.address(), move |mut answer| {
                answer.truncate(bytes);
                answer
            })
            .base_url(),
            Cause::Noise(noise) => Front::start(lab.address(), |_| noise.to_vec()).base_url(),
        };
        let here = lab.base_url();
        let (m2m, fota) = if operation == Operation::Login { (there, here) } else { (here, there) };
        let oauth = format!("{}/api/ts/v1", lab.base_url());
        let servers = Servers::new(&oauth, &format!("{m2m}/api/m2m"), &format!("{fota}/api/fota/v3"));
        let client = lab.open_with(adapter, |options| {
            options.servers = servers.unwrap();
            let retry = options.retry.max_attempts(3);
            options.retry = retry.base_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(4));
            options.limits = options.limits.max_body(MAX_BODY);
            if trouble.late {
                options.limits = options.limits.attempt(TOO_LATE);
            }
        });
        if operation != Operation::Login {
            client.login().unwrap();
        }
        if let Cause::Fault(effect) = &trouble.cause {
            let mut fault = Fault::new(operation.name(), effect.clone());
            fault.processed = trouble.processed;
            fault.count = trouble.once.then_some(1);
            lab.fault(if trouble.late { fault.delay(TOO_LATE * 10) } else { fault });
        }
        Scene { row, operation, lab, client, broken: Vec::new(), _port: port }
    }

    fn play(mut self) -> Played {
        self.lab.with(Emulator::clear_log);
        let start = Instant::now();
        let result = self.operate();
        let (elapsed, seen) = (start.elapsed(), self.seen());
        let done = self.ledger_changed();
        let done = if self.operation.changes_licenses() {
            self.must(done == seen.processed, "the ledger and the server's log differ");
            done
        } else {
            self.must(!done, "the ledger was changed");
            seen.processed
        };

        let error = result.err();
        let attempts = error.as_ref().map_or(seen.requests, |error| u64::from(error.attempts()));
        let mut cell = Cell {
            ends: error.as_ref().map_or(Ends::Well, |error| Ends::As(error.kind())),
            applied: match &error {
                Some(error) if error.may_have_been_applied() => Applied::Maybe,
                _ => Applied::No,
            },
            requests: seen.requests,
            attempts,
            fetched: (seen.tokens, seen.logins),
            latch: Latch::Open,
            done,
        };
        if self.operation.changes_licenses() && cell.ends != Ends::Well && cell.applied == Applied::No {
            self.must(!done, "a change was made, and the error says that none was");
        }
        let pauses = u32::try_from(attempts.saturating_sub(1)).unwrap();
        self.must(elapsed >= self.row.trouble.pause * pauses, "it did not wait as long as it was asked to");
        self.must(elapsed < AT_MOST, "it took too long");
        if self.operation == Operation::Login {
            cell.latch = self.log_in_again(&cell);
        } else {
            self.must(!self.client.is_login_blocked(), "logins are blocked");
        }
        self.must(self.lab.with(|emulator| emulator.strikes()) == 0, "a strike was counted");
        Played { cell, details: error.as_ref().map(details).unwrap_or_default(), broken: self.broken }
    }

    /// The operation, and whether its result is the right one.
    fn operate(&mut self) -> Result<(), Error> {
        let (account, without, with) = (account(), DeviceId::from(WITHOUT), DeviceId::from(WITH));
        let right = match self.operation {
            Operation::List => {
                let list = self.client.list(&account, None).into_iter().collect::<Result<Vec<_>, _>>()?;
                list.iter().map(|device| &device.device_id).eq([&with])
            }
            Operation::Assign => succeeded(&self.client.assign(&account, &[without])?),
            Operation::Remove => succeeded(&self.client.remove(&account, &[with])?),
            Operation::Lookup => self.client.lookup(&account, &[without, with])?.device_list.len() == 2,
            Operation::Login => self.client.login().map(|()| true)?,
        };
        self.must(right, "it went well, with a wrong result");
        Ok(())
    }

    /// Logs in until it is clear when logins are blocked.
    fn log_in_again(&mut self, first: &Cell) -> Latch {
        let blocked_at_once = self.client.is_login_blocked();
        self.lab.with(Emulator::clear_log);
        let second = self.client.login();
        if blocked_at_once {
            self.is_blocked(second);
            return Latch::AfterOne;
        }
        if first.ends == Ends::Well || self.row.trouble.once {
            self.must(second.is_ok(), "the next login did not go well");
            return Latch::Open;
        }
        let ends = second.map_or_else(|error| Ends::As(error.kind()), |()| Ends::Well);
        let seen = self.seen();
        self.must((ends, seen.requests) == (first.ends, first.requests), "the next login went otherwise");
        if !self.client.is_login_blocked() {
            return Latch::Open;
        }
        self.lab.with(Emulator::clear_log);
        let third = self.client.login();
        self.is_blocked(third);
        Latch::AfterTwo
    }

    fn is_blocked(&mut self, result: Result<(), Error>) {
        let kind = result.map_err(|error| error.kind());
        self.must(kind == Err(ErrorKind::LoginBlocked), "a login was not blocked");
        self.must(self.lab.requests() == 0, "a blocked login was sent");
        self.must(self.client.is_login_blocked(), "it is blocked, and says that it is not");
    }

    fn seen(&mut self) -> Seen {
        let requests = self.lab.count(self.operation.name());
        let (tokens, logins) = self.lab.logins();
        let logins = if self.operation == Operation::Login { 0 } else { logins };
        let others = self.lab.requests() - requests - tokens - logins;
        self.must(others == 0, "something was asked for that nobody needs");
        let name = self.operation.name();
        let processed =
            |emulator: &mut Emulator| emulator.log().any(|entry| entry.operation == name && entry.processed);
        Seen { requests, tokens, logins, processed: self.lab.with(processed) }
    }

    /// Whether the licenses are where the operation should bring them; anything else was done by nobody.
    fn ledger_changed(&mut self) -> bool {
        let (without, with) = (DeviceId::from(WITHOUT), DeviceId::from(WITH));
        let licensed = self.lab.licensed();
        let before = vec![with.clone()];
        let after = match self.operation {
            Operation::Assign => vec![without, with],
            Operation::Remove => Vec::new(),
            _ => before.clone(),
        };
        self.must(licensed == before || licensed == after, "the ledger was changed otherwise");
        licensed != before
    }

    fn must(&mut self, holds: bool, else_say: &str) {
        if !holds {
            self.broken.push(else_say.to_owned());
        }
    }
}

fn succeeded(change: &fota_core::models::LicenseChange) -> bool {
    matches!(&*change.device_list, [device] if device.verdict() == Verdict::Success)
}

fn details(error: &Error) -> Details {
    Details {
        endpoint: error.endpoint(),
        status: error.status().map(|status| status.as_u16()),
        code: error.fault().and_then(|fault| fault.code()).map(str::to_owned),
        retryable: error.is_retryable(),
        retry_after: error.retry_after(),
        body: error.body().map(|body| body.to_vec()),
    }
}
