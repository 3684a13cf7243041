//! Getting tokens as a state machine: first the bearer token, then, with it, the session token. It runs
//! once for all callers that wait; [`Session`](crate::session::Session) hands it out and takes it back.

use std::sync::Arc;

use bytes::Bytes;
use fota_models::{AccessToken, ApiFault, Secret};
use http::{Response, StatusCode};

use crate::auth::{Credentials, Login, Token};
use crate::call::{Call, Step};
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::tokens::{Generation, Issued, Tokens};
use crate::transport::{Moment, TransportError};

/// One run of the two-step flow. Drive it like a [`Call`]; it never answers
/// [`Step::NeedAuth`].
#[derive(Debug)]
pub struct LoginFlow {
    config: Arc<Config>,
    credentials: Arc<Credentials>,
    seed: u64,
    bearer: Option<Issued>,
    wants_session: bool,
    stage: Stage,
    renewed: bool,
    pub(crate) gained: Gained,
}

/// What a flow brought home, complete or not.
#[derive(Debug, Default)]
pub(crate) struct Gained {
    pub(crate) bearer: Option<(AccessToken, Moment)>,
    pub(crate) session: Option<Secret>,
    pub(crate) login: Attempted,
}

/// What is known of the one login of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Attempted {
    /// None was sent, or it surely did not count.
    #[default]
    No,
    /// It was sent, and nobody knows whether the server counted it as a failure.
    Unclear,
    /// The server refused the user name and password.
    Rejected,
    /// It went well.
    Good,
}

#[derive(Debug)]
enum Stage {
    Token(Box<Call<Token>>),
    Login(Box<Call<Login>>, Tokens),
    Ended(Option<Result<(), Error>>),
}

impl LoginFlow {
    /// A flow that fetches a bearer token unless `bearer` is given, then a session token if wanted.
    pub(crate) fn new(
        config: Arc<Config>,
        credentials: Arc<Credentials>,
        bearer: Option<Issued>,
        wants_session: bool,
        seed: u64,
    ) -> Self {
        let mut flow = LoginFlow {
            config,
            credentials,
            seed,
            bearer: None,
            wants_session,
            stage: Stage::Ended(None),
            renewed: false,
            gained: Gained::default(),
        };
        flow.stage = match bearer {
            Some(bearer) => flow.login_with(bearer),
            None => flow.fetch_bearer(),
        };
        flow
    }

    /// What to do next. [`Step::Done`] says whether all tokens were got.
    pub fn step(&mut self, now: Moment) -> Step<()> {
        loop {
            self.stage = match &mut self.stage {
                Stage::Token(call) => match call.step(None, now) {
                    Step::Send(request, limits) => return Step::Send(request, limits),
                    Step::Wait(span) => return Step::Wait(span),
                    Step::NeedAuth(_) => {
                        Stage::Ended(Some(Err(Error::new(ErrorKind::Misuse, "token calls need no token"))))
                    }
                    Step::Done(Ok(token)) => self.take_bearer(token, now),
                    Step::Done(Err(error)) => Stage::Ended(Some(Err(explain_token(error)))),
                },
                Stage::Login(call, tokens) => match call.step(Some(&*tokens), now) {
                    Step::Send(request, limits) => {
                        // Until an answer says otherwise. A flow that is dropped here leaves this behind.
                        self.gained.login = Attempted::Unclear;
                        return Step::Send(request, limits);
                    }
                    Step::Wait(span) => return Step::Wait(span),
                    Step::NeedAuth(_) => {
                        self.gained.login = Attempted::No;
                        self.renew_bearer()
                    }
                    Step::Done(Ok(session)) => {
                        self.gained.login = Attempted::Good;
                        self.gained.session = Some(session);
                        Stage::Ended(Some(Ok(())))
                    }
                    Step::Done(Err(error)) => self.login_failed(error),
                },
                Stage::Ended(result) => {
                    let over =
                        || Err(Error::new(ErrorKind::Misuse, "the login is over and its result was taken"));
                    return Step::Done(result.take().unwrap_or_else(over));
                }
            };
        }
    }

    /// What came of the request that [`Step::Send`] asked for.
    pub fn feed(&mut self, result: Result<Response<Bytes>, TransportError>, now: Moment) {
        match &mut self.stage {
            Stage::Token(call) => call.feed(result, now),
            Stage::Login(call, _) => call.feed(result, now),
            Stage::Ended(_) => {}
        }
    }

    fn fetch_bearer(&mut self) -> Stage {
        self.seed = self.seed.wrapping_add(1);
        let endpoint = Token::new(self.credentials.client().clone());
        Stage::Token(Box::new(Call::new(endpoint, self.config.clone(), self.seed)))
    }

    fn login_with(&mut self, bearer: Issued) -> Stage {
        self.seed = self.seed.wrapping_add(1);
        self.bearer = Some(bearer.clone());
        let call = Call::new(self.credentials.login(), self.config.clone(), self.seed);
        Stage::Login(Box::new(call), Tokens { bearer, session: None })
    }

    fn take_bearer(&mut self, token: AccessToken, now: Moment) -> Stage {
        let issued = match Issued::bearer(&token.access_token, Generation::default()) {
            Ok(issued) => issued,
            Err(error) => return Stage::Ended(Some(Err(error))),
        };
        let same = self.bearer.as_ref().is_some_and(|refused| refused.value == issued.value);
        self.gained.bearer = Some((token, now));
        if self.renewed && same {
            // The login before it, the one that was refused, is what failed.
            return Stage::Ended(Some(Err(same_token().with_call(Login::NAME, 1, false))));
        }
        if self.wants_session { self.login_with(issued) } else { Stage::Ended(Some(Ok(()))) }
    }

    /// The gateway refused the bearer of the login, which says nothing about the password.
    fn renew_bearer(&mut self) -> Stage {
        if std::mem::replace(&mut self.renewed, true) {
            let error = Error::new(ErrorKind::Unauthorized, "the gateway refuses every access token");
            return Stage::Ended(Some(Err(error.with_call(Login::NAME, 2, false))));
        }
        self.fetch_bearer()
    }

    fn login_failed(&mut self, error: Error) -> Stage {
        let rejected = matches!(
            error.status(),
            Some(StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        ) && !matches!(error.fault(), Some(ApiFault::Gateway(_) | ApiFault::GatewayXml(_)));
        let error = if rejected {
            self.gained.login = Attempted::Rejected;
            error.with_kind(
                ErrorKind::LoginRejected,
                "the user name and password were refused; they will not be sent again, for five failures lock the user",
            )
        } else {
            self.gained.login =
                if error.may_have_been_applied() { Attempted::Unclear } else { Attempted::No };
            error
        };
        Stage::Ended(Some(Err(error)))
    }
}

/// The service answers with the very token that it refuses. Asking again would change nothing.
pub(crate) fn same_token() -> Error {
    Error::new(
        ErrorKind::Unauthorized,
        "the server refuses the access token, and the OAuth service keeps handing out the same one; \
         wait for it to expire, or revoke it",
    )
}

/// A 400 of the OAuth service speaks of the key as much as a 401 does.
fn explain_token(error: Error) -> Error {
    match error.fault().and_then(ApiFault::code) {
        Some("invalid_client" | "unauthorized_client" | "invalid_grant") => {
            error.with_kind(ErrorKind::Unauthorized, "the OAuth key and secret were refused")
        }
        _ => error,
    }
}
