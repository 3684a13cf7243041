//! The devices of an account.

use fota_core::Error;
use fota_core::devices::Lookup;
use fota_core::models::{AccountName, DeviceId, DeviceLookup};

use crate::Client;

/// The devices of one account. Made by [`Client::devices`].
#[derive(Debug, Clone)]
pub struct Devices {
    client: Client,
    account: AccountName,
}

impl Devices {
    pub(crate) fn new(client: Client, account: AccountName) -> Self {
        Devices { client, account }
    }

    /// What the service knows of these devices, in one request: `POST /devices/{acc}`. It reads, although
    /// it posts.
    ///
    /// # Errors
    /// Whatever ended the call; an empty list and one longer than
    /// [`MAX_DEVICES`](fota_core::licenses::MAX_DEVICES) are refused before anything is sent.
    pub async fn lookup<D: Into<DeviceId>>(
        &self,
        devices: impl IntoIterator<Item = D>,
    ) -> Result<DeviceLookup, Error> {
        self.client.call(Lookup::new(self.account.clone(), devices)).await
    }
}
