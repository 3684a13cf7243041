//! The two tokens: who dies, who is renewed, and how often anyone logs in. The client's clock is real and hardly
//! moves here, so it always believes its tokens good; the server lets them die.

use std::time::Duration;

use fota_core::models::LicenseSummary;
use fota_core::{Credentials, Error, ErrorKind};
use fota_emulator::{
    CLIENT_ID, CLIENT_SECRET, Effect, Emulator, Fault, PASSWORD, SessionRefusal, Settings, Shape, Switches,
    USERNAME,
};
use fota_tests::{Kind, Lab, account, scenarios};

scenarios!(
    bearer_expires,
    session_expires_after_20_idle_minutes,
    a_used_session_lives_on,
    both_expire,
    every_refusal_of_a_session,
    crowd_at_the_start,
    crowd_at_expiry,
    crowd_at_session_expiry,
    wrong_password,
    wrong_password_in_a_crowd,
    wrong_key,
    gateway_fault_at_login_says_nothing_of_the_password,
    lost_logins_are_not_repeated_forever,
    a_token_that_is_refused_again_is_no_loop,
    logout_and_login_again,
    revoke_gives_another_token,
);

const HOUR: Duration = Duration::from_secs(3600);
const IDLE: Duration = Duration::from_secs(20 * 60);

fn lab() -> Lab {
    Lab::new(Settings::seeded(20, 20, 7).assigned(10))
}

/// What came of a call and what it cost: token requests, logins, and requests of its own.
fn cost(lab: &Lab, call: impl FnOnce()) -> (u64, u64, u64) {
    let before = (lab.logins(), lab.count("licenses.list"));
    call();
    let after = (lab.logins(), lab.count("licenses.list"));
    (after.0.0 - before.0.0, after.0.1 - before.0.1, after.1 - before.1)
}

fn good(result: Result<LicenseSummary, Error>) {
    assert_eq!(result.unwrap().assigned_licenses, Some(10));
}

fn bearer_expires(kind: &dyn Kind) {
    let lab = lab();
    // The session outlives it.
    lab.switch(Switches { session_idle_seconds: 100_000, ..Switches::default() });
    let client = lab.open(kind);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (1, 1, 1));
    lab.advance(Duration::from_secs(3598));
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 0, 1));
    lab.advance(Duration::from_secs(2));
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (1, 0, 2));
    assert_eq!(lab.statuses("licenses.list"), [Some(200), Some(200), Some(401), Some(200)]);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 0, 1));
}

fn session_expires_after_20_idle_minutes(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    lab.advance(IDLE);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 1, 2));
    assert_eq!(lab.statuses("licenses.list"), [Some(200), Some(400), Some(200)]);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 0, 1));
}

fn a_used_session_lives_on(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    for _ in 0..2 {
        lab.advance(Duration::from_secs(20 * 60 - 1));
        assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 0, 1));
    }
}

fn both_expire(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    lab.advance(HOUR);
    // The gateway stands in front, so the bearer's death is learned first, then the session's.
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (1, 1, 3));
    assert_eq!(lab.statuses("licenses.list"), [Some(200), Some(401), Some(400), Some(200)]);

    // A write is no different: a refused token means that nothing was done.
    lab.advance(HOUR);
    let device = lab.licensed().remove(0);
    client.remove(&account(), std::slice::from_ref(&device)).unwrap();
    assert_eq!(lab.statuses("licenses.remove"), [Some(401), Some(400), Some(200)]);
    assert!(!lab.licensed().contains(&device));
}

fn every_refusal_of_a_session(kind: &dyn Kind) {
    for session_refusal in [SessionRefusal::Code400, SessionRefusal::Code401, SessionRefusal::Sibling401] {
        let lab = lab();
        lab.switch(Switches { session_refusal, ..Switches::default() });
        let client = lab.open(kind);
        good(client.usage(&account()));
        lab.with(Emulator::kill_sessions);
        assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 1, 2), "{session_refusal:?}");
    }
}

fn crowd_at_the_start(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    let cost = cost(&lab, || client.crowd(&account()).into_iter().for_each(good));
    assert_eq!((cost.0, cost.1), (1, 1));
    assert_eq!(cost.2, 200);
}

fn crowd_at_expiry(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    lab.advance(HOUR);
    let (tokens, logins, _) = cost(&lab, || client.crowd(&account()).into_iter().for_each(good));
    assert_eq!((tokens, logins), (1, 1));
}

/// Late news of the old session's death must not kill the new one.
fn crowd_at_session_expiry(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    lab.with(Emulator::kill_sessions);
    // Some of the refusals arrive long after the others.
    let slow = Fault::new("licenses.list", Effect::Delay).delay(Duration::from_millis(300));
    lab.fault(slow.probability(0.3, 7).times(5));
    let (tokens, logins, _) = cost(&lab, || client.crowd(&account()).into_iter().for_each(good));
    assert_eq!((tokens, logins), (0, 1));
}

fn wrong() -> Credentials {
    Credentials::new(CLIENT_ID, CLIENT_SECRET, USERNAME, "wrong-password-not-real")
}

fn right() -> Credentials {
    Credentials::new(CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD)
}

fn wrong_password(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open_with(kind, |options| options.credentials = wrong());
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRejected, "{error}");
    assert_eq!(error.endpoint(), Some("auth.login"));
    assert!(!error.may_have_been_applied() && !error.is_retryable());
    assert!(client.is_login_blocked());

    for call in 0..10 {
        let error = match call % 3 {
            0 => client.usage(&account()).unwrap_err(),
            1 => client.assign(&account(), &lab.licensed()).unwrap_err(),
            _ => client.login().unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::LoginBlocked, "{error}");
        assert!(!error.may_have_been_applied());
    }
    for result in client.crowd(&account()) {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::LoginBlocked);
    }
    assert_eq!((lab.logins().1, lab.with(|emulator| emulator.strikes())), (1, 1));
    assert_eq!(lab.count("licenses.list") + lab.count("licenses.assign"), 0);

    client.set_credentials(right());
    assert!(!client.is_login_blocked());
    good(client.usage(&account()));
    assert_eq!((lab.logins().1, lab.with(|emulator| emulator.strikes())), (2, 0));
}

fn wrong_password_in_a_crowd(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open_with(kind, |options| options.credentials = wrong());
    for result in client.crowd(&account()) {
        let kind = result.unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::LoginRejected | ErrorKind::LoginBlocked), "{kind}");
    }
    assert_eq!((lab.logins(), lab.with(|emulator| emulator.strikes())), ((1, 1), 1));
}

fn wrong_key(kind: &dyn Kind) {
    let lab = lab();
    let key = Credentials::new(CLIENT_ID, "wrong-secret-not-real", USERNAME, PASSWORD);
    let client = lab.open_with(kind, |options| options.credentials = key);
    let error = client.usage(&account()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert_eq!((error.endpoint(), error.status().unwrap().as_u16()), (Some("auth.token"), 401));
    assert_eq!(error.fault().unwrap().code(), Some("invalid_client"));
    assert_eq!(lab.logins(), (1, 0));
    assert!(!client.is_login_blocked());
    client.set_credentials(right());
    good(client.usage(&account()));
}

fn gateway_fault_at_login_says_nothing_of_the_password(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    client.logout().unwrap();
    // The client has no session and a bearer that died meanwhile: the gateway refuses it at the login.
    lab.with(Emulator::kill_bearer);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (1, 2, 1));
    assert_eq!(lab.statuses("auth.login"), [Some(200), Some(401), Some(200)]);
    assert!(!client.is_login_blocked());

    // A gateway that refuses the only token there is: no further login with it.
    client.logout().unwrap();
    lab.fault(Fault::new("auth.login", Effect::answer(401, Shape::Gateway).code("900901")));
    let mut result = None;
    assert_eq!(cost(&lab, || result = Some(client.usage(&account()))), (1, 1, 0));
    let error = result.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(!client.is_login_blocked(), "the password was never judged");
    lab.with(Emulator::clear_faults);
    good(client.usage(&account()));
}

/// A login whose answer is lost may have counted as a failure, and five lock the user.
fn lost_logins_are_not_repeated_forever(kind: &dyn Kind) {
    let lab = lab();
    lab.fault(Fault::new("auth.login", Effect::Close));
    let client = lab.open(kind);
    for _ in 0..10 {
        client.usage(&account()).unwrap_err();
    }
    assert!(lab.logins().1 <= 2, "{} logins were sent", lab.logins().1);
    assert!(client.is_login_blocked());
    lab.with(Emulator::clear_faults);
    client.set_credentials(right());
    good(client.usage(&account()));
}

/// Within its hour the OAuth service hands out the same token, even one that the gateway refuses.
fn a_token_that_is_refused_again_is_no_loop(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    lab.fault(Fault::new("licenses.list", Effect::answer(401, Shape::Gateway).code("900901")));
    let mut error = None;
    let cost = cost(&lab, || error = client.usage(&account()).err());
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert_eq!(cost, (1, 0, 1));
    lab.with(Emulator::clear_faults);
    good(client.usage(&account()));
}

fn logout_and_login_again(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    client.logout().unwrap();
    assert_eq!(lab.requests(), 0, "nobody logs in to log out");
    good(client.usage(&account()));
    client.logout().unwrap();
    assert_eq!(lab.count("auth.logout"), 1);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (0, 1, 1));
}

fn revoke_gives_another_token(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open(kind);
    good(client.usage(&account()));
    client.revoke().unwrap();
    assert_eq!(lab.count("auth.revoke"), 1);
    assert_eq!(cost(&lab, || good(client.usage(&account()))), (1, 0, 1));
    assert_eq!(lab.with(|emulator| emulator.counters().tokens_issued), 2);
}
