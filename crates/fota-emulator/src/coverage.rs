//! What is emulated, and how sure we are that the service does the same. The guide repeats this list; a test compares.

use serde::Serialize;

/// How sure we are of a behavior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The vendor's manual or SDKs say so.
    Documented,
    /// Users of the service have seen it.
    Observed,
    /// Our guess; there may be a switch for other guesses.
    Guessed,
}

/// One emulated behavior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// The operation or part.
    pub area: &'static str,
    /// What it does.
    pub behavior: &'static str,
    /// How sure we are.
    pub basis: Basis,
    /// The switch that changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<&'static str>,
}

use Basis::{Documented, Guessed, Observed};

const fn row(area: &'static str, behavior: &'static str, basis: Basis) -> Coverage {
    Coverage { area, behavior, basis, switch: None }
}

const fn switched(
    area: &'static str,
    behavior: &'static str,
    basis: Basis,
    switch: &'static str,
) -> Coverage {
    Coverage { area, behavior, basis, switch: Some(switch) }
}

/// Every emulated behavior.
pub const COVERAGE: &[Coverage] = &[
    row("order of checks", "bearer, route, rate limit, session, account, body", Guessed),
    row("rate limit", "429 with code 900800", Documented),
    row(
        "rate limit",
        "none unless set; per account, in spans that the first request opens; with Retry-After",
        Guessed,
    ),
    switched(
        "routes",
        "an unknown path or method is refused with 400 and code 900906",
        Documented,
        "routeRefusal",
    ),
    row("routes", "outside the three services: 403 with XML that says 404", Documented),
    switched(
        "auth.token",
        "the same token within an hour of its first issue, with falling expires_in",
        Documented,
        "tokenSeconds",
    ),
    row("auth.token", "no Basic header: 401 and code 900902", Documented),
    row("auth.token", "wrong key or secret: 401 invalid_client", Guessed),
    row("auth.token", "no grant_type: 400 invalid_request", Documented),
    row("auth.revoke", "path; the next token request gets a new token", Observed),
    row("auth.revoke", "empty 200, also for unknown tokens", Guessed),
    row("bearer", "wrong or expired: 401 and code 900901", Documented),
    row("bearer", "missing: 401 and code 900902", Documented),
    row("auth.login", "needs a bearer", Documented),
    switched("auth.login", "five failed logins in a row lock the user", Documented, "maxStrikes"),
    row("auth.login", "status and codes of a wrong password and of a locked user", Guessed),
    row("auth.login", "an unknown user name locks nobody", Guessed),
    row("auth.login", "empty, incomplete and forbidden input: codes", Documented),
    switched("auth.login", "earlier sessions of the user live on", Guessed, "displaceSessions"),
    row("auth.logout", "ends the session and names it", Documented),
    switched("session", "dies after 20 minutes without a request", Documented, "sessionIdleSeconds"),
    row("session", "codes for expired, unknown and malformed tokens at M2M", Observed),
    switched("session", "the FOTA service answers a dead session like M2M", Guessed, "sessionRefusal"),
    row("account", "an unknown account is refused with 400 INVALID_PARAMETER", Guessed),
    row("licenses.list", "pages in ascending order after lastSeenDeviceId", Documented),
    row("licenses.list", "a missing cursor means 0", Documented),
    row("licenses.list", "/index/{cursor} is another spelling of the path", Documented),
    switched("licenses.list", "pages of up to 1000", Documented, "pageSize"),
    switched("licenses.list", "numeric order, and any number is a cursor", Guessed, "strictCursor"),
    switched("licenses.list", "the total is called totalLicenses", Documented, "totalName"),
    switched("licenses.list", "an empty page echoes the cursor", Guessed, "cursorAnswer"),
    row("licenses.assign", "success and failure are per device, in a 200", Documented),
    row("licenses.assign", "a licensed device is reported as preexisting and takes no license", Documented),
    row("licenses.assign", "the reason Device Not Found", Documented),
    switched(
        "licenses.assign",
        "devices beyond the pool fail, in the order of the request",
        Guessed,
        "overAssignment",
    ),
    row("licenses.assign", "an account billed per upgrade succeeds without taking licenses", Guessed),
    row("licenses.assign", "a malformed id fails for itself alone", Guessed),
    row("licenses.remove", "the license returns to the pool; a scheduled upgrade is canceled", Documented),
    row("licenses.remove", "refused after an upgrade since the assignment, and during one", Documented),
    row("licenses.remove", "a device without a license fails", Guessed),
    row("licenses.*", "duplicates are reported once", Guessed),
    row("licenses.*", "an empty list is refused with Device list is empty", Documented),
    switched("licenses.*", "more than 1000 ids are refused", Guessed, "maxDevices"),
    switched(
        "licenses.*",
        "the words LicenseAssignSuccess and LicenseRemoveFailed",
        Documented,
        "statusWords",
    ),
    switched("licenses.*", "the words LicenseAssignFailed and LicenseRemoveSuccess", Guessed, "statusWords"),
    switched("licenses.*", "the reason is called resultReason", Documented, "reasonName"),
    switched("licenses.*", "the total is called licCount", Documented, "changeTotalName"),
    switched("licenses.*", "outcomes carry no times", Guessed, "outcomeTimes"),
    row("devices.lookup", "fields and their times' formats", Documented),
    row("devices.lookup", "make, model, firmware and times are made up from the id", Guessed),
    row("devices.lookup", "an unknown device is listed with requestStatus Failure", Guessed),
    row("subscriptions.get", "fields", Documented),
    switched("times", "Go's format in lists, RFC 3339 in subscriptions", Documented, "timeStyle"),
    switched("lists", "an empty list is []", Guessed, "emptyList"),
    switched("numbers", "are numbers", Documented, "numbersAsText"),
    switched("fields", "none that no document knows", Documented, "unknownFields"),
];
