//! Operators: each drives a run as the real drivers do (events into the journal, then the request), dies now and
//! then, and goes on from what its journal says.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use fota_core::bulk::{Event, Next, Request, Run, Ticket};
use fota_core::session::Flight;
use fota_core::{ErrorKind, Moment, Shared};

use super::errand::{Errand, Want, landed};
use super::ledger::Violation;
use super::scenario::Task;
use super::world::{Happening, World};

/// After so many runs in a row that settled nothing, something is wrong.
const MOST_FRUITLESS_RUNS: u32 = 50;

/// Who runs a task.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) process: usize,
    pub(super) input: Vec<usize>,
    pub(super) run: Option<Run>,
    pub(super) jobs: BTreeMap<Ticket, Active>,
    pub(super) journal: Vec<Event>,
    /// Counts up when a run begins or dies, so that what was meant for an earlier one is known.
    pub(super) life: u64,
    pub(super) poll: Option<Moment>,
    pub(super) finished: bool,
    /// The journal could not be written in this life.
    pub(super) full_disk: bool,
    /// How many devices had no outcome when this run began, and how many runs settled none.
    open: usize,
    fruitless: u32,
    /// How often the login was refused to it.
    turned_away: u32,
}

/// A job under way.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) errand: Errand,
    pub(super) devices: Rc<[usize]>,
    pub(super) awaiting: Option<Flight>,
    pub(super) exchange: Option<usize>,
}

impl Operator {
    pub(super) fn new(task: &Task) -> Self {
        Operator {
            process: task.process,
            input: task.devices.clone(),
            run: None,
            jobs: BTreeMap::new(),
            journal: Vec::new(),
            life: 0,
            poll: None,
            finished: false,
            full_disk: false,
            open: usize::MAX,
            fruitless: 0,
            turned_away: 0,
        }
    }
}

impl World<'_> {
    /// A run begins, from the journal if there is one.
    pub(super) fn start(&mut self, operator: usize) -> Result<(), Violation> {
        let task = &self.scenario.tasks[operator];
        let this = &mut self.operators[operator];
        if this.run.is_some() || this.finished {
            return Ok(());
        }
        let devices = this.input.iter().map(|device| self.scenario.devices[*device].clone());
        let run = Run::new(task.action, self.scenario.account.clone(), devices)
            .options(task.options)
            .replay(this.journal.iter().cloned());
        this.run = Some(run);
        this.life += 1;
        this.poll = None;
        this.full_disk = false;
        let (events, action) = (this.journal.len(), task.action);
        self.stats.resumes += u64::from(events > 0);
        self.trace.note(self.now, &[5, operator as u64, events as u64], || {
            format!("operator {operator} begins to {action}, with {events} events in its journal")
        });
        self.pump(operator)
    }

    /// Lets a run do what it wants to do, until it has to wait.
    pub(super) fn pump(&mut self, operator: usize) -> Result<(), Violation> {
        loop {
            let now = self.now;
            let this = &mut self.operators[operator];
            let Some(run) = &mut this.run else { return Ok(()) };
            match run.next(now) {
                Next::Send(job) => {
                    let events = run.take_events();
                    if self.disk_is_full(operator) {
                        let this = &mut self.operators[operator];
                        this.full_disk = true;
                        if let Some(run) = &mut this.run {
                            run.withdraw(job.ticket, "simulated: no space left".into());
                        }
                        self.trace.note(now, &[6, operator as u64], || {
                            format!("operator {operator} cannot write {} events", events.len())
                        });
                        continue;
                    }
                    self.write(operator, events)?;
                    self.send(operator, job.ticket, job.request)?;
                }
                Next::Wait(span) => {
                    let at = now.after(span);
                    if this.poll.is_none_or(|poll| poll > at || poll < now) {
                        this.poll = Some(at);
                        let life = this.life;
                        self.later(span, Happening::Poll { operator, life });
                    }
                    return Ok(());
                }
                Next::Busy => return Ok(()),
                Next::Finished => return self.finish(operator),
            }
        }
    }

    fn send(&mut self, operator: usize, ticket: Ticket, request: Request) -> Result<(), Violation> {
        let (ids, change) = match &request {
            Request::Assign(endpoint) => (endpoint.devices.device_list.as_slice(), true),
            Request::Remove(endpoint) => (endpoint.devices.device_list.as_slice(), true),
            Request::Lookup(endpoint) => (endpoint.devices.device_list.as_slice(), false),
            Request::List(_) => (&[][..], false),
        };
        let devices: Rc<[usize]> = ids.iter().map(|id| self.index[id]).collect();
        self.ledger.begins(operator, ticket, &devices, change, self.step)?;
        if self.dies(operator) {
            return Ok(());
        }
        let errand = Errand::new(&self.shared(operator), request);
        let job = Active { errand, devices, awaiting: None, exchange: None };
        self.operators[operator].jobs.insert(ticket, job);
        self.drive(operator, ticket)?;
        self.dies(operator);
        Ok(())
    }

    /// Steps a call until it has to wait.
    pub(super) fn drive(&mut self, operator: usize, ticket: Ticket) -> Result<(), Violation> {
        for _ in 0..100 {
            let now = self.now;
            let Some(job) = self.operators[operator].jobs.get_mut(&ticket) else { return Ok(()) };
            match job.errand.step(now) {
                Want::Send(request, limits) => {
                    let devices = job.devices.clone();
                    let exchange = self.transmit(operator, ticket, devices, request, limits);
                    if let Some(job) = self.operators[operator].jobs.get_mut(&ticket) {
                        job.exchange = Some(exchange);
                    }
                    return Ok(());
                }
                Want::Sleep(span) => {
                    let life = self.operators[operator].life;
                    self.later(span, Happening::Wake { operator, life, ticket });
                    return Ok(());
                }
                Want::Await(flight) => {
                    if let Some(result) = landed(&self.shared(operator), flight) {
                        self.land(operator, ticket, result);
                    } else {
                        if let Some(job) = self.operators[operator].jobs.get_mut(&ticket) {
                            job.awaiting = Some(flight);
                        }
                        return Ok(());
                    }
                }
                Want::Done(reply) => {
                    let this = &mut self.operators[operator];
                    if let Some(job) = this.jobs.remove(&ticket) {
                        self.ledger.ends(operator, &job.devices);
                    }
                    if let Some(run) = &mut this.run {
                        run.record(ticket, reply, now);
                    }
                    self.dies(operator);
                    return Ok(());
                }
            }
        }
        Err(Violation::new("every run ends", "a call is stepped and stepped without an end"))
    }

    fn land(&mut self, operator: usize, ticket: Ticket, result: Result<(), fota_core::Error>) {
        if let Some(job) = self.operators[operator].jobs.get_mut(&ticket) {
            job.awaiting = None;
            job.errand.landed(result);
        }
    }

    /// Calls that wait for another's login, and whose wait is over.
    pub(super) fn look_after_waiting(&mut self) -> Result<(), Violation> {
        for operator in 0..self.operators.len() {
            let process = &self.processes[self.operators[operator].process];
            if self.now < process.frozen {
                continue;
            }
            let waiting: Vec<_> = self.operators[operator]
                .jobs
                .iter()
                .filter_map(|(ticket, job)| Some((*ticket, job.awaiting?)))
                .collect();
            for (ticket, flight) in waiting {
                // An earlier one of them may have ended the process.
                let Some(shared) = self.processes[self.operators[operator].process].shared.clone() else {
                    break;
                };
                if !self.operators[operator].jobs.contains_key(&ticket) {
                    continue;
                }
                if let Some(result) = landed(&shared, flight) {
                    self.land(operator, ticket, result);
                    self.drive(operator, ticket)?;
                    self.pump(operator)?;
                }
            }
        }
        Ok(())
    }

    /// The tokens of an operator's process; it is born when it has none.
    fn shared(&mut self, operator: usize) -> Arc<Shared> {
        let process = self.operators[operator].process;
        if let Some(shared) = &self.processes[process].shared {
            return shared.clone();
        }
        let seed = self.random.u64(..);
        let shared = Arc::new(Shared::new(self.scenario.config(), self.scenario.credentials(), seed));
        self.processes[process].shared = Some(shared.clone());
        self.lives += 1;
        self.login_reasons += 1;
        shared
    }

    fn write(&mut self, operator: usize, events: Vec<Event>) -> Result<(), Violation> {
        for event in events {
            self.trace.note(self.now, &[7, operator as u64], || {
                format!("operator {operator} writes {}", told(&event))
            });
            self.ledger.written(operator, &event, |device| self.index[device])?;
            self.operators[operator].journal.push(event);
        }
        Ok(())
    }

    fn finish(&mut self, operator: usize) -> Result<(), Violation> {
        let this = &mut self.operators[operator];
        let Some(mut run) = this.run.take() else { return Ok(()) };
        this.life += 1;
        let events = run.take_events();
        if self.disk_is_full(operator) {
            run.journal_failed("simulated: no space left".into());
        } else {
            self.write(operator, events)?;
        }
        let (known, all) = run.progress();
        let stopped = run.stopped().map(fota_core::Error::kind);
        let report = run.report();
        let counts = report.counts();
        self.trace.note(self.now, &[10, operator as u64, known as u64, all as u64], || {
            format!("operator {operator} ends, stopped by {stopped:?}: {counts:?}")
        });
        let done = self.ledger.reported(operator, &self.operators[operator].input, &report)?;
        let refused = matches!(stopped, Some(ErrorKind::LoginRejected | ErrorKind::LoginBlocked));
        if stopped == Some(ErrorKind::LoginRejected) && !self.scenario.wrong_password {
            return Err(Violation::new("the right password is never refused", format!("{stopped:?}")));
        }
        // A call replaces each token once, and no run ends for a token that died once.
        if stopped == Some(ErrorKind::Unauthorized) && !self.slandered && self.upsets < 2 {
            return Err(Violation::new("a token that dies is replaced", format!("{stopped:?}")));
        }
        if done {
            if self.scenario.wrong_password && all > 0 {
                return Err(Violation::new("no change without a login", format!("{counts:?}")));
            }
            if known != all {
                let text = format!("{known} of {all} devices at the end");
                return Err(Violation::new("progress ends where the report does", text));
            }
            self.operators[operator].finished = true;
            for device in &report.devices {
                *self.stats.outcomes.entry(device.outcome.as_str()).or_default() += 1;
            }
            return Ok(());
        }
        self.stats.early_ends += 1;
        self.again(operator, refused)
    }

    /// The same task once more, unless it is hopeless.
    fn again(&mut self, operator: usize, refused: bool) -> Result<(), Violation> {
        let open = self.ledger.open(operator);
        let this = &mut self.operators[operator];
        this.fruitless = if open < this.open { 0 } else { this.fruitless + 1 };
        this.open = open;
        if this.fruitless > MOST_FRUITLESS_RUNS {
            let text = format!(
                "operator {operator}: {open} devices have no outcome after {MOST_FRUITLESS_RUNS} runs"
            );
            return Err(Violation::new("every device gets its outcome", text));
        }
        let process = this.process;
        if refused && self.scenario.wrong_password {
            this.turned_away += 1;
            if this.turned_away > 3 {
                // A person would have looked by now.
                this.finished = true;
                return Ok(());
            }
        } else if refused && self.random.bool() {
            // A person says that the password is right.
            self.login_reasons += 1;
            if let Some(shared) = &self.processes[process].shared {
                shared.set_credentials(self.scenario.credentials());
                // Others who are logging in with the old ones are told so.
                self.upsets += 2;
            }
        } else if refused || self.random.bool() {
            let others = (0..self.operators.len())
                .any(|other| self.operators[other].process == process && self.operators[other].run.is_some());
            if !others {
                self.processes[process].shared = None;
            }
        }
        self.come_back(operator);
        Ok(())
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::Sending { ticket, devices } => format!("sending {}: {}", ticket.number(), devices.len()),
        Event::Unsent { ticket, devices } => format!("unsent {}: {}", ticket.number(), devices.len()),
        Event::Settled { ticket, outcomes } => {
            let words: Vec<_> =
                outcomes.iter().take(4).map(|(id, outcome)| format!("{id} {}", outcome.as_str())).collect();
            let more = if outcomes.len() > 4 { ", …" } else { "" };
            format!("settled {}: {} ({}{more})", ticket.number(), outcomes.len(), words.join(", "))
        }
        other => format!("{other:?}"),
    }
}
