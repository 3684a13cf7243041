//! Licenses: the account's totals and licensed devices, and the result of assigning and removing.
use crate::device::DeviceId;
use crate::time::Timestamp;

wire! {
    /// One page of an account's license status: the answer of `GET /licenses/{acc}`.
    ///
    /// Totals are those of the whole account, the list is this page's. There is no snapshot: totals of two pages can differ.
    #[doc(alias = "V3LicenseSummary")]
    pub struct LicenseSummary as response {
        /// The account.
        account_name: Option<String> = "accountName",
        /// Licenses bought in the monthly subscription. The manual spells it `totalLicense`; some answers lack it.
        total_licenses: Option<u64> = "totalLicenses" | "totalLicense",
        /// Licenses on devices, in the whole account.
        assigned_licenses: Option<u64> = "assignedLicenses",
        /// Whether another page follows.
        has_more_data: bool = "hasMoreData",
        /// Where the next page starts; opaque, not always an IMEI.
        last_seen_device_id: Option<DeviceId> = "lastSeenDeviceId",
        /// The most devices a page holds; 1000 is the documented limit.
        max_page_size: Option<u64> = "maxPageSize",
        /// The licensed devices of this page, in ascending order of IMEI.
        device_list: Vec<LicensedDevice> = "deviceList",
    }
}

impl LicenseSummary {
    /// Licenses that are bought and on no device: total less assigned. `None` unless both are known.
    ///
    /// Zero, not negative, when more are assigned than bought, as may be seen after a subscription was cut.
    pub fn free_licenses(&self) -> Option<u64> {
        Some(self.total_licenses?.saturating_sub(self.assigned_licenses?))
    }
}

wire! {
    /// A device that holds a license.
    #[doc(alias = "V3LicenseDevice")]
    pub struct LicensedDevice as device {
        /// Its IMEI.
        device_id: DeviceId = "deviceId",
        /// When it got the license; in Go's format in every known example.
        assignment_time: Option<Timestamp> = "assignmentTime",
    }
}

impl LicensedDevice {
    /// A licensed device without a known time.
    pub fn new(device_id: impl Into<DeviceId>) -> Self {
        Self::default().device_id(device_id)
    }
}

wire! {
    /// Devices to act on: the body of assign, remove and `POST /devices/{acc}`.
    ///
    /// A missing list reads as empty; the service then answers "Device list is empty".
    #[doc(alias = "V3LicenseIMEI")]
    pub struct DeviceList as plain {
        /// The IMEIs.
        device_list: Vec<DeviceId> = "deviceList",
    }
}

impl DeviceList {
    /// A list of these ids, in this order.
    pub fn new<I: IntoIterator>(ids: I) -> Self
    where
        I::Item: Into<DeviceId>,
    {
        ids.into_iter().collect()
    }
}

impl<T: Into<DeviceId>> FromIterator<T> for DeviceList {
    fn from_iter<I: IntoIterator<Item = T>>(ids: I) -> Self {
        Self::default().device_list(ids.into_iter().map(Into::into).collect::<Vec<_>>())
    }
}

wire! {
    /// What an assign or remove request did: the answer of `POST /licenses/{acc}/assign` and `…/remove`.
    ///
    /// Success is per device. The whole request is a `200` even if every device failed.
    #[doc(alias = "V3LicenseAssignedRemovedResult")]
    pub struct LicenseChange as response {
        /// The account.
        account_name: Option<String> = "accountName",
        /// Licenses in total, after the change. The manual spells it `licTotalCount`.
        total_licenses: Option<u64> = "licCount" | "licTotalCount",
        /// Licenses on devices, after the change.
        used_licenses: Option<u64> = "licUsedCount",
        /// One entry per requested device.
        device_list: Vec<DeviceOutcome> = "deviceList",
    }
}

wire! {
    /// What happened to one device of a request.
    #[doc(alias = "V3DeviceStatus")]
    pub struct DeviceOutcome as device {
        /// Its IMEI.
        device_id: DeviceId = "deviceId",
        /// The service's word; [`verdict`](Self::verdict) says what it means.
        status: LicenseStatus = "status",
        /// The explanation, if any. Spelled three ways by the vendor's pages.
        reason: Option<Reason> = "resultReason" | "Reason" | "reason",
        /// A campaign report's time; not expected for licenses.
        updated_time: Option<Timestamp> = "updatedTime",
        /// A campaign report's time; not expected for licenses.
        recent_attempt_time: Option<Timestamp> = "recentAttemptTime",
        /// A campaign report's time; not expected for licenses.
        next_attempt_time: Option<Timestamp> = "nextAttemptTime",
    }
}

impl DeviceOutcome {
    /// An outcome without a reason.
    pub fn new(device_id: impl Into<DeviceId>, status: impl Into<LicenseStatus>) -> Self {
        Self::default().device_id(device_id).status(status)
    }

    /// What status and reason mean, whatever their case.
    ///
    /// The vendor's vocabulary is only partly published, so the rule goes by parts of words and is our choice: a reason that
    /// speaks of a preexisting license means the device has one, whatever the status says; a status ending in
    /// `success`, `succeed` or `succeeded` is a success; one that contains `fail`, `reject` or `error` is a failure.
    pub fn verdict(&self) -> Verdict {
        let status = self.status.as_str().trim().to_ascii_lowercase();
        // A removal cannot end in "has a license" and be well.
        if !status.contains("remove") && self.reason.as_ref().is_some_and(Reason::is_preexisting) {
            return Verdict::AlreadyAssigned;
        }
        if ["success", "succeed", "succeeded"].iter().any(|end| status.ends_with(end)) {
            Verdict::Success
        } else if ["fail", "reject", "error"].iter().any(|part| status.contains(part)) {
            Verdict::Failed
        } else {
            Verdict::Unknown
        }
    }
}

/// The meaning of a [`DeviceOutcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Done.
    Success,
    /// Nothing to do: the device had a license already.
    AlreadyAssigned,
    /// Not done.
    Failed,
    /// The word says neither. Treat it as not confirmed.
    Unknown,
}

open_enum! {
    /// The service's word for the result of a license change. For its meaning, see [`DeviceOutcome::verdict`].
    pub enum LicenseStatus {
        /// A license was assigned.
        AssignSuccess = "LicenseAssignSuccess",
        /// No license was assigned. Not seen in the vendor's pages, but the counterpart of a word that is.
        AssignFailed = "LicenseAssignFailed",
        /// The license was removed. Not seen in the vendor's pages, but the counterpart of a word that is.
        RemoveSuccess = "LicenseRemoveSuccess",
        /// The license was not removed.
        RemoveFailed = "LicenseRemoveFailed",
        /// Done, in the words of an earlier version of the service.
        Success = "Success",
        /// Not done, in the words of an earlier version of the service.
        Failure = "Failure",
    }
}

open_enum! {
    /// Why a device's result is what it is. Free text of the service; the texts known are variants and need no heap.
    #[doc(alias = "resultReason")]
    pub enum Reason {
        /// Nothing to explain.
        Success = "Success",
        /// The device had a license already.
        Preexisting = "Device license preexisting",
        /// The account has no such device.
        DeviceNotFound = "Device Not Found",
    }
}

impl Reason {
    /// Whether it says that the device had a license already.
    pub fn is_preexisting(&self) -> bool {
        let text = self.as_str().to_ascii_lowercase();
        ["preexist", "pre-exist", "already assigned", "already licensed"]
            .iter()
            .any(|part| text.contains(part))
    }
}
