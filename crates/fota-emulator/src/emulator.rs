//! The service as a state machine: a request and a time go in, an answer and the way to deliver it come out. No
//! sockets, no clock, no chance but that of the seed, so that a run can be repeated to the letter.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fota_core::server::{Incoming, Rejection};
use fota_core::{Credentials, Moment};
use fota_models::{AccountName, DeviceOutcome, TimeFormat};
use http::header::DATE;
use http::{HeaderValue, Request, Response};

use crate::accounts::Account;
use crate::answers::{respond, with_times};
use crate::auth::{AuthState, Event};
use crate::clock::Clock;
use crate::faults::{Fault, Faults, InvalidFault};
use crate::log::{Counters, LogEntry, RequestLog, loggable};
use crate::refusal::{self, Answer};
use crate::routes::{Parsed, Route};
use crate::settings::{Settings, default_account};
use crate::switches::{Switches, TimeStyle};
use crate::{admin, devices, licenses, subscriptions};

/// The service, emulated.
///
/// Without a socket, for simulations; [`Server`](crate::Server) puts one around it.
///
/// ```
/// use bytes::Bytes;
/// use fota_core::auth::Token;
/// use fota_core::{Endpoint, Moment, Servers};
/// use fota_emulator::{Emulator, Settings};
///
/// let mut emulator = Emulator::new(Settings::seeded(100, 60, 7));
/// let servers = Servers::at("http://127.0.0.1:1")?;
/// let request = Token::new(emulator.credentials().client().clone()).to_request(&servers, None)?;
/// let reply = emulator.handle(&request, Moment::default());
/// let token = Token::from_response(reply.response)?;
/// assert_eq!(token.expires_in, Some(3600));
/// # Ok::<(), fota_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Emulator {
    pub(crate) settings: Settings,
    first: AccountName,
    pub(crate) switches: Switches,
    pub(crate) clock: Clock,
    pub(crate) auth: AuthState,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    /// Grows with everything that a snapshot holds.
    pub(crate) changes: u64,
}

/// What comes of a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The answer. Empty where the delivery says that there is none.
    pub response: Response<Bytes>,
    /// How long it is held back.
    pub delay: Duration,
    /// How it is delivered.
    pub delivery: Delivery,
    /// Whether the request was processed, rather than answered by a fault.
    pub processed: bool,
}

/// How an answer is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// As it is.
    Send,
    /// Not at all: the connection is closed.
    Close,
    /// Not at all: the connection is reset.
    Reset,
    /// The head, so much of the body, then the connection is closed.
    Cut {
        /// Bytes of the body that arrive.
        bytes: usize,
    },
    /// The body in pieces.
    Dribble {
        /// Bytes per piece.
        bytes: usize,
        /// The time between two pieces.
        every: Duration,
    },
    /// The head, then this many spaces instead of the body.
    Flood {
        /// Their number.
        bytes: u64,
    },
}

impl Emulator {
    /// An emulator at its start.
    pub fn new(mut settings: Settings) -> Self {
        if settings.accounts.is_empty() {
            settings.accounts = Settings::empty().accounts;
        }
        let first = settings.accounts.first().map_or_else(default_account, |account| account.name.clone());
        let clock = Clock::new(settings.start);
        let start = clock.unix_millis(Moment::default());
        let accounts =
            settings.accounts.iter().map(|account| (account.name.to_string(), Account::new(account, start)));
        let accounts = accounts.collect();
        Emulator {
            first,
            switches: settings.switches.clone(),
            clock,
            auth: AuthState::new(&settings),
            accounts,
            faults: Faults::default(),
            log: RequestLog::default(),
            changes: 0,
            settings,
        }
    }

    /// Answers a request that arrives when the driver's time is `now`.
    ///
    /// Drivers that deliver over a real connection play [`Reply::delivery`]; a simulation turns it into the failure it
    /// stands for.
    pub fn handle(&mut self, request: &Request<Bytes>, now: Moment) -> Reply {
        let reply = if admin::is_admin(request) {
            Reply::send(admin::handle(self, request, now))
        } else {
            self.serve(request, self.clock.at(now))
        };
        self.dated(reply, now)
    }

    /// The name of the first account.
    pub fn account_name(&self) -> AccountName {
        self.first.clone()
    }

    /// An account, to look at.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// An account, to change.
    pub fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.changes += 1;
        self.accounts.get_mut(name)
    }

    /// The key, secret, user name and password that are accepted.
    pub fn credentials(&self) -> Credentials {
        let Settings { client_id, client_secret, username, password, .. } = &self.settings;
        Credentials::new(client_id.clone(), client_secret.clone(), username.clone(), password.clone())
    }

    /// Moves the emulator's time forward, on top of what the driver passes.
    pub fn advance(&mut self, span: Duration) {
        self.clock.advance(span);
    }

    /// Adds a fault rule and gives its number.
    ///
    /// # Errors
    /// [`InvalidFault`] when the rule cannot be played, as with a status of 42.
    pub fn add_fault(&mut self, fault: Fault) -> Result<u64, InvalidFault> {
        self.faults.add(fault)
    }

    /// Drops all fault rules.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// How many requests a fault rule was used for.
    pub fn fault_used(&self, id: u64) -> u64 {
        self.faults.rules().iter().find(|rule| rule.id == id).map_or(0, |rule| rule.used)
    }

    /// The switches in force.
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// The switches in force, to change.
    pub fn switches_mut(&mut self) -> &mut Switches {
        &mut self.switches
    }

    /// The latest requests, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &LogEntry> {
        self.log.entries()
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> &Counters {
        &self.log.counters
    }

    /// Empties the log and sets the counters to zero.
    pub fn clear_log(&mut self) {
        self.log.clear();
    }

    /// Makes the access token that is out worthless; the next token request gets another.
    pub fn kill_bearer(&mut self) {
        self.auth.kill_bearer();
    }

    /// Lets every session expire.
    pub fn kill_sessions(&mut self) {
        self.auth.kill_sessions();
    }

    /// Failed logins in a row.
    pub fn strikes(&self) -> u32 {
        self.auth.user().strikes
    }

    /// Forgets failed logins, as the vendor's support would.
    pub fn unlock_user(&mut self) {
        self.auth.set_strikes(0);
        self.changes += 1;
    }

    /// Back to the start: state, switches, faults, log and clock.
    pub fn reset(&mut self) {
        let changes = self.changes + 1;
        *self = Emulator { changes, ..Emulator::new(self.settings.clone()) };
    }

    fn serve(&mut self, request: &Request<Bytes>, now: Moment) -> Reply {
        let incoming = Incoming::new(request);
        let route = incoming.as_ref().map_or(Route::Unknown, Route::of);
        let number = self.log.arrive(route.name());
        let mut entry = LogEntry {
            number,
            at_millis: u64::try_from(now.since_start().as_millis()).unwrap_or(u64::MAX),
            method: request.method().to_string(),
            path: loggable(request.uri()),
            operation: route.name(),
            devices: route.devices().len(),
            status: None,
            processed: true,
            fault: None,
        };
        let fault = self.faults.pick(&route);
        let reply = match fault {
            None => Reply::send(self.process(incoming.as_ref(), route, now)),
            Some((id, fault)) => {
                entry.fault = Some(id);
                entry.processed = fault.processed || fault.effect.keeps_answer();
                let own = entry.processed.then(|| self.process(incoming.as_ref(), route, now));
                let (replaced, delivery) = fault.effect.apply(|later| self.clock.http_date(now, later));
                Reply {
                    response: replaced.or(own).unwrap_or_default(),
                    delay: Duration::from_millis(fault.delay_millis),
                    delivery,
                    processed: entry.processed,
                }
            }
        };
        entry.status = match reply.delivery {
            Delivery::Close | Delivery::Reset => None,
            _ => Some(reply.response.status().as_u16()),
        };
        self.log.push(entry);
        reply
    }

    /// Bearer, route, session, account, body: the order in which the real layers stand behind each other.
    fn process(&mut self, incoming: Option<&Incoming<'_>>, route: Route, now: Moment) -> Answer {
        let Some(incoming) = incoming else { return refusal::outside() };
        let headers = incoming.request().headers();
        match route {
            Route::Token => {
                let (answer, event) = self.auth.token(incoming, &self.switches, now);
                return self.count(answer, event);
            }
            Route::Revoke => return self.auth.revoke(incoming),
            Route::Unknown if incoming.service() == fota_core::Service::Oauth => {
                return refusal::no_such_route(self.switches.route_refusal);
            }
            _ => {}
        }
        if let Err(answer) = self.auth.check_bearer(headers, now) {
            return answer;
        }
        match route {
            Route::Unknown => return refusal::no_such_route(self.switches.route_refusal),
            Route::Login => {
                let (answer, event) = self.auth.login(incoming, &self.switches, now);
                return self.count(answer, event);
            }
            _ => {}
        }
        if let Err(answer) = self.auth.check_session(headers, &self.switches, now) {
            return answer;
        }
        self.operate(incoming, route, now).unwrap_or_else(|refused| refused)
    }

    fn operate(&mut self, incoming: &Incoming<'_>, route: Route, now: Moment) -> Result<Answer, Answer> {
        let rules = Rules {
            switches: &self.switches,
            adopt: self.settings.adopt_unknown,
            unix_millis: self.clock.unix_millis(now),
        };
        let accounts = &mut self.accounts;
        match route {
            Route::List(parsed) => {
                let (account, call) = opened(accounts, parsed)?;
                licenses::list(account, &call.after, &rules).map(|page| respond(&page, rules.switches))
            }
            Route::Assign(parsed) => {
                let (account, call) = opened(accounts, parsed)?;
                self.changes += 1;
                licenses::assign(account, &call.devices.device_list, &rules)
                    .map(|change| respond(&change, rules.switches))
            }
            Route::Remove(parsed) => {
                let (account, call) = opened(accounts, parsed)?;
                self.changes += 1;
                licenses::remove(account, &call.devices.device_list, &rules)
                    .map(|change| respond(&change, rules.switches))
            }
            Route::Lookup(parsed) => {
                let (account, call) = opened(accounts, parsed)?;
                self.changes += u64::from(rules.adopt);
                devices::lookup(account, &call.devices.device_list, &rules)
                    .map(|lookup| respond(&lookup, rules.switches))
            }
            Route::Subscription(parsed) => {
                let (account, _) = opened(accounts, parsed)?;
                Ok(respond(&subscriptions::get(account, &rules), rules.switches))
            }
            Route::Logout => Ok(self.auth.logout(incoming.request().headers())),
            Route::Token | Route::Revoke | Route::Login | Route::Unknown => {
                Err(refusal::no_such_route(self.switches.route_refusal))
            }
        }
    }

    fn count(&mut self, answer: Answer, event: Event) -> Answer {
        let counters = &mut self.log.counters;
        match event {
            Event::Nothing => {}
            Event::TokenIssued => counters.tokens_issued += 1,
            Event::LoginGranted => self.changes += 1,
            Event::LoginRefused => {
                counters.failed_logins += 1;
                self.changes += 1;
            }
        }
        answer
    }

    fn dated(&self, mut reply: Reply, now: Moment) -> Reply {
        let date = self.clock.http_date(self.clock.at(now), Duration::ZERO);
        if let Ok(date) = HeaderValue::from_str(&date) {
            reply.response.headers_mut().insert(DATE, date);
        }
        reply
    }
}

impl Reply {
    fn send(response: Answer) -> Self {
        Reply { response, delay: Duration::ZERO, delivery: Delivery::Send, processed: true }
    }
}

/// What an operation needs to know besides the account.
#[derive(Debug)]
pub(crate) struct Rules<'e> {
    pub(crate) switches: &'e Switches,
    pub(crate) adopt: bool,
    pub(crate) unix_millis: i64,
}

impl Rules<'_> {
    /// The format of the `turn`th time that is documented as `documented`.
    pub(crate) fn format(&self, documented: TimeFormat, turn: usize) -> TimeFormat {
        match self.switches.time_style {
            TimeStyle::Documented => documented,
            TimeStyle::Go => TimeFormat::Go,
            TimeStyle::Mixed if turn.is_multiple_of(2) => TimeFormat::Go,
            TimeStyle::Mixed | TimeStyle::Rfc3339 => TimeFormat::Rfc3339,
        }
    }

    pub(crate) fn timed(&self, outcomes: Vec<DeviceOutcome>) -> Vec<DeviceOutcome> {
        with_times(outcomes, self.switches.outcome_times, self.unix_millis)
    }
}

/// The account and the readable request, or the refusal of the first that is wrong.
fn opened<E>(
    accounts: &mut BTreeMap<String, Account>,
    parsed: Parsed<E>,
) -> Result<(&mut Account, E), Answer> {
    if matches!(parsed.endpoint, Err(Rejection::Account)) {
        return Err(refusal::invalid_parameter("Invalid account name format"));
    }
    // The message is documented; that it is the one for an unknown account is our guess.
    let account =
        accounts.get_mut(&parsed.account).ok_or_else(|| refusal::invalid_parameter("Inactive account"))?;
    let endpoint = parsed.endpoint.map_err(|_| refusal::invalid_parameter("Input binding error"))?;
    Ok((account, endpoint))
}
