//! Where each setting comes from, before any of them is used.

use std::fmt;
use std::time::Duration;

use super::{Environment, SecretSetting};
use crate::args::Global;
use crate::error::Failure;
use crate::profile::{self, Profile};

/// Every setting with its source. Secrets are not read yet.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The profile's name.
    pub(crate) profile: String,
    /// Who named it.
    pub(crate) profile_source: Source,
    pub(crate) account: Setting,
    pub(crate) base_url: Setting,
    pub(crate) client_id: Setting,
    pub(crate) client_secret: SecretSetting,
    pub(crate) username: Setting,
    pub(crate) password: SecretSetting,
    pub(crate) cacert: Setting,
    pub(crate) timeout: Setting,
    pub(crate) request_timeout: Setting,
    pub(crate) session_cache: Setting,
}

/// A setting that may be shown.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in a profile.
    pub(crate) name: &'static str,
    pub(crate) value: Option<String>,
    pub(crate) source: Source,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// This flag.
    Flag(&'static str),
    /// This variable.
    Environment(String),
    /// This key of the profile.
    Profile(String),
    /// Nothing says otherwise.
    Default,
    /// There is no default.
    Missing,
}

impl Source {
    /// The kind, in a word that scripts may read.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Source::Flag(_) => "flag",
            Source::Environment(_) => "environment",
            Source::Profile(_) => "profile",
            Source::Default => "default",
            Source::Missing => "missing",
        }
    }

    /// The flag, the variable or the key.
    pub(crate) fn place(&self) -> Option<&str> {
        match self {
            Source::Flag(flag) => Some(flag),
            Source::Environment(text) | Source::Profile(text) => Some(text),
            Source::Default | Source::Missing => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag(flag) => f.write_str(flag),
            Source::Environment(variable) => f.write_str(variable),
            Source::Profile(key) => write!(f, "{key} of the profile"),
            Source::Default => f.write_str("default"),
            Source::Missing => f.write_str("not set"),
        }
    }
}

impl Draft {
    /// Looks at flags, environment and config file.
    pub(crate) fn collect(flags: &Global, environment: &Environment) -> Result<Self, Failure> {
        let (profile_name, profile_source) = match (&flags.profile, environment.text("FOTA_PROFILE")?) {
            (Some(name), _) => (Some(name.clone()), Source::Flag("--profile")),
            (None, Some(name)) => (Some(name), Source::Environment("FOTA_PROFILE".to_owned())),
            (None, None) => (None, Source::Default),
        };
        let profile = Profile::load(profile_name.as_deref(), environment)?;
        let find = Find { environment };
        let flag = |flag, value: Option<String>| value.map(|value| (flag, value));
        let cacert = flags.cacert.as_ref().map(|path| path.to_string_lossy().into_owned());
        Ok(Draft {
            profile: profile_name.unwrap_or_else(|| profile::DEFAULT.to_owned()),
            profile_source,
            account: find.setting(
                "account",
                flag("--account", flags.account.clone()),
                profile.account,
                None,
            )?,
            base_url: find.setting(
                "base_url",
                flag("--base-url", flags.base_url.clone()),
                profile.base_url,
                Some("https://thingspace.verizon.com"),
            )?,
            client_id: find.setting("client_id", None, profile.client_id, None)?,
            client_secret: SecretSetting::find("client_secret", environment, profile.client_secret)?,
            username: find.setting("username", None, profile.username, None)?,
            password: SecretSetting::find("password", environment, profile.password)?,
            cacert: find.optional("cacert", flag("--cacert", cacert), profile.cacert)?,
            timeout: find.setting(
                "timeout",
                flag("--timeout", flags.timeout.map(show_span)),
                profile.timeout,
                Some("3m"),
            )?,
            request_timeout: find.setting(
                "request_timeout",
                flag("--request-timeout", flags.request_timeout.map(show_span)),
                profile.request_timeout,
                Some("60s"),
            )?,
            session_cache: find.setting(
                "session_cache",
                None,
                profile.session_cache.map(|on| on.to_string()),
                Some("false"),
            )?,
        })
    }

    /// The variables of settings that a command cannot do without and that are not set.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let set = [
            (self.account.value.is_some(), "FOTA_ACCOUNT"),
            (self.client_id.value.is_some(), "FOTA_CLIENT_ID"),
            (self.client_secret.place.is_some(), "FOTA_CLIENT_SECRET"),
            (self.username.value.is_some(), "FOTA_USERNAME"),
            (self.password.place.is_some(), "FOTA_PASSWORD"),
        ];
        set.into_iter().filter(|(is_set, _)| !is_set).map(|(_, variable)| variable).collect()
    }
}

struct Find<'a> {
    environment: &'a Environment,
}

impl Find<'_> {
    fn setting(
        &self,
        name: &'static str,
        flag: Option<(&'static str, String)>,
        in_profile: Option<String>,
        default: Option<&str>,
    ) -> Result<Setting, Failure> {
        let found = |value: String, source| Setting { name, value: Some(value), source };
        if let Some((flag, value)) = flag {
            return Ok(found(value, Source::Flag(flag)));
        }
        let variable = variable(name);
        if let Some(value) = self.environment.text(&variable)? {
            return Ok(found(value, Source::Environment(variable)));
        }
        Ok(match (in_profile, default) {
            (Some(value), _) => found(value, Source::Profile(name.to_owned())),
            (None, Some(default)) => found(default.to_owned(), Source::Default),
            (None, None) => Setting { name, value: None, source: Source::Missing },
        })
    }

    /// A setting that need not be there.
    fn optional(
        &self,
        name: &'static str,
        flag: Option<(&'static str, String)>,
        in_profile: Option<String>,
    ) -> Result<Setting, Failure> {
        let setting = self.setting(name, flag, in_profile, None)?;
        let source = if setting.value.is_none() { Source::Default } else { setting.source };
        Ok(Setting { source, ..setting })
    }
}

/// The variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("FOTA_{}", name.to_ascii_uppercase())
}

/// A time as a flag or a profile would say it.
fn show_span(span: Duration) -> String {
    match (span.subsec_millis(), span.as_secs()) {
        (0, seconds) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (0, seconds) => format!("{seconds}s"),
        _ => format!("{}ms", span.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::parse_span;

    #[test]
    fn spans_read_back() {
        for text in ["500ms", "1s", "90s", "3m", "60m", "61s", "1500ms"] {
            let span = parse_span(text).unwrap();
            assert_eq!(show_span(span), text);
            assert_eq!(parse_span(&show_span(span)), Ok(span));
        }
    }
}
