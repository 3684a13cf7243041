//! Bulk runs in a world made from one number: the machines of the core, the emulator's state machine, a network
//! that loses, delays and garbles, processes that die and come back, and a clock that is only counted.
//!
//! Nothing here opens a socket, starts a thread or reads a clock. Everything that looks like chance is drawn from
//! the seed, so a failing seed fails the same way every time, and [`replay`] tells its story.
//!
//! ```text
//!   scenario  what the seed makes: fleet, operators, faults to come
//!   world     the queue of what happens next, and the operators that live through it
//!   network   what becomes of each request
//!   ledger    what is true, what was claimed, and whether the two agree
//! ```
#![allow(clippy::indexing_slicing, reason = "indices come from the same scenario as what they index")]

mod crash;
mod errand;
mod ledger;
mod network;
mod operator;
mod scenario;
mod stats;
mod trace;
mod wire;
mod world;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ledger::Violation;
pub use stats::Stats;

use scenario::Scenario;
use trace::Trace;
use world::World;

/// How many lines of a failing seed's story are shown.
const LAST_LINES: usize = 40;

/// A seed whose world broke a promise.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The promise, and how it was broken.
    pub violation: Violation,
    /// What happened last, one line per event.
    pub lines: Vec<String>,
}

/// Runs one seed.
///
/// # Errors
/// When a promise was broken, with the last lines of the story.
pub fn simulate(seed: u64) -> Result<Stats, Box<Failure>> {
    let mut silent = Trace::silent();
    live(seed, &mut silent).map_err(|_| {
        // The same again, this time with words.
        let (result, lines) = replay(seed, LAST_LINES);
        let violation =
            result.err().unwrap_or_else(|| Violation::new("determinism", "it went well this time"));
        Box::new(Failure { seed, violation, lines })
    })
}

/// Runs one seed and keeps the last lines of its story.
pub fn replay(seed: u64, lines: usize) -> (Result<Stats, Violation>, Vec<String>) {
    let mut trace = Trace::telling(lines);
    let result = live(seed, &mut trace);
    (result, trace.into_lines())
}

fn live(seed: u64, trace: &mut Trace) -> Result<Stats, Violation> {
    catch_unwind(AssertUnwindSafe(|| World::new(Scenario::new(seed), trace).run())).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Violation::new("no panic", text.unwrap_or_default()))
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        writeln!(f, "the last {} events:", self.lines.len())?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        write!(f, "replay: cargo xtask simulate --seed {}", self.seed)
    }
}
