//! What became of each device of a bulk change.

use std::fmt;

use fota_models::{DeviceId, DeviceOutcome, Verdict};

/// The change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Give each device a license.
    Assign,
    /// Take each device's license back.
    Remove,
}

impl Action {
    /// The verb, as in the request's path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Assign => "assign",
            Action::Remove => "remove",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The one true outcome of a device.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The change was made: the server says so, or after a lost answer the device was found as wanted. Who
    /// made it then, and whether it was so before, nothing on the wire tells.
    Applied,
    /// The device had its license before.
    Already,
    /// The change was not made, and what the server says about it.
    Refused {
        /// The server's word for the device, or the HTTP status when it refused the whole request.
        status: String,
        /// The server's reason, when it gave one.
        reason: Option<String>,
    },
    /// Nobody knows: the answer was lost, or did not tell, and the device's state could not be read.
    Unresolved,
    /// The run ended before the device's turn, or its requests surely had no effect.
    NotAttempted,
}

impl Outcome {
    /// The outcome as one lower-case word, for JSON and CSV.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Already => "already",
            Outcome::Refused { .. } => "refused",
            Outcome::Unresolved => "unresolved",
            Outcome::NotAttempted => "notAttempted",
        }
    }

    /// What an answer means by itself; [`Outcome::Unresolved`] when its words neither confirm nor deny.
    pub(super) fn of(answer: &DeviceOutcome) -> Self {
        match answer.verdict() {
            Verdict::Success => Outcome::Applied,
            Verdict::AlreadyAssigned => Outcome::Already,
            Verdict::Failed => Outcome::unclear(Some(answer)),
            _ => Outcome::Unresolved,
        }
    }

    /// What an answer means once the device is known not to be changed.
    pub(super) fn unclear(answer: Option<&DeviceOutcome>) -> Self {
        Outcome::Refused {
            status: answer.map_or_else(String::new, |answer| answer.status.as_str().to_owned()),
            reason: match answer {
                Some(answer) => answer.reason.as_ref().map(|reason| reason.as_str().to_owned()),
                None => Some("the answer does not name the device".to_owned()),
            },
        }
    }
}

/// A device and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceReport {
    /// The device.
    pub device_id: DeviceId,
    /// Its outcome.
    pub outcome: Outcome,
}

/// The result of a run: every device once, in the order of the input.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// What was asked for.
    pub action: Action,
    /// Every device, in the order of the input.
    pub devices: Vec<DeviceReport>,
    /// Licenses of the account, as the last answer said.
    pub total_licenses: Option<u64>,
    /// Licenses in use after the last change, as its answer said: with several requests in flight, the most
    /// that an answer to an assignment said, or the fewest that one to a removal did.
    pub used_licenses: Option<u64>,
}

impl Report {
    /// How many devices had each outcome.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for device in &self.devices {
            *match device.outcome {
                Outcome::Applied => &mut counts.applied,
                Outcome::Already => &mut counts.already,
                Outcome::Refused { .. } => &mut counts.refused,
                Outcome::Unresolved => &mut counts.unresolved,
                Outcome::NotAttempted => &mut counts.not_attempted,
            } += 1;
        }
        counts
    }
}

/// Numbers of devices by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// [`Outcome::Applied`].
    pub applied: usize,
    /// [`Outcome::Already`].
    pub already: usize,
    /// [`Outcome::Refused`].
    pub refused: usize,
    /// [`Outcome::Unresolved`].
    pub unresolved: usize,
    /// [`Outcome::NotAttempted`].
    pub not_attempted: usize,
}
