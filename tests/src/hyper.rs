//! `fota-hyper` behind the common face: a runtime of its own, and `block_on` around every call.

use std::ops::ControlFlow;

use fota_core::bulk::Run;
use fota_core::models::{
    AccountName, DeviceId, DeviceLookup, LicenseChange, LicenseSummary, LicensedDevice, Subscription,
};
use fota_core::{Credentials, Error};
use fota_hyper::Client;
use tokio::runtime::{Builder, Runtime};

use crate::adapter::{Adapter, Kind, Options, Page, Walk};

/// The async adapter.
#[derive(Debug)]
pub struct Hyper;

struct Opened {
    runtime: Runtime,
    client: Client,
}

impl Kind for Hyper {
    fn name(&self) -> &'static str {
        "hyper"
    }

    fn open(&self, options: Options) -> Result<Box<dyn Adapter>, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = Client::builder()
            .servers(options.servers)
            .credentials(options.credentials)
            .retry(options.retry)
            .limits(options.limits)
            .list_path(options.list_path)
            .root_certificates_pem(options.root_certificates_pem)
            .build()?;
        Ok(Box::new(Opened { runtime, client }))
    }
}

impl Adapter for Opened {
    fn usage(&self, account: &AccountName) -> Result<LicenseSummary, Error> {
        self.runtime.block_on(self.client.licenses(account).usage())
    }

    fn list(&self, account: &AccountName, cursor: Option<DeviceId>) -> Vec<Result<LicensedDevice, Error>> {
        self.runtime.block_on(async {
            let mut list = self.client.licenses(account).list();
            if let Some(cursor) = cursor {
                list = list.resume_from(cursor);
            }
            let mut devices = Vec::new();
            while let Some(device) = list.next().await {
                devices.push(device);
            }
            devices
        })
    }

    fn pages(&self, account: &AccountName, most: usize) -> Result<Vec<Page>, Error> {
        self.runtime.block_on(async {
            // It stops somewhere, and nothing behind that is to be asked for.
            let mut list = self.client.licenses(account).list().read_ahead(0);
            let mut pages = Vec::new();
            while pages.len() < most {
                let Some(page) = list.next_page().await else { break };
                pages.push((page?, list.cursor().cloned()));
            }
            Ok(pages)
        })
    }

    fn walk(
        &self,
        account: &AccountName,
        walk: Walk,
        work: &mut dyn FnMut(&[LicensedDevice]),
    ) -> Result<(), Error> {
        let mut list = self.client.licenses(account).list();
        if !walk.points.is_empty() {
            list = list.starting_points(walk.points);
        }
        if let Some(requests) = walk.concurrency {
            list = list.concurrency(requests);
        }
        if let Some(pages) = walk.read_ahead {
            list = list.read_ahead(pages);
        }
        self.runtime.block_on(async {
            while let Some(page) = list.next_page().await {
                work(&page?);
            }
            Ok(())
        })
    }

    fn assign(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.runtime.block_on(self.client.licenses(account).assign(devices.iter().cloned()))
    }

    fn remove(&self, account: &AccountName, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.runtime.block_on(self.client.licenses(account).remove(devices.iter().cloned()))
    }

    fn lookup(&self, account: &AccountName, devices: &[DeviceId]) -> Result<DeviceLookup, Error> {
        self.runtime.block_on(self.client.devices(account).lookup(devices.iter().cloned()))
    }

    fn subscription(&self, account: &AccountName) -> Result<Subscription, Error> {
        self.runtime.block_on(self.client.subscription(account))
    }

    fn run(&self, run: &mut Run) {
        self.runtime.block_on(self.client.run(run, &mut |_: &Run| ControlFlow::Continue(())));
    }

    fn login(&self) -> Result<(), Error> {
        self.runtime.block_on(self.client.login())
    }

    fn logout(&self) -> Result<(), Error> {
        self.runtime.block_on(self.client.logout())
    }

    fn revoke(&self) -> Result<(), Error> {
        self.runtime.block_on(self.client.revoke())
    }

    fn set_credentials(&self, credentials: Credentials) {
        self.client.set_credentials(credentials);
    }

    fn is_login_blocked(&self) -> bool {
        self.client.is_login_blocked()
    }

    fn crowd(&self, account: &AccountName) -> Vec<Result<LicenseSummary, Error>> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..200)
                .map(|_| {
                    let licenses = self.client.licenses(account);
                    tokio::spawn(async move { licenses.usage().await })
                })
                .collect();
            let mut results = Vec::new();
            for task in tasks {
                results.push(task.await.unwrap());
            }
            results
        })
    }

    fn debug(&self) -> String {
        format!("{:?} {:#?}", self.client, self.client.config())
    }
}
