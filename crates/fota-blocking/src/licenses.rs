//! The licenses of an account: usage, list, assign, remove.

use fota_core::Error;
use fota_core::licenses::{Assign, List, Remove};
use fota_core::models::{AccountName, DeviceId, LicenseChange, LicenseSummary};

use crate::{Client, LicenseList};

/// The licenses of one account. Made by [`Client::licenses`].
#[derive(Debug, Clone)]
pub struct Licenses {
    client: Client,
    account: AccountName,
}

impl Licenses {
    pub(crate) fn new(client: Client, account: AccountName) -> Self {
        Licenses { client, account }
    }

    /// How many licenses the account has and uses: the totals of the list's first page, which comes along.
    ///
    /// # Errors
    /// Whatever ended the call.
    pub fn usage(&self) -> Result<LicenseSummary, Error> {
        self.client.call(self.first_page())
    }

    /// The devices that hold a license, page by page as they are asked for.
    pub fn list(&self) -> LicenseList {
        LicenseList::new(self.client.clone(), self.first_page())
    }

    /// Gives each device a license, in one request: `POST /licenses/{acc}/assign`.
    ///
    /// Success is per device: look at each [`verdict`](fota_core::models::DeviceOutcome::verdict). For more
    /// devices than fit one request, or to have lost answers booked, use [`Client::run`].
    ///
    /// # Errors
    /// Whatever ended the call. After a lost answer
    /// [`may_have_been_applied`](Error::may_have_been_applied) is true, and the change is not sent again. An
    /// empty list and one longer than [`MAX_DEVICES`](fota_core::licenses::MAX_DEVICES) are refused before
    /// anything is sent.
    pub fn assign<D: Into<DeviceId>>(
        &self,
        devices: impl IntoIterator<Item = D>,
    ) -> Result<LicenseChange, Error> {
        self.client.call(Assign::new(self.account.clone(), devices))
    }

    /// Takes the licenses back, in one request: `POST /licenses/{acc}/remove`.
    ///
    /// A device that was upgraded since it got its license keeps it; an upgrade that is scheduled for a
    /// device is canceled.
    ///
    /// # Errors
    /// As for [`Licenses::assign`].
    pub fn remove<D: Into<DeviceId>>(
        &self,
        devices: impl IntoIterator<Item = D>,
    ) -> Result<LicenseChange, Error> {
        self.client.call(Remove::new(self.account.clone(), devices))
    }

    fn first_page(&self) -> List {
        List::new(self.account.clone()).path(self.client.config().list_path)
    }
}
