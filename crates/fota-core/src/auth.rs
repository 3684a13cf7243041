//! The calls that get and end tokens: OAuth token and revoke, M2M login and logout.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fota_models::{AccessToken, LoginRequest, Secret, SessionToken};
use http::{HeaderValue, Method, response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::endpoint::{Auth, Endpoint, Replay, decode_json};
use crate::error::{DecodeError, Error};
use crate::path::PathBuilder;
use crate::servers::Service;
use crate::tokens::{secret_bytes, secret_header};

const FORM: &str = "application/x-www-form-urlencoded";

/// Everything a client needs to get its tokens: the OAuth key and secret of the portal's key management,
/// and the "UWS" user name and password of the account. The two pairs are different.
#[derive(Clone)]
pub struct Credentials {
    client: ClientCredentials,
    username: String,
    password: Secret,
}

impl Credentials {
    /// Both pairs. The client id is what the portal calls the key.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        Credentials {
            client: ClientCredentials::new(client_id, client_secret),
            username: username.into(),
            password: password.into(),
        }
    }

    /// The OAuth pair.
    pub fn client(&self) -> &ClientCredentials {
        &self.client
    }

    /// The UWS user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The login of this user, with this password.
    pub fn login(&self) -> Login {
        Login::new(self.username.clone(), self.password.clone())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("client", &self.client).finish_non_exhaustive()
    }
}

/// The OAuth key and secret.
#[derive(Clone)]
pub struct ClientCredentials {
    id: Secret,
    secret: Secret,
}

impl ClientCredentials {
    /// A key and its secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        ClientCredentials { id: Secret::from(client_id.into()), secret: client_secret.into() }
    }

    fn basic(&self) -> Result<HeaderValue, Error> {
        let pair = Zeroizing::new(format!("{}:{}", self.id.expose(), self.secret.expose()));
        let mut text = String::with_capacity(6 + pair.len().div_ceil(3) * 4);
        text.push_str("Basic ");
        STANDARD.encode_string(pair.as_bytes(), &mut text);
        secret_header(text, "OAuth key and secret")
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCredentials([redacted])")
    }
}

/// `POST {oauth}/oauth2/token` with the client credentials grant.
///
/// Within an hour of its first issue the service answers with the same token, so `expires_in` counts, not
/// the hour.
#[derive(Debug, Clone)]
#[doc(alias = "OauthAuthorizationController::request_token_thing_space_oauth")]
pub struct Token(ClientCredentials);

impl Token {
    /// A token for these credentials.
    pub fn new(client: ClientCredentials) -> Self {
        Token(client)
    }
}

impl Endpoint for Token {
    const NAME: &'static str = "auth.token";
    const METHOD: Method = Method::POST;
    const REPLAY: Replay = Replay::Idempotent;
    const SERVICE: Service = Service::Oauth;
    const AUTH: Auth = Auth::Own;
    const BODY_TYPE: &'static str = FORM;
    type Output = AccessToken;

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/oauth2/token");
    }

    fn body(&self) -> Result<Option<Bytes>, Error> {
        Ok(Some(Bytes::from_static(b"grant_type=client_credentials")))
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        self.0.basic().map(Some)
    }

    fn decode(_: &response::Parts, body: &Bytes) -> Result<AccessToken, DecodeError> {
        decode_json(body)
    }
}

/// `POST {oauth}/oauth2/revoke`: ends the access token, for every process that shares the key.
///
/// The path is known from users' code, not from the vendor's pages; any 2xx counts as done.
#[derive(Debug, Clone)]
pub struct Revoke {
    client: ClientCredentials,
    token: Secret,
}

impl Revoke {
    /// Revokes `token`, which was issued to `client`.
    pub fn new(client: ClientCredentials, token: Secret) -> Self {
        Revoke { client, token }
    }
}

impl Endpoint for Revoke {
    const NAME: &'static str = "auth.revoke";
    const METHOD: Method = Method::POST;
    const REPLAY: Replay = Replay::Idempotent;
    const SERVICE: Service = Service::Oauth;
    const AUTH: Auth = Auth::Own;
    const BODY_TYPE: &'static str = FORM;
    type Output = ();

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/oauth2/revoke");
    }

    fn body(&self) -> Result<Option<Bytes>, Error> {
        let form = format!("token={}", utf8_percent_encode(self.token.expose(), NON_ALPHANUMERIC));
        Ok(Some(secret_bytes(form.into_bytes())))
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        self.client.basic().map(Some)
    }

    fn decode(_: &response::Parts, _: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// `POST {m2m}/v1/session/login`. Five failures in a row lock the user for good, so this endpoint is
/// never repeated once a server has answered it.
#[derive(Debug, Clone)]
#[doc(alias = "start_connectivity_management_session")]
pub struct Login(LoginRequest);

impl Login {
    /// A login of this user.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Login(LoginRequest::new(username, password))
    }
}

impl Endpoint for Login {
    const NAME: &'static str = "auth.login";
    const METHOD: Method = Method::POST;
    const REPLAY: Replay = Replay::Never;
    const SERVICE: Service = Service::M2m;
    const AUTH: Auth = Auth::Bearer;
    type Output = Secret;

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/v1/session/login");
    }

    fn body(&self) -> Result<Option<Bytes>, Error> {
        let json =
            serde_json::to_vec(&self.0).map_err(|_| Error::invalid("the login cannot be written as JSON"))?;
        Ok(Some(secret_bytes(json)))
    }

    fn decode(_: &response::Parts, body: &Bytes) -> Result<Secret, DecodeError> {
        decode_json::<SessionToken>(body)?
            .session_token
            .filter(|token| !token.expose().is_empty())
            .ok_or_else(|| DecodeError::message("the answer holds no session token"))
    }
}

/// `POST {m2m}/v1/session/logout`: ends the session.
#[derive(Debug, Clone, Default)]
#[doc(alias = "end_connectivity_management_session")]
#[non_exhaustive]
pub struct Logout;

impl Logout {
    /// Ends the session whose token the request carries.
    pub fn new() -> Self {
        Logout
    }
}

impl Endpoint for Logout {
    const NAME: &'static str = "auth.logout";
    const METHOD: Method = Method::POST;
    const REPLAY: Replay = Replay::Idempotent;
    const SERVICE: Service = Service::M2m;
    type Output = ();

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/v1/session/logout");
    }

    fn decode(_: &response::Parts, _: &Bytes) -> Result<(), DecodeError> {
        // Every field of the answer is optional, and the session is over either way.
        Ok(())
    }
}
