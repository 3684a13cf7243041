//! The list of licensed devices as a stream, and page by page.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use fota_core::licenses::List;
use fota_core::models::{DeviceId, LicenseSummary, LicensedDevice};
use fota_core::segments::{Next, Segments, Ticket};
use fota_core::{Error, Moment};
use futures_core::Stream;

use crate::Client;
use crate::calls::Calls;

/// The devices that hold a license, in the server's order. Made by
/// [`Licenses::list`](crate::Licenses::list).
///
/// It is a [`Stream`] of devices, and [`next_page`](LicenseList::next_page) gives them a page at a time.
/// Nothing is sent before something is asked for; from then on the next page is fetched while one is worked on
/// ([`read_ahead`](LicenseList::read_ahead)). It holds these two pages, however many devices there are. Nothing
/// is lost when a future of it is dropped, and what is under way ends with the list.
///
/// A page needs the one before, so a long list takes its time. Whoever knows ids from before has it read from
/// several places at once: [`starting_points`](LicenseList::starting_points).
///
/// There is no snapshot: devices that gain or lose their license meanwhile may be missed or seen.
///
/// **After an error** the stream gives it once and then ends; `next_page` asks for the same page again, and
/// the stream goes on once that worked. When the server no longer knows the device behind the cursor, the
/// list starts over once, by itself, and leaves out what it gave before.
///
/// ```
/// # use fota_hyper::core::script::{Script, VirtualClock};
/// # use fota_hyper::{Client, Credentials, models::AccountName};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let script = Script::new().login().answer(200, r#"{"accountName":"0000123456-00001","assignedLicenses":1,
/// #     "hasMoreData":false,"deviceList":[{"deviceId":"352099001761481"}]}"#);
/// # let client = Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
/// #     .transport(script).timer(VirtualClock::new()).build()?;
/// # let account: AccountName = "0000123456-00001".parse()?;
/// let mut list = client.licenses(&account).list();
/// while let Some(device) = list.next().await {
///     let device = device?;
///     println!("{} {:?}", device.device_id, device.assignment_time);
/// #   assert_eq!(device.device_id.to_string(), "352099001761481");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is asked for until it is polled"]
pub struct LicenseList {
    client: Client,
    walk: Segments<List>,
    calls: Calls<'static, (Ticket, Result<LicenseSummary, Error>)>,
    page: std::vec::IntoIter<LicensedDevice>,
    /// The last device that was given out of a page that is not used up.
    last: Option<DeviceId>,
    failed: bool,
    /// When the calls under way were left alone, since nobody waited for them.
    left: Option<Moment>,
    newest: Option<Ticket>,
    /// Calls up to this one were left alone for long.
    neglected: Option<Ticket>,
}

/// From here on an error of a call that nobody polled meanwhile says nothing about the server.
const LONG: Duration = Duration::from_secs(1);

impl LicenseList {
    pub(crate) fn new(client: Client, first: List) -> Self {
        LicenseList {
            client,
            walk: Segments::new(first),
            calls: Calls::default(),
            page: Vec::new().into_iter(),
            last: None,
            failed: false,
            left: None,
            newest: None,
            neglected: None,
        }
    }

    /// The same list from a [`cursor`](LicenseList::cursor) that an earlier one had reached.
    pub fn resume_from(self, cursor: impl Into<DeviceId>) -> Self {
        LicenseList {
            walk: self.walk.resume_from(cursor.into()),
            calls: Calls::default(),
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
    /// picks them. A point that is of no use costs a request.
    ///
    /// ```
    /// # use fota_hyper::core::script::{Script, VirtualClock};
    /// # use fota_hyper::{Client, Credentials, models::{AccountName, DeviceId}};
    /// use fota_hyper::core::segments;
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let script = Script::new().login().answer(200, r#"{"hasMoreData":false,
    /// #     "deviceList":[{"deviceId":"352099001761481"}]}"#);
    /// # let client = Client::builder().credentials(Credentials::new("fake", "fake", "fake", "fake"))
    /// #     .transport(script).timer(VirtualClock::new()).build()?;
    /// # let account: AccountName = "0000123456-00001".parse()?;
    /// # let last_week = [DeviceId::from("352099001761481")];
    /// // Whatever ids there are, from last week's listing or from a file, in any order.
    /// let points = segments::starting_points(last_week, 1000);
    /// let mut list = client.licenses(&account).list().starting_points(points);
    /// while let Some(page) = list.next_page().await {
    ///     println!("{} devices", page?.len());
    /// }
    /// # assert!(list.cursor().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn starting_points<D: Into<DeviceId>>(self, points: impl IntoIterator<Item = D>) -> Self {
        let walk = self.walk.starting_points(points.into_iter().map(Into::into));
        LicenseList { walk, ..self }
    }

    /// The most requests at a time, where there are starting points; 8 unless set.
    pub fn concurrency(self, requests: usize) -> Self {
        LicenseList { walk: self.walk.concurrency(requests), ..self }
    }

    /// The most pages that are fetched, and held, before they are asked for. Unless set it is 1, and twice the
    /// concurrency where there are starting points. With 0 every page is fetched when it is asked for.
    pub fn read_ahead(self, pages: usize) -> Self {
        LicenseList { walk: self.walk.read_ahead(pages), ..self }
    }

    /// The next device; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<LicensedDevice, Error>> {
        poll_fn(|context| self.poll_device(context)).await
    }

    /// The devices of the next page, or what is left of a page that [`next`](LicenseList::next) began; never
    /// an empty page, and `None` after the last.
    pub async fn next_page(&mut self) -> Option<Result<Vec<LicensedDevice>, Error>> {
        self.failed = false;
        if self.page.len() > 0 {
            return Some(Ok(std::mem::take(&mut self.page).collect()));
        }
        poll_fn(|context| self.poll_page(context)).await
    }

    /// Where a later list can go on: behind the last device that was given. `None` after the last page.
    pub fn cursor(&self) -> Option<&DeviceId> {
        if self.page.len() > 0 { self.last.as_ref() } else { self.walk.cursor() }
    }

    fn poll_device(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<LicensedDevice, Error>>> {
        if self.page.len() == 0 {
            if self.failed {
                return Poll::Ready(None);
            }
            match ready!(self.poll_page(context)) {
                Some(Ok(page)) => self.page = page.into_iter(),
                Some(Err(error)) => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => return Poll::Ready(None),
            }
        }
        let device = self.page.next();
        self.last = device.as_ref().map(|device| device.device_id.clone());
        Poll::Ready(device.map(Ok))
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<LicensedDevice>, Error>>> {
        if self.left.take().is_some_and(|left| self.client.now().since(left) >= LONG) {
            self.neglected = self.newest;
        }
        loop {
            match self.walk.step() {
                Next::Send(ticket, request) => self.start(ticket, request),
                Next::Wait => {
                    let (ticket, result) = ready!(self.calls.poll(context));
                    self.take(ticket, result);
                }
                Next::Page(Ok(page)) => {
                    self.go_ahead(context);
                    return Poll::Ready(Some(Ok(page)));
                }
                Next::Page(Err(error)) => return Poll::Ready(Some(Err(error))),
                Next::Done => {
                    self.calls = Calls::default();
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Sends what may be sent before the next page is wanted. The connections' own tasks do the rest.
    fn go_ahead(&mut self, context: &mut Context<'_>) {
        loop {
            while let Some((ticket, request)) = self.walk.ahead() {
                self.start(ticket, request);
            }
            let Poll::Ready((ticket, result)) = self.calls.poll(context) else { break };
            self.take(ticket, result);
        }
        self.left = Some(self.client.now());
    }

    fn start(&mut self, ticket: Ticket, request: List) {
        let client = self.client.clone();
        self.newest = Some(ticket);
        self.calls.start(async move { (ticket, client.call(request).await) });
    }

    fn take(&mut self, ticket: Ticket, result: Result<LicenseSummary, Error>) {
        match &result {
            // Its time ran out, or the server's patience, while nobody looked after it.
            Err(error) if error.is_retryable() && Some(ticket) <= self.neglected => {
                self.walk.withdraw(ticket);
            }
            _ => self.walk.accept(ticket, result),
        }
    }
}

impl Stream for LicenseList {
    type Item = Result<LicensedDevice, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_device(context)
    }
}

impl fmt::Debug for LicenseList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicenseList").field("cursor", &self.cursor()).finish_non_exhaustive()
    }
}
