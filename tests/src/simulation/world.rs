//! The world: one queue of what happens next, on a clock that is only counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fota_core::bulk::Ticket;
use fota_core::{Moment, Shared, TransportError};
use fota_emulator::Emulator;
use fota_models::DeviceId;
use http::Response;

use super::ledger::{Ledger, Step, Violation};
use super::operator::Operator;
use super::scenario::Scenario;
use super::stats::Stats;
use super::trace::Trace;
use super::wire::Exchange;

/// No seed needs more; one that does goes round in circles.
const MOST_STEPS: Step = 200_000;
/// The same in its own time.
const LONGEST: Duration = Duration::from_secs(14 * 24 * 3600);

/// Everything there is.
pub(super) struct World<'t> {
    pub(super) scenario: Scenario,
    pub(super) random: fastrand::Rng,
    pub(super) now: Moment,
    pub(super) step: Step,
    queue: BTreeMap<(Moment, u64), Happening>,
    queued: u64,
    pub(super) index: HashMap<DeviceId, usize>,
    pub(super) emulator: Emulator,
    pub(super) ledger: Ledger,
    pub(super) operators: Vec<Operator>,
    pub(super) processes: Vec<Process>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) faults_left: u32,
    pub(super) crashes_left: u32,
    /// How many logins there may be at most: one for each reason to log in.
    pub(super) login_reasons: u64,
    /// Requests for a login that had a fault, or whose sender did not live to hear the answer.
    pub(super) login_faults: u64,
    pub(super) lives: u64,
    /// What may have cost a token.
    pub(super) upsets: u64,
    /// A good access token was refused, and no other is to be had.
    pub(super) slandered: bool,
    pub(super) stats: Stats,
    pub(super) trace: &'t mut Trace,
}

/// Operators that share their tokens.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) shared: Option<Arc<Shared>>,
    /// Nothing happens in it until then.
    pub(super) frozen: Moment,
}

/// Something that will happen.
#[derive(Debug)]
pub(super) enum Happening {
    /// An operator's run begins, or goes on from its journal.
    Start { operator: usize },
    /// The run wants to be asked again.
    Poll { operator: usize, life: u64 },
    /// A call has slept enough.
    Wake { operator: usize, life: u64, ticket: Ticket },
    /// A request reaches the server.
    Arrive { exchange: usize },
    /// What came of a request reaches its sender.
    Answer { exchange: usize, result: Result<Response<Bytes>, TransportError> },
}

impl<'t> World<'t> {
    pub(super) fn new(mut scenario: Scenario, trace: &'t mut Trace) -> Self {
        let emulator =
            std::mem::replace(&mut scenario.emulator, Emulator::new(fota_emulator::Settings::empty()));
        let index =
            scenario.devices.iter().cloned().enumerate().map(|(index, device)| (device, index)).collect();
        let operators: Vec<_> = scenario.tasks.iter().map(Operator::new).collect();
        let processes = operators.iter().map(|_| Process::default()).collect();
        let wrong_password = scenario.wrong_password;
        let random = scenario.random.clone();
        // The scenario names its own account, so there is one.
        #[allow(clippy::expect_used, reason = "an emulator has its first account")]
        let ledger =
            Ledger::new(&scenario, emulator.account(scenario.account.as_str()).expect("the first account"));
        let stats = Stats {
            seeds: 1,
            devices: scenario.tasks.iter().map(|task| task.devices.len() as u64).sum(),
            wrong_passwords: u64::from(wrong_password),
            ..Stats::default()
        };
        World {
            faults_left: scenario.faults,
            crashes_left: scenario.crashes,
            scenario,
            random,
            now: Moment::default(),
            step: 0,
            queue: BTreeMap::new(),
            queued: 0,
            index,
            emulator,
            ledger,
            operators,
            processes,
            exchanges: Vec::new(),
            login_reasons: 0,
            login_faults: 0,
            lives: 0,
            upsets: 0,
            slandered: false,
            stats,
            trace,
        }
    }

    /// Lets everything happen.
    pub(super) fn run(mut self) -> Result<Stats, Violation> {
        for operator in 0..self.operators.len() {
            let span = Duration::from_millis(self.random.u64(..5_000));
            self.later(span, Happening::Start { operator });
        }
        while let Some(((now, _), happening)) = self.queue.pop_first() {
            self.now = now;
            self.step += 1;
            if self.step > MOST_STEPS || now.since_start() > LONGEST {
                return Err(Violation::new("every run ends", format!("{} steps, {now:?}", self.step)));
            }
            self.happen(happening)?;
            self.look_after_waiting()?;
        }
        self.end()
    }

    /// Queues something.
    pub(super) fn later(&mut self, span: Duration, happening: Happening) {
        self.at(self.now.after(span), happening);
    }

    fn at(&mut self, moment: Moment, happening: Happening) {
        self.queued += 1;
        self.queue.insert((moment, self.queued), happening);
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        let operator = match &happening {
            Happening::Start { operator }
            | Happening::Poll { operator, .. }
            | Happening::Wake { operator, .. } => Some(*operator),
            Happening::Answer { exchange, .. } => Some(self.exchanges[*exchange].operator),
            Happening::Arrive { .. } => None,
        };
        if let Some(operator) = operator {
            let frozen = self.processes[self.operators[operator].process].frozen;
            if self.now < frozen {
                self.at(frozen, happening);
                return Ok(());
            }
        }
        match happening {
            Happening::Start { operator } => self.start(operator),
            Happening::Poll { operator, life } => {
                let this = &mut self.operators[operator];
                if this.life != life {
                    return Ok(());
                }
                // One that comes early or twice only asks again.
                this.poll = None;
                self.pump(operator)
            }
            Happening::Wake { operator, life, ticket } => {
                if self.operators[operator].life == life {
                    self.drive(operator, ticket)?;
                    self.pump(operator)?;
                }
                Ok(())
            }
            Happening::Arrive { exchange } => self.arrive(exchange),
            Happening::Answer { exchange, result } => self.answer(exchange, result),
        }
    }

    /// What holds for the world as a whole.
    fn end(mut self) -> Result<Stats, Violation> {
        if let Some(operator) = self.operators.iter().position(|operator| !operator.finished) {
            let text = format!("operator {operator} waits for something that never comes");
            return Err(Violation::new("every run ends", text));
        }
        let account = self.emulator.account(self.scenario.account.as_str());
        if let Some(account) = account {
            self.ledger.closed(account)?;
        }
        let counters = self.emulator.counters();
        let failed = counters.failed_logins;
        if self.scenario.wrong_password {
            // An answer that is lost on the way says nothing, so one more attempt is allowed for it.
            let most = (self.lives + self.login_faults).min(2 * self.lives);
            if failed > most {
                let text = format!("{failed} failed logins in {} lives of processes", self.lives);
                return Err(Violation::new("a refused login is not repeated", text));
            }
            if self.ledger.effects() > 0 {
                return Err(Violation::new("no change without a login", String::new()));
            }
        } else if failed > 0 || self.emulator.strikes() > 0 {
            let text = format!("{failed} failed logins, {} strikes", self.emulator.strikes());
            return Err(Violation::new("the right password is never refused", text));
        }
        if counters.logins > self.login_reasons {
            let text = format!("{} logins, and {} reasons for one", counters.logins, self.login_reasons);
            return Err(Violation::new("no login without a reason", text));
        }
        self.stats.logins = counters.logins;
        self.stats.hash = self.trace.hash();
        self.stats.steps = self.step;
        self.stats.virtual_time = self.now.since_start();
        Ok(self.stats)
    }
}
