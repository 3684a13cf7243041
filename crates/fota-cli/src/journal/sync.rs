//! What the journal of a sync holds besides: the plan's numbers, and what an earlier one leaves in doubt.

use std::collections::BTreeSet;

use fota_core::bulk::{Event, Ticket};
use fota_core::models::DeviceId;
use serde::{Deserialize, Serialize};

/// A plan in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Planned {
    /// Devices that shall have a license.
    pub(crate) wanted: usize,
    /// Devices that had one.
    pub(crate) licensed: usize,
    pub(crate) assign: usize,
    pub(crate) remove: usize,
    /// Wanted devices that had one.
    pub(crate) unchanged: usize,
    /// Other devices that had one and keep it.
    pub(crate) kept: usize,
    pub(crate) total_licenses: Option<u64>,
    pub(crate) assigned_licenses: Option<u64>,
}

/// Requests of a run that was cut short may still be on their way. As an event for the run in its place, so
/// that it takes no refusal of these devices at its word.
pub(crate) fn doubts(events: Vec<Event>) -> Option<Event> {
    let mut open = BTreeSet::new();
    for event in events {
        match event {
            Event::Sending { devices, .. } | Event::Unsent { devices, .. } => open.extend(devices),
            Event::Settled { outcomes, .. } => {
                for (device, _) in outcomes {
                    open.remove(&device);
                }
            }
            _ => {}
        }
    }
    let devices: Vec<DeviceId> = open.into_iter().collect();
    (!devices.is_empty()).then_some(Event::Unsent { ticket: Ticket::new(0), devices })
}

#[cfg(test)]
mod tests {
    use fota_core::bulk::Outcome;

    use super::*;

    #[test]
    fn what_was_sent_and_has_no_outcome_is_in_doubt() {
        let ids = |texts: &[&str]| texts.iter().map(|text| DeviceId::from(*text)).collect::<Vec<_>>();
        let ticket = Ticket::new(3);
        let events = vec![
            Event::Sending { ticket, devices: ids(&["1", "2", "3"]) },
            Event::Settled { ticket, outcomes: vec![(DeviceId::from("2"), Outcome::Applied)] },
            Event::Unsent { ticket, devices: ids(&["3"]) },
        ];
        assert_eq!(
            doubts(events.clone()),
            Some(Event::Unsent { ticket: Ticket::new(0), devices: ids(&["1", "3"]) })
        );
        assert_eq!(doubts(vec![]), None);
    }
}
