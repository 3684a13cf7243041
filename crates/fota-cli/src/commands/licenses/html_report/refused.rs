//! Refused devices of past runs, and whether they hold a license now.

use std::collections::HashMap;

use fota_core::models::DeviceId;

use crate::journal::{Cause, Refusals};

/// What the journals tell, beside what the license list tells.
#[derive(Debug)]
pub(super) struct Refused {
    found: Refusals,
    /// Whether each refused device was in the license list.
    licensed: HashMap<DeviceId, bool>,
}

/// One refused device.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) device: String,
    pub(super) started: &'a str,
    pub(super) run: &'a str,
    pub(super) cause: &'a Cause,
    pub(super) licensed: bool,
}

impl Refused {
    pub(super) fn new(found: Refusals) -> Self {
        let licensed = found.devices.iter().map(|refusal| (refusal.device.clone(), false)).collect();
        Refused { found, licensed }
    }

    /// The license list names this device.
    pub(super) fn is_licensed(&mut self, device: &DeviceId) {
        if let Some(licensed) = self.licensed.get_mut(device) {
            *licensed = true;
        }
    }

    /// Every refused device, newest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.found.devices.iter().filter_map(|refusal| {
            let run = self.found.runs.get(refusal.run)?;
            Some(Row {
                device: refusal.device.to_string(),
                started: &run.started,
                run: &run.name,
                cause: self.found.causes.get(refusal.cause)?,
                licensed: self.licensed.get(&refusal.device).copied().unwrap_or(false),
            })
        })
    }

    /// The causes, the most frequent first: of how many devices, and of how many that are as they were.
    pub(super) fn causes(&self) -> Vec<(&Cause, u64, u64)> {
        let mut counts: Vec<_> = self.found.causes.iter().map(|cause| (cause, 0_u64, 0_u64)).collect();
        for refusal in &self.found.devices {
            let licensed = self.licensed.get(&refusal.device).copied().unwrap_or(false);
            if let Some((cause, all, open)) = counts.get_mut(refusal.cause) {
                *all += 1;
                // A refused removal is open while there is a license, a refused assignment while there is none.
                *open += u64::from(cause.is_removal == licensed);
            }
        }
        counts.sort_by_key(|(_, all, _)| std::cmp::Reverse(*all));
        counts
    }

    pub(super) fn runs(&self) -> usize {
        self.found.runs.len()
    }

    pub(super) fn unreadable(&self) -> usize {
        self.found.unreadable
    }

    pub(super) fn is_cut(&self) -> bool {
        self.found.cut
    }
}
