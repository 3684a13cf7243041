//! Hostile strings of a server through the printers of a sync.

use fota_core::bulk::{Action, Outcome};
use fota_core::models::DeviceId;

use super::super::failed;
use super::super::listing::Listing;
use super::super::usage::Pool;
use super::apply::Device;
use super::plan::Planning;
use super::report::{self, View};
use crate::hostile::{BATCH, all_strings, check_csv, every_form};

const POOL: Pool = Pool { total: Some(100), assigned: Some(7) };

/// Each string as a device, its status and its reason.
fn devices(texts: &[String]) -> Vec<Device> {
    let device = |(n, text): (usize, &String)| Device {
        id: DeviceId::from(text.clone()),
        action: if n % 2 == 0 { Action::Assign } else { Action::Remove },
        outcome: Outcome::Refused {
            status: text.clone(),
            reason: (n % 3 > 0).then(|| format!("{text}{text}")),
        },
        held: false,
    };
    texts.iter().enumerate().map(device).collect()
}

/// A plan that takes the first half of the strings away and adds the other.
fn planning(texts: &[String]) -> Planning {
    let ids: Vec<DeviceId> =
        texts.iter().enumerate().map(|(n, text)| DeviceId::from(format!("{text}#{n}"))).collect();
    let (remove, assign) = ids.split_at(ids.len() / 2);
    Planning::new(assign, &Listing { devices: remove.to_vec(), pool: POOL }, true)
}

#[test]
fn no_hostile_string_gets_through() {
    every_form(5, |out, texts, console| {
        let (planning, devices) = (planning(texts), devices(texts));
        let view = View {
            account: &texts[0],
            plan: &planning.numbers,
            devices: &devices,
            after: POOL,
            in_sync: Some(false),
        };
        report::print(out, &view, console).unwrap();
        texts.len()
    });
    every_form(5, |out, texts, console| {
        report::print_plan(out, &planning(texts), &texts[0], console).unwrap();
        texts.len()
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    all_strings(BATCH, |batch, texts| {
        let devices = devices(texts);
        let rows = devices.iter().map(|device| (&device.id, device.action, &device.outcome));
        failed::write_sync(file.path(), rows).unwrap();
        check_csv(batch, &std::fs::read(file.path()).unwrap(), 5, texts.len());
    });
}
