//! One face for both adapters. It is object-safe and blocking, and adds nothing: every method is one call of the
//! client's method of that name.

use std::time::Duration;

use fota_core::bulk::Run;
use fota_core::licenses::ListPath;
use fota_core::models::{
    AccountName, DeviceId, DeviceLookup, LicenseChange, LicenseSummary, LicensedDevice, Subscription,
};
use fota_core::{Credentials, Error, Limits, RetryPolicy, Servers};

/// An adapter, not yet opened.
pub trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    fn open(&self, options: Options) -> Result<Box<dyn Adapter>, Error>;
}

/// A client.
pub trait Adapter: Send + Sync {
    fn usage(&self, account: &AccountName) -> Result<LicenseSummary, Error>;
    /// Device by device, as far as it goes; after `cursor` if there is one.
    fn list(&self, account: &AccountName, cursor: Option<DeviceId>) -> Vec<Result<LicensedDevice, Error>>;
    /// Page by page, with the cursor after each page; at most `most` pages.
    fn pages(&self, account: &AccountName, most: usize) -> Result<Vec<Page>, Error>;
    /// The whole list with these settings, page by page; `work` is done with each page.
    fn walk(
        &self,
        account: &AccountName,
        walk: Walk,
        work: &mut dyn FnMut(&[LicensedDevice]),
    ) -> Result<(), Error>;
    fn assign(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error>;
    fn remove(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error>;
    fn lookup(&self, account: &AccountName, devices: &[DeviceId]) -> Result<DeviceLookup, Error>;
    fn subscription(&self, account: &AccountName) -> Result<Subscription, Error>;
    fn run(&self, run: &mut Run);
    fn login(&self) -> Result<(), Error>;
    fn logout(&self) -> Result<(), Error>;
    fn revoke(&self) -> Result<(), Error>;
    fn set_credentials(&self, credentials: Credentials);
    fn is_login_blocked(&self) -> bool;
    /// `usage`, many times at once on one client: 200 tasks, or 200 threads.
    fn crowd(&self, account: &AccountName) -> Vec<Result<LicenseSummary, Error>>;
    fn debug(&self) -> String;
}

/// A page and the cursor behind it.
pub type Page = (Vec<LicensedDevice>, Option<DeviceId>);

/// Settings of a list.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    pub points: Vec<DeviceId>,
    pub concurrency: Option<usize>,
    pub read_ahead: Option<usize>,
}

/// Settings that both builders take.
#[derive(Debug, Clone)]
pub struct Options {
    pub servers: Servers,
    pub credentials: Credentials,
    pub retry: RetryPolicy,
    pub limits: Limits,
    pub list_path: ListPath,
    pub root_certificates_pem: String,
}

impl Options {
    /// Short pauses, and limits that no scenario should ever meet by accident.
    pub fn new(servers: Servers, credentials: Credentials) -> Self {
        Options {
            servers,
            credentials,
            retry: RetryPolicy::default()
                .base_delay(Duration::from_millis(5))
                .max_delay(Duration::from_millis(20))
                .total(Duration::from_secs(20)),
            limits: Limits::default().connect(Duration::from_secs(5)).attempt(Duration::from_secs(10)),
            list_path: ListPath::Query,
            root_certificates_pem: String::new(),
        }
    }
}
