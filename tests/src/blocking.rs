//! `fota-blocking` behind the common face.

use std::ops::ControlFlow;
use std::sync::Barrier;
use std::thread;

use fota_blocking::Client;
use fota_core::bulk::Run;
use fota_core::models::{
    AccountName, DeviceId, DeviceLookup, LicenseChange, LicenseSummary, LicensedDevice, Subscription,
};
use fota_core::{Credentials, Error};

use crate::adapter::{Adapter, Kind, Options, Page, Walk};

/// The blocking adapter.
#[derive(Debug)]
pub struct Blocking;

struct Opened(Client);

impl Kind for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    fn open(&self, options: Options) -> Result<Box<dyn Adapter>, Error> {
        let client = Client::builder()
            .servers(options.servers)
            .credentials(options.credentials)
            .retry(options.retry)
            .limits(options.limits)
            .list_path(options.list_path)
            .root_certificates_pem(options.root_certificates_pem)
            .build()?;
        Ok(Box::new(Opened(client)))
    }
}

impl Adapter for Opened {
    fn usage(&self, account: &AccountName) -> Result<LicenseSummary, Error> {
        self.0.licenses(account).usage()
    }

    fn list(&self, account: &AccountName, cursor: Option<DeviceId>) -> Vec<Result<LicensedDevice, Error>> {
        let list = self.0.licenses(account).list();
        match cursor {
            Some(cursor) => list.resume_from(cursor).collect(),
            None => list.collect(),
        }
    }

    fn pages(&self, account: &AccountName, most: usize) -> Result<Vec<Page>, Error> {
        let mut list = self.0.licenses(account).list();
        let mut pages = Vec::new();
        while pages.len() < most {
            let Some(page) = list.next_page() else { break };
            pages.push((page?, list.cursor().cloned()));
        }
        Ok(pages)
    }

    fn walk(
        &self,
        account: &AccountName,
        walk: Walk,
        work: &mut dyn FnMut(&[LicensedDevice]),
    ) -> Result<(), Error> {
        let mut list = self.0.licenses(account).list();
        if !walk.points.is_empty() {
            list = list.starting_points(walk.points);
        }
        if let Some(requests) = walk.concurrency {
            list = list.concurrency(requests);
        }
        if let Some(pages) = walk.read_ahead {
            list = list.read_ahead(pages);
        }
        while let Some(page) = list.next_page() {
            work(&page?);
        }
        Ok(())
    }

    fn assign(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.0.licenses(account).assign(devices.iter().cloned())
    }

    fn remove(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.0.licenses(account).remove(devices.iter().cloned())
    }

    fn lookup(&self, account: &AccountName, devices: &[DeviceId]) -> Result<DeviceLookup, Error> {
        self.0.devices(account).lookup(devices.iter().cloned())
    }

    fn subscription(&self, account: &AccountName) -> Result<Subscription, Error> {
        self.0.subscription(account)
    }

    fn run(&self, run: &mut Run) {
        self.0.run(run, &mut |_: &Run| ControlFlow::Continue(()));
    }

    fn login(&self) -> Result<(), Error> {
        self.0.login()
    }

    fn logout(&self) -> Result<(), Error> {
        self.0.logout()
    }

    fn revoke(&self) -> Result<(), Error> {
        self.0.revoke()
    }

    fn set_credentials(&self, credentials: Credentials) {
        self.0.set_credentials(credentials);
    }

    fn is_login_blocked(&self) -> bool {
        self.0.is_login_blocked()
    }

    fn crowd(&self, account: &AccountName) -> Vec<Result<LicenseSummary, Error>> {
        const THREADS: usize = 200;
        let start = Barrier::new(THREADS);
        thread::scope(|scope| {
            let call = || {
                start.wait();
                self.0.licenses(account).usage()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    fn debug(&self) -> String {
        format!("{:?} {:#?}", self.0, self.0.config())
    }
}
