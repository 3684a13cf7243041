//! What `-vv` shows: every exchange with its headers and body, without a secret. Header values are shown for a
//! list of harmless names only, and bodies for the license service only, for those of the other two are
//! credentials and tokens.

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use fota_core::{AsyncTransport, Limits, Secret, Servers, Service, TransportError};
use fota_hyper::HyperTransport;
use http::{HeaderMap, Request, Response};

use crate::log::{self, Value};
use crate::output::escape;

/// As much of a body as is shown.
const SHOWN: usize = 2048;
/// Headers whose values hold no secret.
const HARMLESS: [&str; 20] = [
    "accept",
    "age",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expires",
    "host",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "x-amzn-requestid",
    "x-correlation-id",
    "x-ratelimit-remaining",
    "x-request-id",
];

/// Sends everything, and shows it if that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    inner: HyperTransport,
    /// Where bodies may be shown.
    licenses: String,
    shows: bool,
}

impl Wire {
    pub(crate) fn new(inner: HyperTransport, servers: &Servers) -> Self {
        Wire { inner, licenses: format!("{}/", servers.base(Service::Fota)), shows: log::shows_wire() }
    }

    /// `secrets` are looked for, because some gateways repeat in an answer what they were sent.
    fn body(&self, url: &str, body: &Bytes, secrets: &[Secret]) -> String {
        match body.len() {
            0 => String::new(),
            length if !url.starts_with(&self.licenses) => format!("[{length} bytes, not shown]"),
            _ => {
                let text = hide(String::from_utf8_lossy(body).into_owned(), secrets);
                let end =
                    (0..=SHOWN.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                let shown = text.get(..end).unwrap_or(&text);
                match text.len() - shown.len() {
                    0 => text,
                    rest => format!("{shown} [and {rest} bytes more]"),
                }
            }
        }
    }
}

#[async_trait]
impl AsyncTransport for Wire {
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        if !self.shows {
            return self.inner.send(request, limits).await;
        }
        let secrets = secrets(request.headers());
        let (method, url) = (request.method().to_string(), request.uri().to_string());
        log::line(
            "trace",
            "request",
            &[
                ("method", Value::Text(&method)),
                ("url", Value::Text(&url)),
                ("headers", Value::Text(&Headers(request.headers()).to_string())),
                ("body", Value::Text(&self.body(&url, request.body(), &secrets))),
            ],
        );
        let start = Instant::now();
        let result = self.inner.send(request, limits).await;
        let elapsed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok(response) => log::line(
                "trace",
                "response",
                &[
                    ("status", Value::Number(response.status().as_u16().into())),
                    ("url", Value::Text(&url)),
                    ("elapsed_ms", Value::Number(elapsed)),
                    ("headers", Value::Text(&hide(Headers(response.headers()).to_string(), &secrets))),
                    ("body", Value::Text(&self.body(&url, response.body(), &secrets))),
                ],
            ),
            Err(error) => log::line(
                "trace",
                "no response",
                &[
                    ("url", Value::Text(&url)),
                    ("elapsed_ms", Value::Number(elapsed)),
                    ("error", Value::Text(&format!("{error}: {}", error.source))),
                ],
            ),
        }
        result
    }
}

/// The tokens of a request.
fn secrets(headers: &HeaderMap) -> Vec<Secret> {
    let words = headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || !HARMLESS.contains(&name.as_str()))
        .filter_map(|(_, value)| value.to_str().ok()?.split(' ').next_back());
    words.filter(|word| !word.is_empty()).map(Secret::from).collect()
}

fn hide(text: String, secrets: &[Secret]) -> String {
    secrets.iter().fold(text, |text, secret| {
        if text.contains(secret.expose()) { text.replace(secret.expose(), "[not shown]") } else { text }
    })
}

/// Headers on one line.
struct Headers<'a>(&'a HeaderMap);

impl fmt::Display for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let value = match value.to_str() {
                Ok(text) if HARMLESS.contains(&name.as_str()) && !value.is_sensitive() => {
                    escape::terminal(text)
                }
                _ => "[not shown]".into(),
            };
            write!(f, "{}{name}: {value}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_shown_by_name_only() {
        let request = Request::get("/")
            .header("authorization", "Bearer canary")
            .header("vz-m2m-token", "canary")
            .header("set-cookie", "canary")
            .header("x-new-secret", "canary")
            .header("content-type", "application/json")
            .body(())
            .unwrap();
        assert_eq!(
            Headers(request.headers()).to_string(),
            "authorization: [not shown]; vz-m2m-token: [not shown]; set-cookie: [not shown]; \
             x-new-secret: [not shown]; content-type: application/json"
        );
    }

    #[test]
    fn bodies_are_shown_for_the_license_service_only_and_not_without_end() {
        let servers = Servers::at("http://127.0.0.1:1").unwrap();
        let wire = Wire::new(HyperTransport::http_only(), &servers);
        let body = Bytes::from("canary".repeat(1000));
        for service in [Service::Oauth, Service::M2m] {
            let shown = wire.body(&format!("{}/x", servers.base(service)), &body, &[]);
            assert_eq!(shown, "[6000 bytes, not shown]");
        }
        // A host that only begins like ours.
        assert!(!wire.body("http://127.0.0.1:1/api/fota/v3.example/x", &body, &[]).contains("canary"));
        let shown = wire.body(&format!("{}/x", servers.base(Service::Fota)), &body, &[]);
        assert!(shown.starts_with("canary") && shown.ends_with(" [and 3952 bytes more]"), "{shown}");
    }

    #[test]
    fn tokens_that_a_gateway_repeats_are_not_shown() {
        let servers = Servers::at("http://127.0.0.1:1").unwrap();
        let wire = Wire::new(HyperTransport::http_only(), &servers);
        let request = Request::get("/")
            .header("authorization", "Bearer canary-bearer")
            .header("vz-m2m-token", "canary-session")
            .header("accept", "application/json")
            .body(())
            .unwrap();
        let secrets = secrets(request.headers());
        // The second one would be cut in two by the limit.
        let body = format!("{}canary-bearer{}canary-session", "x".repeat(100), "é".repeat(970));
        let shown = wire.body(&format!("{}/x", servers.base(Service::Fota)), &body.into(), &secrets);
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(shown.matches("[not shown]").count(), 1, "{shown}");
        assert_eq!(hide("application/json".to_owned(), &secrets), "application/json");
    }
}
