//! The list of licensed devices as a stream, and page by page.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use fota_core::licenses::List;
use fota_core::models::{DeviceId, LicenseSummary, LicensedDevice};
use fota_core::{Error, Pager};
use futures_core::Stream;

use crate::Client;

/// The devices that hold a license, in the server's order. Made by
/// [`Licenses::list`](crate::Licenses::list).
///
/// It is a [`Stream`] of devices, and [`next_page`](LicenseList::next_page) gives them a page at a time. It
/// asks for a page only when the one before is used up, and nothing is lost when a future of it is dropped.
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
    first: List,
    pager: Pager<List>,
    page: std::vec::IntoIter<LicensedDevice>,
    /// The last device that was given out of a page that is not used up.
    last: Option<DeviceId>,
    fetch: Option<Fetch>,
    failed: bool,
}

type Fetch = Pin<Box<dyn Future<Output = Result<LicenseSummary, Error>> + Send>>;

impl LicenseList {
    pub(crate) fn new(client: Client, first: List) -> Self {
        LicenseList {
            client,
            pager: Pager::new(first.clone()),
            first,
            page: Vec::new().into_iter(),
            last: None,
            fetch: None,
            failed: false,
        }
    }

    /// The same list from a [`cursor`](LicenseList::cursor) that an earlier one had reached.
    pub fn resume_from(self, cursor: impl Into<DeviceId>) -> Self {
        LicenseList::new(self.client, self.first.after(cursor.into()))
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
        if self.page.len() > 0 { self.last.as_ref() } else { self.pager.cursor() }
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
        loop {
            let fetch = if let Some(fetch) = &mut self.fetch {
                fetch
            } else {
                let Some(request) = self.pager.request() else { return Poll::Ready(None) };
                let client = self.client.clone();
                self.fetch.insert(Box::pin(async move { client.call(request).await }))
            };
            let result = ready!(fetch.as_mut().poll(context));
            self.fetch = None;
            match result.and_then(|page| self.pager.accept(page)) {
                Ok(page) if page.is_empty() => {}
                Ok(page) => return Poll::Ready(Some(Ok(page))),
                Err(error) if self.pager.recover(&error) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
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
