//! Tokens on their way to another process: what a program may keep between two runs, so that the second one
//! need not log in.

use std::time::Duration;

use fota_models::Secret;

/// Both tokens of a client and how long they live, for a cache that only their owner can read.
///
/// The spans are those of the moment at which it was made. What keeps it for a while has to take that while
/// off `bearer_left` and add it to `session_idle`. `Debug` shows no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedTokens {
    /// The OAuth access token.
    pub access_token: Secret,
    /// How long the access token still lives. Within its hour, the service gives the same one to everyone
    /// who asks with the same key.
    pub bearer_left: Duration,
    /// The M2M session token.
    pub session_token: Secret,
    /// For how long no request has used the session. After 20 minutes it is dead.
    pub session_idle: Duration,
}
