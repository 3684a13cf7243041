//! The two secrets among the settings: never a flag, but a variable, a file, or the output of a command.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use fota_core::Secret;

use super::command::{from_command, words};
use super::draft::variable;
use super::{Environment, Source};
use crate::error::Failure;
use crate::permissions;
use crate::profile::SecretKeys;

/// No secret is that long; what is longer came out of the wrong command or file.
const MAX_LENGTH: u64 = 64 * 1024;

/// A secret, and where it is. It is read when it is needed.
#[derive(Debug)]
pub(crate) struct SecretSetting {
    /// Its key in a profile.
    pub(crate) name: &'static str,
    pub(crate) place: Option<Place>,
    pub(crate) source: Source,
}

/// Where a secret is.
#[derive(Debug)]
pub(crate) enum Place {
    /// Here.
    Text(Secret),
    /// In a file, which holds nothing else.
    File(PathBuf),
    /// It is what a command prints. The command's words are no secret.
    Command(Vec<String>),
}

impl SecretSetting {
    /// From `NAME`, `NAME_FILE` or `NAME_COMMAND` of the environment, else from the profile.
    pub(super) fn find(
        name: &'static str,
        environment: &Environment,
        in_profile: SecretKeys,
    ) -> Result<Self, Failure> {
        let plain = variable(name);
        let mut found: Vec<(String, Place)> = Vec::new();
        if let Some(text) = environment.text(&plain)? {
            found.push((plain.clone(), Place::Text(Secret::from(text))));
        }
        let file = format!("{plain}_FILE");
        if let Some(path) = environment.text(&file)? {
            found.push((file, Place::File(PathBuf::from(path))));
        }
        let command = format!("{plain}_COMMAND");
        if let Some(text) = environment.text(&command)? {
            let words = words(&text).map_err(|why| Failure::usage(format!("{command} {why}")).hint(
                "write the words with spaces between them, or as a JSON array: [\"op\", \"read\", \"op://vault/a b\"]",
            ))?;
            found.push((command, Place::Command(words)));
        }
        if let [(first, _), (second, _), ..] = found.as_slice() {
            return Err(Failure::usage(format!("{first} and {second} are both set")).hint("keep one of them"));
        }
        if let Some((variable, place)) = found.pop() {
            return Ok(SecretSetting { name, place: Some(place), source: Source::Environment(variable) });
        }
        let (key, place) = match in_profile {
            SecretKeys { text: Some(text), .. } => (name.to_owned(), Place::Text(text)),
            SecretKeys { file: Some(path), .. } => (format!("{name}_file"), Place::File(path.into())),
            SecretKeys { command: Some(words), .. } => (format!("{name}_command"), Place::Command(words)),
            SecretKeys { .. } => return Ok(SecretSetting { name, place: None, source: Source::Missing }),
        };
        Ok(SecretSetting { name, place: Some(place), source: Source::Profile(key) })
    }

    /// The secret itself; empty when it is not set.
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        match &self.place {
            None => Ok(Secret::default()),
            Some(Place::Text(secret)) => Ok(secret.clone()),
            Some(Place::File(path)) => from_file(path),
            Some(Place::Command(words)) => from_command(words, &self.source),
        }
    }

    /// What would keep it from being read, as far as a look at the file's mode tells.
    pub(crate) fn problem(&self) -> Option<Failure> {
        match &self.place {
            Some(Place::File(path)) => match fs::metadata(path) {
                Err(error) => Some(unreadable(path, &error)),
                Ok(_) => permissions::refuse_readable_by_others(path).err(),
            },
            _ => None,
        }
    }
}

fn from_file(path: &Path) -> Result<Secret, Failure> {
    permissions::refuse_readable_by_others(path)?;
    let text = fs::File::open(path).and_then(read).map_err(|error| unreadable(path, &error))?;
    let secret = without_line_end(&text);
    if secret.is_empty() {
        return Err(Failure::usage(format!("the secret file {} is empty", path.display())));
    }
    Ok(secret)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read the secret file {}: {error}", path.display()))
}

/// All of it, if it is a text of reasonable length.
pub(super) fn read(source: impl io::Read) -> io::Result<Secret> {
    let mut text = String::new();
    let result = source.take(MAX_LENGTH + 1).read_to_string(&mut text);
    let secret = Secret::from(text);
    result?;
    if secret.expose().len() as u64 > MAX_LENGTH {
        return Err(io::Error::other("it is too long"));
    }
    Ok(secret)
}

/// Editors and `echo` end the last line; no secret ends so.
pub(super) fn without_line_end(text: &Secret) -> Secret {
    let text = text.expose();
    let text = text.strip_suffix('\n').unwrap_or(text);
    Secret::from(text.strip_suffix('\r').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-not-a-real-secret";

    fn file(home: &tempfile::TempDir, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = home.path().join(name);
        fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let _ = mode;
        path
    }

    #[test]
    fn one_place_for_each_secret() {
        let find = |set: &[(&str, &str)], keys| {
            SecretSetting::find("password", &Environment::of(set), keys).map(|found| found.source.to_string())
        };
        let none = || SecretKeys::default();
        let file = || SecretKeys { file: Some("f".to_owned()), ..none() };
        assert_eq!(find(&[], none()).unwrap(), "not set");
        assert_eq!(find(&[], file()).unwrap(), "password_file of the profile");
        for name in ["FOTA_PASSWORD", "FOTA_PASSWORD_FILE", "FOTA_PASSWORD_COMMAND"] {
            assert_eq!(find(&[(name, "x")], file()).unwrap(), name);
            for other in ["FOTA_PASSWORD", "FOTA_PASSWORD_FILE", "FOTA_PASSWORD_COMMAND"] {
                let both = find(&[(name, "x"), (other, "x")], none());
                assert_eq!(both.is_err(), name != other, "{name} {other}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn secrets_come_from_files_that_only_the_owner_can_read() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(
            from_file(&file(&home, "good", "fake-password\n", 0o600)).unwrap().expose(),
            "fake-password"
        );
        assert!(from_file(&file(&home, "empty", "\n", 0o600)).is_err());
        for mode in [0o644, 0o640, 0o604] {
            let failure = from_file(&file(&home, "open", CANARY, mode)).unwrap_err();
            assert!(failure.message().contains("open to others"), "{}", failure.message());
            assert!(!format!("{failure:?}").contains(CANARY));
        }
    }
}
