//! What the page shows, counted while the license list is read page by page.

use std::time::{SystemTime, UNIX_EPOCH};

use fota_core::licenses::MAX_DEVICES;

use super::super::usage::Pool;
use super::super::walk::{Known, walk};
use super::models::Models;
use super::refused::Refused;
use super::timeline::Timeline;
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::Store;
use crate::output::{Console, escape};
use crate::settings::Environment;

/// The numbers behind the page. Its size does not depend on the fleet's.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) account: String,
    pub(super) service: String,
    /// Seconds since 1970.
    pub(super) made: i64,
    pub(super) pool: Pool,
    /// Devices of the license list.
    pub(super) listed: u64,
    pub(super) timeline: Timeline,
    pub(super) models: Models,
    /// Nothing when there are no journals to read.
    pub(super) refused: Option<Refused>,
}

/// The most refused devices that are remembered to look for them in the license list.
const MOST_REFUSED: usize = 100_000;

impl Picture {
    /// Reads the pool, the journals, every page of the list, and makes and models of `look_up` devices.
    pub(super) async fn gather(
        connection: &Connection,
        environment: &Environment,
        look_up: u64,
        console: &Console,
    ) -> Result<Self, Failure> {
        let licenses = connection.client.licenses(&connection.account);
        let mut picture = Picture {
            account: connection.account.to_string(),
            service: connection.service().to_owned(),
            made: now(),
            pool: Pool::of(&licenses.usage().await?),
            refused: journals(connection, environment, console),
            ..Picture::default()
        };
        let mut room = look_up;
        let mut list = walk(connection, environment, Known::LastListing);
        let mut meter = console.meter("devices", None);
        while let Some(page) = list.next_page().await {
            let page = page?;
            for device in &page {
                picture.listed += 1;
                picture.timeline.add(device.assignment_time.as_ref());
                if let Some(refused) = &mut picture.refused {
                    refused.is_licensed(&device.device_id);
                }
            }
            for devices in page.chunks(MAX_DEVICES) {
                let wanted = usize::try_from(room).unwrap_or(usize::MAX).min(devices.len());
                let (asked, left) = devices.split_at(wanted);
                room -= u64::try_from(asked.len()).unwrap_or(room);
                picture.models.skip(left.len());
                if asked.is_empty() {
                    continue;
                }
                let ids = asked.iter().map(|device| device.device_id.clone());
                match connection.client.devices(&connection.account).lookup(ids).await.map_err(Failure::from)
                {
                    Ok(answer) => picture.models.add(asked, &answer),
                    Err(failure) if matches!(failure.exit(), Exit::Auth | Exit::Guard) => {
                        return Err(failure);
                    }
                    Err(failure) => {
                        // The rest of the page is true without it, and more requests would fare no better.
                        room = 0;
                        console.end_progress();
                        let why = escape::terminal(failure.message()).into_owned();
                        console.warn(format_args!("makes and models cannot be looked up: {why}"));
                        picture.models.give_up(asked.len(), failure.message());
                    }
                }
            }
            meter.at(usize::try_from(picture.listed).unwrap_or(usize::MAX));
        }
        Ok(picture)
    }
}

fn journals(connection: &Connection, environment: &Environment, console: &Console) -> Option<Refused> {
    let (account, service) = (connection.account.as_str(), connection.service());
    let read = || Store::open(environment)?.refusals(account, service, MOST_REFUSED);
    match read() {
        Ok(refusals) => Some(Refused::new(refusals)),
        Err(failure) => {
            let why = escape::terminal(failure.message()).into_owned();
            console.warn(format_args!("refused devices are not in the report: {why}"));
            None
        }
    }
}

fn now() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs());
    i64::try_from(seconds).unwrap_or_default()
}
