//! The journal of a bulk run: what was about to be sent, and what became of it, on disk before the next
//! request leaves. When the process dies, the same command goes on from here.
//!
//! One file for each run in the user's state folder, a JSON object on each line, readable by its owner only.
//! It holds device ids and outcomes, never a secret. A last line that is torn by a crash is ignored and cut.

mod file;
mod line;
mod refused;
mod store;
mod sync;

pub(crate) use file::Journal;
pub(crate) use line::{Header, Job};
pub(crate) use refused::{Cause, Refusals};
#[cfg(test)]
pub(crate) use refused::{PastRun, Refusal};
pub(crate) use store::{Entry, Resumed, Store, now};
pub(crate) use sync::{Planned, doubts};
