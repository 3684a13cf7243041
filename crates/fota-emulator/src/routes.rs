//! Which operation a request is for, decided before anything else is checked: faults match on it, and a path that
//! does not exist is refused before the session is looked at.

use fota_core::server::{Incoming, Rejection, Serve};
use fota_core::{Endpoint, auth, devices, licenses, subscriptions};
use fota_models::DeviceId;

/// An operation, with what the request holds for it.
pub(crate) enum Route {
    Token,
    Revoke,
    Login,
    Logout,
    List(Parsed<licenses::List>),
    Assign(Parsed<licenses::Assign>),
    Remove(Parsed<licenses::Remove>),
    Lookup(Parsed<devices::Lookup>),
    Subscription(Parsed<subscriptions::Get>),
    /// Below one of the services, but no operation of it.
    Unknown,
}

/// The account as the path has it, and the endpoint, or why it could not be read.
pub(crate) struct Parsed<E> {
    pub(crate) account: String,
    pub(crate) endpoint: Result<E, Rejection>,
}

/// The name in the log of what is no operation.
pub(crate) const UNKNOWN: &str = "unknown";

/// Every operation's name.
pub(crate) const OPERATIONS: [&str; 9] = [
    auth::Token::NAME,
    auth::Revoke::NAME,
    auth::Login::NAME,
    auth::Logout::NAME,
    licenses::List::NAME,
    licenses::Assign::NAME,
    licenses::Remove::NAME,
    devices::Lookup::NAME,
    subscriptions::Get::NAME,
];

impl Route {
    pub(crate) fn of(incoming: &Incoming<'_>) -> Self {
        if is::<auth::Token>(incoming, &["oauth2", "token"]) {
            Route::Token
        } else if is::<auth::Revoke>(incoming, &["oauth2", "revoke"]) {
            Route::Revoke
        } else if is::<auth::Login>(incoming, &["v1", "session", "login"]) {
            Route::Login
        } else if is::<auth::Logout>(incoming, &["v1", "session", "logout"]) {
            Route::Logout
        } else {
            parse(incoming, Route::List)
                .or_else(|| parse(incoming, Route::Assign))
                .or_else(|| parse(incoming, Route::Remove))
                .or_else(|| parse(incoming, Route::Lookup))
                .or_else(|| parse(incoming, Route::Subscription))
                .unwrap_or(Route::Unknown)
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Route::Token => auth::Token::NAME,
            Route::Revoke => auth::Revoke::NAME,
            Route::Login => auth::Login::NAME,
            Route::Logout => auth::Logout::NAME,
            Route::List(_) => licenses::List::NAME,
            Route::Assign(_) => licenses::Assign::NAME,
            Route::Remove(_) => licenses::Remove::NAME,
            Route::Lookup(_) => devices::Lookup::NAME,
            Route::Subscription(_) => subscriptions::Get::NAME,
            Route::Unknown => UNKNOWN,
        }
    }

    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Route::List(parsed) => Some(&parsed.account),
            Route::Assign(parsed) => Some(&parsed.account),
            Route::Remove(parsed) => Some(&parsed.account),
            Route::Lookup(parsed) => Some(&parsed.account),
            Route::Subscription(parsed) => Some(&parsed.account),
            _ => None,
        }
    }

    /// The devices in the body.
    pub(crate) fn devices(&self) -> &[DeviceId] {
        let list = match self {
            Route::Assign(Parsed { endpoint: Ok(endpoint), .. }) => &endpoint.devices,
            Route::Remove(Parsed { endpoint: Ok(endpoint), .. }) => &endpoint.devices,
            Route::Lookup(Parsed { endpoint: Ok(endpoint), .. }) => &endpoint.devices,
            _ => return &[],
        };
        &list.device_list
    }
}

fn is<E: Endpoint>(incoming: &Incoming<'_>, path: &[&str]) -> bool {
    incoming.route::<E>().is_ok_and(|segments| segments == path)
}

fn parse<E: Serve>(incoming: &Incoming<'_>, route: fn(Parsed<E>) -> Route) -> Option<Route> {
    let endpoint = E::accept(incoming);
    if matches!(endpoint, Err(Rejection::NoMatch)) {
        return None;
    }
    // Every FOTA path has the account in second place.
    let account = incoming.route::<E>().ok()?.get(1).map(|account| (*account).to_owned())?;
    Some(route(Parsed { account, endpoint }))
}
