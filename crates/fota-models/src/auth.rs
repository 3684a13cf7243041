//! The two tokens that every call carries: an OAuth access token and a session token.
use crate::secret::Secret;

wire! {
    /// An OAuth access token: the answer of `POST /oauth2/token`. Without a token in it, reading fails.
    #[doc(alias = "OauthToken")]
    pub struct AccessToken as checked {
        /// The bearer token, opaque.
        access_token: Secret = "access_token",
        /// Always some spelling of `Bearer`.
        token_type: Option<String> = "token_type",
        /// Seconds left to live. Less than an hour when another process got the same token first.
        expires_in: Option<u64> = "expires_in",
        /// What the token is good for.
        scope: Option<String> = "scope",
        /// Not documented for this use.
        refresh_token: Option<Secret> = "refresh_token",
    }
}

impl AccessToken {
    /// A bearer token of unknown life.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self::default().access_token(access_token).token_type("Bearer".to_owned())
    }

    fn refuse(&self) -> Option<&'static str> {
        self.access_token.is_empty().then_some("access_token is missing or empty")
    }
}

wire! {
    /// What opens a session: the body of `POST /v1/session/login`. Not the OAuth key and secret.
    #[doc(alias = "LogInRequest")]
    pub struct LoginRequest as secret {
        /// The user.
        username: String = "username",
        /// The user's password. Five wrong ones in a row lock the user.
        password: Secret = "password",
    }
}

impl LoginRequest {
    /// A login of this user.
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::default().username(username).password(password)
    }
}

wire! {
    /// A session: the answer of `POST /v1/session/login`, and of `…/logout` (the session just ended).
    ///
    /// The vendor calls the token optional. A login that was answered without one has failed.
    #[doc(alias = "LogInResult")]
    #[doc(alias = "LogOutRequest")]
    #[doc(alias = "VZ-M2M-Token")]
    pub struct SessionToken as secret {
        /// The token, sent in the header `VZ-M2M-Token`.
        session_token: Option<Secret> = "sessionToken",
        /// Sent by some servers; a session dies after 20 minutes without a request whatever this says.
        expires_in: Option<u64> = "expiresIn",
    }
}

impl SessionToken {
    /// A session with this token.
    pub fn new(session_token: impl Into<Secret>) -> Self {
        Self::default().session_token(session_token.into())
    }
}
