//! Requests on their way: sent, handled by the emulator, answered; or not.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fota_core::auth::{Login, Token};
use fota_core::bulk::Ticket;
use fota_core::devices::Lookup;
use fota_core::licenses::{Assign, Remove};
use fota_core::server::json_reply;
use fota_core::{Endpoint, Error, Limits, Phase, Servers, Tokens, TransportError};
use fota_emulator::{Delivery, Effect, Fault, PASSWORD, Shape, USERNAME};
use fota_models::Secret;
use http::{Request, Response};

use super::ledger::{Step, Violation};
use super::network::{Operation, Trouble, way};
use super::world::{Happening, World};

/// One request and what is known of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) operator: usize,
    pub(super) life: u64,
    pub(super) ticket: Ticket,
    pub(super) operation: Operation,
    request: Option<Request<Bytes>>,
    devices: Rc<[usize]>,
    trouble: Option<Trouble>,
    /// How long an answer travels; none is sent when the sender hears something else, or nothing.
    back: Option<Duration>,
    /// How long the sender waits for the answer, from its sending.
    deadline: fota_core::Moment,
    /// Since when nobody waits for it any more.
    pub(super) over: Option<Step>,
    /// It was held up once more when its sender died.
    held: bool,
}

impl World<'_> {
    /// Puts a request on the wire.
    pub(super) fn transmit(
        &mut self,
        operator: usize,
        ticket: Ticket,
        devices: Rc<[usize]>,
        request: Request<Bytes>,
        limits: Limits,
    ) -> usize {
        let operation = Operation::of(request.uri().path());
        let trouble = self.trouble(operation, limits.attempt);
        let number = self.exchanges.len();
        let path = request.uri().path().to_owned();
        let name = trouble.as_ref().map_or("", Trouble::name);
        let length = request.body().len() as u64;
        self.trace.note(self.now, &[1, operator as u64, ticket.number(), length, name.len() as u64], || {
            let what = if name.is_empty() { String::new() } else { format!("  ({name})") };
            format!(
                "operator {operator} job {} request {number}: {path} {}{what}",
                ticket.number(),
                devices.len()
            )
        });
        let mut exchange = Exchange {
            operator,
            life: self.operators[operator].life,
            ticket,
            operation,
            request: Some(request),
            devices,
            trouble: None,
            back: Some(way(&mut self.random)),
            deadline: self.now.after(limits.attempt),
            over: None,
            held: false,
        };
        let mut arrives = Some(way(&mut self.random));
        let mut heard = None;
        match &trouble {
            Some(Trouble::NoConnection) => {
                arrives = None;
                heard = Some(if self.random.bool() {
                    (way(&mut self.random), TransportError::connect("simulated: refused"))
                } else {
                    (limits.connect, TransportError::timeout(Phase::Connect, "simulated: no route"))
                });
            }
            Some(Trouble::LostBefore) => {
                arrives = None;
                heard = Some(self.silence(limits.attempt));
            }
            Some(Trouble::LostAfter { way }) => {
                arrives = Some(*way);
                heard = Some(self.silence(limits.attempt));
            }
            Some(Trouble::Slow { way, back }) => {
                arrives = Some(*way);
                exchange.back = Some(*back);
            }
            Some(Trouble::Freeze(span)) => {
                let process = self.operators[operator].process;
                self.processes[process].frozen = self.now.after(*span);
            }
            // The others happen when it arrives.
            _ => {}
        }
        if let Some((span, error)) = heard {
            exchange.back = None;
            self.later(span, Happening::Answer { exchange: number, result: Err(error) });
        }
        exchange.trouble = trouble;
        self.exchanges.push(exchange);
        if let Some(span) = arrives {
            self.later(span, Happening::Arrive { exchange: number });
        }
        number
    }

    /// The sender is told that the connection broke, or waits until it has waited enough.
    fn silence(&mut self, attempt: Duration) -> (Duration, TransportError) {
        if self.random.bool() {
            let span = Duration::from_millis(self.random.u64(1..2_000)).min(attempt);
            (span, TransportError::exchange("simulated: connection lost"))
        } else {
            (attempt, TransportError::timeout(Phase::Exchange, "simulated: silence"))
        }
    }

    fn trouble(&mut self, operation: Operation, attempt: Duration) -> Option<Trouble> {
        if self.faults_left == 0 || self.random.f64() >= self.scenario.fault_chance {
            return None;
        }
        self.faults_left -= 1;
        // Each operator may need a new session for it, and hear only then that its access token died as well.
        self.login_reasons += 2 * self.operators.len() as u64;
        self.login_faults += u64::from(operation == Operation::Login);
        let trouble = Trouble::draw(&mut self.random, operation, attempt);
        self.stats.fault(trouble.name());
        self.upsets += 1;
        self.slandered |= trouble.name() == "401";
        Some(trouble)
    }

    /// A request reaches the server.
    pub(super) fn arrive(&mut self, number: usize) -> Result<(), Violation> {
        let exchange = &mut self.exchanges[number];
        let dead = exchange.life != self.operators[exchange.operator].life;
        if dead && !exchange.held {
            exchange.held = true;
            match self.random.u8(..4) {
                0 => return Ok(()),
                1 => {
                    let span = Duration::from_millis(self.random.u64(..120_000));
                    self.later(span, Happening::Arrive { exchange: number });
                    return Ok(());
                }
                _ => {}
            }
        }
        let Some(request) = exchange.request.take() else { return Ok(()) };
        let (operator, operation, devices) =
            (exchange.operator, exchange.operation, exchange.devices.clone());
        let given_up = exchange.over;
        let mut forgetful = false;
        match exchange.trouble.take() {
            Some(Trouble::Served(_, fault)) => self.add(*fault),
            Some(Trouble::Forgetful) => forgetful = true,
            Some(Trouble::KillBearer) => self.emulator.kill_bearer(),
            Some(Trouble::KillSessions) => self.emulator.kill_sessions(),
            Some(Trouble::Jump(span)) => self.emulator.advance(span),
            _ => {}
        }
        let too_many = matches!(operation, Operation::Change | Operation::Lookup)
            && devices.len() > self.scenario.most_devices;
        if too_many {
            self.add(Fault::new("*", Effect::answer(413, Shape::Html)));
        }
        let reply = self.emulator.handle(&request, self.now);
        self.emulator.clear_faults();
        self.stats.requests += 1;
        let status = reply.response.status().as_u16();
        let mut effects = 0;
        if operation == Operation::Change {
            if let Some(account) = self.emulator.account(self.scenario.account.as_str()) {
                effects = self.ledger.handled(operator, &devices, given_up, account)?;
                self.stats.late_effects += if given_up.is_some() { effects as u64 } else { 0 };
            }
        } else if reply.processed && reply.response.status().is_success() {
            match operation {
                Operation::Lookup => self.ledger.read(operator, Some(&devices), self.step),
                Operation::List => self.ledger.read(operator, None, self.step),
                _ => {}
            }
        }
        let length = reply.response.body().len() as u64;
        self.trace.note(self.now, &[2, number as u64, u64::from(status), length, effects as u64], || {
            let late = if given_up.is_some() { ", late" } else { "" };
            format!("server: request {number}: {status} {:?}, {effects} effects{late}", reply.delivery)
        });
        self.meddle()?;
        let exchange = &mut self.exchanges[number];
        let Some(back) = exchange.back else { return Ok(()) };
        let left = exchange.deadline.since(self.now);
        let (span, result) = if back + reply.delay > left {
            (left, Err(TransportError::timeout(Phase::Exchange, "simulated: too slow")))
        } else {
            let response = reply.response;
            let result = match reply.delivery {
                Delivery::Send => {
                    Ok(if forgetful { self.forget(operation, &request, response) } else { response })
                }
                Delivery::Cut { bytes } if bytes >= response.body().len() => Ok(response),
                _ => Err(TransportError::exchange("simulated: the answer is cut")),
            };
            (back + reply.delay, result)
        };
        self.later(span, Happening::Answer { exchange: number, result });
        Ok(())
    }

    /// What came of a request reaches its sender, if there still is one.
    pub(super) fn answer(
        &mut self,
        number: usize,
        result: Result<Response<Bytes>, TransportError>,
    ) -> Result<(), Violation> {
        let exchange = &mut self.exchanges[number];
        if exchange.over.is_some() {
            return Ok(());
        }
        exchange.over = Some(self.step);
        let (operator, ticket, operation) = (exchange.operator, exchange.ticket, exchange.operation);
        let code = result.as_ref().map_or(0, |response| u64::from(response.status().as_u16()));
        let lost = operation == Operation::Change && code == 0;
        self.stats.lost_answers += u64::from(lost);
        self.trace.note(self.now, &[3, number as u64, code], || {
            let what = match &result {
                Ok(response) => response.status().to_string(),
                Err(error) => error.to_string(),
            };
            format!("operator {operator} job {} hears of request {number}: {what}", ticket.number())
        });
        if self.dies(operator) {
            return Ok(());
        }
        let now = self.now;
        if let Some(job) = self.operators[operator].jobs.get_mut(&ticket) {
            job.exchange = None;
            job.errand.feed(result, now);
            self.drive(operator, ticket)?;
            self.pump(operator)?;
        }
        Ok(())
    }

    fn add(&mut self, fault: Fault) {
        // The rules are made of constants that a test of the emulator plays.
        let _ = self.emulator.add_fault(fault);
    }

    /// A good answer that leaves out some of the devices.
    fn forget(
        &mut self,
        operation: Operation,
        request: &Request<Bytes>,
        response: Response<Bytes>,
    ) -> Response<Bytes> {
        if !response.status().is_success() {
            return response;
        }
        let random = &mut self.random;
        let kept = match operation {
            Operation::Change if request.uri().path().ends_with("/assign") => {
                Assign::from_response(response.clone()).map(|mut change| {
                    change.device_list.retain(|_| random.bool());
                    json_reply(&change)
                })
            }
            Operation::Change => Remove::from_response(response.clone()).map(|mut change| {
                change.device_list.retain(|_| random.bool());
                json_reply(&change)
            }),
            Operation::Lookup => Lookup::from_response(response.clone()).map(|mut lookup| {
                lookup.device_list.retain(|_| random.bool());
                json_reply(&lookup)
            }),
            Operation::Token | Operation::Login | Operation::List => return response,
        };
        kept.unwrap_or(response)
    }

    /// Somebody else, who logs in by himself, takes back a license that an operator has assigned and settled.
    fn meddle(&mut self) -> Result<(), Violation> {
        if !self.scenario.meddler || self.random.u8(..40) > 0 {
            return Ok(());
        }
        let Some(device) = self.ledger.undoable() else { return Ok(()) };
        let done = self.take_back(device);
        self.login_reasons += 1;
        if let Some(account) = self.emulator.account(self.scenario.account.as_str()) {
            self.ledger.meddled(device, account);
        }
        self.stats.meddled += 1;
        self.trace.note(self.now, &[4, device as u64], || {
            format!("somebody else removes the license of {}: {done:?}", self.scenario.devices[device])
        });
        done.map_err(|error| Violation::new("the emulator serves everybody", error.to_string()))
    }

    fn take_back(&mut self, device: usize) -> Result<(), Error> {
        let servers = Servers::at("http://127.0.0.1:1")?;
        let client = self.emulator.credentials().client().clone();
        let request = Token::new(client).to_request(&servers, None)?;
        let bearer = Token::from_response(self.emulator.handle(&request, self.now).response)?.access_token;
        let tokens = Tokens::bearer_only(&bearer)?;
        let login = Login::new(USERNAME, Secret::from(PASSWORD)).to_request(&servers, Some(&tokens))?;
        let session = Login::from_response(self.emulator.handle(&login, self.now).response)?;
        let tokens = Tokens::new(&bearer, &session)?;
        let device = self.scenario.devices[device].clone();
        let remove = Remove::new(self.scenario.account.clone(), [device]);
        let request = remove.to_request(&servers, Some(&tokens))?;
        Remove::from_response(self.emulator.handle(&request, self.now).response).map(drop)
    }
}
