//! The two tokens: one access token per key and hour, and sessions that live while they are used. Five failed
//! logins in a row lock the user.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fota_core::server::{Incoming, json_reply};
use fota_core::{Moment, SESSION_HEADER};
use fota_models::{AccessToken, LoginRequest, Secret, SessionToken};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use crate::refusal::{self, Answer, DeadSession};
use crate::settings::Settings;
use crate::switches::Switches;

/// Sessions that are kept, dead ones included, before the oldest are forgotten.
const MAX_SESSIONS: usize = 10_000;

/// Keys, users, and the tokens that are out.
#[derive(Debug)]
pub(crate) struct AuthState {
    client_id: String,
    client_secret: Secret,
    user: User,
    bearer: Option<Bearer>,
    sessions: BTreeMap<u64, Session>,
    sessions_opened: u64,
    random: fastrand::Rng,
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    password: Secret,
    pub(crate) strikes: u32,
}

#[derive(Debug)]
struct Bearer {
    token: Secret,
    expires: Moment,
}

#[derive(Debug)]
struct Session {
    token: Secret,
    last_used: Moment,
    expired: bool,
}

/// What became of a login or token request, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Nothing,
    TokenIssued,
    LoginGranted,
    LoginRefused,
}

impl AuthState {
    pub(crate) fn new(settings: &Settings) -> Self {
        AuthState {
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            user: User { name: settings.username.clone(), password: settings.password.clone(), strikes: 0 },
            bearer: None,
            sessions: BTreeMap::new(),
            sessions_opened: 0,
            random: fastrand::Rng::with_seed(settings.seed ^ 0x70ce_4a11_7e57),
        }
    }

    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    pub(crate) fn set_strikes(&mut self, strikes: u32) {
        self.user.strikes = strikes;
    }

    /// `POST /oauth2/token`
    pub(crate) fn token(
        &mut self,
        incoming: &Incoming<'_>,
        switches: &Switches,
        now: Moment,
    ) -> (Answer, Event) {
        if let Err(answer) = self.check_client(incoming.request().headers()) {
            return (answer, Event::Nothing);
        }
        match incoming.form("grant_type").as_deref() {
            None | Some("") => {
                let answer = refusal::oauth(400, "invalid_request", "Missing parameters: grant_type");
                return (answer, Event::Nothing);
            }
            Some("client_credentials") => {}
            Some(_) => {
                let answer = refusal::oauth(400, "unsupported_grant_type", "Unsupported grant_type value");
                return (answer, Event::Nothing);
            }
        }
        let mut event = Event::Nothing;
        // The same token until its last full second is over.
        let live = self.bearer.take().filter(|bearer| bearer.expires.since(now) >= Duration::from_secs(1));
        let bearer = live.unwrap_or_else(|| {
            event = Event::TokenIssued;
            Bearer { token: self.uuid(), expires: now.after(switches.token_life()) }
        });
        let answer = json_reply(
            &AccessToken::new(bearer.token.clone())
                .expires_in(bearer.expires.since(now).as_secs())
                .scope("ts.application.ro".to_owned()),
        );
        self.bearer = Some(bearer);
        (answer, event)
    }

    /// `POST /oauth2/revoke`
    pub(crate) fn revoke(&mut self, incoming: &Incoming<'_>) -> Answer {
        if let Err(answer) = self.check_client(incoming.request().headers()) {
            return answer;
        }
        let Some(token) = incoming.form("token").filter(|token| !token.is_empty()).map(Secret::from) else {
            return refusal::oauth(400, "invalid_request", "Missing parameters: token");
        };
        // Revoking what does not exist succeeds too, as the OAuth standard has it.
        if self.bearer.as_ref().is_some_and(|bearer| bearer.token == token) {
            self.bearer = None;
        }
        refusal::plain(200, "", "")
    }

    /// The gateway's check, in front of every call but the two above.
    pub(crate) fn check_bearer(&self, headers: &HeaderMap, now: Moment) -> Result<(), Answer> {
        let token = credentials(headers, "bearer").ok_or_else(refusal::missing_credentials)?;
        let token = Secret::from(token);
        match &self.bearer {
            Some(bearer) if bearer.token == token && now < bearer.expires => Ok(()),
            _ => Err(refusal::invalid_bearer()),
        }
    }

    /// `POST /v1/session/login`
    pub(crate) fn login(
        &mut self,
        incoming: &Incoming<'_>,
        switches: &Switches,
        now: Moment,
    ) -> (Answer, Event) {
        if incoming.request().body().is_empty() {
            let answer = refusal::m2m("INPUT_INVALID.RequestUndefined", "The request is empty.");
            return (answer, Event::Nothing);
        }
        let Ok(login) = incoming.json::<LoginRequest>() else {
            return (malformed_login(), Event::Nothing);
        };
        if login.username.is_empty() || login.password.is_empty() {
            return (malformed_login(), Event::Nothing);
        }
        if [login.username.as_str(), login.password.expose()]
            .iter()
            .any(|text| text.contains(['\'', '<', '\\']))
        {
            let message = "The request contains a character that is not allowed.";
            return (refusal::m2m("INPUT_INVALID.Request.InvalidCharacter", message), Event::Nothing);
        }
        if login.username != self.user.name {
            return (refused_login(), Event::LoginRefused);
        }
        if self.user.strikes >= switches.max_strikes {
            let message = "The user is locked. Contact customer support.";
            return (refusal::m2m("REQUEST_FAILED.Login.Locked", message), Event::LoginRefused);
        }
        if login.password != self.user.password {
            self.user.strikes += 1;
            return (refused_login(), Event::LoginRefused);
        }
        self.user.strikes = 0;
        if switches.displace_sessions {
            self.sessions.clear();
        }
        while self.sessions.len() >= MAX_SESSIONS {
            self.sessions.pop_first();
        }
        let token = self.uuid();
        self.sessions_opened += 1;
        let session = Session { token: token.clone(), last_used: now, expired: false };
        self.sessions.insert(self.sessions_opened, session);
        (json_reply(&SessionToken::new(token)), Event::LoginGranted)
    }

    /// Ends the session that `headers` name. It has been checked before.
    pub(crate) fn logout(&mut self, headers: &HeaderMap) -> Answer {
        let token = Secret::from(header(headers, &SESSION_HEADER).unwrap_or_default());
        self.sessions.retain(|_, session| session.token != token);
        json_reply(&SessionToken::new(token))
    }

    /// The service's check; a session that passes it lives on.
    pub(crate) fn check_session(
        &mut self,
        headers: &HeaderMap,
        switches: &Switches,
        now: Moment,
    ) -> Result<(), Answer> {
        let refuse = |why| refusal::dead_session(why, switches.session_refusal);
        let token = header(headers, &SESSION_HEADER).unwrap_or_default();
        if token.len() != 36 || !token.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()) {
            return Err(refuse(DeadSession::Malformed));
        }
        let token = Secret::from(token);
        // The latest sessions are the ones in use.
        let session = self.sessions.values_mut().rev().find(|session| session.token == token);
        let session = session.ok_or_else(|| refuse(DeadSession::Unknown))?;
        if session.expired || now.since(session.last_used) >= switches.session_idle() {
            session.expired = true;
            return Err(refuse(DeadSession::Expired));
        }
        session.last_used = now;
        Ok(())
    }

    /// Makes the access token that is out worthless; the next token request gets another.
    pub(crate) fn kill_bearer(&mut self) {
        self.bearer = None;
    }

    /// Lets every session expire.
    pub(crate) fn kill_sessions(&mut self) {
        for session in self.sessions.values_mut() {
            session.expired = true;
        }
    }

    fn check_client(&self, headers: &HeaderMap) -> Result<(), Answer> {
        let encoded = credentials(headers, "basic").ok_or_else(refusal::missing_credentials)?;
        let given =
            STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(Secret::from);
        let expected = Secret::from(format!("{}:{}", self.client_id, self.client_secret.expose()));
        if given == Some(expected) {
            Ok(())
        } else {
            Err(refusal::oauth(401, "invalid_client", "Client authentication failed."))
        }
    }

    fn uuid(&mut self) -> Secret {
        let random = self.random.u128(..);
        // The marks of a random UUID, so that tokens look like the vendor's.
        let bits = random & !(0xF << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
        let hex = format!("{bits:032x}");
        let mut uuid = String::with_capacity(36);
        for (at, digit) in hex.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                uuid.push('-');
            }
            uuid.push(digit);
        }
        Secret::from(uuid)
    }
}

fn malformed_login() -> Answer {
    refusal::m2m("DeserializationFailed", "A required element is missing or malformed.")
}

/// The code is our guess: the vendor's pages do not show it.
fn refused_login() -> Answer {
    refusal::m2m("INPUT_INVALID.Login.Invalid", "The user name or password is not valid.")
}

/// What follows the scheme in the `Authorization` header.
fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let (given, rest) = header(headers, &AUTHORIZATION)?.split_once(' ')?;
    let rest = rest.trim();
    (given.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest)
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
