//! The token, login and logout answers. A good status without a token in it is never a success.

use fota_core::auth::{Login, Logout, Token};
use fota_core::models::{AccessToken, SessionToken};
use fota_core::{Endpoint, Secret};
use http::Response;

use crate::{Exactly, Normalized, SameJson, assert_complete, check, check_refused, read};

#[test]
fn tokens() {
    let token = || AccessToken::new("fake-6f0d2c1a");
    let mut other_grants = token().expires_in(60u64).refresh_token(Secret::from("fake-refresh"));
    other_grants.extra.insert("expiry", "1709629812").unwrap();
    let scoped = token().expires_in(3600u64).scope("ts.application.ro".to_owned());
    check::<Token>(vec![
        ("canonical.json", Exactly, scoped.clone()),
        ("order-of-the-vendor.json", SameJson, scoped),
        ("life-as-text.json", Normalized, token().token_type("bearer".to_owned()).expires_in(3599u64)),
        ("life-absent.json", Exactly, token()),
        ("life-over.json", Exactly, token().expires_in(0u64)),
        ("fields-of-other-grants.json", Normalized, other_grants),
    ]);
    let errors = check_refused::<Token>(&[
        ("token-missing.json", "access_token is missing or empty"),
        ("token-empty.json", "access_token is missing or empty"),
        ("token-null.json", "access_token is missing or empty"),
        ("error-with-a-good-status.json", "invalid_client"),
    ]);
    let fault = errors.last().unwrap().fault().expect("an OAuth error under a good status is still one");
    assert_eq!(fault.code(), Some("invalid_client"));
}

#[test]
fn logins() {
    let files = ["canonical.json", "life-zero.json", "life-an-hour.json"];
    assert_complete("auth.login", &files);
    for file in files {
        let session = Login::from_response(Response::new(read("auth.login", file))).unwrap();
        assert_eq!(session.expose(), "fake-3b1f0a52", "{file}");
    }
    let model = |file| serde_json::from_slice::<SessionToken>(&read("auth.login", file)).unwrap();
    let session = SessionToken::new("fake-3b1f0a52");
    assert_eq!(model("canonical.json"), session);
    assert_eq!(model("life-zero.json"), session.clone().expires_in(0u64));
    let mut hour = session.expires_in(3600u64);
    hour.extra.insert("user", r#""someone""#).unwrap();
    assert_eq!(model("life-an-hour.json"), hour);
    for file in ["canonical.json", "life-zero.json"] {
        let text = serde_json::to_string(&model(file)).unwrap();
        assert_eq!(text.as_bytes(), read("auth.login", file).trim_ascii_end(), "{file}");
    }
    check_refused::<Login>(&[
        ("token-missing.json", "no session token"),
        ("token-null.json", "no session token"),
        ("token-empty.json", "no session token"),
        ("nothing.json", "no session token"),
    ]);
}

/// The session is over whatever the answer's body says, or does not say.
#[test]
fn logouts() {
    let files = ["canonical.json", "nothing.txt", "page.html"];
    assert_complete("auth.logout", &files);
    for file in files {
        Logout::from_response(Response::new(read("auth.logout", file))).unwrap();
    }
}
