//! Bulk changes: any number of devices, split into requests, and exactly one outcome for each device.
//!
//! A [`Run`] is a pure machine. Ask [`Run::next_chunk`] what to send, send it, and hand what came of it to
//! [`Run::record`]; in the end [`Run::report`] names every device once.

mod outcome;
mod run;

pub use outcome::{Action, Counts, DeviceReport, Outcome, Report};
pub use run::{Chunk, Run};
