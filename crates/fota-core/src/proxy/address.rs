//! The address of one proxy, as curl reads it, and what it is told of user name and password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fota_models::Secret;
use http::Uri;
use http::uri::Authority;
use percent_encoding::percent_decode_str;
use zeroize::Zeroize as _;

use crate::error::Error;

/// curl's port for a proxy that names none.
const DEFAULT_PORT: u16 = 1080;

/// One proxy. `Display` shows its address, never its user name and password.
#[derive(Debug, Clone)]
pub struct Proxy {
    authority: Authority,
    port: u16,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<Secret>,
    variable: Option<&'static str>,
}

impl Proxy {
    /// Its host name or address.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is told a user name and password.
    pub fn has_credentials(&self) -> bool {
        self.authorization.is_some()
    }

    /// The variable that names it, unless it came from elsewhere.
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }

    /// Its address as a URI, for connecting.
    ///
    /// # Errors
    /// None that a checked proxy could cause.
    pub fn uri(&self) -> Result<Uri, Error> {
        self.to_string().parse().map_err(|_| Error::invalid("the proxy's address is not a URI"))
    }

    /// The reason for a refusal never repeats the text, which may hold a password.
    pub(super) fn parse(text: &str, variable: Option<&'static str>) -> Result<Self, String> {
        const WHY: &str = "is not the address of a proxy, such as http://proxy.example:3128";
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if !scheme.eq_ignore_ascii_case("http") {
            let known = ["https", "socks4", "socks4a", "socks5", "socks5h"];
            let Some(name) = known.into_iter().find(|name| scheme.eq_ignore_ascii_case(name)) else {
                return Err(WHY.to_owned());
            };
            return Err(format!("names a proxy of the kind {name}, and only http:// proxies are supported"));
        }
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, address) = match rest.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, rest),
        };
        let authority: Authority = address.parse().map_err(|_| WHY.to_owned())?;
        let port = match address.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some(_) => authority.port_u16().filter(|port| *port != 0).ok_or_else(|| WHY.to_owned())?,
            None => DEFAULT_PORT,
        };
        if authority.host().is_empty() {
            return Err(WHY.to_owned());
        }
        let authorization = match user {
            None | Some("") => None,
            Some(user) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                let mut plain: Vec<u8> = percent_decode_str(name).collect();
                plain.push(b':');
                plain.extend(percent_decode_str(password));
                let encoded = Secret::from(STANDARD.encode(&plain));
                plain.zeroize();
                Some(Secret::from(format!("Basic {}", encoded.expose())))
            }
        };
        Ok(Proxy { authority, port, authorization, variable })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.authority.host(), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_curl_does() {
        for (text, expected, credentials) in [
            ("proxy.example", "http://proxy.example:1080", None),
            ("http://proxy.example/", "http://proxy.example:1080", None),
            ("HTTP://proxy.example:3128/path?q", "http://proxy.example:3128", None),
            (" proxy.example:80\n", "http://proxy.example:80", None),
            ("http://[fd00::1]:8080", "http://[fd00::1]:8080", None),
            ("[fd00::1]", "http://[fd00::1]:1080", None),
            ("http://user@p:1", "http://p:1", Some("user:")),
            ("user:pa%40ss%3A@p:1", "http://p:1", Some("user:pa@ss:")),
            ("http://us:e@r:x@p:1", "http://p:1", Some("us:e@r:x")),
            ("http://@p:1", "http://p:1", None),
        ] {
            let proxy = Proxy::parse(text, None).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(proxy.to_string(), expected, "{text}");
            assert_eq!(proxy.uri().unwrap().port_u16(), Some(proxy.port()));
            let encoded = credentials.map(|plain| format!("Basic {}", STANDARD.encode(plain)));
            assert_eq!(proxy.authorization.map(|value| value.expose().to_owned()), encoded, "{text}");
        }
    }
}
