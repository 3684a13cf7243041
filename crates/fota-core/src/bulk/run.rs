//! The run itself: who waits, who is in flight, and what an answer means for whom.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use fota_models::{AccountName, DeviceId, DeviceLookup, LicenseChange, LicenseSummary};

use super::events::Event;
use super::outcome::{Action, DeviceReport, Outcome, Report};
use super::settle::{Lost, Walk};
use super::window::Window;
use crate::devices::Lookup;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::licenses::{Assign, List, MAX_DEVICES, Remove};
use crate::pager::Pager;
use crate::transport::{BoxError, Moment};

/// Names one request of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// The ticket with this number, as a journal keeps it.
    pub const fn new(number: u64) -> Self {
        Ticket(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// How a run goes about its work.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Devices per request, 1 to [`MAX_DEVICES`]. Halved when the service says that a request is too large, or
    /// does not answer one in time.
    pub batch: usize,
    /// Requests in flight, at most. The run starts with up to four and adapts.
    pub concurrency: usize,
    /// Requests per second, at most.
    pub rate: Option<f64>,
    /// How often a device's change is sent at most when its answers keep getting lost.
    pub rounds: u8,
    /// How many failures in a row, after each call's own retries, end the run.
    pub patience: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { batch: MAX_DEVICES, concurrency: 4, rate: None, rounds: 8, patience: 5 }
    }
}

impl Options {
    /// These options with another batch size.
    pub const fn batch(mut self, devices: usize) -> Self {
        self.batch = devices;
        self
    }

    /// These options with another number of requests in flight.
    pub const fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// These options with a limit of requests per second.
    pub const fn rate(mut self, per_second: Option<f64>) -> Self {
        self.rate = per_second;
        self
    }

    /// These options with another number of rounds.
    pub const fn rounds(mut self, rounds: u8) -> Self {
        self.rounds = rounds;
        self
    }

    /// These options with another number of failures in a row.
    pub const fn patience(mut self, failures: u32) -> Self {
        self.patience = failures;
        self
    }
}

/// What the driver has to do next.
#[derive(Debug)]
pub enum Next {
    /// Write down [`Run::take_events`], then make this call.
    Send(Job),
    /// Come back after this long, or when a call has ended.
    Wait(Duration),
    /// Come back when a call has ended.
    Busy,
    /// All calls have ended and there is nothing left to do.
    Finished,
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Job {
    /// For [`Run::record`].
    pub ticket: Ticket,
    /// The call.
    pub request: Request,
}

/// The calls of a run.
#[derive(Debug, Clone)]
pub enum Request {
    /// Assign licenses.
    Assign(Assign),
    /// Remove licenses.
    Remove(Remove),
    /// Look at devices whose answer was lost.
    Lookup(Lookup),
    /// Look for devices in the license list, because the lookup did not tell.
    List(List),
}

/// How a call ended.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Of [`Request::Assign`] and [`Request::Remove`].
    Change(Result<LicenseChange, Error>),
    /// Of [`Request::Lookup`].
    Lookup(Result<DeviceLookup, Error>),
    /// Of [`Request::List`].
    List(Result<LicenseSummary, Error>),
}

/// A bulk change. See the [module](super) for how it works.
#[derive(Debug)]
pub struct Run {
    pub(super) action: Action,
    pub(super) account: AccountName,
    pub(super) devices: Vec<DeviceReport>,
    /// How often each device's change was sent without an answer.
    pub(super) lost_count: Vec<u8>,
    /// Devices of which a request that was given up may still reach the server.
    pub(super) doubted: Vec<bool>,
    pub(super) options: Options,
    pub(super) batch: usize,
    pub(super) window: Window,
    pub(super) waiting: VecDeque<usize>,
    pub(super) lost: VecDeque<Lost>,
    /// Devices that a lookup did not tell about. One walk of the list decides about all of them.
    pub(super) silent: Vec<(usize, Option<Outcome>)>,
    pub(super) walk: Option<Walk>,
    pub(super) in_flight: BTreeMap<Ticket, Flight>,
    pub(super) tickets: u64,
    pub(super) failures: u32,
    pub(super) decided: usize,
    pub(super) draining: bool,
    /// No token is to be had, or no journal to be written: reading is as impossible as writing.
    pub(super) locked_out: bool,
    pub(super) stopped: Option<Error>,
    pub(super) total_licenses: Option<u64>,
    pub(super) used_licenses: Option<u64>,
    pub(super) events: Vec<Event>,
}

#[derive(Debug)]
pub(super) enum Flight {
    Change(Vec<usize>),
    Lookup(Lost),
    List,
}

impl Run {
    /// A run over these devices of an account. A device that is named twice is changed and reported once.
    pub fn new(action: Action, account: AccountName, devices: impl IntoIterator<Item = DeviceId>) -> Self {
        let mut seen = HashSet::new();
        let devices: Vec<_> = devices
            .into_iter()
            .filter(|device| seen.insert(device.clone()))
            .map(|device_id| DeviceReport { device_id, outcome: Outcome::NotAttempted })
            .collect();
        let options = Options::default();
        Run {
            action,
            account,
            lost_count: vec![0; devices.len()],
            doubted: vec![false; devices.len()],
            waiting: (0..devices.len()).collect(),
            devices,
            options,
            batch: options.batch,
            window: Window::new(options.concurrency, options.rate),
            lost: VecDeque::new(),
            silent: Vec::new(),
            walk: None,
            in_flight: BTreeMap::new(),
            tickets: 0,
            failures: 0,
            decided: 0,
            draining: false,
            locked_out: false,
            stopped: None,
            total_licenses: None,
            used_licenses: None,
            events: Vec::new(),
        }
    }

    /// The same run with other options.
    pub fn options(mut self, options: Options) -> Self {
        self.batch = options.batch.clamp(1, MAX_DEVICES);
        self.window = Window::new(options.concurrency, options.rate);
        self.options = options;
        self
    }

    /// Rebuilds the run from the events of an earlier one over the same devices. Devices whose change was
    /// sent, and of which nothing more is known, are looked up first.
    pub fn replay(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        let index: HashMap<DeviceId, usize> = self
            .devices
            .iter()
            .enumerate()
            .map(|(index, device)| (device.device_id.clone(), index))
            .collect();
        let mut sent: BTreeMap<usize, Ticket> = BTreeMap::new();
        for event in events {
            let (Event::Sending { ticket, .. }
            | Event::Settled { ticket, .. }
            | Event::Unsent { ticket, .. }) = &event;
            self.tickets = self.tickets.max(ticket.0);
            match event {
                Event::Sending { ticket, devices } => {
                    sent.extend(devices.iter().filter_map(|device| Some((*index.get(device)?, ticket))));
                }
                Event::Unsent { devices, .. } => {
                    for device in devices.iter().filter_map(|device| index.get(device)) {
                        sent.remove(device);
                        // The event does not say why. When its answer was lost, the request may come late.
                        self.doubt(*device);
                    }
                }
                Event::Settled { outcomes, .. } => {
                    for (device, outcome) in outcomes {
                        if let Some(device) = index.get(&device) {
                            sent.remove(device);
                            self.decide(*device, outcome);
                        }
                    }
                }
            }
        }
        self.waiting.retain(|device| {
            !sent.contains_key(device)
                && self.devices.get(*device).is_some_and(|report| report.outcome == Outcome::NotAttempted)
        });
        let mut by_ticket: BTreeMap<Ticket, Vec<usize>> = BTreeMap::new();
        for (device, ticket) in sent {
            by_ticket.entry(ticket).or_default().push(device);
        }
        for (ticket, devices) in by_ticket {
            self.lose(ticket, &devices);
        }
        self
    }

    /// What to do next.
    pub fn next(&mut self, now: Moment) -> Next {
        let idle = if self.in_flight.is_empty() { Next::Finished } else { Next::Busy };
        if !self.window.is_open(self.in_flight.len()) {
            return idle;
        }
        let may_change = !self.draining && self.stopped.is_none() && !self.waiting.is_empty();
        let may_walk = self.in_flight.is_empty() && (self.walk.is_some() || !self.silent.is_empty());
        if self.locked_out || !(may_change || may_walk || !self.lost.is_empty()) {
            return idle;
        }
        if let Some(pause) = self.window.pause(now) {
            return Next::Wait(pause);
        }
        self.window.started(now);
        let ticket = self.ticket();
        let request = if let Some(lost) = self.lost.pop_front() {
            let request = Request::Lookup(Lookup::new(
                self.account.clone(),
                self.ids(lost.devices.iter().map(|(device, _)| *device)),
            ));
            self.in_flight.insert(ticket, Flight::Lookup(lost));
            request
        } else if may_change {
            self.change(ticket)
        } else {
            let account = self.account.clone();
            let walk = self.walk.get_or_insert_with(|| Walk {
                pager: Pager::new(List::new(account)),
                found: HashSet::new(),
                tries: 0,
            });
            let Some(list) = walk.pager.request() else {
                self.end_walk(true);
                return self.next(now);
            };
            self.in_flight.insert(ticket, Flight::List);
            Request::List(list)
        };
        Next::Send(Job { ticket, request })
    }

    /// How the call of a job ended. Unknown tickets are ignored.
    pub fn record(&mut self, ticket: Ticket, reply: Reply, now: Moment) {
        match (self.in_flight.remove(&ticket), reply) {
            (Some(Flight::Change(devices)), Reply::Change(Ok(change))) => {
                self.changed(ticket, devices, &change);
            }
            (Some(Flight::Change(devices)), Reply::Change(Err(error))) => {
                self.change_failed(ticket, devices, error, now);
            }
            (Some(Flight::Lookup(lost)), Reply::Lookup(Ok(lookup))) => self.looked_up(lost, &lookup),
            (Some(Flight::Lookup(lost)), Reply::Lookup(Err(error))) => self.lookup_failed(lost, error, now),
            (Some(Flight::List), Reply::List(result)) => self.listed(result, now),
            // An answer of the wrong kind is no answer.
            (Some(Flight::Change(devices)), _) => self.lose(ticket, &devices),
            (Some(Flight::Lookup(lost)), _) => self.lost.push_back(lost),
            (Some(Flight::List) | None, _) => {}
        }
    }

    /// Takes back a job that was not sent, because its events could not be written down. The run makes no
    /// further calls.
    pub fn withdraw(&mut self, ticket: Ticket, error: BoxError) {
        match self.in_flight.remove(&ticket) {
            Some(Flight::Change(devices)) => self.requeue(ticket, devices),
            Some(Flight::Lookup(lost)) => self.lost.push_front(lost),
            Some(Flight::List) | None => {}
        }
        self.journal_failed(error);
    }

    /// Ends the run because its events cannot be written down.
    pub fn journal_failed(&mut self, error: BoxError) {
        self.locked_out = true;
        let text = format!("the journal cannot be written: {error}");
        self.stopped.get_or_insert(Error::new(ErrorKind::Journal, text).with_source(error));
    }

    /// What has to be written down before the next call is made.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Sends no further changes. What is in flight may end, and lost answers are still looked up.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// How many devices have their outcome, and how many the run is for.
    pub fn progress(&self) -> (usize, usize) {
        (self.decided, self.devices.len())
    }

    /// How many devices a request has at most at present.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// How many calls are under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// How many calls may be under way at most.
    pub fn concurrency(&self) -> usize {
        self.options.concurrency.max(1)
    }

    /// The error that ended the run early.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// Every device and what became of it. Devices that are in flight or were not looked up yet are
    /// [`Outcome::Unresolved`].
    pub fn report(mut self) -> Report {
        let changing = self.in_flight.values().flat_map(|flight| match flight {
            Flight::Change(devices) => devices.clone(),
            Flight::Lookup(lost) => lost.devices.iter().map(|(device, _)| *device).collect(),
            Flight::List => Vec::new(),
        });
        let lost = self.lost.iter().flat_map(|lost| lost.devices.iter().map(|(device, _)| *device));
        let open: Vec<_> =
            changing.chain(lost).chain(self.silent.iter().map(|(device, _)| *device)).collect();
        for device in open {
            if let Some(report) = self.devices.get_mut(device) {
                report.outcome = Outcome::Unresolved;
            }
        }
        Report {
            action: self.action,
            devices: self.devices,
            total_licenses: self.total_licenses,
            used_licenses: self.used_licenses,
        }
    }

    fn change(&mut self, ticket: Ticket) -> Request {
        let count = self.batch.min(self.waiting.len());
        let devices: Vec<_> = self.waiting.drain(..count).collect();
        let ids = self.ids(devices.iter().copied());
        self.events.push(Event::Sending { ticket, devices: ids.clone() });
        self.in_flight.insert(ticket, Flight::Change(devices));
        match self.action {
            Action::Assign => Request::Assign(Assign::new(self.account.clone(), ids)),
            Action::Remove => Request::Remove(Remove::new(self.account.clone(), ids)),
        }
    }

    fn changed(&mut self, ticket: Ticket, devices: Vec<usize>, change: &LicenseChange) {
        self.went_well();
        self.total_licenses = change.total_licenses.or(self.total_licenses);
        // Answers do not come in the order in which the service made the changes.
        let latest = match self.action {
            Action::Assign => u64::max,
            Action::Remove => u64::min,
        };
        self.used_licenses = match (self.used_licenses, change.used_licenses) {
            (Some(before), Some(now)) => Some(latest(before, now)),
            (before, now) => now.or(before),
        };
        let mut answers = HashMap::with_capacity(change.device_list.len());
        for answer in &change.device_list {
            answers.entry(&answer.device_id).or_insert(answer);
        }
        let (mut known, mut check) = (Vec::new(), Vec::new());
        for device in devices {
            let answer = self.devices.get(device).and_then(|report| answers.get(&report.device_id));
            match answer.map_or(Outcome::Unresolved, |answer| Outcome::of(answer)) {
                Outcome::Unresolved => check.push((device, Some(Outcome::unclear(answer.copied())))),
                outcome => known.push((device, outcome)),
            }
        }
        self.answered(ticket, known, check);
    }

    /// Books what the server said, except where it has to be checked first: silence, unclear words, and
    /// refusals of devices for which an earlier request was lost (they may be refused because that one was
    /// applied).
    fn answered(
        &mut self,
        ticket: Ticket,
        known: Vec<(usize, Outcome)>,
        mut check: Vec<(usize, Option<Outcome>)>,
    ) {
        let (doubtful, known): (Vec<_>, Vec<_>) = known.into_iter().partition(|(device, outcome)| {
            matches!(outcome, Outcome::Refused { .. }) && self.doubted.get(*device) == Some(&true)
        });
        check.extend(doubtful.into_iter().map(|(device, outcome)| (device, Some(outcome))));
        self.settle(ticket, known);
        if !check.is_empty() {
            self.lost.push_back(Lost { ticket, devices: check, tries: 0 });
        }
    }

    fn change_failed(&mut self, ticket: Ticket, devices: Vec<usize>, error: Error, now: Moment) {
        if error.may_have_been_applied() {
            if error.kind() == ErrorKind::Timeout {
                self.batch = (devices.len() / 2).clamp(1, self.batch);
            }
            self.lose(ticket, &devices);
            return self.went_badly(error, now);
        }
        if error.status() == Some(http::StatusCode::PAYLOAD_TOO_LARGE) && devices.len() > 1 {
            self.batch = (devices.len() / 2).clamp(1, self.batch);
            return self.requeue(ticket, devices);
        }
        if error.kind() == ErrorKind::Refused {
            let status = error.status().map_or_else(String::new, |status| status.as_u16().to_string());
            let reason = error.server_message().map(str::to_owned);
            let outcome = Outcome::Refused { status, reason };
            self.answered(
                ticket,
                devices.into_iter().map(|device| (device, outcome.clone())).collect(),
                Vec::new(),
            );
            // One request may be refused for one bad device; several in a row are refused for what they are.
            return self.went_badly(error, now);
        }
        self.requeue(ticket, devices);
        self.went_badly(error, now);
    }

    /// These surely were not changed: they wait again, or are left as not attempted after too many rounds.
    pub(super) fn requeue(&mut self, ticket: Ticket, devices: Vec<usize>) {
        self.events.push(Event::Unsent { ticket, devices: self.ids(devices.iter().copied()) });
        for device in devices.into_iter().rev() {
            if self.lost_count.get(device).is_some_and(|count| *count < self.options.rounds) {
                self.waiting.push_front(device);
            }
        }
    }

    pub(super) fn settle(&mut self, ticket: Ticket, outcomes: Vec<(usize, Outcome)>) {
        if outcomes.is_empty() {
            return;
        }
        let ids = self.ids(outcomes.iter().map(|(device, _)| *device));
        let outcomes_by_id =
            ids.into_iter().zip(outcomes.iter().map(|(_, outcome)| outcome.clone())).collect();
        self.events.push(Event::Settled { ticket, outcomes: outcomes_by_id });
        for (device, outcome) in outcomes {
            self.decide(device, outcome);
        }
    }

    pub(super) fn doubt(&mut self, device: usize) {
        if let Some(doubted) = self.doubted.get_mut(device) {
            *doubted = true;
        }
    }

    pub(super) fn decide(&mut self, device: usize, outcome: Outcome) {
        if let Some(report) = self.devices.get_mut(device) {
            if report.outcome == Outcome::NotAttempted {
                self.decided += 1;
            }
            report.outcome = outcome;
        }
    }

    pub(super) fn went_well(&mut self) {
        self.failures = 0;
        self.window.good();
    }

    pub(super) fn went_badly(&mut self, error: Error, now: Moment) {
        self.failures += 1;
        match error.kind() {
            ErrorKind::Unauthorized
            | ErrorKind::LoginRejected
            | ErrorKind::LoginBlocked
            | ErrorKind::Declined => {
                self.locked_out = true;
                self.stopped.get_or_insert(error);
            }
            ErrorKind::InvalidRequest | ErrorKind::Misuse => {
                self.stopped.get_or_insert(error);
            }
            kind => {
                // One lost answer is an accident; several in a row are an outage.
                let busy = matches!(kind, ErrorKind::Throttled | ErrorKind::Unavailable);
                if busy || kind != ErrorKind::Refused && self.failures > 1 {
                    self.window.slow_down(now, self.failures, error.retry_after());
                }
                if self.failures >= self.options.patience {
                    self.stopped.get_or_insert(error);
                }
            }
        }
    }

    pub(super) fn ids(&self, devices: impl Iterator<Item = usize>) -> Vec<DeviceId> {
        devices.filter_map(|device| self.devices.get(device)).map(|report| report.device_id.clone()).collect()
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }
}

/// The name of a request's operation, for logs.
impl Request {
    /// Such as `licenses.assign`.
    pub const fn name(&self) -> &'static str {
        match self {
            Request::Assign(_) => Assign::NAME,
            Request::Remove(_) => Remove::NAME,
            Request::Lookup(_) => Lookup::NAME,
            Request::List(_) => List::NAME,
        }
    }
}
