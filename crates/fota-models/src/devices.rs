//! Devices: what the service knows about the devices of an account.
use crate::device::DeviceId;
use crate::licenses::Reason;
use crate::protocol::Protocol;
use crate::time::Timestamp;

wire! {
    /// Details of the devices asked for: the answer of `POST /devices/{acc}`.
    #[doc(alias = "DeviceListResult")]
    pub struct DeviceLookup as response {
        /// The account.
        account_name: Option<String> = "accountName",
        /// How many devices the service says it answers for.
        device_count: Option<u64> = "deviceCount",
        /// The devices.
        device_list: Vec<FotaDevice> = "deviceList",
    }
}

wire! {
    /// A device as the service knows it. The two device operations fill different fields, so all but the id are optional.
    #[doc(alias = "V3Device")]
    pub struct FotaDevice as device {
        /// Its IMEI.
        device_id: DeviceId = "deviceId",
        /// Mobile directory number.
        mdn: Option<String> = "mdn",
        /// Model.
        model: Option<String> = "model",
        /// Maker.
        make: Option<String> = "make",
        /// Version of the firmware on it.
        firmware: Option<String> = "firmware",
        /// Whether it can be upgraded over the air.
        fota_eligible: Option<bool> = "fotaEligible",
        /// The device's state, such as `Active`.
        status: Option<String> = "status",
        /// Whether it holds a license.
        license_assigned: Option<bool> = "licenseAssigned",
        /// How it is managed.
        protocol: Option<Protocol> = "protocol",
        /// Software on it. Not written when empty.
        software_list: Vec<SoftwarePackage> = "softwareList",
        /// Files on it. Not written when empty.
        file_list: Vec<SoftwarePackage> = "fileList",
        /// When the service first knew it.
        create_time: Option<Timestamp> = "createTime",
        /// When it was last upgraded.
        upgrade_time: Option<Timestamp> = "upgradeTime",
        /// When this record last changed.
        update_time: Option<Timestamp> = "updateTime",
        /// When its firmware was last reported.
        refresh_time: Option<Timestamp> = "refreshTime",
        /// When its state last changed.
        status_time: Option<Timestamp> = "statusTime",
        /// When it last connected.
        last_connection_time: Option<Timestamp> = "lastConnectionTime",
        /// How the request for this device went.
        request_status: Option<String> = "requestStatus",
        /// Why, if it did not go well. Spelled three ways by the vendor's pages.
        result_reason: Option<Reason> = "resultReason" | "Reason" | "reason",
    }
}

impl FotaDevice {
    /// A device of which only the id is known.
    pub fn new(device_id: impl Into<DeviceId>) -> Self {
        Self::default().device_id(device_id)
    }
}

wire! {
    /// Software or a file on a device.
    #[doc(alias = "V3SoftwareInfo")]
    pub struct SoftwarePackage as inner {
        /// Its name.
        name: Option<String> = "name",
        /// Its version.
        version: Option<String> = "version",
        /// When it was put there.
        upgrade_time: Option<Timestamp> = "upgradeTime",
    }
}
