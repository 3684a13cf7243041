//! Devices: details of listed devices (D2). It is how a lost answer of a license change is settled.

use bytes::Bytes;
use fota_models::{AccountName, DeviceId, DeviceList, DeviceLookup};
use http::{Method, response};

use crate::endpoint::{Endpoint, Replay, decode_json, encode_json};
use crate::error::{DecodeError, Error};
use crate::licenses::{MAX_DEVICES, check_devices};
use crate::path::PathBuilder;

/// `POST /devices/{acc}`: what the service knows of each listed device. It reads, although it posts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "list_account_device_information")]
pub struct Lookup {
    /// The account.
    pub account: AccountName,
    /// The devices, at most [`MAX_DEVICES`].
    pub devices: DeviceList,
}

impl Lookup {
    /// A look at these devices.
    pub fn new<D: Into<DeviceId>>(account: AccountName, devices: impl IntoIterator<Item = D>) -> Self {
        Lookup { account, devices: DeviceList::new(devices) }
    }
}

impl Endpoint for Lookup {
    const NAME: &'static str = "devices.lookup";
    const METHOD: Method = Method::POST;
    const REPLAY: Replay = Replay::Safe;
    type Output = DeviceLookup;

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/devices").segment(self.account.as_str());
    }

    fn body(&self) -> Result<Option<Bytes>, Error> {
        check_devices(&self.devices, MAX_DEVICES)?;
        encode_json(&self.devices).map(Some)
    }

    fn decode(_: &response::Parts, body: &Bytes) -> Result<DeviceLookup, DecodeError> {
        decode_json(body)
    }
}

#[cfg(feature = "server")]
mod serve {
    use http::Response;

    use super::{DeviceLookup, Lookup};
    use crate::server::{Incoming, Rejection, Serve, json_reply};

    impl Serve for Lookup {
        fn accept(request: &Incoming<'_>) -> Result<Self, Rejection> {
            match request.route::<Self>()?.as_slice() {
                ["devices", account] => {
                    Ok(Lookup { account: Rejection::account(account)?, devices: request.json()? })
                }
                _ => Err(Rejection::NoMatch),
            }
        }

        fn reply(output: &DeviceLookup) -> Response<bytes::Bytes> {
            json_reply(output)
        }
    }
}
