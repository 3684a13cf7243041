//! Licenses: usage and licensed devices (L1), assign (L2), remove (L3).

use bytes::Bytes;
use fota_models::{AccountName, DeviceId, DeviceList, LicenseChange, LicenseSummary, LicensedDevice};
use http::{Method, response};

use crate::endpoint::{Endpoint, PageParts, Paged, Replay, decode_json, encode_json};
use crate::error::{DecodeError, Error};
use crate::path::PathBuilder;

/// The most devices that one change may name. The service's own limit is not documented; this is the page
/// size of its lists, and our choice.
pub const MAX_DEVICES: usize = 1000;

/// The two documented spellings of the list's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ListPath {
    /// `/licenses/{acc}?lastSeenDeviceId=`, as the vendor's SDKs have it.
    #[default]
    Query,
    /// `/licenses/{acc}/index/{lastSeenDeviceId}`, as a page of the vendor's manual has it.
    Index,
}

/// `GET /licenses/{acc}`: license totals, and one page of the devices that hold a license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "list_licenses")]
#[doc(alias = "get_account_license_status")]
pub struct List {
    /// The account.
    pub account: AccountName,
    /// Only devices after this one are listed.
    pub after: DeviceId,
    /// How the request is spelled.
    pub path: ListPath,
}

impl List {
    /// The first page.
    pub fn new(account: AccountName) -> Self {
        List { account, after: DeviceId::zero(), path: ListPath::Query }
    }

    /// The page after a device.
    pub fn after(mut self, device: DeviceId) -> Self {
        self.after = device;
        self
    }

    /// The same page with another spelling of the path.
    pub fn path(mut self, path: ListPath) -> Self {
        self.path = path;
        self
    }
}

impl Endpoint for List {
    const NAME: &'static str = "licenses.list";
    const METHOD: Method = Method::GET;
    const REPLAY: Replay = Replay::Safe;
    type Output = LicenseSummary;

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/licenses").segment(self.account.as_str());
        match self.path {
            ListPath::Query => out.query("lastSeenDeviceId", &self.after.text()),
            ListPath::Index => out.literal("/index").segment(&self.after.text()),
        };
    }

    fn decode(_: &response::Parts, body: &Bytes) -> Result<LicenseSummary, DecodeError> {
        LicenseSummary::quick(body).map_or_else(|| decode_json(body), Ok)
    }
}

impl Paged for List {
    type Item = LicensedDevice;
    type Cursor = DeviceId;

    fn start() -> DeviceId {
        DeviceId::zero()
    }

    fn cursor(&self) -> &DeviceId {
        &self.after
    }

    fn at(&self, cursor: DeviceId) -> Self {
        List { after: cursor, ..self.clone() }
    }

    fn cursor_of(item: &LicensedDevice) -> DeviceId {
        item.device_id.clone()
    }

    fn split(page: LicenseSummary) -> PageParts<LicensedDevice, DeviceId> {
        PageParts { more: page.has_more_data, next: page.last_seen_device_id, items: page.device_list }
    }
}

/// `POST /licenses/{acc}/assign`: gives each listed device a license. Success is per device: look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "assign_licenses_to_devices")]
pub struct Assign {
    /// The account.
    pub account: AccountName,
    /// The devices, each once, at most [`MAX_DEVICES`].
    pub devices: DeviceList,
}

/// `POST /licenses/{acc}/remove`: takes the licenses back. A device that was upgraded since it got its
/// license keeps it; an upgrade that is scheduled for a device is canceled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "remove_licenses_from_devices")]
pub struct Remove {
    /// The account.
    pub account: AccountName,
    /// The devices, each once, at most [`MAX_DEVICES`].
    pub devices: DeviceList,
}

/// Assign and remove differ in one word of the path.
macro_rules! change {
    ($type:ident, $name:literal, $verb:literal) => {
        impl $type {
            /// A change of these devices' licenses.
            pub fn new<D: Into<DeviceId>>(
                account: AccountName,
                devices: impl IntoIterator<Item = D>,
            ) -> Self {
                $type { account, devices: DeviceList::new(devices) }
            }
        }

        impl Endpoint for $type {
            const NAME: &'static str = $name;
            const METHOD: Method = Method::POST;
            const REPLAY: Replay = Replay::Never;
            type Output = LicenseChange;

            fn path_and_query(&self, out: &mut PathBuilder) {
                out.literal("/licenses").segment(self.account.as_str()).literal($verb);
            }

            fn body(&self) -> Result<Option<Bytes>, Error> {
                check_devices(&self.devices, MAX_DEVICES)?;
                self.devices
                    .quick_json()
                    .map_or_else(|| encode_json(&self.devices), |json| Ok(json.into()))
                    .map(Some)
            }

            fn decode(_: &response::Parts, body: &Bytes) -> Result<LicenseChange, DecodeError> {
                LicenseChange::quick(body).map_or_else(|| decode_json(body), Ok)
            }
        }
    };
}

change!(Assign, "licenses.assign", "/assign");
change!(Remove, "licenses.remove", "/remove");

/// What every request with a device list has to hold: some devices, not too many, none empty.
pub(crate) fn check_devices(devices: &DeviceList, most: usize) -> Result<(), Error> {
    let count = devices.device_list.len();
    if count == 0 {
        return Err(Error::invalid("the device list is empty; the server refuses that"));
    }
    if count > most {
        return Err(Error::invalid(format!(
            "{count} devices in one request, {most} at most; split the list, or use a bulk run"
        )));
    }
    match devices.device_list.iter().position(DeviceId::is_empty) {
        Some(index) => {
            Err(Error::invalid(format!("device number {} of the list has an empty id", index + 1)))
        }
        None => Ok(()),
    }
}

#[cfg(feature = "server")]
mod serve {
    use http::Response;

    use super::{Assign, DeviceId, DeviceList, LicenseChange, LicenseSummary, List, ListPath, Remove};
    use crate::server::{Incoming, Rejection, Serve, json_reply};

    impl Serve for List {
        fn accept(request: &Incoming<'_>) -> Result<Self, Rejection> {
            let (account, cursor, path) = match request.route::<Self>()?.as_slice() {
                ["licenses", account] => (
                    *account,
                    request.query("lastSeenDeviceId").unwrap_or_else(|| "0".to_owned()),
                    ListPath::Query,
                ),
                ["licenses", account, "index", cursor] => (*account, (*cursor).to_owned(), ListPath::Index),
                _ => return Err(Rejection::NoMatch),
            };
            Ok(List { account: Rejection::account(account)?, after: DeviceId::from(cursor), path })
        }

        fn reply(output: &LicenseSummary) -> Response<bytes::Bytes> {
            json_reply(output)
        }
    }

    macro_rules! serve_change {
        ($type:ident, $verb:literal) => {
            impl Serve for $type {
                fn accept(request: &Incoming<'_>) -> Result<Self, Rejection> {
                    match request.route::<Self>()?.as_slice() {
                        ["licenses", account, $verb] => Ok($type {
                            account: Rejection::account(account)?,
                            devices: request.json::<DeviceList>()?,
                        }),
                        _ => Err(Rejection::NoMatch),
                    }
                }

                fn reply(output: &LicenseChange) -> Response<bytes::Bytes> {
                    json_reply(output)
                }
            }
        };
    }

    serve_change!(Assign, "assign");
    serve_change!(Remove, "remove");
}
