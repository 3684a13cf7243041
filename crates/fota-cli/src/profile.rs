//! The config file: named sets of settings. Its messages name places and keys, never a value, because values
//! may be secrets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fota_core::Secret;
use toml::{Table, Value};

use crate::error::Failure;
use crate::permissions::{refuse_readable_by_others, refuse_writable_by_others};
use crate::settings::Environment;
use crate::suggest;

/// The profile that is used when none is named.
pub(crate) const DEFAULT: &str = "default";

/// One `[profiles.NAME]` of the config file. Every setting may be missing.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) account: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: SecretKeys,
    pub(crate) username: Option<String>,
    pub(crate) password: SecretKeys,
    pub(crate) cacert: Option<String>,
    pub(crate) timeout: Option<String>,
    pub(crate) request_timeout: Option<String>,
    pub(crate) session_cache: Option<bool>,
}

/// The keys of one secret, of which a profile has at most one.
#[derive(Debug, Default)]
pub(crate) struct SecretKeys {
    /// The secret.
    pub(crate) text: Option<Secret>,
    /// A file that holds it.
    pub(crate) file: Option<String>,
    /// A command that prints it, word by word.
    pub(crate) command: Option<Vec<String>>,
}

impl SecretKeys {
    fn count(&self) -> usize {
        [self.text.is_some(), self.file.is_some(), self.command.is_some()]
            .into_iter()
            .filter(|set| *set)
            .count()
    }
}

/// All settings of a profile.
const KEYS: [&str; 14] = [
    "account",
    "base_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "client_secret_command",
    "username",
    "password",
    "password_file",
    "password_command",
    "cacert",
    "timeout",
    "request_timeout",
    "session_cache",
];

impl Profile {
    /// Reads `name`, or the default profile, which need not exist.
    pub(crate) fn load(name: Option<&str>, environment: &Environment) -> Result<Self, Failure> {
        let path = path(environment);
        let text = match path.as_deref().map(fs::read_to_string) {
            Some(Ok(text)) => Some(text),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                let shown = path.unwrap_or_default();
                return Err(Failure::usage(format!("cannot read {}: {error}", shown.display())));
            }
            _ => None,
        };
        match (text, path, name) {
            (Some(text), Some(path), _) => {
                let profile = parse(&text, name, &path)?;
                let secrets = [&profile.client_secret, &profile.password];
                if secrets.iter().any(|keys| keys.text.is_some()) {
                    refuse_readable_by_others(&path)?;
                }
                if secrets.iter().any(|keys| keys.command.is_some()) {
                    refuse_writable_by_others(&path)?;
                }
                Ok(profile)
            }
            (_, path, Some(name)) => {
                let place =
                    path.map_or_else(|| "the config file".to_owned(), |path| path.display().to_string());
                Err(Failure::usage(format!("there is no profile {name:?}, for {place} does not exist")))
            }
            _ => Ok(Profile::default()),
        }
    }
}

/// Where the config file is, whether or not it exists.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
    environment.folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("fota").join("config.toml"))
}

fn parse(text: &str, name: Option<&str>, path: &Path) -> Result<Profile, Failure> {
    let refuse = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    // The parser's own message quotes the line.
    let mut file: Table = text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(0, |span| text.get(..span.start).unwrap_or(text).matches('\n').count()) + 1;
        refuse(format!("line {line} is not TOML"))
            .hint("write settings as account = \"0000123456-00001\", under a line [profiles.default]")
    })?;
    let profiles = match file.remove("profiles") {
        None => Table::new(),
        Some(Value::Table(profiles)) => profiles,
        Some(_) => return Err(refuse("profiles is not a table".to_owned())),
    };
    if let Some(key) = file.keys().next() {
        return Err(refuse(format!("{key:?} is not known here"))
            .hint("settings stand under a line [profiles.NAME], such as [profiles.default]"));
    }
    let wanted = name.unwrap_or(DEFAULT);
    let names: Vec<String> = profiles.keys().map(|name| format!("{name:?}")).collect();
    let mut profile = Profile::default();
    let mut found = false;
    // All are checked, so that a mistake does not wait for the day its profile is used.
    for (name, value) in profiles {
        let Value::Table(table) = value else {
            return Err(refuse(format!("profiles.{name} is not a table")));
        };
        let read = read(table, |key, what| refuse(format!("profiles.{name}.{key} {what}")))?;
        if name == wanted {
            profile = read;
            found = true;
        }
    }
    match name {
        Some(name) if !found => {
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let known = format!("profiles in the file: {known}");
            let hint = match suggest::closest(name, names.iter().map(|name| name.trim_matches('"'))) {
                Some(near) => format!("did you mean {near:?}? {known}"),
                None => known,
            };
            Err(refuse(format!("there is no profile {name:?}")).hint(hint))
        }
        _ => Ok(profile),
    }
}

fn read(table: Table, refuse: impl Fn(&str, &str) -> Failure) -> Result<Profile, Failure> {
    let mut profile = Profile::default();
    for (key, value) in table {
        if key == "session_cache" {
            let Value::Boolean(on) = value else {
                return Err(refuse(&key, "is neither true nor false"));
            };
            profile.session_cache = Some(on);
            continue;
        }
        if let "client_secret_command" | "password_command" = key.as_str() {
            let keys =
                if key == "password_command" { &mut profile.password } else { &mut profile.client_secret };
            keys.command = Some(command(value).ok_or_else(|| {
                refuse(&key, "is not a list of texts")
                    .hint("write a command as [\"pass\", \"show\", \"thingspace\"]")
            })?);
            continue;
        }
        let Value::String(text) = value else {
            if !KEYS.contains(&key.as_str()) {
                return Err(unknown(&key, &refuse));
            }
            return Err(refuse(&key, "is not a text in quotes"));
        };
        let secret = |text: String| Some(Secret::from(text)).filter(|secret| !secret.is_empty());
        match key.as_str() {
            "client_secret" => profile.client_secret.text = secret(text),
            "password" => profile.password.text = secret(text),
            "account" => profile.account = Some(text),
            "base_url" => profile.base_url = Some(text),
            "client_id" => profile.client_id = Some(text),
            "client_secret_file" => profile.client_secret.file = Some(text),
            "username" => profile.username = Some(text),
            "password_file" => profile.password.file = Some(text),
            "cacert" => profile.cacert = Some(text),
            "timeout" => profile.timeout = Some(text),
            "request_timeout" => profile.request_timeout = Some(text),
            _ => return Err(unknown(&key, &refuse)),
        }
    }
    for (name, keys) in [("client_secret", &profile.client_secret), ("password", &profile.password)] {
        if keys.count() > 1 {
            return Err(refuse(name, "is given in more than one way")
                .hint(format!("keep one of {name}, {name}_file and {name}_command")));
        }
    }
    Ok(profile)
}

fn unknown(key: &str, refuse: impl Fn(&str, &str) -> Failure) -> Failure {
    let all = format!("settings are {}", KEYS.join(", "));
    refuse(key, "is not a setting").hint(match suggest::closest(key, KEYS) {
        Some(near) => format!("did you mean {near}? {all}"),
        None => all,
    })
}

/// A program and its arguments.
fn command(value: Value) -> Option<Vec<String>> {
    let Value::Array(words) = value else { return None };
    let words = words.into_iter().map(|word| match word {
        Value::String(word) => Some(word),
        _ => None,
    });
    words.collect::<Option<Vec<_>>>().filter(|words| words.first().is_some_and(|first| !first.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-not-a-real-secret";

    fn read_text(text: &str, name: Option<&str>) -> Result<Profile, Failure> {
        parse(text, name, Path::new("config.toml"))
    }

    #[test]
    fn profiles_are_found_by_name() {
        let text =
            "[profiles.default]\naccount = \"a\"\n[profiles.staging]\naccount = \"b\"\ntimeout = \"9s\"\n";
        assert_eq!(read_text(text, None).unwrap().account.as_deref(), Some("a"));
        let staging = read_text(text, Some("staging")).unwrap();
        assert_eq!((staging.account.as_deref(), staging.timeout.as_deref()), (Some("b"), Some("9s")));
        assert!(read_text("", None).unwrap().account.is_none());
        let missing = read_text(text, Some("prod")).unwrap_err();
        assert!(missing.message().contains("no profile \"prod\""), "{}", missing.message());
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        for (text, expected) in [
            ("[profiles.default]\npassword = canary-not-a-real-secret\n", "line 2 is not TOML"),
            (
                "[profiles.default]\npasword = \"canary-not-a-real-secret\"\n",
                "profiles.default.pasword is not a setting",
            ),
            (
                "[profiles.other]\npassword = [\"canary-not-a-real-secret\"]\n",
                "profiles.other.password is not a text",
            ),
            (
                "[profiles.default]\nsession_cache = \"canary-not-a-real-secret\"\n",
                "profiles.default.session_cache is neither true nor false",
            ),
            (
                "[profiles.default]\npassword_command = \"canary-not-a-real-secret\"\n",
                "profiles.default.password_command is not a list of texts",
            ),
            (
                "[profiles.default]\npassword_command = [\"\", \"canary-not-a-real-secret\"]\n",
                "profiles.default.password_command is not a list of texts",
            ),
            (
                "[profiles.default]\npassword = \"canary-not-a-real-secret\"\npassword_file = \"f\"\n",
                "profiles.default.password is given in more than one way",
            ),
            ("password = \"canary-not-a-real-secret\"\n", "\"password\" is not known here"),
            ("profiles = \"canary-not-a-real-secret\"\n", "profiles is not a table"),
            ("[profiles]\ndefault = \"canary-not-a-real-secret\"\n", "profiles.default is not a table"),
        ] {
            let failure = read_text(text, None).unwrap_err();
            assert!(failure.message().contains(expected), "{}", failure.message());
            assert!(!format!("{failure:?}").contains(CANARY), "{failure:?}");
        }
        let good = read_text(&format!("[profiles.default]\npassword = \"{CANARY}\"\n"), None).unwrap();
        assert!(!format!("{good:?}").contains(CANARY));
        assert_eq!(good.password.text.unwrap().expose(), CANARY);
    }
}
