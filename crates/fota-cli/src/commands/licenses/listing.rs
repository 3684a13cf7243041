//! The license list as a whole, for commands that compare with it: ids alone, whatever the pages hold besides.

use std::collections::HashSet;

use fota_core::models::DeviceId;

use super::usage::Pool;
use super::walk::{Known, Walk, walk};
use crate::connection::Connection;
use crate::error::Failure;
use crate::output::Console;
use crate::settings::Environment;

/// Which devices hold a license, and the pool just after the last of them was read.
#[derive(Debug)]
pub(super) struct Listing {
    /// In the order of the list. One may be there twice, where licenses change while it is read.
    pub(super) devices: Vec<DeviceId>,
    pub(super) pool: Pool,
}

impl Listing {
    /// Reads the list to its end. There is no half list: what breaks off is an error.
    pub(super) async fn read(
        connection: &Connection,
        environment: &Environment,
        known: Known<'_>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let list = walk(connection, environment, known);
        let listing = Listing::collect(list, connection, console).await;
        console.end_progress();
        Ok(listing?)
    }

    async fn collect(
        mut list: Walk,
        connection: &Connection,
        console: &Console,
    ) -> Result<Self, fota_core::Error> {
        let licenses = connection.client.licenses(&connection.account);
        let mut meter = console.meter("licensed devices", None);
        let mut devices = Vec::new();
        while let Some(page) = list.next_page().await {
            devices.extend(page?.into_iter().map(|device| device.device_id));
            meter.at(devices.len());
        }
        Ok(Listing { devices, pool: Pool::of(&licenses.usage().await?) })
    }

    pub(super) fn set(&self) -> HashSet<&DeviceId> {
        self.devices.iter().collect()
    }
}
