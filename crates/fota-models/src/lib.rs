//! Wire types of the Verizon ThingSpace Software Management services, version 3 (FOTA).
//!
//! The service is documented by several pages that disagree, and answers in more ways than any of them says.
//! These types read all of it: every documented spelling of a field, numbers sent as text, `null` for missing,
//! both time formats, words and fields nobody has heard of yet. One odd entry never spoils a page, and nothing
//! that was read is altered: ids, times and unknown words are written back byte for byte, unknown fields stay in
//! [`Extra`]. When writing, there is one spelling only: that of the vendor's SDKs.
//!
//! Three things are refused on purpose, because guessing would cost money: a `200` answer that has none of
//! the fields it should have (an empty answer is not an empty fleet), a list that is not a list, and a `hasMoreData` that is neither
//! true nor false.
//!
//! There is no HTTP in this crate, and no clock.
//!
//! ```
//! use fota_models::{LicenseSummary, Verdict, LicenseChange};
//!
//! // What `GET /licenses/{acc}` answers, here with the manual's spelling of the total.
//! let page: LicenseSummary = serde_json::from_str(
//!     r#"{"accountName":"0000123456-00001","totalLicense":"250","assignedLicenses":1,"hasMoreData":false,
//!         "deviceList":[{"deviceId":"352099001761481","assignmentTime":"2024-03-05 09:10:11.5 +0000 UTC"}]}"#,
//! )?;
//! assert_eq!(page.total_licenses, Some(250));
//! assert_eq!(page.free_licenses(), Some(249));
//! let device = &page.device_list[0];
//! assert_eq!(device.device_id.imei().map(|imei| imei.luhn_valid()), Some(true));
//! let assigned = device.assignment_time.as_ref().unwrap();
//! assert_eq!(assigned.unix(), Some((1_709_629_811, 500_000_000)));
//! assert_eq!(assigned.to_string(), "2024-03-05 09:10:11.5 +0000 UTC");
//!
//! // What `POST /licenses/{acc}/assign` answers: success is per device.
//! let change: LicenseChange = serde_json::from_str(
//!     r#"{"licTotalCount":250,"licUsedCount":2,"deviceList":[
//!         {"deviceId":"867234051200779","status":"LicenseAssignFailed","Reason":"Device Not Found"}]}"#,
//! )?;
//! assert_eq!(change.device_list[0].verdict(), Verdict::Failed);
//! # Ok::<(), serde_json::Error>(())
//! ```
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

#[macro_use]
mod open_enum;
#[macro_use]
mod wire;

mod account;
#[cfg(feature = "proptest")]
mod arbitrary;
mod auth;
mod calendar;
mod device;
mod devices;
mod digits;
mod error;
mod extra;
mod fault_xml;
mod lenient;
mod licenses;
mod protocol;
mod quick;
mod scan;
mod secret;
mod subscriptions;
mod time;

pub use account::{AccountName, InvalidAccountName};
pub use auth::{AccessToken, LoginRequest, SessionToken};
pub use device::{DeviceId, DeviceText, Imei, ImeiText, InvalidImei};
pub use devices::{DeviceLookup, FotaDevice, SoftwarePackage};
pub use error::{ApiError, ApiFault, GatewayFault, OAuthError, SoapFault};
pub use extra::{Extra, InvalidJson};
pub use licenses::{
    DeviceList, DeviceOutcome, LicenseChange, LicenseStatus, LicenseSummary, LicensedDevice, Reason, Verdict,
};
pub use protocol::{Protocol, ProtocolKind};
pub use secret::Secret;
pub use subscriptions::{PurchaseType, Subscription};
pub use time::{TimeFormat, Timestamp};
