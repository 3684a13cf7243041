//! The list of licensed devices as an iterator, and page by page.

use std::fmt;

use fota_core::licenses::List;
use fota_core::models::{DeviceId, LicensedDevice};
use fota_core::segments::{Next, Segments, Ticket};
use fota_core::{Error, ErrorKind};

use crate::Client;
use crate::workers::Workers;

/// The devices that hold a license, in the server's order. Made by
/// [`Licenses::list`](crate::Licenses::list).
///
/// It is an [`Iterator`] of devices, and [`next_page`](LicenseList::next_page) gives them a page at a time.
/// It asks for a page when the one before is used up, in the caller's thread. With
/// [`read_ahead`](LicenseList::read_ahead) a thread fetches the next page while one is worked on; the list then
/// holds these two pages, however many devices there are.
///
/// A page needs the one before, so a long list takes its time. Whoever knows ids from before has it read from
/// several places at once: [`starting_points`](LicenseList::starting_points).
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
    walk: Segments<List>,
    /// Without them every call is made in the caller's thread.
    workers: Option<Workers>,
    ahead_is_set: bool,
    page: std::vec::IntoIter<LicensedDevice>,
    /// The last device that was given out of a page that is not used up.
    last: Option<DeviceId>,
    failed: bool,
}

impl LicenseList {
    pub(crate) fn new(client: Client, first: List) -> Self {
        LicenseList {
            client,
            walk: Segments::new(first).read_ahead(0),
            workers: None,
            ahead_is_set: false,
            page: Vec::new().into_iter(),
            last: None,
            failed: false,
        }
    }

    /// The same list from a [`cursor`](LicenseList::cursor) that an earlier one had reached.
    pub fn resume_from(self, cursor: impl Into<DeviceId>) -> Self {
        LicenseList {
            walk: self.walk.resume_from(cursor.into()),
            page: Vec::new().into_iter(),
            last: None,
            failed: false,
            ..self
        }
    }

    /// Has the list read from these places as well, several requests at a time: ids of devices, or cursors of an
    /// earlier list. The result is the same, in the same order, however much has changed since; it is only there
    /// sooner.
    ///
    /// Best are points about a page apart; [`segments::starting_points`](crate::core::segments::starting_points)
    /// picks them. A point that is of no use costs a request. There is a thread for each
    /// request at a time; they end with the list, or soon after where a call is under way.
    ///
    /// ```
    /// # use fota_blocking::core::script::{Script, VirtualClock};
    /// # use fota_blocking::{Client, Credentials, models::{AccountName, DeviceId}};
    /// use fota_blocking::core::segments;
    /// # let script = Script::new().login().answer(200, r#"{"hasMoreData":false,
    /// #     "deviceList":[{"deviceId":"352099001761481"}]}"#);
    /// # let client = Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
    /// #     .transport(script).timer(VirtualClock::new()).build()?;
    /// # let account: AccountName = "0000123456-00001".parse()?;
    /// # let last_week = [DeviceId::from("352099001761481")];
    /// // Whatever ids there are, from last week's listing or from a file, in any order.
    /// let points = segments::starting_points(last_week, 1000);
    /// let mut list = client.licenses(&account).list().starting_points(points);
    /// while let Some(page) = list.next_page() {
    ///     println!("{} devices", page?.len());
    /// }
    /// # assert!(list.cursor().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn starting_points<D: Into<DeviceId>>(self, points: impl IntoIterator<Item = D>) -> Self {
        let walk = self.walk.starting_points(points.into_iter().map(Into::into));
        let walk = if self.ahead_is_set { walk } else { walk.read_ahead(None) };
        let workers = self.workers.or_else(|| Some(Workers::new(self.client.clone())));
        LicenseList { walk, workers, ..self }
    }

    /// The most requests at a time, where there are starting points; 8 unless set.
    pub fn concurrency(self, requests: usize) -> Self {
        LicenseList { walk: self.walk.concurrency(requests), ..self }
    }

    /// The most pages that are fetched, and held, before they are asked for. Unless set it is 0, and twice the
    /// concurrency where there are starting points. With 1 or more, threads fetch them.
    pub fn read_ahead(self, pages: usize) -> Self {
        let workers = self.workers.or_else(|| (pages > 0).then(|| Workers::new(self.client.clone())));
        LicenseList { walk: self.walk.read_ahead(pages), workers, ahead_is_set: true, ..self }
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
        if self.page.len() > 0 { self.last.as_ref() } else { self.walk.cursor() }
    }

    fn fetch_page(&mut self) -> Option<Result<Vec<LicensedDevice>, Error>> {
        while let Some((ticket, result)) = self.workers.as_mut().and_then(Workers::look) {
            self.walk.accept(ticket, result);
        }
        loop {
            match self.walk.step() {
                Next::Send(ticket, request) => self.start(ticket, request),
                Next::Wait => {
                    let Some((ticket, result)) = self.workers.as_mut().and_then(Workers::wait) else {
                        // Rather this than a list that ends too early.
                        return Some(Err(Error::new(ErrorKind::Misuse, "nothing to wait for")));
                    };
                    self.walk.accept(ticket, result);
                }
                Next::Page(Ok(page)) => {
                    while let Some((ticket, request)) = self.walk.ahead() {
                        self.start(ticket, request);
                    }
                    return Some(Ok(page));
                }
                Next::Page(Err(error)) => return Some(Err(error)),
                Next::Done => return None,
            }
        }
    }

    fn start(&mut self, ticket: Ticket, request: List) {
        match &mut self.workers {
            Some(workers) => workers.start(ticket, request),
            None => self.walk.accept(ticket, self.client.call(request)),
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
