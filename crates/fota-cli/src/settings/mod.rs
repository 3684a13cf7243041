//! Settings: from a flag, else the environment, else a profile of the config file, else the default.
//!
//! [`Draft`] finds out where each setting comes from, and reads no secret for it; [`Settings`] are what a
//! command works with.

mod command;
mod draft;
mod environment;
mod secret;

use std::path::PathBuf;
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::proxy::Proxies;
use fota_core::{Credentials, Servers, Service};

use crate::args::{self, Global};
use crate::error::Failure;
use crate::profile;

pub(crate) use draft::{Draft, Setting, Source};
pub(crate) use environment::Environment;
pub(crate) use secret::{Place, SecretSetting};

/// The three services that a command may talk to.
pub(crate) const SERVICES: [Service; 3] = [Service::Oauth, Service::M2m, Service::Fota];

/// What a command needs to reach the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) account: AccountName,
    pub(crate) servers: Servers,
    pub(crate) credentials: Credentials,
    pub(crate) timing: Timing,
    pub(crate) cacert: Option<PathBuf>,
    pub(crate) proxies: Proxies,
    /// Whether commands share a session.
    pub(crate) session_cache: bool,
}

/// Limits that hold for the sandbox too.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timing {
    /// For a whole call.
    pub(crate) total: Option<Duration>,
    /// For one request.
    pub(crate) request: Option<Duration>,
    /// Whether every request is sent once and never repeated.
    pub(crate) once: bool,
}

impl Settings {
    /// Collects everything, and names all that is missing at once.
    pub(crate) fn resolve(flags: &Global, environment: &Environment) -> Result<Self, Failure> {
        Settings::from_draft(Draft::collect(flags, environment)?, environment)
    }

    /// Reads the secrets and checks the values.
    pub(crate) fn from_draft(draft: Draft, environment: &Environment) -> Result<Self, Failure> {
        let missing = draft.missing();
        if !missing.is_empty() {
            return Err(lacking(&missing, &draft.profile, environment));
        }
        let (servers, timing) = (draft.servers()?, draft.timing()?);
        let account = AccountName::new(draft.account.value.unwrap_or_default())
            .map_err(|error| Failure::usage(error.to_string()))?;
        let session_cache = draft.session_cache.switch()?;
        let proxies = environment.proxies();
        for service in SERVICES {
            if let Ok(uri) = servers.base(service).parse() {
                proxies.for_uri(&uri).map_err(|error| {
                    Failure::from(error).hint(
                        "write a proxy as http://host:port, or leave the service out of it with no_proxy",
                    )
                })?;
            }
        }
        // Last of all, for a command may run for them.
        let credentials = Credentials::new(
            draft.client_id.value.unwrap_or_default(),
            draft.client_secret.read()?,
            draft.username.value.unwrap_or_default(),
            draft.password.read()?,
        );
        let cacert = draft.cacert.value.map(PathBuf::from);
        Ok(Settings { account, servers, credentials, timing, cacert, proxies, session_cache })
    }

    /// The host of the service, for people.
    pub(crate) fn host(&self) -> String {
        host(&self.servers)
    }
}

/// The host of the service, for people.
pub(crate) fn host(servers: &Servers) -> String {
    let base = servers.base(Service::Fota);
    base.strip_suffix(Service::Fota.default_path()).map_or_else(|| base.clone(), str::to_owned)
}

impl Draft {
    /// Where the services are.
    pub(crate) fn servers(&self) -> Result<Servers, Failure> {
        let base_url = self.base_url.value.as_deref().filter(|_| self.base_url.source != Source::Default);
        Ok(base_url.map_or_else(|| Ok(Servers::production()), Servers::at)?)
    }

    /// The limits, those that are not the default ones.
    pub(crate) fn timing(&self) -> Result<Timing, Failure> {
        Ok(Timing { total: self.timeout.span()?, request: self.request_timeout.span()?, once: false })
    }
}

impl Setting {
    /// A span of time, unless it is the default one.
    pub(crate) fn span(&self) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.value.as_deref().filter(|_| self.source != Source::Default) else {
            return Ok(None);
        };
        args::parse_span(text).map(Some).map_err(|hint| {
            Failure::usage(format!("{} ({}) is not a time", self.name, self.source)).hint(hint)
        })
    }

    /// Yes or no.
    pub(crate) fn switch(&self) -> Result<bool, Failure> {
        match self.value.as_deref().unwrap_or("false").to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(Failure::usage(format!("{} is neither 1 nor 0", self.source))),
        }
    }
}

pub(crate) fn lacking(missing: &[&str], profile: &str, environment: &Environment) -> Failure {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let place = profile::path(environment).map_or_else(String::new, |path| {
        format!(", or write the settings under [profiles.{profile}] in {}", path.display())
    });
    Failure::usage(format!("{} {verb} not set", missing.join(", "))).hint(format!(
        "export what is missing{place}; or try the command with --sandbox, which needs none of it"
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::exit::Exit;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Home(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, content: &str, mode: u32) -> String {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
            let _ = mode;
            path.to_str().unwrap().to_owned()
        }

        fn environment(&self, set: &[(&str, &str)]) -> Environment {
            let mut set = set.to_vec();
            set.push(("XDG_CONFIG_HOME", self.0.path().to_str().unwrap()));
            Environment::of(&set)
        }
    }

    const FULL: [(&str, &str); 5] = [
        ("FOTA_ACCOUNT", "from-environment"),
        ("FOTA_CLIENT_ID", "fake-id"),
        ("FOTA_CLIENT_SECRET", "fake-secret"),
        ("FOTA_USERNAME", "fake-user"),
        ("FOTA_PASSWORD", "fake-password"),
    ];

    #[test]
    fn flag_before_environment_before_profile() {
        let home = Home::new();
        home.file(
            "fota/config.toml",
            "[profiles.default]\naccount = \"from-profile\"\nbase_url = \"https://profile.example\"\ntimeout = \"5s\"\n",
            0o644,
        );
        let mut flags = Global::default();
        let settings = Settings::resolve(&flags, &home.environment(&FULL)).unwrap();
        assert_eq!(settings.account.as_str(), "from-environment");
        assert_eq!(settings.host(), "https://profile.example");
        assert_eq!(settings.timing.total, Some(Duration::from_secs(5)));
        flags.account = Some("from-flag".to_owned());
        flags.timeout = Some(Duration::from_secs(6));
        flags.base_url = Some("http://127.0.0.1:1/".to_owned());
        let settings = Settings::resolve(&flags, &home.environment(&FULL)).unwrap();
        assert_eq!(settings.account.as_str(), "from-flag");
        assert_eq!(settings.host(), "http://127.0.0.1:1");
        assert_eq!(settings.timing.total, Some(Duration::from_secs(6)));
        let settings = Settings::resolve(&Global::default(), &home.environment(&FULL[1..])).unwrap();
        assert_eq!(settings.account.as_str(), "from-profile");
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let home = Home::new();
        let failure = Settings::resolve(&Global::default(), &home.environment(&[])).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        for name in FULL.map(|(name, _)| name) {
            assert!(failure.message().contains(name), "{}", failure.message());
        }
        let blank = [("FOTA_ACCOUNT", ""), FULL[1], FULL[2], FULL[3], FULL[4]];
        let failure = Settings::resolve(&Global::default(), &home.environment(&blank)).unwrap_err();
        assert_eq!(failure.message(), "FOTA_ACCOUNT is not set");
    }

    #[test]
    fn every_setting_has_a_variable_and_a_key() {
        let home = Home::new();
        home.file(
            "fota/config.toml",
            "[profiles.staging]\ncacert = \"/profile.pem\"\ntimeout = \"5s\"\nrequest_timeout = \"4s\"\nsession_cache = true\n",
            0o644,
        );
        let mut set = FULL.to_vec();
        set.push(("FOTA_PROFILE", "staging"));
        let settings = Settings::resolve(&Global::default(), &home.environment(&set)).unwrap();
        assert_eq!(settings.cacert, Some(PathBuf::from("/profile.pem")));
        assert_eq!(settings.timing.request, Some(Duration::from_secs(4)));
        assert!(settings.session_cache);
        set.extend([
            ("FOTA_CACERT", "/environment.pem"),
            ("FOTA_TIMEOUT", "50s"),
            ("FOTA_REQUEST_TIMEOUT", "40s"),
            ("FOTA_SESSION_CACHE", "off"),
        ]);
        let settings = Settings::resolve(&Global::default(), &home.environment(&set)).unwrap();
        assert_eq!(settings.cacert, Some(PathBuf::from("/environment.pem")));
        assert_eq!(settings.timing.total, Some(Duration::from_secs(50)));
        assert_eq!(settings.timing.request, Some(Duration::from_secs(40)));
        assert!(!settings.session_cache);
        set.push(("FOTA_TIMEOUT", "soon"));
        set.retain(|(name, value)| (*name, *value) != ("FOTA_TIMEOUT", "50s"));
        let failure = Settings::resolve(&Global::default(), &home.environment(&set)).unwrap_err();
        assert!(failure.message().contains("FOTA_TIMEOUT"), "{}", failure.message());
    }

    #[test]
    fn a_proxy_that_is_none_is_told_before_anything_is_sent() {
        let home = Home::new();
        let mut set = FULL.to_vec();
        set.push(("https_proxy", "socks5://canary@p:1"));
        let failure = Settings::resolve(&Global::default(), &home.environment(&set)).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.message().contains("https_proxy") && !failure.message().contains("canary"));
        let flags = Global { base_url: Some("http://127.0.0.1:1".to_owned()), ..Global::default() };
        assert!(Settings::resolve(&flags, &home.environment(&set)).is_ok(), "not used for loopback");
    }

    #[test]
    fn plain_http_to_another_machine_is_refused() {
        let home = Home::new();
        let flags = Global { base_url: Some("http://example.com".to_owned()), ..Global::default() };
        assert_eq!(Settings::resolve(&flags, &home.environment(&FULL)).unwrap_err().exit(), Exit::Usage);
    }
}
