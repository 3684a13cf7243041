//! The table. Three attempts are allowed, so `3` stands for "again and again", and `1` for "never again".
//!
//! | | may be sent again after |
//! |---|---|
//! | a read | lost answers, 408, 429, 500, 502, 503, 504 |
//! | a write | what surely did not arrive, 429, 503 |
//! | a login | the same as a write, and never after an answer that speaks of the password |
//!
//! Two logins with an unknown end latch, for each may have been one of the five failures that lock the user.

use std::time::Duration;

use fota_core::ErrorKind::{
    BodyTooLarge, Connect, Decode, Interrupted, LoginRejected, Refused, Throttled, Timeout, Unauthorized,
    Unavailable, UnexpectedStatus,
};
use fota_emulator::Effect::{Close, Cut, Delay, Dribble, Garbage, Oversized, Redirect, Reset};
use fota_emulator::{Effect, Shape};

use crate::cell::Applied::{Maybe, No};
use crate::cell::Latch::{AfterOne, AfterTwo, Open};
use crate::cell::{Row, Well, after, before, head_cut, login, noise, reads, refused, row, writes};

pub(crate) fn rows() -> Vec<Row> {
    [connections(), good_statuses(), refusals(), tokens(), throttling(), failures(), passing()]
        .into_iter()
        .flatten()
        .collect()
}

/// No whole answer.
fn connections() -> Vec<Row> {
    let lost =
        || (reads(Interrupted, 3), writes(Interrupted, Maybe, 1), login(Interrupted, Maybe, 1, AfterTwo));
    let late = || (reads(Timeout, 3), writes(Timeout, Maybe, 1), login(Timeout, Maybe, 1, AfterTwo));
    let all = |name, trouble, (reads, writes, login)| row(name, trouble, reads, writes, login);
    vec![
        row(
            "connection refused",
            refused(),
            reads(Connect, 0).in_vain(3),
            writes(Connect, No, 0).in_vain(3),
            login(Connect, No, 0, Open).in_vain(3),
        ),
        all("closed before processing", before(Close), lost()),
        all("closed after processing", after(Close), lost()),
        all("reset before processing", before(Reset), lost()),
        all("reset after processing", after(Reset), lost()),
        all("another protocol's greeting", noise(b"SSH-2.0-OpenSSH_9.6\r\n"), lost()),
        all("bytes of no protocol", noise(b"\x15\x03\x01\x00\x02\x02\x28"), lost()),
        all("cut in the status line", head_cut(7), lost()),
        all("cut in the head", head_cut(30), lost()),
        all("cut in the body", after(Cut { bytes: 9 }), lost()),
        all(
            "body dribbles past the deadline",
            after(Dribble { bytes: 1, every_millis: 50 }).too_late(),
            late(),
        ),
        all("late, before processing", before(Close).too_late(), late()),
        all("late, after processing", after(Delay).too_late(), late()),
        row(
            "oversized body",
            after(Oversized { bytes: 1 << 20 }),
            reads(BodyTooLarge, 1),
            writes(BodyTooLarge, Maybe, 1),
            login(BodyTooLarge, Maybe, 1, AfterTwo),
        ),
    ]
}

/// An answer that is none, under a good status. It would be the same again.
fn good_statuses() -> Vec<Row> {
    let page = |name, trouble| {
        let login = login(Decode, Maybe, 1, AfterTwo);
        row(name, trouble, reads(Decode, 1), writes(Decode, Maybe, 1), login)
    };
    vec![
        page("200 with a page, before processing", before(Effect::answer(200, Shape::Html))),
        page("200 with a page, after processing", after(Effect::answer(200, Shape::Html))),
        page("200 with nothing", after(Effect::answer(200, Shape::Empty))),
        page("200 with binary garbage", after(Garbage)),
        page("200 with an error object", before(Effect::answer(200, Shape::Api))),
        page("200 with a gateway's fault", before(Effect::answer(200, Shape::Gateway))),
        page("200 with an object of another kind", after(json(200, r#"{"result":"ok"}"#))),
        page("200 with an empty object", after(json(200, "{}"))),
        page("200 with a list", after(json(200, "[]"))),
        page("204", after(Effect::answer(204, Shape::Empty))),
    ]
}

/// Answers that say no. The password is not to blame when a gateway or a path is.
fn refusals() -> Vec<Row> {
    let no =
        |name, effect, kind, login| row(name, before(effect), reads(kind, 1), writes(kind, No, 1), login);
    let password = || login(LoginRejected, No, 1, AfterOne);
    let else_as = |kind| login(kind, No, 1, Open);
    let redirect = |status| Redirect { status, location: "/elsewhere".to_owned() };
    vec![
        no("302", redirect(302), UnexpectedStatus, else_as(UnexpectedStatus)),
        no("307", redirect(307), UnexpectedStatus, else_as(UnexpectedStatus)),
        no("400 of the service", Effect::answer(400, Shape::Api), Refused, password()),
        no("400 with nothing", Effect::answer(400, Shape::Empty), Refused, password()),
        no("400 gateway 900906", Effect::answer(400, Shape::Gateway), Refused, else_as(Refused)),
        no("403 of the service", Effect::answer(403, Shape::Api), Unauthorized, password()),
        no("403 gateway 900908", Effect::answer(403, Shape::Gateway), Unauthorized, else_as(Unauthorized)),
        no("403 gateway XML", Effect::answer(403, Shape::GatewayXml), Unauthorized, else_as(Unauthorized)),
        no("404 gateway 900906", Effect::answer(404, Shape::Gateway), Refused, else_as(Refused)),
        no("404 with a page", Effect::answer(404, Shape::Html), Refused, else_as(Refused)),
        no("413", Effect::answer(413, Shape::Html), Refused, else_as(Refused)),
        // It says that the request did not arrive in time; how much of it had, it does not say.
        row(
            "408",
            before(Effect::answer(408, Shape::Html)),
            reads(Timeout, 3),
            writes(Timeout, Maybe, 1),
            login(Timeout, Maybe, 1, AfterTwo),
        ),
    ]
}

/// Answers that blame a token, again and again. Each token is replaced once; the OAuth service has only the one
/// access token to give, and a request is not repeated with what was just refused.
fn tokens() -> Vec<Row> {
    let bearer = |name, effect, login| {
        let (reads, writes) = (reads(Unauthorized, 1), writes(Unauthorized, No, 1));
        row(name, before(effect), reads.fetching(1, 0), writes.fetching(1, 0), login)
    };
    let session = |name, effect, login| {
        let (reads, writes) = (reads(Unauthorized, 2), writes(Unauthorized, No, 2));
        row(name, before(effect), reads.fetching(0, 1), writes.fetching(0, 1), login)
    };
    let hopeless = |name, effect, login| {
        row(name, before(effect), reads(Unauthorized, 1), writes(Unauthorized, No, 1), login)
    };
    let password = || login(LoginRejected, No, 1, AfterOne);
    let gateway = || login(Unauthorized, No, 1, Open);
    let gateway_then_token = || login(Unauthorized, No, 1, Open).fetching(2, 0);
    let expired = "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired";
    let unknown = "UnifiedWebService.INPUT_INVALID.SessionToken.Invalid";
    vec![
        bearer("401 gateway 900901", Effect::answer(401, Shape::Gateway), gateway_then_token()),
        bearer(
            "401 gateway 900903",
            Effect::answer(401, Shape::Gateway).code("900903"),
            gateway_then_token(),
        ),
        bearer("500 gateway 900900", Effect::answer(500, Shape::Gateway), gateway_then_token()),
        bearer("401 with a page", Effect::answer(401, Shape::Html), password()),
        bearer("401 with nothing", Effect::answer(401, Shape::Empty), password()),
        bearer("401 of an unknown code", Effect::answer(401, Shape::Api).code("SOMETHING_NEW"), password()),
        session("400 expired session", Effect::answer(400, Shape::Api).code(expired), password()),
        session("401 unknown session", Effect::answer(401, Shape::Api).code(unknown), password()),
        hopeless("401 gateway 900902", Effect::answer(401, Shape::Gateway).code("900902"), gateway()),
        hopeless("401 no access", Effect::answer(401, Shape::Api).code("INVALID_ACCESS"), password()),
    ]
}

/// Not processed, so anything may be sent again, as far as time allows.
fn throttling() -> Vec<Row> {
    let times = |requests, name, kind, trouble| {
        let (reads, writes) = (reads(kind, requests), writes(kind, No, requests));
        row(name, trouble, reads, writes, login(kind, No, requests, Open))
    };
    let second = Duration::from_secs(1);
    let too_many = || Effect::answer(429, Shape::Gateway);
    let busy = |body| Effect::answer(503, body);
    vec![
        times(3, "429", Throttled, before(too_many())),
        times(3, "429, again at once", Throttled, before(too_many().retry_after(0))),
        times(
            3,
            "429, again in a second",
            Throttled,
            before(too_many().retry_after(1)).with_pauses_of(second),
        ),
        times(1, "429, again in an hour", Throttled, before(too_many().retry_after(3600))),
        times(1, "429, again at a date in an hour", Throttled, before(too_many().retry_after_date(3600))),
        times(3, "503 with a page", Unavailable, before(busy(Shape::Html))),
        times(3, "503 gateway 900907", Unavailable, before(busy(Shape::Gateway))),
        times(3, "503 gateway 900800", Throttled, before(busy(Shape::Gateway).code("900800"))),
        times(1, "503, again in an hour", Unavailable, before(busy(Shape::Text).retry_after(3600))),
    ]
}

/// Failures that leave open what was done.
fn failures() -> Vec<Row> {
    let failed = |name, requests, trouble| {
        let login = login(Unavailable, Maybe, 1, AfterTwo);
        row(name, trouble, reads(Unavailable, requests), writes(Unavailable, Maybe, 1), login)
    };
    let api = |status| Effect::answer(status, Shape::Api);
    vec![
        failed("500 of the service", 3, before(api(500))),
        failed("500 with a page, after processing", 3, after(Effect::answer(500, Shape::Html))),
        failed("500 old XML fault", 3, before(Effect::answer(500, Shape::Soap))),
        // Siblings of the service report such things as 500, and they do not pass.
        failed("500 of a device unknown", 1, before(api(500).code("DEVICE_NOT_FOUND"))),
        failed("501", 1, before(Effect::answer(501, Shape::Text))),
        failed("502 with a page, before processing", 3, before(Effect::answer(502, Shape::Html))),
        failed("502 with a page, after processing", 3, after(Effect::answer(502, Shape::Html))),
        failed("504 with nothing, after processing", 3, after(Effect::answer(504, Shape::Empty))),
    ]
}

/// The first request fails and the next would not: who may send it again, does.
fn passing() -> Vec<Row> {
    let again = |name, effect| {
        row(name, before(effect).once(), reads(Well, 2), writes(Well, No, 2), login(Well, No, 2, Open))
    };
    let only_reads = |name, trouble, kind| {
        row(name, trouble, reads(Well, 2), writes(kind, Maybe, 1), login(kind, Maybe, 1, Open))
    };
    let expired =
        Effect::answer(400, Shape::Api).code("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired");
    vec![
        again("429, then well", Effect::answer(429, Shape::Text)),
        again("503, then well", Effect::answer(503, Shape::Html)),
        only_reads("closed before processing, then well", before(Close).once(), Interrupted),
        only_reads("closed after processing, then well", after(Close).once(), Interrupted),
        only_reads("cut in the body, then well", after(Cut { bytes: 9 }).once(), Interrupted),
        only_reads("500, then well", before(Effect::answer(500, Shape::Html)).once(), Unavailable),
        only_reads("502, then well", after(Effect::answer(502, Shape::Html)).once(), Unavailable),
        row(
            "expired session, then well",
            before(expired).once(),
            reads(Well, 2).fetching(0, 1),
            writes(Well, No, 2).fetching(0, 1),
            // Whatever it says of a session, it is an answer of the service to a password.
            login(LoginRejected, No, 1, AfterOne),
        ),
    ]
}

fn json(status: u16, body: &str) -> Effect {
    let content_type = "application/json".to_owned();
    Effect::answer(status, Shape::Custom { content_type, body: body.to_owned() })
}
