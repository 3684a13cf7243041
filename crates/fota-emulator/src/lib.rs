//! Verizon ThingSpace Software Management V3 (FOTA), emulated: no account needed, strict like the service, and faulty on
//! demand.
//!
//! [`Emulator`] is a pure state machine (a request and a time in, an answer out), [`Server`] the same behind a loopback
//! socket. Credentials are fixed and documented ([`CLIENT_ID`] and its neighbors), fleets come from a seed
//! ([`Settings::seeded`]), time can be moved ([`Server::advance`]), faults are rules ([`Fault`]), and every question that
//! the vendor's documents leave open is a switch ([`Switches`]).
//!
//! ```
//! use fota_core::{Endpoint, Servers, licenses};
//! use fota_emulator::{Effect, Emulator, Fault, Shape};
//!
//! // Listens on a random loopback port until dropped.
//! let server = Emulator::start()?;
//! print!("{}", server.env_lines());
//!
//! // The next assign request is carried out, but its answer is lost.
//! server.faults([Fault::new("licenses.assign", Effect::Close).after_processing().once()])?;
//! // Every list request is answered by a proxy's error page.
//! server.faults([Fault::new("licenses.list", Effect::answer(502, Shape::Html))])?;
//!
//! // An hour later, the access token has expired.
//! server.advance(std::time::Duration::from_secs(3600));
//!
//! // Look inside between two requests.
//! let account = server.account();
//! let licensed = server.with(|emulator| emulator.account(account.as_str()).map(|account| account.licensed().len()));
//! assert_eq!(licensed, Some(45));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There is an admin API for tests in other languages, below `/_emulator/`; `docs/emulator.md` describes it.

// A refusal is an answer as good as any other, and one is made per request: boxing it would gain nothing.
#![allow(clippy::result_large_err)]

mod accounts;
mod admin;
mod answers;
mod auth;
mod clock;
mod connection;
mod coverage;
mod devices;
mod effect;
mod emulator;
mod faults;
mod fleet;
mod licenses;
mod log;
mod magic;
mod rate_limit;
mod refusal;
mod registry;
mod replacement;
mod reply;
mod routes;
mod rules;
mod second_operator;
mod server;
mod settings;
mod shorthand;
mod snapshot;
mod subscriptions;
mod switches;
mod window;

pub use accounts::{Account, DeviceState};
pub use clock::{Clock, DEFAULT_START};
pub use coverage::{Basis, COVERAGE, Coverage};
pub use effect::Effect;
pub use emulator::Emulator;
pub use faults::{Fault, InvalidFault};
pub use log::{Counters, LogEntry};
pub use magic::{MAGIC, MAGIC_PREFIX, Magic};
pub use rate_limit::{InvalidRateLimit, RateLimit};
pub use replacement::{Replacement, RetryAfter, Shape};
pub use reply::{Delivery, Reply};
pub use second_operator::{OperatorAction, SecondOperator};
pub use server::{Handle, Server, serve};
pub use settings::{ACCOUNT, AccountSettings, CLIENT_ID, CLIENT_SECRET, PASSWORD, Settings, USERNAME};
pub use snapshot::Snapshot;
pub use switches::{
    ChangeTotalName, CursorAnswer, EmptyList, OutcomeTimes, OverAssignment, ReasonName, RouteRefusal,
    SessionRefusal, StatusWords, Switches, TimeStyle, TotalName,
};
pub use window::Window;
