//! The list of licensed devices as an iterator, and page by page.

use std::fmt;

use fota_core::licenses::List;
use fota_core::models::{DeviceId, LicensedDevice};
use fota_core::{Error, Pager};

use crate::Client;

/// The devices that hold a license, in the server's order. Made by
/// [`Licenses::list`](crate::Licenses::list).
///
/// It is an [`Iterator`] of devices, and [`next_page`](LicenseList::next_page) gives them a page at a time.
/// It asks for a page only when the one before is used up.
///
/// There is no snapshot: devices that gain or lose their license meanwhile may be missed or seen.
///
/// **After an error** the iterator gives it once and then ends; `next_page` asks for the same page again, and
/// the iterator goes on once that worked. When the server no longer knows the device behind the cursor, the
/// list starts over once, by itself, and leaves out what it gave before.
///
/// ```
/// # use fota_blocking::core::script::{Script, VirtualClock};
/// # use fota_blocking::{Client, Credentials, models::AccountName};
/// # let script = Script::new().login().answer(200, r#"{"accountName":"0000123456-00001","assignedLicenses":1,
/// #     "hasMoreData":false,"deviceList":[{"deviceId":"352099001761481"}]}"#);
/// # let client = Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
/// #     .transport(script).timer(VirtualClock::new()).build()?;
/// # let account: AccountName = "0000123456-00001".parse()?;
/// for device in client.licenses(&account).list() {
///     let device = device?;
///     println!("{} {:?}", device.device_id, device.assignment_time);
/// #   assert_eq!(device.device_id.to_string(), "352099001761481");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is asked for until it is iterated"]
pub struct LicenseList {
    client: Client,
    first: List,
    pager: Pager<List>,
    page: std::vec::IntoIter<LicensedDevice>,
    /// The last device that was given out of a page that is not used up.
    last: Option<DeviceId>,
    failed: bool,
}

impl LicenseList {
    pub(crate) fn new(client: Client, first: List) -> Self {
        LicenseList {
            client,
            pager: Pager::new(first.clone()),
            first,
            page: Vec::new().into_iter(),
            last: None,
            failed: false,
        }
    }

    /// The same list from a [`cursor`](LicenseList::cursor) that an earlier one had reached.
    pub fn resume_from(self, cursor: impl Into<DeviceId>) -> Self {
        LicenseList::new(self.client, self.first.after(cursor.into()))
    }

    /// The devices of the next page, or what is left of a page that [`next`](Iterator::next) began; never an
    /// empty page, and `None` after the last.
    pub fn next_page(&mut self) -> Option<Result<Vec<LicensedDevice>, Error>> {
        self.failed = false;
        if self.page.len() > 0 {
            return Some(Ok(std::mem::take(&mut self.page).collect()));
        }
        self.fetch_page()
    }

    /// Where a later list can go on: behind the last device that was given. `None` after the last page.
    pub fn cursor(&self) -> Option<&DeviceId> {
        if self.page.len() > 0 { self.last.as_ref() } else { self.pager.cursor() }
    }

    fn fetch_page(&mut self) -> Option<Result<Vec<LicensedDevice>, Error>> {
        loop {
            let result = self.client.call(self.pager.request()?);
            match result.and_then(|page| self.pager.accept(page)) {
                Ok(page) if page.is_empty() => {}
                Ok(page) => return Some(Ok(page)),
                Err(error) if self.pager.recover(&error) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Iterator for LicenseList {
    type Item = Result<LicensedDevice, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            if self.failed {
                return None;
            }
            match self.fetch_page()? {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        let device = self.page.next()?;
        self.last = Some(device.device_id.clone());
        Some(Ok(device))
    }
}

impl fmt::Debug for LicenseList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicenseList").field("cursor", &self.cursor()).finish_non_exhaustive()
    }
}
