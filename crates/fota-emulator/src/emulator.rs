//! The service as a state machine: a request and a time go in, an answer and the way to deliver it come out. No
//! sockets, no clock, no chance but that of the seed, so that a run can be repeated to the letter.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fota_core::server::{Incoming, Rejection};
use fota_core::{Credentials, Moment};
use fota_models::{AccountName, DeviceId};
use http::header::DATE;
use http::{HeaderValue, Request};

use crate::accounts::Account;
use crate::answers::respond;
use crate::auth::{AuthState, Event};
use crate::clock::Clock;
use crate::faults::{Fault, InvalidFault};
use crate::log::{Counters, LogEntry, RequestLog, loggable};
use crate::magic::Spent;
use crate::refusal::{self, Answer};
use crate::registry::{Act, Faults};
use crate::reply::{Delivery, Reply};
use crate::routes::{Parsed, Route};
use crate::rules::Rules;
use crate::settings::{Settings, default_account};
use crate::switches::Switches;
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
    spent: Spent,
    pub(crate) log: RequestLog,
    /// Grows with everything that a snapshot holds.
    pub(crate) changes: u64,
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
        let mut faults = Faults::default();
        for fault in &settings.faults {
            // Settings take no rule that would be refused here.
            let _ = faults.add(fault.clone());
        }
        Emulator {
            first,
            switches: settings.switches.clone(),
            clock,
            auth: AuthState::new(&settings),
            accounts,
            faults,
            spent: Spent::default(),
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

    /// Back to the start: state, switches, faults, log and clock. Rules of the settings are in force again.
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
            magic: None,
            changed_by_others: Vec::new(),
        };
        let met = self.faults.meet(&route, now);
        for act in met.operators {
            entry.changed_by_others.extend(self.interfere(&act, &route, now));
        }
        let magic = if met.fault.is_none() && self.settings.magic { self.spent.spoil(&route) } else { None };
        entry.magic = magic.as_ref().map(|(magic, _)| magic.name);
        entry.fault = met.fault.as_ref().map(|(id, _)| *id);
        let fault = met.fault.map(|(_, fault)| fault).or(magic.map(|(_, fault)| fault));
        let reply = match fault {
            None => Reply::send(self.process(incoming.as_ref(), route, now)),
            Some(fault) => {
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

    /// Lets another operator act, and gives the devices whose license was given or taken.
    fn interfere(&mut self, act: &Act, route: &Route, now: Moment) -> Vec<DeviceId> {
        let rules = Rules::new(&self.settings, &self.switches, self.clock.unix_millis(now));
        let name = act.account.as_deref().or(route.account()).unwrap_or(self.first.as_str());
        let Some(account) = self.accounts.get_mut(name) else { return Vec::new() };
        let changed = act.operator.act(account, act.seed, &rules);
        self.changes += u64::from(!changed.is_empty());
        self.log.counters.changed_by_others += u64::try_from(changed.len()).unwrap_or(u64::MAX);
        changed
    }

    /// Bearer, route, rate limit, session, account, body: the order in which the real layers stand behind each other.
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
        let account = route.account().and_then(|name| self.accounts.get_mut(name));
        if let Some(Err(answer)) = account.map(|account| account.limiter.admit(now)) {
            self.log.counters.throttled += 1;
            return answer;
        }
        if let Err(answer) = self.auth.check_session(headers, &self.switches, now) {
            return answer;
        }
        self.operate(incoming, route, now).unwrap_or_else(|refused| refused)
    }

    fn operate(&mut self, incoming: &Incoming<'_>, route: Route, now: Moment) -> Result<Answer, Answer> {
        let rules = Rules::new(&self.settings, &self.switches, self.clock.unix_millis(now));
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
                let before = account.devices().len();
                let lookup = devices::lookup(account, &call.devices.device_list, &rules);
                // Unknown devices may have become the account's.
                self.changes += u64::from(account.devices().len() != before);
                lookup.map(|lookup| respond(&lookup, rules.switches))
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
