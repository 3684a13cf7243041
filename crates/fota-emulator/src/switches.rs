//! Where the vendor's documents contradict each other or are silent, the emulator does one thing by default and the
//! others on request. These are the requests: a value per open question, settable in code and through the admin API.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One value per question that the vendor's documents leave open. The defaults are our choices; see `docs/emulator.md`.
///
/// ```
/// use fota_emulator::{Switches, TotalName};
/// let switches = Switches { page_size: 10, total_name: TotalName::TotalLicense, ..Switches::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // each is a question of its own
pub struct Switches {
    /// Devices per page of a list, 1 to 1000. The vendor's is 1000.
    pub page_size: usize,
    /// Seconds an access token lives from its first issue.
    pub token_seconds: u64,
    /// Seconds a session lives without a request.
    pub session_idle_seconds: u64,
    /// Failed logins in a row that lock the user.
    pub max_strikes: u32,
    /// A new login ends the user's earlier sessions.
    pub displace_sessions: bool,
    /// How a dead session is refused.
    pub session_refusal: SessionRefusal,
    /// How a path that does not exist is refused.
    pub route_refusal: RouteRefusal,
    /// Name of the total in the license list.
    pub total_name: TotalName,
    /// Name of the total in the answers of assign and remove.
    pub change_total_name: ChangeTotalName,
    /// Name of the per-device reason in the answers of assign and remove.
    pub reason_name: ReasonName,
    /// The per-device words of assign and remove.
    pub status_words: StatusWords,
    /// Times in the per-device results of assign and remove, as the vendor's copied sample has them.
    pub outcome_times: OutcomeTimes,
    /// The style of all other times.
    pub time_style: TimeStyle,
    /// What becomes of devices for which no license is left.
    pub over_assignment: OverAssignment,
    /// The most ids that one request may name; none means no limit.
    pub max_devices: Option<usize>,
    /// Cursors must be `0` or an IMEI of the account.
    pub strict_cursor: bool,
    /// How a page tells where the next one starts.
    pub cursor_answer: CursorAnswer,
    /// How an empty device list is written.
    pub empty_list: EmptyList,
    /// Numbers are written as text.
    pub numbers_as_text: bool,
    /// Answers carry fields that no document knows.
    pub unknown_fields: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Switches {
            page_size: 1000,
            token_seconds: 3600,
            session_idle_seconds: 1200,
            max_strikes: 5,
            displace_sessions: false,
            session_refusal: SessionRefusal::default(),
            route_refusal: RouteRefusal::default(),
            total_name: TotalName::default(),
            change_total_name: ChangeTotalName::default(),
            reason_name: ReasonName::default(),
            status_words: StatusWords::default(),
            outcome_times: OutcomeTimes::default(),
            time_style: TimeStyle::default(),
            over_assignment: OverAssignment::default(),
            max_devices: Some(1000),
            strict_cursor: false,
            cursor_answer: CursorAnswer::default(),
            empty_list: EmptyList::default(),
            numbers_as_text: false,
            unknown_fields: false,
        }
    }
}

impl Switches {
    pub(crate) fn page(&self) -> usize {
        self.page_size.clamp(1, 1000)
    }

    pub(crate) fn token_life(&self) -> Duration {
        Duration::from_secs(self.token_seconds)
    }

    pub(crate) fn session_idle(&self) -> Duration {
        Duration::from_secs(self.session_idle_seconds)
    }
}

macro_rules! switch {
    ($(#[$meta:meta])* $name:ident { $(#[$first_meta:meta])* $first:ident, $($(#[$other_meta:meta])* $other:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub enum $name {
            $(#[$first_meta])* #[default] $first,
            $($(#[$other_meta])* $other,)*
        }
    };
}

switch! {
    /// How a session that expired, or was never known, is refused. Documented for the M2M services only.
    SessionRefusal {
        /// 400 and a `SessionToken` code.
        Code400,
        /// 401 and the same code.
        Code401,
        /// 401 in the shape of sibling services, with `"error":"unauthorized"`.
        Sibling401,
    }
}
switch! {
    /// How the gateway refuses a path or method that does not exist.
    RouteRefusal {
        /// 400 and code 900906, as the vendor's own table has it.
        Gateway400,
        /// 404 and code 900906, as the gateway's maker documents it.
        Gateway404,
        /// 403 and XML that says 404, as the vendor's manual shows once.
        Xml403,
    }
}
switch! {
    /// Name of the total in the license list.
    TotalName {
        /// `totalLicenses`, as the SDKs have it.
        TotalLicenses,
        /// `totalLicense`, as the manual has it.
        TotalLicense,
        /// Left out, as in the SDK's sample.
        Omitted,
    }
}
switch! {
    /// Name of the total in the answers of assign and remove.
    ChangeTotalName {
        /// `licCount`, as the SDKs have it.
        LicCount,
        /// `licTotalCount`, as the manual has it.
        LicTotalCount,
    }
}
switch! {
    /// Name of the per-device reason.
    ReasonName {
        /// `resultReason`, as the SDKs have it.
        ResultReason,
        /// `Reason`, as the manual has it.
        Reason,
        /// `reason`, as other operations have it.
        #[serde(rename = "lowerReason")]
        LowerReason,
    }
}
switch! {
    /// The per-device words of assign and remove.
    StatusWords {
        /// `LicenseAssignSuccess` and its like.
        Specific,
        /// `Success` and `Failure`, as version 2 has them.
        Plain,
    }
}
switch! {
    /// Times in the per-device results of assign and remove.
    OutcomeTimes {
        /// None.
        Absent,
        /// RFC 3339.
        Rfc3339,
        /// Go's format. The vendor's Python SDK cannot read it.
        Go,
        /// The zero time and empty text.
        Unset,
    }
}
switch! {
    /// The style of times, other than those of [`OutcomeTimes`].
    TimeStyle {
        /// As documented, operation by operation.
        Documented,
        /// Go's format everywhere.
        Go,
        /// RFC 3339 everywhere.
        Rfc3339,
        /// Both in one answer: by turns, device by device.
        Mixed,
    }
}
switch! {
    /// What becomes of devices for which no license is left.
    OverAssignment {
        /// They fail, in the order of the request, and the others succeed.
        PerDevice,
        /// The whole request is refused with 400.
        WholeRequest,
    }
}
switch! {
    /// How a page tells where the next one starts.
    CursorAnswer {
        /// With its last device.
        LastDevice,
        /// Not at all; readers must take the last device themselves.
        Missing,
        /// With the cursor that was asked for. Readers that trust it never end.
        Stuck,
    }
}
switch! {
    /// How an empty device list is written.
    EmptyList {
        /// `[]`
        Empty,
        /// `null`
        Null,
        /// Not at all.
        Absent,
    }
}
