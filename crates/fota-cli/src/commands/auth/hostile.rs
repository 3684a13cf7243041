//! Hostile settings through what `fota auth status` prints: they may have come with somebody else's file.

use super::*;
use crate::hostile::every_form;

#[test]
fn no_hostile_string_gets_through() {
    every_form(7, |out, texts, console| {
        let status = |text| Status {
            account_name: text,
            base_url: text,
            username: text,
            logged_in: true,
            session: "new",
            access_token_expires_in: None,
            failed_logins: None,
        };
        // One at a time is what there is; forms for programs hold one.
        let texts = if console.format == Format::Table { texts } else { &texts[..1] };
        for text in texts {
            print(&mut *out, &status(text), None, console).unwrap();
        }
        1
    });
}
