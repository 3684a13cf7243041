//! Subscriptions: what the account has bought (S1).

use bytes::Bytes;
use fota_models::{AccountName, Subscription};
use http::{Method, response};

use crate::endpoint::{Endpoint, Replay, decode_json};
use crate::error::DecodeError;
use crate::path::PathBuilder;

/// `GET /subscriptions/{acc}`: how the account pays, how many licenses it has and uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "get_account_subscription_status")]
pub struct Get {
    /// The account.
    pub account: AccountName,
}

impl Get {
    /// The subscription of this account.
    pub fn new(account: AccountName) -> Self {
        Get { account }
    }
}

impl Endpoint for Get {
    const NAME: &'static str = "subscriptions.get";
    const METHOD: Method = Method::GET;
    const REPLAY: Replay = Replay::Safe;
    type Output = Subscription;

    fn path_and_query(&self, out: &mut PathBuilder) {
        out.literal("/subscriptions").segment(self.account.as_str());
    }

    fn decode(_: &response::Parts, body: &Bytes) -> Result<Subscription, DecodeError> {
        decode_json(body)
    }
}

#[cfg(feature = "server")]
mod serve {
    use http::Response;

    use super::{Get, Subscription};
    use crate::server::{Incoming, Rejection, Serve, json_reply};

    impl Serve for Get {
        fn accept(request: &Incoming<'_>) -> Result<Self, Rejection> {
            match request.route::<Self>()?.as_slice() {
                ["subscriptions", account] => Ok(Get { account: Rejection::account(account)? }),
                _ => Err(Rejection::NoMatch),
            }
        }

        fn reply(output: &Subscription) -> Response<bytes::Bytes> {
            json_reply(output)
        }
    }
}
