//! What is true and what was claimed. The ledger follows every change of the emulator's licenses and every event
//! of the operators' journals, and objects where they do not agree.
//!
//! Order is counted in steps of the world's queue, so that it is strict where the clock has ties.
//!
//! One thing nobody can promise: a request that its sender has given up may still reach the server, after the
//! sender has read the device's state and drawn its conclusion. A claim that such a request overtook is not held
//! against the operator, if and only if there was a reading in between that could not have told.

use std::fmt;

use fota_core::bulk::{Action, Event, Outcome, Report, Ticket};
use fota_emulator::Account;
use fota_models::DeviceId;

use super::scenario::{Scenario, Task};

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The promise, in a few words.
    pub promise: &'static str,
    /// How it was broken.
    pub detail: String,
}

impl Violation {
    /// A promise, and how it was broken.
    pub fn new(promise: &'static str, detail: impl Into<String>) -> Self {
        Violation { promise, detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}\n  {}", self.promise, self.detail)
    }
}

/// A position in the world's queue.
pub(super) type Step = u64;

/// All devices, and every operator's notes about them.
#[derive(Debug)]
pub(super) struct Ledger {
    names: Vec<DeviceId>,
    initially: Vec<bool>,
    licensed: Vec<bool>,
    shared: Vec<bool>,
    meddled: Vec<bool>,
    effects: Vec<Vec<Effect>>,
    books: Vec<Book>,
}

/// A license given or taken by an operator's request.
#[derive(Debug, Clone)]
struct Effect {
    operator: usize,
    /// When its sender had stopped waiting for it, if it had.
    given_up: Option<Step>,
    /// The last time before the effect that the operator's reading of the device was answered.
    read: Option<Step>,
    licensed: bool,
}

#[derive(Debug)]
struct Book {
    action: Action,
    notes: Vec<Note>,
    last_ticket: Option<Ticket>,
}

/// What an operator's journal says about a device, and when it last dealt with it.
#[derive(Debug, Clone, Default)]
struct Note {
    mine: bool,
    mark: Mark,
    busy: Option<Ticket>,
    sent: Option<Step>,
    read: Option<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Mark {
    #[default]
    Waiting,
    Sent(Ticket),
    Settled(Outcome),
}

type Checked<T = ()> = Result<T, Violation>;

impl Ledger {
    pub(super) fn new(scenario: &Scenario, account: &Account) -> Self {
        let initially: Vec<bool> =
            scenario.devices.iter().map(|device| account.is_licensed(device)).collect();
        let book = |task: &Task| {
            let mut notes = vec![Note::default(); scenario.devices.len()];
            task.devices.iter().for_each(|device| notes[*device].mine = true);
            Book { action: task.action, notes, last_ticket: None }
        };
        Ledger {
            names: scenario.devices.clone(),
            licensed: initially.clone(),
            initially,
            shared: scenario.shared(),
            meddled: vec![false; scenario.devices.len()],
            effects: vec![Vec::new(); scenario.devices.len()],
            books: scenario.tasks.iter().map(book).collect(),
        }
    }

    /// An event was written down.
    pub(super) fn written(
        &mut self,
        operator: usize,
        event: &Event,
        index: impl Fn(&DeviceId) -> usize,
    ) -> Checked {
        match event {
            Event::Sending { ticket, devices } => {
                let book = &mut self.books[operator];
                if book.last_ticket.is_some_and(|last| *ticket <= last) {
                    return Err(Violation::new("each ticket once", format!("{ticket:?} again")));
                }
                book.last_ticket = Some(*ticket);
                for device in devices {
                    let note = &mut book.notes[index(device)];
                    if !note.mine || note.mark != Mark::Waiting {
                        let text = format!("{device} is to be sent with {ticket:?} and was {:?}", note.mark);
                        return Err(Violation::new("only what surely was not applied is sent again", text));
                    }
                    note.mark = Mark::Sent(*ticket);
                }
            }
            Event::Unsent { devices, .. } => {
                for device in devices {
                    let note = &mut self.books[operator].notes[index(device)];
                    if let Mark::Settled(outcome) = &note.mark {
                        let text = format!("{device} waits again and was {outcome:?}");
                        return Err(Violation::new("a written outcome never changes", text));
                    }
                    note.mark = Mark::Waiting;
                }
            }
            Event::Settled { outcomes, .. } => {
                for (device, outcome) in outcomes {
                    let device = index(device);
                    let note = &mut self.books[operator].notes[device];
                    if let Mark::Settled(before) = &note.mark {
                        let text = format!("{} was {before:?} and is {outcome:?}", self.names[device]);
                        return Err(Violation::new("a written outcome never changes", text));
                    }
                    note.mark = Mark::Settled(outcome.clone());
                    self.claim(operator, device, outcome)?;
                }
            }
            other => return Err(Violation::new("known events", format!("{other:?}"))),
        }
        Ok(())
    }

    /// A job begins. A change must be in the journal by now.
    pub(super) fn begins(
        &mut self,
        operator: usize,
        ticket: Ticket,
        devices: &[usize],
        change: bool,
        step: Step,
    ) -> Checked {
        for device in devices {
            let note = &mut self.books[operator].notes[*device];
            let name = &self.names[*device];
            if let Some(other) = note.busy.replace(ticket) {
                let text = format!("{name} is in {other:?} and {ticket:?}");
                return Err(Violation::new("each device in one request at a time", text));
            }
            if change {
                if note.mark != Mark::Sent(ticket) {
                    let text = format!("{name} goes out with {ticket:?}; the journal says {:?}", note.mark);
                    return Err(Violation::new("the journal is written before the request is sent", text));
                }
                note.sent = Some(step);
            }
        }
        Ok(())
    }

    /// A job has ended, or its process.
    pub(super) fn ends(&mut self, operator: usize, devices: &[usize]) {
        for device in devices {
            self.books[operator].notes[*device].busy = None;
        }
    }

    /// The server answered an operator's question about these devices; about all of them without a list.
    pub(super) fn read(&mut self, operator: usize, devices: Option<&[usize]>, step: Step) {
        let notes = &mut self.books[operator].notes;
        match devices {
            Some(devices) => devices.iter().for_each(|device| notes[*device].read = Some(step)),
            None => notes.iter_mut().for_each(|note| note.read = Some(step)),
        }
    }

    /// The server has handled a change. Gives the number of its effects.
    pub(super) fn handled(
        &mut self,
        operator: usize,
        devices: &[usize],
        given_up: Option<Step>,
        account: &Account,
    ) -> Checked<usize> {
        let mut count = 0;
        for device in devices.iter().copied() {
            let licensed = account.is_licensed(&self.names[device]);
            if licensed == self.licensed[device] {
                continue;
            }
            count += 1;
            self.licensed[device] = licensed;
            let effects = &mut self.effects[device];
            if given_up.is_none() && effects.iter().any(|effect| effect.licensed == licensed) {
                let text = format!("{} became licensed: {licensed}, for the second time", self.names[device]);
                return Err(Violation::new("no effect is doubled", text));
            }
            let read = self.books[operator].notes[device].read;
            effects.push(Effect { operator, given_up, read, licensed });
        }
        Ok(count)
    }

    /// Some device that an operator settled as changed, for somebody else to undo.
    pub(super) fn undoable(&self) -> Option<usize> {
        let changed = |device: &usize| {
            self.books.iter().any(|book| {
                let applied = book.notes[*device].mark == Mark::Settled(Outcome::Applied);
                applied && book.action == Action::Assign
            })
        };
        (0..self.names.len()).filter(|device| !self.meddled[*device] && self.licensed[*device]).find(changed)
    }

    /// Somebody else took the license of a device.
    pub(super) fn meddled(&mut self, device: usize, account: &Account) {
        self.meddled[device] = true;
        self.licensed[device] = account.is_licensed(&self.names[device]);
    }

    /// A run has ended: its report against its journal and the truth. Gives whether everything is settled.
    pub(super) fn reported(&self, operator: usize, input: &[usize], report: &Report) -> Checked<bool> {
        let reported = report.devices.iter().map(|device| &device.device_id);
        if !reported.eq(input.iter().map(|device| &self.names[*device])) {
            let text = format!("{} devices for {}", report.devices.len(), input.len());
            return Err(Violation::new("every device once, in the order of the input", text));
        }
        let mut all = true;
        for (device, reported) in input.iter().copied().zip(&report.devices) {
            let outcome = &reported.outcome;
            match &self.books[operator].notes[device].mark {
                Mark::Settled(written) if written == outcome => {}
                Mark::Settled(written) => {
                    let text = format!("{}: {written:?} written, {outcome:?} told", self.names[device]);
                    return Err(Violation::new("a written outcome never changes", text));
                }
                _ if *outcome == Outcome::Unresolved => all = false,
                _ => {
                    all &= *outcome != Outcome::NotAttempted;
                    self.claim(operator, device, outcome)?;
                }
            }
        }
        Ok(all)
    }

    /// Every written outcome against what is true at the end.
    pub(super) fn closed(&self, account: &Account) -> Checked {
        for (device, name) in self.names.iter().enumerate() {
            if account.is_licensed(name) != self.licensed[device] {
                return Err(Violation::new("the emulator changes nothing by itself", name.to_string()));
            }
            if self.meddled[device] {
                continue;
            }
            for (operator, book) in self.books.iter().enumerate() {
                if let Mark::Settled(outcome) = &book.notes[device].mark {
                    self.claim(operator, device, outcome)?;
                }
            }
        }
        if account.assigned_licenses() > account.total_licenses() {
            return Err(Violation::new("no more licenses than were bought", String::new()));
        }
        Ok(())
    }

    /// The devices of an operator that have no outcome.
    pub(super) fn open(&self, operator: usize) -> usize {
        let open = |note: &&Note| note.mine && !matches!(note.mark, Mark::Settled(_));
        self.books[operator].notes.iter().filter(open).count()
    }

    /// How many devices changed at the hands of operators.
    pub(super) fn effects(&self) -> usize {
        self.effects.iter().map(Vec::len).sum()
    }

    fn claim(&self, operator: usize, device: usize, outcome: &Outcome) -> Checked {
        let book = &self.books[operator];
        let note = &book.notes[device];
        let (before, now, alone) = (self.initially[device], self.licensed[device], !self.shared[device]);
        let effect = self.effects[device].iter().rev().find(|effect| effect.operator == operator);
        // A reading after the request was sent, and before it took effect after all.
        let overtaken = |since: fn(&Effect, &Note) -> Option<Step>| {
            effect.is_some_and(|effect| effect.given_up.is_some() && effect.read > since(effect, note))
        };
        let since_given_up: fn(&Effect, &Note) -> Option<Step> = |effect, _| effect.given_up;
        let since_sent: fn(&Effect, &Note) -> Option<Step> = |_, note| note.sent;
        let looked = note.read > note.sent;
        let wrong = match (book.action, outcome) {
            (Action::Assign, Outcome::Applied | Outcome::Already) if !now => Some("it has no license"),
            (Action::Remove, Outcome::Applied) if now => Some("it has its license"),
            (Action::Remove, Outcome::Already) => Some("nothing can be removed already"),
            (_, Outcome::Applied) if effect.is_none() && !looked => {
                Some("no request of the operator changed it, and nobody looked")
            }
            (_, Outcome::Already | Outcome::NotAttempted)
                if effect.is_some() && !overtaken(since_given_up) =>
            {
                Some("the operator's own request changed it")
            }
            (_, Outcome::Refused { .. }) if effect.is_some() && !overtaken(since_sent) => {
                Some("the operator's own request changed it")
            }
            (Action::Assign, Outcome::Refused { status, .. }) if alone && before && status != "400" => {
                Some("it had its license before")
            }
            (_, Outcome::Refused { .. } | Outcome::NotAttempted)
                if alone && effect.is_none() && before != now =>
            {
                Some("it is not as before")
            }
            (_, Outcome::Unresolved) => Some("that is no outcome to write down"),
            _ => None,
        };
        let Some(wrong) = wrong else { return Ok(()) };
        let text = format!(
            "operator {operator}, {}, {}: claimed {outcome:?}, but {wrong} (licensed before: {before}, now: {now}; {note:?}; {effect:?})",
            book.action, self.names[device]
        );
        Err(Violation::new("outcomes equal the truth", text))
    }
}
