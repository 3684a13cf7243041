//! What a run tells its journal. Replayed, the events rebuild the run; see
//! [`Run::replay`](super::Run::replay).

use fota_models::DeviceId;

use super::outcome::Outcome;
use super::run::Ticket;

/// Something that has to be written down, in this order. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A change of these devices is about to be sent. Write it down first: were it lost with the process,
    /// nobody would know that the devices have to be looked up.
    Sending {
        /// The request.
        ticket: Ticket,
        /// Its devices.
        devices: Vec<DeviceId>,
    },
    /// The outcomes of some devices are known. They are final.
    Settled {
        /// The request that they belong to.
        ticket: Ticket,
        /// Each device once.
        outcomes: Vec<(DeviceId, Outcome)>,
    },
    /// The request surely had no effect on these devices; they wait again.
    Unsent {
        /// The request that they belong to.
        ticket: Ticket,
        /// The devices.
        devices: Vec<DeviceId>,
    },
}
