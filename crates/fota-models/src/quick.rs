//! A short cut for the answers whose lists have a thousand entries: reads the usual shape straight from the bytes.
//!
//! It takes JSON objects with names and texts in plain ASCII without escapes, and whole numbers, each of the type its
//! field documents. At anything else it gives up, and the general reader in `wire.rs` and `lenient.rs`, which takes
//! everything, decides: nothing is refused here, and what is read here is what that reader would have read.

use crate::device::{DeviceId, Imei};
use crate::licenses::{
    DeviceList, DeviceOutcome, LicenseChange, LicenseStatus, LicenseSummary, LicensedDevice, Reason,
};
use crate::time::Timestamp;

/// The most entries that room is made for in advance; the documented page has 1000.
const ROOM: usize = 1024;

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

/// The text not read yet. Every method gives `None` where the text is not of the usual shape.
struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    /// The next byte that is not white space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.0.first()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.0 = self.0.get(1..)?,
                byte => return Some(byte),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// An object; `member` is given each name and reads the value behind it.
    fn object(&mut self, mut member: impl FnMut(&[u8], &mut Self) -> Option<()>) -> Option<()> {
        if !self.eat(b'{') {
            return None;
        }
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            let name = self.text()?;
            if !self.eat(b':') {
                return None;
            }
            member(name, self)?;
            if self.eat(b'}') {
                return Some(());
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn list<T>(&mut self, mut entry: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.eat(b'[') {
            return None;
        }
        let mut list = Vec::new();
        if self.eat(b']') {
            return Some(list);
        }
        loop {
            let before = self.0.len();
            let read = entry(self)?;
            if list.is_empty() {
                // The other entries are about as long as the first; a list that grows copies them again and again.
                let length = before.saturating_sub(self.0.len()).max(1) + 1;
                list.reserve_exact((self.0.len() / length + 2).min(ROOM));
            }
            list.push(read);
            if self.eat(b']') {
                return Some(list);
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    /// Reads a member's value and keeps it unless it is null. A second one is for the general reader to judge.
    fn fill<T>(&mut self, slot: &mut Option<T>, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<()> {
        if slot.is_some() {
            return None;
        }
        if self.peek()? == b'n' {
            self.0 = self.0.strip_prefix(b"null")?;
        } else {
            *slot = Some(read(self)?);
        }
        Some(())
    }

    /// A text of printable ASCII without escapes, eight bytes at a time.
    fn text(&mut self) -> Option<&'a [u8]> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        if !self.eat(b'"') {
            return None;
        }
        let (whole, mut rest, mut length) = (self.0, self.0, 0);
        while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
            let bytes = u64::from_le_bytes(*eight);
            let (quotes, escapes) = (bytes ^ (ONES * 0x22), bytes ^ (ONES * 0x5C));
            // The highest bit of each byte: zero there, zero there, below a space, or not ASCII. A byte above the
            // first that is found may be marked without reason; it is not looked at.
            let marks = (quotes.wrapping_sub(ONES) & !quotes)
                | (escapes.wrapping_sub(ONES) & !escapes)
                | (bytes.wrapping_sub(ONES * 0x20) & !bytes)
                | bytes;
            if marks & HIGH != 0 {
                length += usize::try_from((marks & HIGH).trailing_zeros() / 8).ok()?;
                return self.close(whole, length);
            }
            rest = behind;
            length += 8;
        }
        length +=
            rest.iter().position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
        self.close(whole, length)
    }

    fn close(&mut self, whole: &'a [u8], length: usize) -> Option<&'a [u8]> {
        let (text, rest) = whole.split_at_checked(length)?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    fn word(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.text()?).ok()
    }

    fn owned(&mut self) -> Option<String> {
        self.word().map(str::to_owned)
    }

    fn id(&mut self) -> Option<DeviceId> {
        DeviceId::from_ascii(self.text()?)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_ascii(self.text()?)
    }

    /// A whole number that surely fits, as JSON writes it: no sign, no leading zero.
    fn count(&mut self) -> Option<u64> {
        let first = self.peek()?;
        let (mut number, mut digits) = (0, 0);
        while let Some(digit) = self.0.first().filter(|byte| byte.is_ascii_digit()) {
            number = number * 10 + u64::from(digit - b'0');
            digits += 1;
            if digits > 18 {
                return None;
            }
            self.0 = self.0.get(1..)?;
        }
        // What must not follow a number, such as a point, is not what may follow a value either.
        (digits == 1 || digits > 1 && first != b'0').then_some(number)
    }

    fn flag(&mut self) -> Option<bool> {
        let (flag, rest) = match self.peek()? {
            b't' => (true, self.0.strip_prefix(b"true")?),
            _ => (false, self.0.strip_prefix(b"false")?),
        };
        self.0 = rest;
        Some(flag)
    }
}
