//! The few operations of the service that the tests call, on top of the hand-written server. Both adapters
//! include this file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::{Credentials, Secret};

use crate::server::{After, Received, Server, answer};

pub(crate) const TOKEN: &str = "POST /api/ts/v1/oauth2/token";
pub(crate) const LOGIN: &str = "POST /api/m2m/v1/session/login";
pub(crate) const LOGOUT: &str = "POST /api/m2m/v1/session/logout";
pub(crate) const REVOKE: &str = "POST /api/ts/v1/oauth2/revoke";
pub(crate) const LIST: &str = "GET /api/fota/v3/licenses/0000123456-00001?lastSeenDeviceId=";
pub(crate) const ASSIGN: &str = "POST /api/fota/v3/licenses/0000123456-00001/assign";
pub(crate) const REMOVE: &str = "POST /api/fota/v3/licenses/0000123456-00001/remove";

pub(crate) const DEVICES: [&str; 5] =
    ["352099001761481", "353328110034566", "867234051200779", "867234051200787", "990000862471854"];

/// Every secret of the tests holds this word, so that it can be looked for where no secret may be.
pub(crate) const CANARY: &str = "canary";

pub(crate) fn credentials() -> Credentials {
    Credentials::new("canary-key", "canary-secret", "fake-user", Secret::from("canary-password"))
}

pub(crate) fn account() -> AccountName {
    "0000123456-00001".parse().unwrap()
}

/// Two devices on a page; tokens and sessions are numbered; `quirk` may answer a request in another way.
pub(crate) fn service(quirk: impl Fn(&Received) -> Option<String> + Send + Sync + 'static) -> Server {
    let issued = AtomicUsize::new(0);
    Server::start(move |request, wire| {
        let text = quirk(request).unwrap_or_else(|| reply(request, &issued));
        // A token that takes its time lets callers pile up behind it.
        if request.line() == TOKEN {
            thread::sleep(Duration::from_millis(50));
        }
        match wire.write_all(text.as_bytes()) {
            Ok(()) if !text.is_empty() => After::Keep,
            _ => After::Close,
        }
    })
}

fn reply(request: &Received, issued: &AtomicUsize) -> String {
    let number = issued.fetch_add(1, Ordering::SeqCst);
    let body = match request.line() {
        TOKEN => {
            format!(r#"{{"access_token":"canary-bearer-{number}","token_type":"Bearer","expires_in":3600}}"#)
        }
        LOGIN => format!(r#"{{"sessionToken":"canary-session-{number}"}}"#),
        LOGOUT | REVOKE => "{}".to_owned(),
        ASSIGN | REMOVE => change(request),
        line => match line.strip_prefix(LIST) {
            Some(after) => page(after),
            None => {
                return answer("404 Not Found", r#"{"errorCode":"NOT_FOUND","errorMessage":"no such path"}"#);
            }
        },
    };
    answer("200 OK", &body)
}

fn page(after: &str) -> String {
    let rest: Vec<_> = DEVICES.into_iter().filter(|device| after == "0" || *device > after).collect();
    let items: Vec<_> = rest.iter().take(2).map(|device| format!(r#"{{"deviceId":"{device}"}}"#)).collect();
    let last = rest.iter().take(2).next_back().copied().unwrap_or("0");
    format!(
        r#"{{"accountName":"0000123456-00001","totalLicenses":9,"assignedLicenses":{},"hasMoreData":{},
        "lastSeenDeviceId":"{last}","maxPageSize":2,"deviceList":[{}]}}"#,
        DEVICES.len(),
        rest.len() > 2,
        items.join(",")
    )
}

fn change(request: &Received) -> String {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let devices: Vec<_> = body
        .split('"')
        .filter(|text| text.len() == 15 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|device| format!(r#"{{"deviceId":"{device}","status":"LicenseAssignSuccess"}}"#))
        .collect();
    format!(
        r#"{{"accountName":"0000123456-00001","licCount":9,"licUsedCount":{},"deviceList":[{}]}}"#,
        devices.len(),
        devices.join(",")
    )
}
