//! A short cut for the answers whose lists have a thousand entries: reads the usual shape straight from the bytes.
//!
//! It takes JSON objects with names and texts in plain ASCII without escapes, and whole numbers, each of the type its
//! field documents. At anything else it gives up, and the general reader in `wire.rs` and `lenient.rs`, which takes
//! everything, decides: nothing is refused here, and what is read here is what that reader would have read.

use crate::device::{DeviceId, Imei};
use crate::licenses::{
    DeviceList, DeviceOutcome, LicenseChange, LicenseStatus, LicenseSummary, LicensedDevice, Reason,
};
use crate::scan::Scan;
use crate::time::Timestamp;

impl LicenseSummary {
    /// Reads a page of the usual shape about six times as fast as `serde_json` does.
    ///
    /// `None` says nothing about the text: read it with `serde_json`, which takes every shape and tells what is wrong.
    /// Where this gives a value, it is the one that `serde_json` gives.
    ///
    /// ```
    /// use fota_models::LicenseSummary;
    /// let page = br#"{"assignedLicenses":1,"hasMoreData":false,"deviceList":[{"deviceId":"352099001761481"}]}"#;
    /// assert_eq!(LicenseSummary::quick(page), Some(serde_json::from_slice(page)?));
    /// assert_eq!(LicenseSummary::quick(br#"{"assignedLicenses":"1","hasMoreData":false}"#), None);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn quick(json: &[u8]) -> Option<Self> {
        let mut scan = Scan(json);
        let (mut account, mut total, mut assigned, mut more) = (None, None, None, None);
        let (mut cursor, mut size, mut list) = (None, None, None);
        scan.object(|name, scan| match name {
            b"accountName" => scan.fill(&mut account, Scan::owned),
            b"totalLicenses" | b"totalLicense" => scan.fill(&mut total, Scan::count),
            b"assignedLicenses" => scan.fill(&mut assigned, Scan::count),
            b"hasMoreData" => scan.fill(&mut more, Scan::flag),
            b"lastSeenDeviceId" => scan.fill(&mut cursor, Scan::id),
            b"maxPageSize" => scan.fill(&mut size, Scan::count),
            b"deviceList" => scan.fill(&mut list, |scan| scan.list(LicensedDevice::quick)),
            _ => None,
        })?;
        let known = account.is_some() || total.is_some() || assigned.is_some() || more.is_some();
        let known = known || cursor.is_some() || size.is_some() || list.is_some();
        (known && scan.is_over()).then(|| Self {
            account_name: account,
            total_licenses: total,
            assigned_licenses: assigned,
            has_more_data: more.unwrap_or_default(),
            last_seen_device_id: cursor,
            max_page_size: size,
            device_list: list.unwrap_or_default(),
            ..Self::default()
        })
    }
}

impl LicensedDevice {
    fn quick(scan: &mut Scan<'_>) -> Option<Self> {
        // Nearly always it is as the vendor prints it, to the byte.
        match Self::as_printed(scan.0) {
            Some((device, rest)) => {
                scan.0 = rest;
                Some(device)
            }
            None => Self::in_any_order(scan),
        }
    }

    fn as_printed(text: &[u8]) -> Option<(Self, &[u8])> {
        let (device_id, rest) = imei(text.strip_prefix(b"{\"deviceId\":\"")?)?;
        let (time, rest) = Timestamp::read_front(rest.strip_prefix(b"\",\"assignmentTime\":\"")?)?;
        let device = Self { device_id, assignment_time: Some(time), extra: crate::Extra::default() };
        Some((device, rest.strip_prefix(b"\"}")?))
    }

    fn in_any_order(scan: &mut Scan<'_>) -> Option<Self> {
        let (mut id, mut time) = (None, None);
        scan.object(|name, scan| match name {
            b"deviceId" => scan.fill(&mut id, Scan::id),
            b"assignmentTime" => scan.fill(&mut time, Scan::time),
            _ => None,
        })?;
        Some(Self {
            device_id: id.unwrap_or_default(),
            assignment_time: time,
            extra: crate::Extra::default(),
        })
    }
}

impl LicenseChange {
    /// Reads an answer of the usual shape about six times as fast as `serde_json` does; see
    /// [`LicenseSummary::quick`].
    pub fn quick(json: &[u8]) -> Option<Self> {
        let mut scan = Scan(json);
        let (mut account, mut total, mut used, mut list) = (None, None, None, None);
        // Most devices of an answer have the same words, and those that are not known are then shared. Most answers
        // begin with these.
        let mut before =
            DeviceOutcome::default().status(LicenseStatus::AssignSuccess).reason(Reason::Success);
        scan.object(|name, scan| match name {
            b"accountName" => scan.fill(&mut account, Scan::owned),
            b"licCount" | b"licTotalCount" => scan.fill(&mut total, Scan::count),
            b"licUsedCount" => scan.fill(&mut used, Scan::count),
            b"deviceList" => {
                scan.fill(&mut list, |scan| scan.list(|scan| DeviceOutcome::quick(scan, &mut before)))
            }
            _ => None,
        })?;
        let known = account.is_some() || total.is_some() || used.is_some() || list.is_some();
        (known && scan.is_over()).then(|| Self {
            account_name: account,
            total_licenses: total,
            used_licenses: used,
            device_list: list.unwrap_or_default(),
            ..Self::default()
        })
    }
}

impl DeviceOutcome {
    /// `before` keeps the words of the entry before.
    fn quick(scan: &mut Scan<'_>, before: &mut Self) -> Option<Self> {
        match Self::as_printed(scan.0, before) {
            Some((device, rest)) => {
                scan.0 = rest;
                Some(device)
            }
            None => Self::in_any_order(scan, before),
        }
    }

    /// As the vendor prints it, with the words of the entry before.
    fn as_printed<'a>(text: &'a [u8], before: &Self) -> Option<(Self, &'a [u8])> {
        let (device_id, rest) = imei(text.strip_prefix(b"{\"deviceId\":\"")?)?;
        let rest = rest.strip_prefix(b"\",\"status\":\"")?;
        let rest = rest.strip_prefix(before.status.as_str().as_bytes())?;
        let rest = rest
            .strip_prefix(b"\",\"resultReason\":\"")
            .or_else(|| rest.strip_prefix(b"\",\"Reason\":\""))?;
        let reason = before.reason.clone()?;
        let rest = rest.strip_prefix(reason.as_str().as_bytes())?;
        let device = Self {
            device_id,
            status: before.status.clone(),
            reason: Some(reason),
            updated_time: None,
            recent_attempt_time: None,
            next_attempt_time: None,
            extra: crate::Extra::default(),
        };
        Some((device, rest.strip_prefix(b"\"}")?))
    }

    fn in_any_order(scan: &mut Scan<'_>, before: &mut Self) -> Option<Self> {
        let (mut id, mut status, mut reason) = (None, None, None);
        let (mut updated, mut recent, mut next) = (None, None, None);
        scan.object(|name, scan| match name {
            b"deviceId" => scan.fill(&mut id, Scan::id),
            b"status" => scan.fill(&mut status, |scan| {
                let word = scan.word()?;
                if before.status.as_str() != word {
                    before.status = word.into();
                }
                Some(before.status.clone())
            }),
            b"resultReason" | b"Reason" | b"reason" => scan.fill(&mut reason, |scan| {
                let word = scan.word()?;
                if before.reason.as_ref().is_none_or(|before| before.as_str() != word) {
                    before.reason = Some(word.into());
                }
                before.reason.clone()
            }),
            b"updatedTime" => scan.fill(&mut updated, Scan::time),
            b"recentAttemptTime" => scan.fill(&mut recent, Scan::time),
            b"nextAttemptTime" => scan.fill(&mut next, Scan::time),
            _ => None,
        })?;
        Some(Self {
            device_id: id.unwrap_or_default(),
            status: status.unwrap_or_default(),
            reason,
            updated_time: updated,
            recent_attempt_time: recent,
            next_attempt_time: next,
            extra: crate::Extra::default(),
        })
    }
}

impl DeviceList {
    /// The JSON of a list that holds IMEIs and nothing else; `None` for others, which `serde_json` writes.
    ///
    /// ```
    /// let list = fota_models::DeviceList::new(["352099001761481", "867234051200779"]);
    /// assert_eq!(list.quick_json(), Some(serde_json::to_vec(&list)?));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn quick_json(&self) -> Option<Vec<u8>> {
        let mut json = Vec::with_capacity(20 + self.device_list.len() * 19);
        json.extend_from_slice(b"{\"deviceList\":[");
        for (index, device) in self.device_list.iter().enumerate() {
            json.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            json.extend_from_slice(device.imei()?.text().ascii());
            json.push(b'"');
        }
        json.extend_from_slice(b"]}");
        self.extra.is_empty().then_some(json)
    }
}

/// An id of 15 digits, whatever comes behind it.
fn imei(text: &[u8]) -> Option<(DeviceId, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<15>()?;
    Some((Imei::from_digits(digits)?.into(), rest))
}
