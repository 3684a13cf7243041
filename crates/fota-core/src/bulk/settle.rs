//! After a lost answer: what do the devices' own records say, and if they are silent, the license list?

use std::collections::{HashMap, HashSet};

use fota_models::{DeviceId, DeviceLookup, LicenseSummary};

use super::outcome::{Action, Outcome};
use super::run::{Run, Ticket};
use crate::error::Error;
use crate::licenses::{List, MAX_DEVICES};
use crate::pager::Pager;
use crate::transport::Moment;

/// Devices to look up, and what is to become of each that turns out not to be changed.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) ticket: Ticket,
    pub(super) devices: Vec<(usize, Option<Outcome>)>,
    pub(super) tries: u32,
}

/// A walk of the license list, for all devices that a lookup did not tell about.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) pager: Pager<List>,
    pub(super) found: HashSet<DeviceId>,
    pub(super) tries: u32,
}

/// How often reading is tried, on top of each call's own retries, before devices stay unresolved.
const READ_TRIES: u32 = 4;

impl Run {
    pub(super) fn looked_up(&mut self, lost: Lost, lookup: &DeviceLookup) {
        self.went_well();
        let ids = self.ids(lost.devices.iter().map(|(device, _)| *device));
        let findings = findings(self.action, ids.iter(), lookup);
        self.book(lost.ticket, lost.devices.into_iter().zip(findings));
    }

    pub(super) fn lookup_failed(&mut self, mut lost: Lost, error: Error, now: Moment) {
        lost.tries += 1;
        if lost.tries < READ_TRIES && error.is_retryable() {
            self.lost.push_back(lost);
        } else {
            self.silent.extend(lost.devices);
        }
        self.went_badly(error, now);
    }

    pub(super) fn listed(&mut self, result: Result<LicenseSummary, Error>, now: Moment) {
        let Some(walk) = &mut self.walk else { return };
        let page = result.and_then(|page| walk.pager.accept(page));
        match page {
            Ok(devices) => {
                walk.found.extend(devices.into_iter().map(|device| device.device_id));
                let ended = walk.pager.cursor().is_none();
                self.went_well();
                if ended {
                    self.end_walk(true);
                }
            }
            Err(error) if walk.pager.recover(&error) => {}
            Err(error) => {
                walk.tries += 1;
                let over = walk.tries >= READ_TRIES || !error.is_retryable();
                self.went_badly(error, now);
                if over {
                    self.end_walk(false);
                }
            }
        }
    }

    pub(super) fn end_walk(&mut self, complete: bool) {
        let Some(walk) = self.walk.take() else { return };
        let silent = std::mem::take(&mut self.silent);
        let ticket = Ticket::new(self.tickets);
        let action = self.action;
        let findings: Vec<_> = silent
            .into_iter()
            .map(|(device, held)| {
                let found =
                    self.devices.get(device).is_some_and(|report| walk.found.contains(&report.device_id));
                let licensed = if found || complete { Some(found) } else { None };
                ((device, held), finding(action, licensed))
            })
            .collect();
        let (unknown, known): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|(_, finding)| *finding == Finding::Silent);
        for ((device, _), _) in unknown {
            // Not an event: a later run over the journal looks again.
            self.decide(device, Outcome::Unresolved);
        }
        self.book(ticket, known.into_iter());
    }

    /// Books what reading told about devices whose answer was lost.
    pub(super) fn book(
        &mut self,
        ticket: Ticket,
        found: impl Iterator<Item = ((usize, Option<Outcome>), Finding)>,
    ) {
        let (mut known, mut again) = (Vec::new(), Vec::new());
        for ((device, held), finding) in found {
            match (finding, held) {
                (Finding::Applied, _) => known.push((device, Outcome::Applied)),
                (Finding::NotApplied, Some(outcome)) => known.push((device, outcome)),
                (Finding::NotApplied, None) => again.push(device),
                (Finding::Silent, held) => self.silent.push((device, held)),
            }
        }
        self.settle(ticket, known);
        if !again.is_empty() {
            self.requeue(ticket, again);
        }
    }

    pub(super) fn lose(&mut self, ticket: Ticket, devices: &[usize]) {
        for device in devices {
            if let Some(count) = self.lost_count.get_mut(*device) {
                *count = count.saturating_add(1);
            }
            self.doubt(*device);
        }
        // A batch that was made smaller does not have to be looked up in one piece, but it may.
        for devices in devices.chunks(MAX_DEVICES) {
            let devices = devices.iter().map(|device| (*device, None)).collect();
            self.lost.push_back(Lost { ticket, devices, tries: 0 });
        }
    }
}

/// What a lookup says about one device of a lost request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is as the run wants it.
    Applied,
    /// It surely is not.
    NotApplied,
    /// The record is missing or silent.
    Silent,
}

/// What the lookup says about each of `devices`, in their order.
pub(super) fn findings<'a>(
    action: Action,
    devices: impl Iterator<Item = &'a DeviceId>,
    lookup: &DeviceLookup,
) -> Vec<Finding> {
    let records: HashMap<_, _> =
        lookup.device_list.iter().map(|device| (&device.device_id, device.license_assigned)).collect();
    devices.map(|device| finding(action, records.get(device).copied().flatten())).collect()
}

/// A device is licensed, is not, or nobody says.
pub(super) fn finding(action: Action, licensed: Option<bool>) -> Finding {
    match (licensed, action) {
        (None, _) => Finding::Silent,
        (Some(true), Action::Assign) | (Some(false), Action::Remove) => Finding::Applied,
        (Some(_), _) => Finding::NotApplied,
    }
}
