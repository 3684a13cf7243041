//! The lines of a journal, and what they mean to a run.

use fota_core::bulk::{Action, Counts, Event, Outcome, Ticket};
use fota_core::models::DeviceId;
use serde::{Deserialize, Serialize};

use super::sync::Planned;

/// The layout of the lines. A journal with another number is left alone.
pub(super) const VERSION: u32 = 1;

/// What a run is for. The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub(super) version: u32,
    /// The version of the tool that began the run.
    pub(super) tool: String,
    /// When it began.
    pub(crate) started: String,
    action: String,
    pub(crate) account: String,
    /// The base URL of the service.
    pub(crate) service: String,
    /// How many devices.
    pub(crate) devices: usize,
    /// A hash of the set of devices.
    pub(crate) input: String,
    /// What was planned, if the run is a sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Planned>,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// The same to all devices.
    Change(Action),
    /// The first devices of the input lose their license, the others get one.
    Sync(Planned),
}

impl Job {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Job::Change(action) => action.as_str(),
            Job::Sync(_) => SYNC,
        }
    }
}

const SYNC: &str = "sync";

impl Header {
    pub(crate) fn new(started: String, job: Job, account: &str, service: &str, devices: &[DeviceId]) -> Self {
        Header {
            version: VERSION,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            action: job.as_str().to_owned(),
            account: account.to_owned(),
            service: service.to_owned(),
            devices: devices.len(),
            input: hash(devices),
            plan: match job {
                Job::Change(_) => None,
                Job::Sync(plan) => Some(plan),
            },
        }
    }

    /// `None` for the jobs of a later version.
    pub(crate) fn job(&self) -> Option<Job> {
        match self.plan {
            Some(plan) => (self.action == SYNC).then_some(Job::Sync(plan)),
            None => [Action::Assign, Action::Remove]
                .into_iter()
                .find(|action| action.as_str() == self.action)
                .map(Job::Change),
        }
    }

    /// Whether it is a sync of that account.
    pub(super) fn is_sync_of(&self, account: &str, service: &str) -> bool {
        self.action == SYNC && self.account == account && self.service == service
    }

    /// Whether it is the same job: the same change of the same devices of the same account.
    pub(super) fn is_same_job(&self, other: &Header) -> bool {
        let job = |header: &Header| {
            (header.action.clone(), header.account.clone(), header.service.clone(), header.input.clone())
        };
        job(self) == job(other)
    }
}

/// A line after the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line {
    /// Some of the devices, in the order of the input. All such lines stand before the events.
    Input(Vec<DeviceId>),
    Sending(Sent),
    Unsent(Sent),
    Settled(Settled),
    /// Every device has its outcome.
    Finished(Summary),
    /// A newer run has taken its place; it must not go on.
    Replaced(Successor),
}

/// Why a run was given up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Successor {
    /// The run in its place; none when nothing was left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    ticket: u64,
    devices: Vec<DeviceId>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Settled {
    ticket: u64,
    outcomes: Vec<Known>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    device: DeviceId,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The numbers of a finished run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Summary {
    applied: usize,
    already: usize,
    refused: usize,
}

impl From<Counts> for Summary {
    fn from(counts: Counts) -> Self {
        Summary { applied: counts.applied, already: counts.already, refused: counts.refused }
    }
}

impl Line {
    /// The line that keeps an event; `None` for events that a later version of the core may add.
    pub(super) fn of(event: Event) -> Option<Self> {
        Some(match event {
            Event::Sending { ticket, devices } => Line::Sending(Sent { ticket: ticket.number(), devices }),
            Event::Unsent { ticket, devices } => Line::Unsent(Sent { ticket: ticket.number(), devices }),
            Event::Settled { ticket, outcomes } => Line::Settled(Settled {
                ticket: ticket.number(),
                outcomes: outcomes.into_iter().map(Known::of).collect(),
            }),
            _ => return None,
        })
    }

    /// The event that a line keeps.
    pub(super) fn event(self) -> Option<Event> {
        Some(match self {
            Line::Sending(Sent { ticket, devices }) => {
                Event::Sending { ticket: Ticket::new(ticket), devices }
            }
            Line::Unsent(Sent { ticket, devices }) => Event::Unsent { ticket: Ticket::new(ticket), devices },
            Line::Settled(Settled { ticket, outcomes }) => Event::Settled {
                ticket: Ticket::new(ticket),
                outcomes: outcomes.into_iter().filter_map(Known::outcome).collect(),
            },
            Line::Input(_) | Line::Finished(_) | Line::Replaced(_) => return None,
        })
    }
}

impl Known {
    fn of((device, outcome): (DeviceId, Outcome)) -> Self {
        let word = outcome.as_str().to_owned();
        let (status, reason) = match outcome {
            Outcome::Refused { status, reason } => (Some(status), reason),
            _ => (None, None),
        };
        Known { device, outcome: word, status, reason }
    }

    /// `None` for words of a later version: the device is then looked up again.
    fn outcome(self) -> Option<(DeviceId, Outcome)> {
        let outcome = match self.outcome.as_str() {
            "applied" => Outcome::Applied,
            "already" => Outcome::Already,
            "refused" => Outcome::Refused { status: self.status.unwrap_or_default(), reason: self.reason },
            _ => return None,
        };
        Some((self.device, outcome))
    }
}

/// The same for the same set in any order.
fn hash(devices: &[DeviceId]) -> String {
    let mut texts: Vec<String> = devices.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    sha256(&texts.join("\n"))
}

/// In hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_file() {
        let device = |text: &str| DeviceId::from(text);
        let refused = |reason: Option<&str>| Outcome::Refused {
            status: "LicenseAssignFailed".into(),
            reason: reason.map(Into::into),
        };
        for event in [
            Event::Sending {
                ticket: Ticket::new(7),
                devices: vec![device("352099001761481"), device("odd \"id\"\n")],
            },
            Event::Unsent { ticket: Ticket::new(8), devices: vec![] },
            Event::Settled {
                ticket: Ticket::new(9),
                outcomes: vec![
                    (device("1"), Outcome::Applied),
                    (device("2"), Outcome::Already),
                    (device("3"), refused(Some("Device Not Found"))),
                    (device("4"), refused(None)),
                ],
            },
        ] {
            let text = serde_json::to_string(&Line::of(event.clone()).unwrap()).unwrap();
            assert!(!text.contains('\n'), "one line each: {text}");
            assert_eq!(serde_json::from_str::<Line>(&text).unwrap().event(), Some(event));
        }
    }

    #[test]
    fn the_same_set_is_the_same_job() {
        let ids = |texts: &[&str]| texts.iter().map(|text| DeviceId::from(*text)).collect::<Vec<_>>();
        let header = |devices: &[&str]| {
            Header::new(String::new(), Job::Change(Action::Assign), "a", "s", &ids(devices))
        };
        assert!(header(&["1", "2"]).is_same_job(&header(&["2", "1"])));
        assert!(!header(&["1", "2"]).is_same_job(&header(&["1", "3"])));
        assert!(!header(&["1"]).is_same_job(&Header::new(
            String::new(),
            Job::Change(Action::Remove),
            "a",
            "s",
            &ids(&["1"])
        )));
    }
}
