//! Where the three services live. A base URL is data: production is the default, and a loopback
//! emulator, a mock or a gateway in between is one line away.

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::error::Error;

/// One of the three logical servers that a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// OAuth tokens.
    Oauth,
    /// M2M sessions.
    M2m,
    /// Software Management V3.
    Fota,
}

impl Service {
    /// The path under which the service lives on the vendor's host, and on the emulator.
    pub const fn default_path(self) -> &'static str {
        match self {
            Service::Oauth => "/api/ts/v1",
            Service::M2m => "/api/m2m",
            Service::Fota => "/api/fota/v3",
        }
    }
}

/// The base URLs of the three services.
///
/// Plain `http` is accepted for loopback hosts only, because every request carries secrets.
///
/// ```
/// use fota_core::{Servers, Service};
/// let servers = Servers::at("http://127.0.0.1:8080")?;
/// assert_eq!(servers.base(Service::Fota), "http://127.0.0.1:8080/api/fota/v3");
/// assert!(Servers::at("http://example.com").is_err());
/// # Ok::<(), fota_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    oauth: Base,
    m2m: Base,
    fota: Base,
}

impl Servers {
    /// The vendor's production host.
    pub fn production() -> Self {
        Servers::on(&Base {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static("thingspace.verizon.com"),
            path: String::new(),
        })
    }

    /// All three services under one base URL, at the vendor's usual paths.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when `base` is not an absolute
    /// `https` URL (or `http` to a loopback host), or carries a query or user information.
    pub fn at(base: &str) -> Result<Self, Error> {
        Ok(Servers::on(&Base::parse(base)?))
    }

    /// Three independent base URLs, used as they are.
    ///
    /// # Errors
    /// As for [`Servers::at`].
    pub fn new(oauth: &str, m2m: &str, fota: &str) -> Result<Self, Error> {
        Ok(Servers { oauth: Base::parse(oauth)?, m2m: Base::parse(m2m)?, fota: Base::parse(fota)? })
    }

    /// The base URL of `service`, without a trailing slash.
    pub fn base(&self, service: Service) -> String {
        let base = self.get(service);
        format!("{}://{}{}", base.scheme, base.authority, base.path)
    }

    pub(crate) fn get(&self, service: Service) -> &Base {
        match service {
            Service::Oauth => &self.oauth,
            Service::M2m => &self.m2m,
            Service::Fota => &self.fota,
        }
    }

    fn on(host: &Base) -> Self {
        let at = |service: Service| Base {
            scheme: host.scheme.clone(),
            authority: host.authority.clone(),
            path: format!("{}{}", host.path, service.default_path()),
        };
        Servers { oauth: at(Service::Oauth), m2m: at(Service::M2m), fota: at(Service::Fota) }
    }
}

impl Default for Servers {
    fn default() -> Self {
        Servers::production()
    }
}

/// One checked base URL, split into the parts a request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) path: String,
}

impl Base {
    fn parse(text: &str) -> Result<Self, Error> {
        // What stands behind these characters, or before an @, may be a secret typed by mistake.
        let shown = if text.contains(['@', '?', '#']) { String::new() } else { format!(" {text:?}") };
        let refuse = |why: &str| Err(Error::invalid(format!("the base URL{shown} {why}")));
        let Ok(uri) = text.parse::<Uri>() else {
            // The text may hold a password typed by mistake; it is not repeated.
            return Err(Error::invalid("the base URL is not a URL, such as https://host/path"));
        };
        let (Some(scheme), Some(authority)) = (uri.scheme().cloned(), uri.authority().cloned()) else {
            return refuse("is not absolute; write it as https://host");
        };
        if authority.as_str().contains('@') {
            return Err(Error::invalid("the base URL carries user information; give credentials separately"));
        }
        if uri.query().is_some() {
            return refuse("carries a query");
        }
        if scheme == Scheme::HTTP {
            if !is_loopback(authority.host()) {
                return refuse("would send secrets over plain http; use https (http is for loopback only)");
            }
        } else if scheme != Scheme::HTTPS {
            return refuse("is neither https nor http");
        }
        Ok(Base { scheme, authority, path: uri.path().trim_end_matches('/').to_owned() })
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_and_shortcut_agree_with_the_contract() {
        let production = Servers::production();
        assert_eq!(production.base(Service::Oauth), "https://thingspace.verizon.com/api/ts/v1");
        assert_eq!(production.base(Service::M2m), "https://thingspace.verizon.com/api/m2m");
        assert_eq!(production.base(Service::Fota), "https://thingspace.verizon.com/api/fota/v3");
        assert_eq!(Servers::at("https://thingspace.verizon.com/").unwrap(), production);
    }

    #[test]
    fn secrets_never_travel_over_plain_http_except_to_loopback() {
        for good in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://10.0.0.1"] {
            assert!(Servers::at(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "ftp://localhost",
            "localhost:80",
            "/api",
            "",
            "https://user:pw@host",
            "https://host/?a=b",
        ] {
            let error = Servers::at(bad).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidRequest, "{bad}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }
}
