//! Which proxy a request goes through, by the variables that curl reads. Only the rules: who reads the
//! environment, and who connects, is a backend.
//!
//! A proxy is asked for a tunnel (`CONNECT`) and sees the name and port of the server, never a request. That
//! is why only `https` goes through one: plain `http` is for loopback hosts alone, and these are always
//! reached directly, for on the proxy's machine the same name is another host. `http_proxy` therefore has no
//! effect.

mod bypass;
mod connect;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fota_models::Secret;
use http::Uri;
use http::uri::Authority;
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::servers::is_loopback;
use bypass::Bypass;

pub use connect::ProxyError;

/// curl's port for a proxy that names none.
const DEFAULT_PORT: u16 = 1080;

/// The proxies of a client, and which servers are reached without one.
///
/// ```
/// use fota_core::proxy::Proxies;
/// let proxies = Proxies::from_variables(|name| match name {
///     "https_proxy" => Some("http://user:secret@proxy.example:3128".to_owned()),
///     "no_proxy" => Some("internal.example,10.0.0.0/8".to_owned()),
///     _ => None,
/// });
/// let proxy = |url: &str| proxies.for_uri(&url.parse().unwrap()).unwrap().map(ToString::to_string);
/// assert_eq!(proxy("https://thingspace.verizon.com/"), Some("http://proxy.example:3128".to_owned()));
/// assert_eq!(proxy("https://fota.internal.example/"), None);
/// assert_eq!(proxy("https://10.1.2.3/"), None);
/// assert_eq!(proxy("http://127.0.0.1:8080/"), None);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    https: Option<Result<Proxy, String>>,
    bypass: Bypass,
}

impl Proxies {
    /// No proxy for any server.
    pub fn none() -> Self {
        Proxies::default()
    }

    /// As the environment says: `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, the first that is set,
    /// but for the servers of `no_proxy` or `NO_PROXY`. An empty variable counts as not set. The core reads
    /// no environment, so `lookup` does: `Proxies::from_variables(|name| std::env::var(name).ok())`.
    ///
    /// A value that makes no sense is an error of [`Proxies::for_uri`], for those servers that it is used for.
    pub fn from_variables(mut lookup: impl FnMut(&str) -> Option<String>) -> Self {
        let mut first = |names: &[&'static str]| {
            names.iter().find_map(|name| Some((*name, lookup(name).filter(|value| !value.is_empty())?)))
        };
        let https = first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]);
        let bypass = first(&["no_proxy", "NO_PROXY"]);
        Proxies {
            https: https.map(|(name, value)| {
                let value = Secret::from(value);
                Proxy::parse(value.expose(), Some(name)).map_err(|why| format!("{name} {why}"))
            }),
            bypass: bypass.map(|(_, list)| Bypass::parse(&list)).unwrap_or_default(),
        }
    }

    /// One proxy, such as `http://user:password@proxy.example:3128`, for all servers.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when `proxy` is not one. The error does
    /// not repeat the text, which may hold a password.
    pub fn through(proxy: &str) -> Result<Self, Error> {
        match Proxy::parse(proxy, None) {
            Ok(proxy) => Ok(Proxies { https: Some(Ok(proxy)), ..Proxies::default() }),
            Err(why) => Err(Error::invalid(format!("the proxy {why}"))),
        }
    }

    /// Reaches the servers of `list`, in the form of the variable `no_proxy`, without a proxy: `*` for all, or
    /// hosts with all below them, IP addresses and blocks such as `10.0.0.0/8`, separated by commas or spaces. An
    /// entry may name a port, and then means only that one.
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.bypass = Bypass::parse(list);
        self
    }

    /// The proxy for a server, if it is reached through one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the variable that counts for this
    /// server does not hold the address of a proxy.
    pub fn for_uri(&self, uri: &Uri) -> Result<Option<&Proxy>, Error> {
        let Some(host) = uri.host().filter(|_| uri.scheme_str() == Some("https")) else { return Ok(None) };
        if is_loopback(host) || self.bypass.holds(host, uri.port_u16().unwrap_or(443)) {
            return Ok(None);
        }
        match &self.https {
            None => Ok(None),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            Some(Err(why)) => Err(Error::invalid(why.clone())),
        }
    }
}

/// One proxy. `Display` shows its address, never its user name and password.
#[derive(Debug, Clone)]
pub struct Proxy {
    authority: Authority,
    port: u16,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Secret>,
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
    fn parse(text: &str, variable: Option<&'static str>) -> Result<Self, String> {
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
                zeroize::Zeroize::zeroize(&mut plain);
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

    fn chosen(set: &[(&str, &str)], url: &str) -> Result<Option<String>, String> {
        let proxies = Proxies::from_variables(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        match proxies.for_uri(&url.parse().unwrap()) {
            Ok(proxy) => Ok(proxy.map(|proxy| format!("{proxy} {}", proxy.variable().unwrap()))),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn variables_count_in_curls_order() {
        let all = [
            ("https_proxy", "a:1"),
            ("HTTPS_PROXY", "b:2"),
            ("all_proxy", "c:3"),
            ("ALL_PROXY", "d:4"),
            ("http_proxy", "x:9"),
            ("HTTP_PROXY", "y:9"),
        ];
        let expected = [
            "http://a:1 https_proxy",
            "http://b:2 HTTPS_PROXY",
            "http://c:3 all_proxy",
            "http://d:4 ALL_PROXY",
        ];
        for (skipped, expected) in expected.into_iter().enumerate() {
            assert_eq!(chosen(&all[skipped..], "https://h.example").unwrap().as_deref(), Some(expected));
        }
        assert_eq!(chosen(&all[4..], "https://h.example"), Ok(None));
        let empty = [("https_proxy", ""), ("ALL_PROXY", "d:4")];
        assert_eq!(chosen(&empty, "https://h.example").unwrap().as_deref(), Some("http://d:4 ALL_PROXY"));
    }

    #[test]
    fn loopback_and_plain_http_are_always_direct() {
        for url in [
            "http://127.0.0.1:1",
            "https://127.0.0.1:1",
            "https://localhost",
            "https://LOCALHOST:8443",
            "https://[::1]:2",
            "http://h.example",
        ] {
            assert_eq!(chosen(&[("ALL_PROXY", "p:1"), ("http_proxy", "p:2")], url), Ok(None), "{url}");
        }
    }

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

    #[test]
    fn what_is_no_proxy_is_refused_only_where_it_counts_and_never_repeated() {
        for (value, expected) in [
            (
                "socks5h://u:canary@p:1",
                "https_proxy names a proxy of the kind socks5h, and only http:// proxies",
            ),
            ("https://u:canary@p:1", "of the kind https"),
            ("ftp://u:canary@p", "https_proxy is not the address of a proxy"),
            ("http://u:canary@", "is not the address of a proxy"),
            ("http://u:canary@p:port", "is not the address of a proxy"),
            ("http://u:canary@p:99999", "is not the address of a proxy"),
            ("http://u:canary@p:0", "is not the address of a proxy"),
            ("http://u:canary@a b:1", "is not the address of a proxy"),
            ("p:1\r\nX-Canary: canary", "is not the address of a proxy"),
        ] {
            let set = [("https_proxy", value), ("no_proxy", "direct.example")];
            let error = chosen(&set, "https://h.example").unwrap_err();
            assert!(error.contains(expected), "{value}: {error}");
            assert!(!error.to_ascii_lowercase().contains("canary"), "{error}");
            assert_eq!(chosen(&set, "https://direct.example"), Ok(None));
            assert!(Proxies::through(value).is_err());
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let proxies = Proxies::through("http://canary-user:canary-password@p:1").unwrap();
        assert!(!format!("{proxies:?}").contains("canary"), "{proxies:?}");
        let encoded = STANDARD.encode("canary-user:canary-password");
        assert!(!format!("{proxies:?}").contains(&encoded), "{proxies:?}");
    }
}
