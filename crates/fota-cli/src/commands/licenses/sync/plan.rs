//! What a sync would change, told to people; and whether it may, and whether the licenses suffice.

use std::collections::HashMap;

use fota_core::bulk::{self, Plan};
use fota_core::models::DeviceId;

use super::super::journaled::counted;
use super::super::listing::Listing;
use super::super::usage::Pool;
use crate::args::Limit;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::Planned;
use crate::output::{Console, escape};

/// A plan with its numbers.
#[derive(Debug)]
pub(super) struct Planning {
    pub(super) plan: Plan,
    pub(super) numbers: Planned,
}

impl Planning {
    pub(super) fn new(wanted: &[DeviceId], listing: &Listing, prune: bool) -> Self {
        let plan = Plan::new(wanted.iter().cloned(), listing.devices.iter().cloned(), prune);
        let numbers = Planned {
            wanted: wanted.len(),
            licensed: plan.unchanged + plan.kept + plan.remove.len(),
            assign: plan.assign.len(),
            remove: plan.remove.len(),
            unchanged: plan.unchanged,
            kept: plan.kept,
            total_licenses: listing.pool.total,
            assigned_licenses: listing.pool.assigned,
        };
        Planning { plan, numbers }
    }

    /// Refuses what must not or cannot be done. Nothing was sent then.
    pub(super) fn check(&self, listing: &Listing, limit: Limit) -> Result<(), Failure> {
        self.check_spelling(listing)?;
        let Planned { licensed, remove, .. } = self.numbers;
        let allowed = limit.of(licensed);
        if remove > allowed {
            let text = format!(
                "--prune would remove the licenses of {remove} of {}, and --max-remove {limit} allows {allowed}; \
                 nothing was sent",
                counted(licensed, "device")
            );
            return Err(Failure::new(Exit::Input, "too_many_removals", text).hint(format!(
                "look at the plan with --dry-run; if the file is right, say so with --max-remove {remove}"
            )));
        }
        let Some(pool) = self.numbers.known_pool() else { return Ok(()) };
        self.plan.check(pool).map_err(|error| {
            let short = counted(usize::try_from(error.short_by).unwrap_or(usize::MAX), "license");
            let freed = if remove > 0 { ", with those that the removals free" } else { "" };
            let text = format!(
                "the plan does not fit: {} needed, {} free{freed}: short by {}; nothing was sent",
                counted(usize::try_from(error.needed).unwrap_or(usize::MAX), "license"),
                error.free,
                error.short_by
            );
            let others = if self.numbers.kept > 0 {
                ", take licenses back from devices that need none (--prune removes those that are not in the file)"
            } else {
                ""
            };
            Failure::new(Exit::Input, "does_not_fit", text)
                .hint(format!("take devices out of the file{others}, or get {short} more"))
        })
    }

    /// The first 14 digits name a device; a check digit or a software version may follow. Where the list and
    /// the file spell a device differently, it would lose its license and be given another one.
    fn check_spelling(&self, listing: &Listing) -> Result<(), Failure> {
        let mut wanted: HashMap<String, &DeviceId> = HashMap::new();
        for device in &self.plan.assign {
            let Some(serial) = serial(device) else { continue };
            if let Some(other) = wanted.insert(serial, device) {
                let text = format!(
                    "the file has {other} and {device}: by their first 14 digits that is the same device; nothing \
                     was sent"
                );
                return Err(Failure::new(Exit::Input, "input", text).hint("remove one of the two"));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let twin = |device: &DeviceId| wanted.get(&serial(device)?).copied();
        let mut twins = listing.devices.iter().filter_map(|device| Some((device, twin(device)?)));
        let Some((listed, wanted)) = twins.next() else { return Ok(()) };
        let more = match twins.count() {
            0 => String::new(),
            count => format!(" (and {count} more such devices)"),
        };
        let text = format!(
            "the account lists {listed}, and the file has {wanted}{more}: by its first 14 digits that is the same \
             device; nothing was sent"
        );
        Err(Failure::new(Exit::Input, "input", text)
            .hint("write the devices in the file as fota licenses list shows them"))
    }

    /// For people, before anything is sent.
    pub(super) fn tell(&self, account: &str, dry_run: bool, console: &Console) {
        let numbers = &self.numbers;
        console.note(format_args!("plan for account {}: {}", escape::terminal(account), numbers.changes()));
        if numbers.kept > 0 {
            let devices = counted(numbers.kept, "licensed device");
            let (are, keep) = if numbers.kept == 1 { ("is", "keeps its") } else { ("are", "keep their") };
            console.note(format_args!(
                "{devices} {are} not in the file and {keep} license; --prune would remove it"
            ));
        }
        // The plan of a dry run and the end of a sync with nothing to do say it on stdout.
        if !dry_run && !self.plan.is_empty() {
            console.note(format_args!("pool: {}{}", numbers.pool(), numbers.arithmetic()));
        }
        if numbers.remove > 0 {
            console.warn(
                "removing a license cancels the device's scheduled upgrades; a device that was upgraded since it \
                 got its license keeps it",
            );
        }
        if numbers.assign > 0 && numbers.known_pool().is_none() {
            console.warn("the service does not tell how many licenses there are, so whether the plan fits is not known");
        }
    }
}

impl Planned {
    pub(super) fn pool(&self) -> Pool {
        Pool { total: self.total_licenses, assigned: self.assigned_licenses }
    }

    fn known_pool(&self) -> Option<bulk::Pool> {
        Some(bulk::Pool { total: self.total_licenses?, used: self.assigned_licenses? })
    }

    /// How many licenses are missing; `None` when the service does not tell how many there are.
    pub(super) fn short_by(&self) -> Option<u64> {
        let free = self.known_pool()?.free_after(self.remove as u64);
        Some((self.assign as u64).saturating_sub(free))
    }

    /// Such as `assign 3, remove 1, unchanged 9, kept 4`.
    pub(super) fn changes(&self) -> String {
        let parts = [
            (self.assign, "assign"),
            (self.remove, "remove"),
            (self.unchanged, "unchanged"),
            (self.kept, "kept"),
        ];
        let told = parts.iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told.map(|(count, word)| format!("{word} {count}")).collect();
        let told = told.join(", ");
        match (self.assign + self.remove, told.is_empty()) {
            (0, true) => "nothing to change".to_owned(),
            (0, false) => format!("nothing to change, {told}"),
            _ => told,
        }
    }

    /// What follows the pool, such as `; 3 needed, 1 freed: fits`.
    pub(super) fn arithmetic(&self) -> String {
        if self.assign + self.remove == 0 {
            return String::new();
        }
        let fits = match self.short_by() {
            None => String::new(),
            Some(0) => ": fits".to_owned(),
            Some(short) => format!(": short by {short}"),
        };
        let freed = if self.remove > 0 { format!(", {} freed", self.remove) } else { String::new() };
        format!("; {} needed{freed}{fits}", self.assign)
    }
}

fn serial(device: &DeviceId) -> Option<String> {
    let text = device.text();
    let is_imei = (14..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_imei.then(|| text.get(..14).map(str::to_owned)).flatten()
}
