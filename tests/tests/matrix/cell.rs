//! The words that the table is written in: troubles, and what is expected of an operation that meets one.

use std::fmt;
use std::time::Duration;

use fota_core::ErrorKind;
use fota_emulator::Effect;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    List,
    Assign,
    Remove,
    Lookup,
    Login,
}

pub(crate) const OPERATIONS: [Operation; 5] =
    [Operation::List, Operation::Assign, Operation::Remove, Operation::Lookup, Operation::Login];

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::List => "licenses.list",
            Operation::Assign => "licenses.assign",
            Operation::Remove => "licenses.remove",
            Operation::Lookup => "devices.lookup",
            Operation::Login => "auth.login",
        }
    }

    pub(crate) fn changes_licenses(self) -> bool {
        matches!(self, Operation::Assign | Operation::Remove)
    }
}

/// A row of the table: a fault, and what is expected of each operation.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) trouble: Trouble,
    reads: Cell,
    writes: Cell,
    login: Cell,
}

/// The columns are three: assign and remove behave alike, list and lookup too, although one of them is a POST.
pub(crate) fn row(name: &'static str, trouble: Trouble, reads: Cell, writes: Cell, login: Cell) -> Row {
    Row { name, trouble, reads, writes, login }
}

impl Row {
    pub(crate) fn expected(&self, operation: Operation) -> Cell {
        let mut cell = match operation {
            Operation::List | Operation::Lookup => self.reads,
            Operation::Assign | Operation::Remove => self.writes,
            Operation::Login => self.login,
        };
        // What goes well in the end was carried out in the end.
        cell.done = self.trouble.processed || cell.ends == Ends::Well;
        cell
    }
}

/// What goes wrong.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) cause: Cause,
    /// The request was carried out before things went wrong.
    pub(crate) processed: bool,
    /// Only the first request meets it.
    pub(crate) once: bool,
    /// Every answer comes too late for the time that an attempt may take.
    pub(crate) late: bool,
    /// The client has to wait at least this long between two attempts.
    pub(crate) pause: Duration,
}

#[derive(Debug)]
pub(crate) enum Cause {
    /// A fault of the emulator.
    Fault(Effect),
    /// Nobody listens.
    Refused,
    /// Something between client and server cuts the answer off after so many bytes of its head.
    HeadCut(usize),
    /// Something between client and server sends this instead of the answer.
    Noise(&'static [u8]),
}

/// The fault comes instead of carrying the request out.
pub(crate) fn before(effect: Effect) -> Trouble {
    trouble(Cause::Fault(effect), false)
}

/// The request is carried out, and then the fault comes.
pub(crate) fn after(effect: Effect) -> Trouble {
    trouble(Cause::Fault(effect), true)
}

pub(crate) fn refused() -> Trouble {
    trouble(Cause::Refused, false)
}

pub(crate) fn head_cut(bytes: usize) -> Trouble {
    trouble(Cause::HeadCut(bytes), true)
}

pub(crate) fn noise(bytes: &'static [u8]) -> Trouble {
    trouble(Cause::Noise(bytes), true)
}

fn trouble(cause: Cause, processed: bool) -> Trouble {
    Trouble { cause, processed, once: false, late: false, pause: Duration::ZERO }
}

impl Trouble {
    pub(crate) fn once(self) -> Self {
        Trouble { once: true, ..self }
    }

    pub(crate) fn too_late(self) -> Self {
        Trouble { late: true, ..self }
    }

    pub(crate) fn with_pauses_of(self, pause: Duration) -> Self {
        Trouble { pause, ..self }
    }
}

/// What an operation comes to, expected or seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) ends: Ends,
    pub(crate) applied: Applied,
    /// Requests of the operation that arrived.
    pub(crate) requests: u64,
    /// Requests of the operation that the error speaks of, or those that arrived if there is none.
    pub(crate) attempts: u64,
    /// Token requests and logins that arrived meanwhile.
    pub(crate) fetched: (u64, u64),
    pub(crate) latch: Latch,
    /// Whether the server carried it out: for a write the ledger says so, else the server's log.
    pub(crate) done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Well,
    As(ErrorKind),
}

/// Instead of an error's kind, where all is well in the end.
pub(crate) struct Well;

impl From<Well> for Ends {
    fn from(_: Well) -> Self {
        Ends::Well
    }
}

impl From<ErrorKind> for Ends {
    fn from(kind: ErrorKind) -> Self {
        Ends::As(kind)
    }
}

/// The answer of `may_have_been_applied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    No,
    Maybe,
}

/// When further logins are blocked, so that they cannot lock the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latch {
    /// Not by this.
    Open,
    /// After the first: the password was refused.
    AfterOne,
    /// After the second: who knows how often the password was refused.
    AfterTwo,
}

/// A read has no effect, so none may have been left behind.
pub(crate) fn reads(ends: impl Into<Ends>, requests: u64) -> Cell {
    writes(ends, Applied::No, requests)
}

pub(crate) fn writes(ends: impl Into<Ends>, applied: Applied, requests: u64) -> Cell {
    Cell {
        ends: ends.into(),
        applied,
        requests,
        attempts: requests,
        fetched: (0, 0),
        latch: Latch::Open,
        done: false,
    }
}

/// A login fetches the access token first.
pub(crate) fn login(ends: impl Into<Ends>, applied: Applied, requests: u64, latch: Latch) -> Cell {
    Cell { latch, ..writes(ends, applied, requests).fetching(1, 0) }
}

impl Cell {
    pub(crate) fn fetching(self, tokens: u64, logins: u64) -> Self {
        Cell { fetched: (tokens, logins), ..self }
    }

    /// Attempts of which none arrived.
    pub(crate) fn in_vain(self, attempts: u64) -> Self {
        Cell { attempts, ..self }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ends {
            Ends::Well => f.write_str("well")?,
            Ends::As(kind) => f.write_str(kind.as_str())?,
        }
        if self.applied == Applied::Maybe {
            f.write_str("?")?;
        }
        write!(f, " {}", self.requests)?;
        if self.attempts != self.requests {
            write!(f, "/{}", self.attempts)?;
        }
        let (tokens, logins) = self.fetched;
        if tokens > 0 {
            write!(f, " {tokens}t")?;
        }
        if logins > 0 {
            write!(f, " {logins}s")?;
        }
        f.write_str(match self.latch {
            Latch::Open => "",
            Latch::AfterOne => " latch1",
            Latch::AfterTwo => " latch2",
        })?;
        f.write_str(if self.done { " done" } else { "" })
    }
}
