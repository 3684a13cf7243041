//! Reads the whole list of an account, from several places at once where it can.

use fota_core::Error;
use fota_core::models::{DeviceId, LicensedDevice};
use fota_core::segments::{distance, starting_points};
use fota_hyper::LicenseList;

use super::points::{Left, Points};
use crate::connection::Connection;
use crate::settings::Environment;

/// The most devices on a page, as far as is known before there is one.
const PAGE: usize = 1000;

/// What is known of the list before it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// What the last listing left.
    LastListing,
    /// What the last listing left; where there was none, these devices may be on it, as those of a file.
    Devices(&'a [DeviceId]),
    /// Nothing is to be used: one page after the other.
    Nothing,
}

/// The list, page by page. Once it was read to its end, it helps the next listing.
#[derive(Debug)]
pub(super) struct Walk {
    list: LicenseList,
    points: Option<Points>,
    /// What the last listing left, and what this one will leave.
    before: Left,
    now: Left,
    devices: usize,
    /// How many devices there were since the last starting point.
    since: usize,
    last: Option<DeviceId>,
}

/// The result is the same, whatever is known.
pub(super) fn walk(connection: &Connection, environment: &Environment, known: Known<'_>) -> Walk {
    let points = Points::new(connection, environment);
    let before = points.as_ref().map_or_else(Left::default, Points::read);
    let list = connection.client.licenses(&connection.account).list();
    let list = match known {
        Known::Devices(devices) if before.starts.is_empty() => {
            list.starting_points(starting_points(devices.iter().cloned(), before.page.max(PAGE)))
        }
        Known::LastListing | Known::Devices(_) => list.starting_points(before.starts.clone()),
        Known::Nothing => list,
    };
    let now = Left { page: before.page, starts: Vec::new() };
    Walk { list, points, before, now, devices: 0, since: 0, last: None }
}

impl Walk {
    /// As [`LicenseList::next_page`].
    pub(super) async fn next_page(&mut self) -> Option<Result<Vec<LicensedDevice>, Error>> {
        let page = self.list.next_page().await;
        match &page {
            Some(Ok(page)) => self.note(page),
            Some(Err(_)) => {}
            None => self.finish(),
        }
        page
    }

    fn note(&mut self, page: &[LicensedDevice]) {
        // A page that is handed out may be part of one, so the largest of all listings counts.
        self.now.page = self.now.page.max(page.len());
        let distance = distance(self.now.page);
        self.devices += page.len();
        for device in page {
            self.since += 1;
            if self.since >= distance {
                self.now.starts.push(device.device_id.clone());
                self.since = 0;
            }
        }
        if let Some(last) = page.last() {
            self.last = Some(last.device_id.clone());
        }
    }

    fn finish(&mut self) {
        // Nothing comes after the last device, and a single page needs no help.
        if self.now.starts.last() == self.last.as_ref() {
            self.now.starts.pop();
        }
        if self.devices <= self.now.page {
            self.now.starts.clear();
        }
        if let Some(points) = self.points.take().filter(|_| self.now != self.before) {
            // Where it cannot be kept, the next listing takes as long as this one.
            let _ = points.write(&self.now);
        }
    }
}
