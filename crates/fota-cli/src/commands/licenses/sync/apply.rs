//! Carries a plan out, the safe way round: remove, see what that has freed, then assign what fits.

use std::collections::HashSet;

use fota_core::bulk::{Action, Counts, Event, Options, Outcome, Run};
use fota_core::models::DeviceId;

use super::super::journaled::Driver;
use super::super::listing::Listing;
use super::super::usage::Pool;
use super::super::walk::Known;
use crate::error::Failure;
use crate::journal::Journal;

/// A device of a plan and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    /// Its request was not sent because no license was left for it.
    pub(super) held: bool,
}

/// What is to be done, or was begun.
#[derive(Debug)]
pub(super) struct Phases {
    pub(super) remove: Vec<DeviceId>,
    pub(super) assign: Vec<DeviceId>,
    /// What the journal tells about them.
    pub(super) events: Vec<Event>,
    /// Begun by an earlier process, so that licenses may have changed since it was planned.
    pub(super) resumed: bool,
}

/// How far it came.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) devices: Vec<Device>,
    pub(super) stopped: Option<Failure>,
}

impl Phases {
    pub(super) async fn apply(
        self,
        driver: &mut Driver<'_>,
        journal: &mut Journal,
        options: Options,
    ) -> Applied {
        let account = &driver.connection.account.clone();
        let run = |action, devices| {
            Run::new(action, account.clone(), devices).options(options).replay(self.events.clone())
        };
        let mut removal = run(Action::Remove, self.remove);
        driver.drive(&mut removal, journal).await;
        let mut stopped = removal.stopped().cloned().map(Failure::from);
        let mut devices = results(removal, Action::Remove);

        // Refused removals free nothing, and others use the account too: what was planned may not fit any more.
        let settled = settled(&self.events);
        let mut room = None;
        if stopped.is_none() && !self.assign.is_empty() {
            match Room::look(driver, self.resumed).await {
                Some(Ok(found)) => room = Some(found),
                Some(Err(failure)) => stopped = Some(failure),
                None => {}
            }
        }
        let Some(room) = room else {
            devices.extend(results(run(Action::Assign, self.assign), Action::Assign));
            return Applied { devices, stopped };
        };
        let (go, held) = room.split(self.assign, &settled);
        let mut assignment = run(Action::Assign, go);
        driver.drive(&mut assignment, journal).await;
        stopped = assignment.stopped().cloned().map(Failure::from);
        devices.extend(results(assignment, Action::Assign));
        devices.extend(held.into_iter().map(|id| Device {
            id,
            action: Action::Assign,
            outcome: Outcome::NotAttempted,
            held: true,
        }));
        Applied { devices, stopped }
    }
}

/// What there is to assign.
struct Room {
    /// Not known where the service does not tell.
    free: Option<u64>,
    /// Devices that need none, as they have one.
    licensed: HashSet<DeviceId>,
}

impl Room {
    /// `None` after a signal. Of an interrupted run, requests may have been carried out that nobody knows of;
    /// which devices they were for, only the whole list tells.
    async fn look(driver: &mut Driver<'_>, resumed: bool) -> Option<Result<Self, Failure>> {
        let (connection, environment, console) = (driver.connection, driver.environment, driver.console);
        if resumed {
            let listing =
                driver.read(Listing::read(connection, environment, Known::LastListing, console)).await?;
            return Some(listing.map(|listing| Room {
                free: listing.pool.free(),
                licensed: listing.devices.into_iter().collect(),
            }));
        }
        let licenses = connection.client.licenses(&connection.account);
        let usage = driver.read(licenses.usage()).await?;
        Some(match usage {
            Ok(summary) => Ok(Room { free: Pool::of(&summary).free(), licensed: HashSet::new() }),
            Err(error) => Err(error.into()),
        })
    }

    /// The devices that fit, in the order of the plan, and the others.
    fn split(self, devices: Vec<DeviceId>, settled: &HashSet<&DeviceId>) -> (Vec<DeviceId>, Vec<DeviceId>) {
        let mut free = self.free.unwrap_or(u64::MAX);
        devices.into_iter().partition(|device| {
            if settled.contains(device) || self.licensed.contains(device) {
                return true;
            }
            let fits = free > 0;
            free = free.saturating_sub(1);
            fits
        })
    }
}

fn settled(events: &[Event]) -> HashSet<&DeviceId> {
    let outcomes = events.iter().filter_map(|event| match event {
        Event::Settled { outcomes, .. } => Some(outcomes),
        _ => None,
    });
    outcomes.flatten().map(|(device, _)| device).collect()
}

fn results(run: Run, action: Action) -> Vec<Device> {
    let devices = run.report().devices.into_iter();
    devices
        .map(|device| Device { id: device.device_id, action, outcome: device.outcome, held: false })
        .collect()
}

/// The numbers of devices by outcome; those that were held back are [`Counts::not_attempted`].
pub(super) fn counts(devices: &[Device]) -> Counts {
    let mut counts = Counts::default();
    for device in devices {
        match device.outcome {
            Outcome::Applied => counts.applied += 1,
            Outcome::Already => counts.already += 1,
            Outcome::Refused { .. } => counts.refused += 1,
            Outcome::NotAttempted => counts.not_attempted += 1,
            _ => counts.unresolved += 1,
        }
    }
    counts
}

/// Those whose outcome a journal needs: devices that were held back are known not to be changed.
pub(super) fn counts_to_settle(devices: &[Device]) -> Counts {
    let mut counts = counts(devices);
    counts.not_attempted -= held(devices);
    counts
}

pub(super) fn held(devices: &[Device]) -> usize {
    devices.iter().filter(|device| device.held).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(texts: &[&str]) -> Vec<DeviceId> {
        texts.iter().map(|text| DeviceId::from(*text)).collect()
    }

    #[test]
    fn what_fits_goes_first_come_first_served() {
        let all = ids(&["1", "2", "3", "4", "5"]);
        let split = |free, licensed: &[&str], settled: &[&str]| {
            let room = Room { free, licensed: ids(licensed).into_iter().collect() };
            let settled = ids(settled);
            room.split(all.clone(), &settled.iter().collect())
        };
        assert_eq!(split(Some(5), &[], &[]), (all.clone(), ids(&[])));
        assert_eq!(split(None, &[], &[]), (all.clone(), ids(&[])));
        assert_eq!(split(Some(2), &[], &[]), (ids(&["1", "2"]), ids(&["3", "4", "5"])));
        // Devices that have a license or an outcome need no other one.
        assert_eq!(split(Some(1), &["1", "4"], &["2"]), (ids(&["1", "2", "3", "4"]), ids(&["5"])));
        assert_eq!(split(Some(0), &[], &["5"]), (ids(&["5"]), ids(&["1", "2", "3", "4"])));
    }
}
