//! Bulk changes: any number of devices, and exactly one true outcome for each, whatever the network does.
//!
//! A [`Run`] is a pure machine. It splits the devices into requests, keeps several in flight, reads the state
//! of devices whose answer was lost, and sends again only what surely was not applied.
//!
//! ```text
//!             +-------------------- not applied: again -------------------+
//!             v                                                           |
//!  Waiting --(Sending)--> InFlight --answer--> outcome                    |
//!                            |                                            |
//!                            +--lost--> Lost --look up--> applied: outcome, or
//!                                         |               unknown after all tries: Unresolved
//!                                         +--> (process died: the journal says Sending and no outcome: same way)
//! ```
//!
//! The driver asks [`Run::next`] what to do, **writes [`Run::take_events`] down before it does it**, and hands
//! what came back to [`Run::record`]. `Client::run` of the adapters does all of this.

mod events;
mod observer;
mod outcome;
mod plan;
mod run;
mod settle;
mod window;

pub use events::Event;
pub use observer::Observer;
pub use outcome::{Action, Counts, DeviceReport, Outcome, Report};
pub use plan::{DoesNotFit, Plan, Pool};
pub use run::{Job, Next, Options, Reply, Request, Run, Ticket};
