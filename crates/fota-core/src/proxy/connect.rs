//! Asking a proxy for a tunnel: the bytes that go out, and what the bytes that come back mean. Both adapters
//! move them over their own kind of socket.

use std::fmt;

use fota_models::Secret;
use http::Uri;

use super::Proxy;
use crate::transport::BoxError;

/// No proxy has more to say before the tunnel is there.
const MAX_ANSWER: usize = 16 * 1024;

impl Proxy {
    /// The request for a tunnel to the server of `uri`. It holds the proxy's password, if it has one, and
    /// nothing of the request that will be sent through the tunnel.
    pub fn connect_request(&self, uri: &Uri) -> Secret {
        let target = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
        let credentials = match &self.authorization {
            Some(value) => Secret::from(format!("Proxy-Authorization: {}\r\n", value.expose())),
            None => Secret::default(),
        };
        Secret::from(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", credentials.expose()))
    }

    /// What the proxy's answer means, as far as it has been read: `true` when the tunnel is there, `false` when
    /// more must be read.
    ///
    /// # Errors
    /// When the proxy does not give the tunnel.
    pub fn is_tunnel(&self, answer: &[u8]) -> Result<bool, ProxyError> {
        let error = |status, what: String| ProxyError { proxy: self.to_string(), status, what, cause: None };
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if answer.len() > MAX_ANSWER {
                Err(error(None, "its answer does not end".to_owned()))
            } else {
                Ok(false)
            };
        };
        let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let Some(status) = status(line) else {
            return Err(error(None, "what answers does not speak HTTP".to_owned()));
        };
        match status {
            200..=299 if answer.len() == end + 4 => Ok(true),
            200..=299 => Err(error(None, "it says more than that the tunnel is there".to_owned())),
            407 if self.has_credentials() => {
                Err(error(Some(407), "it refuses the user name and password (status 407)".to_owned()))
            }
            407 => Err(error(Some(407), "it wants a user name and password (status 407)".to_owned())),
            _ => Err(error(Some(status), format!("it answers with status {status}"))),
        }
    }

    /// The failure of a proxy that closed the connection instead of an answer.
    pub fn hung_up(&self) -> ProxyError {
        ProxyError {
            proxy: self.to_string(),
            status: None,
            what: "it closed the connection without an answer".to_owned(),
            cause: None,
        }
    }

    /// The failure to reach the proxy itself.
    pub fn unreachable(&self, cause: impl Into<BoxError>) -> ProxyError {
        ProxyError {
            proxy: self.to_string(),
            status: None,
            what: "it cannot be reached".to_owned(),
            cause: Some(cause.into()),
        }
    }
}

/// A proxy that gives no tunnel. Nothing was sent to the server.
#[derive(Debug)]
pub struct ProxyError {
    proxy: String,
    status: Option<u16>,
    what: String,
    cause: Option<BoxError>,
}

impl ProxyError {
    /// The status of the proxy's answer, if that is what it is about.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether the proxy would say the same if it was asked again.
    pub fn is_final(&self) -> bool {
        self.status.is_some_and(|status| (300..500).contains(&status) && status != 408 && status != 429)
    }

    /// The proxy's word at the bottom of an error, if it is a proxy's.
    pub fn behind<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a ProxyError> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} gives no way to the server: {}", self.proxy, self.what)
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Of a line such as `HTTP/1.1 200 Connection established`.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let mut words = std::str::from_utf8(rest.get(..5)?).ok()?.split(' ');
    let (version, status) = (words.next()?, words.next()?);
    if version.len() != 1 || status.len() != 3 || !matches!(rest.get(5), None | Some(b' ')) {
        return None;
    }
    status.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::super::Proxies;
    use super::*;

    fn proxy(text: &str) -> Proxy {
        let proxies = Proxies::through(text).unwrap();
        proxies.for_uri(&Uri::from_static("https://h.example")).unwrap().unwrap().clone()
    }

    #[test]
    fn the_request_names_the_server_and_nothing_else() {
        let uri = Uri::from_static("https://h.example/api/fota/v3/licenses/canary-account?x=canary");
        assert_eq!(
            proxy("p:1").connect_request(&uri).expose(),
            "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n"
        );
        assert_eq!(
            proxy("user:password@p:1").connect_request(&Uri::from_static("https://[fd00::1]:8443/")).expose(),
            "CONNECT [fd00::1]:8443 HTTP/1.1\r\nHost: [fd00::1]:8443\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n"
        );
    }

    #[test]
    fn answers() {
        for (answer, expected) in [
            ("", Ok(false)),
            ("HTTP/1.1 200 OK\r\n", Ok(false)),
            ("HTTP/1.1 200 Connection established\r\n\r\n", Ok(true)),
            ("HTTP/1.0 200\r\nVia: x\r\n\r\n", Ok(true)),
            ("HTTP/1.1 200 OK\r\n\r\nearly", Err((None, false))),
            ("HTTP/1.1 407 No\r\n\r\n<html>", Err((Some(407), true))),
            ("HTTP/1.1 403 No\r\n\r\n", Err((Some(403), true))),
            ("HTTP/1.1 302 Portal\r\n\r\n", Err((Some(302), true))),
            ("HTTP/1.1 408 Slow\r\n\r\n", Err((Some(408), false))),
            ("HTTP/1.1 502 Bad\r\n\r\n", Err((Some(502), false))),
            ("HTTP/1.1 2000 OK\r\n\r\n", Err((None, false))),
            ("SSH-2.0-x\r\n\r\n", Err((None, false))),
        ] {
            let result = proxy("p:1").is_tunnel(answer.as_bytes());
            let result = result.map_err(|error| (error.status(), error.is_final()));
            assert_eq!(result, expected, "{answer:?}");
        }
        assert!(proxy("p:1").is_tunnel(&vec![b'x'; MAX_ANSWER]).is_ok());
        assert!(proxy("p:1").is_tunnel(&vec![b'x'; MAX_ANSWER + 1]).is_err());
    }

    #[test]
    fn errors_name_the_proxy_and_no_password() {
        let refused = |text| proxy(text).is_tunnel(b"HTTP/1.1 407 No\r\n\r\n").unwrap_err().to_string();
        assert_eq!(
            refused("p:1"),
            "the proxy http://p:1 gives no way to the server: it wants a user name and password (status 407)"
        );
        assert_eq!(
            refused("canary:canary@p:1"),
            "the proxy http://p:1 gives no way to the server: it refuses the user name and password (status 407)"
        );
    }
}
