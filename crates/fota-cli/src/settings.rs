//! Settings: from a flag, else the environment, else a profile of the config file, else the default.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fota_core::models::AccountName;
use fota_core::{Credentials, Secret, Servers, Service};

use crate::args::{self, Global};
use crate::error::Failure;
use crate::profile::{self, Profile};

/// The environment, as far as it is asked. Empty variables count as not set.
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

impl Environment {
    /// That of this process.
    pub(crate) fn process() -> Self {
        Environment(Box::new(|name| std::env::var_os(name)))
    }

    /// A variable.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match (self.0)(name).filter(|value| !value.is_empty()).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(Failure::usage(format!("the variable {name} is not UTF-8"))),
        }
    }

    /// A base folder by the XDG rules: the variable if it is absolute, else `fallback` in the home folder.
    pub(crate) fn folder(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        let path = |name| (self.0)(name).map(PathBuf::from).filter(|path| path.is_absolute());
        path(variable).or_else(|| Some(path("HOME").or_else(|| path("USERPROFILE"))?.join(fallback)))
    }
}

/// What a command needs to reach the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) account: AccountName,
    pub(crate) servers: Servers,
    pub(crate) credentials: Credentials,
    pub(crate) timing: Timing,
    pub(crate) cacert: Option<PathBuf>,
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
}

impl Settings {
    /// Collects everything, and names all that is missing at once.
    pub(crate) fn resolve(flags: &Global, environment: &Environment) -> Result<Self, Failure> {
        let profile = Profile::load(flags.profile.as_deref(), environment)?;
        let mut missing = Vec::new();
        let mut need = |value: Option<String>, name: &'static str| {
            value.unwrap_or_else(|| {
                missing.push(name);
                String::new()
            })
        };
        let plain = |variable: &str, from_profile: Option<String>| -> Result<Option<String>, Failure> {
            Ok(environment.text(variable)?.or(from_profile))
        };
        let account = match &flags.account {
            Some(account) => Some(account.clone()),
            None => plain("FOTA_ACCOUNT", profile.account)?,
        };
        let account = need(account, "FOTA_ACCOUNT");
        let client_id = need(plain("FOTA_CLIENT_ID", profile.client_id)?, "FOTA_CLIENT_ID");
        let client_secret =
            secret(environment, "FOTA_CLIENT_SECRET", profile.client_secret, profile.client_secret_file)?;
        let username = need(plain("FOTA_USERNAME", profile.username)?, "FOTA_USERNAME");
        let password = secret(environment, "FOTA_PASSWORD", profile.password, profile.password_file)?;
        if client_secret.is_none() {
            missing.push("FOTA_CLIENT_SECRET");
        }
        if password.is_none() {
            missing.push("FOTA_PASSWORD");
        }
        if !missing.is_empty() {
            return Err(lacking(&missing, flags, environment));
        }
        let base_url = match &flags.base_url {
            Some(url) => Some(url.clone()),
            None => plain("FOTA_BASE_URL", profile.base_url)?,
        };
        let span = |flag: Option<Duration>, text: Option<String>, name: &str| match (flag, text) {
            (Some(span), _) => Ok(Some(span)),
            (None, Some(text)) => args::parse_span(&text)
                .map(Some)
                .map_err(|hint| Failure::usage(format!("{name} of the profile is not a time")).hint(hint)),
            (None, None) => Ok(None),
        };
        Ok(Settings {
            account: AccountName::new(account).map_err(|error| Failure::usage(error.to_string()))?,
            servers: base_url.as_deref().map_or_else(|| Ok(Servers::production()), Servers::at)?,
            credentials: Credentials::new(
                client_id,
                client_secret.unwrap_or_default(),
                username,
                password.unwrap_or_default(),
            ),
            timing: Timing {
                total: span(flags.timeout, profile.timeout, "timeout")?,
                request: span(flags.request_timeout, profile.request_timeout, "request_timeout")?,
            },
            cacert: flags.cacert.clone().or(profile.cacert.map(PathBuf::from)),
            session_cache: switch(environment, "FOTA_SESSION_CACHE")?
                .or(profile.session_cache)
                .unwrap_or(false),
        })
    }

    /// The host of the service, for people.
    pub(crate) fn host(&self) -> String {
        let base = self.servers.base(Service::Fota);
        base.strip_suffix(Service::Fota.default_path()).map_or_else(|| base.clone(), str::to_owned)
    }
}

/// A variable that says yes or no.
fn switch(environment: &Environment, variable: &str) -> Result<Option<bool>, Failure> {
    let Some(text) = environment.text(variable)? else { return Ok(None) };
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(Some(true)),
        "0" | "false" | "no" | "off" => Ok(Some(false)),
        _ => Err(Failure::usage(format!("{variable} is neither 1 nor 0"))),
    }
}

/// A secret of the environment, of the file that the environment names, or of the profile, in this order.
fn secret(
    environment: &Environment,
    variable: &str,
    in_profile: Option<Secret>,
    file_in_profile: Option<String>,
) -> Result<Option<Secret>, Failure> {
    let file_variable = format!("{variable}_FILE");
    match (environment.text(variable)?, environment.text(&file_variable)?) {
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("{variable} and {file_variable} are both set"))
                .hint("keep one of them"))
        }
        (Some(text), None) => Ok(Some(Secret::from(text))),
        (None, Some(path)) => from_file(Path::new(&path)).map(Some),
        (None, None) => match (in_profile, file_in_profile) {
            (Some(secret), _) => Ok(Some(secret).filter(|secret| !secret.is_empty())),
            (None, Some(path)) => from_file(Path::new(&path)).map(Some),
            (None, None) => Ok(None),
        },
    }
}

fn from_file(path: &Path) -> Result<Secret, Failure> {
    profile::refuse_readable_by_others(path)?;
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the secret file {}: {error}", path.display()))
    })?;
    let text = Secret::from(text);
    // Editors end the last line; no secret ends so.
    let secret = Secret::from(text.expose().trim_end_matches(['\r', '\n']));
    if secret.is_empty() {
        return Err(Failure::usage(format!("the secret file {} is empty", path.display())));
    }
    Ok(secret)
}

fn lacking(missing: &[&str], flags: &Global, environment: &Environment) -> Failure {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let profile = flags.profile.as_deref().unwrap_or(profile::DEFAULT);
    let place = profile::path(environment).map_or_else(String::new, |path| {
        format!(", or write the settings under [profiles.{profile}] in {}", path.display())
    });
    Failure::usage(format!("{} {verb} not set", missing.join(", "))).hint(format!(
        "export what is missing{place}; or try the command with --sandbox, which needs none of it"
    ))
}

#[cfg(test)]
mod tests {
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
            let mut set: Vec<(String, String)> =
                set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            set.push(("XDG_CONFIG_HOME".to_owned(), self.0.path().to_str().unwrap().to_owned()));
            Environment(Box::new(move |name| {
                set.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone().into())
            }))
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
    fn secrets_come_from_files_that_only_the_owner_can_read() {
        let home = Home::new();
        let environment = |path: &str| {
            let mut set = FULL[..4].to_vec();
            set.push(("FOTA_PASSWORD_FILE", path));
            home.environment(&set)
        };
        let good = home.file("password", "fake-password\n", 0o600);
        let value = secret(&environment(&good), "FOTA_PASSWORD", None, None).unwrap();
        assert_eq!(value.unwrap().expose(), "fake-password");
        assert!(Settings::resolve(&Global::default(), &environment(&good)).is_ok());
        let empty = home.file("empty", "\n", 0o600);
        assert!(Settings::resolve(&Global::default(), &environment(&empty)).is_err());
        let both = [FULL[4], ("FOTA_PASSWORD_FILE", good.as_str())];
        assert!(secret(&home.environment(&both), "FOTA_PASSWORD", None, None).is_err());
        let from_profile = secret(&home.environment(&[]), "FOTA_PASSWORD", None, Some(good)).unwrap();
        assert_eq!(from_profile.unwrap().expose(), "fake-password");
    }

    #[cfg(unix)]
    #[test]
    fn open_files_with_secrets_are_refused() {
        let home = Home::new();
        for mode in [0o644, 0o640, 0o604] {
            let open = home.file("open", "fake-password\n", mode);
            let failure = from_file(Path::new(&open)).unwrap_err();
            assert!(failure.message().contains("open to others"), "{}", failure.message());
            home.file("fota/config.toml", "[profiles.default]\npassword = \"fake-password\"\n", mode);
            let failure = Settings::resolve(&Global::default(), &home.environment(&FULL)).unwrap_err();
            assert!(failure.message().contains("open to others"), "{}", failure.message());
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_refused() {
        let home = Home::new();
        let flags = Global { base_url: Some("http://example.com".to_owned()), ..Global::default() };
        assert_eq!(Settings::resolve(&flags, &home.environment(&FULL)).unwrap_err().exit(), Exit::Usage);
    }
}
