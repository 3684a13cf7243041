//! The run itself: splits the devices into requests and books what comes back.

use std::collections::{HashMap, HashSet};

use fota_models::{DeviceId, LicenseChange};

use super::outcome::{Action, DeviceReport, Outcome, Report};
use crate::error::{Error, ErrorKind};
use crate::licenses::MAX_DEVICES;

/// A bulk change in progress, one request at a time.
#[derive(Debug, Clone)]
pub struct Run {
    action: Action,
    devices: Vec<DeviceReport>,
    batch: usize,
    next: usize,
    stopped: Option<Error>,
    total_licenses: Option<u64>,
    used_licenses: Option<u64>,
}

/// The devices of one request.
#[derive(Debug, Clone)]
pub struct Chunk {
    first: usize,
    /// The devices, each once.
    pub devices: Vec<DeviceId>,
}

impl Run {
    /// A run over these devices. A device that is named twice is changed and reported once.
    pub fn new(action: Action, devices: impl IntoIterator<Item = DeviceId>) -> Self {
        let mut seen = HashSet::new();
        let devices = devices
            .into_iter()
            .filter(|device| seen.insert(device.clone()))
            .map(|device_id| DeviceReport { device_id, outcome: Outcome::NotAttempted })
            .collect();
        Run {
            action,
            devices,
            batch: MAX_DEVICES,
            next: 0,
            stopped: None,
            total_licenses: None,
            used_licenses: None,
        }
    }

    /// The same run with at most this many devices in a request: 1 to [`MAX_DEVICES`], else the nearest.
    pub fn batch_size(mut self, devices: usize) -> Self {
        self.batch = devices.clamp(1, MAX_DEVICES);
        self
    }

    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }

    /// How many devices the run is for, and how many of them have had their turn.
    pub fn progress(&self) -> (usize, usize) {
        (self.next, self.devices.len())
    }

    /// The next request's devices; `None` when all had their turn or the run has stopped.
    pub fn next_chunk(&mut self) -> Option<Chunk> {
        if self.stopped.is_some() {
            return None;
        }
        let first = self.next;
        let devices: Vec<_> =
            self.devices.iter().skip(first).take(self.batch).map(|device| device.device_id.clone()).collect();
        self.next += devices.len();
        // Until the answer is booked, nobody knows.
        self.book(first, devices.len(), &Outcome::Unresolved);
        (!devices.is_empty()).then_some(Chunk { first, devices })
    }

    /// Books what came of a chunk. An error that the next request would meet too ends the run; see
    /// [`Run::stopped`].
    pub fn record(&mut self, chunk: &Chunk, result: Result<LicenseChange, Error>) {
        match result {
            Ok(change) => self.book_answer(chunk, &change),
            Err(error) if error.may_have_been_applied() => self.stopped = Some(error),
            Err(error) if error.kind() == ErrorKind::Refused => {
                let status = error.status().map_or_else(String::new, |status| status.as_u16().to_string());
                let reason = error.server_message().map(str::to_owned);
                self.book(chunk.first, chunk.devices.len(), &Outcome::Refused { status, reason });
            }
            Err(error) => {
                self.book(chunk.first, chunk.devices.len(), &Outcome::NotAttempted);
                self.stopped = Some(error);
            }
        }
    }

    /// The error that ended the run early.
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// Every device and what became of it. Devices whose turn did not come are
    /// [`Outcome::NotAttempted`]; those of a chunk that was never booked are [`Outcome::Unresolved`].
    pub fn report(self) -> Report {
        Report {
            action: self.action,
            devices: self.devices,
            total_licenses: self.total_licenses,
            used_licenses: self.used_licenses,
        }
    }

    fn book(&mut self, first: usize, count: usize, outcome: &Outcome) {
        for device in self.devices.iter_mut().skip(first).take(count) {
            device.outcome = outcome.clone();
        }
    }

    fn book_answer(&mut self, chunk: &Chunk, change: &LicenseChange) {
        self.total_licenses = change.total_licenses.or(self.total_licenses);
        self.used_licenses = change.used_licenses.or(self.used_licenses);
        let mut answers = HashMap::with_capacity(change.device_list.len());
        for answer in &change.device_list {
            answers.entry(&answer.device_id).or_insert(answer);
        }
        for device in self.devices.iter_mut().skip(chunk.first).take(chunk.devices.len()) {
            device.outcome =
                answers.get(&device.device_id).map_or(Outcome::Unresolved, |answer| Outcome::of(answer));
        }
    }
}
