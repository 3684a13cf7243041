//! Which proxy a request goes through, by the variables that curl reads. Only the rules: who reads the
//! environment, and who connects, is a backend.
//!
//! A proxy is asked for a tunnel (`CONNECT`) and sees the name and port of the server, never a request. That
//! is why only `https` goes through one: plain `http` is for loopback hosts alone, and these are always
//! reached directly, for on the proxy's machine the same name is another host. `http_proxy` therefore has no
//! effect.

mod address;
mod bypass;
mod connect;

use fota_models::Secret;
use http::Uri;

use crate::error::Error;
use crate::servers::is_loopback;
use bypass::Bypass;

pub use address::Proxy;
pub use connect::ProxyError;

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
        // The same in base64.
        let encoded = "Y2FuYXJ5LXVzZXI6Y2FuYXJ5LXBhc3N3b3Jk";
        assert!(!format!("{proxies:?}").contains(encoded), "{proxies:?}");
    }
}
