//! The variables that settings come from, and the folders that they name.

use std::ffi::OsString;
use std::path::PathBuf;

use fota_core::proxy::Proxies;

use crate::error::Failure;

/// The environment, as far as it is asked. Empty variables count as not set.
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

impl Environment {
    /// That of this process.
    pub(crate) fn process() -> Self {
        Environment(Box::new(|name| std::env::var_os(name)))
    }

    /// One that holds these variables.
    #[cfg(test)]
    pub(crate) fn of(set: &[(&str, &str)]) -> Self {
        let set: Vec<(String, String)> =
            set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment(Box::new(move |name| {
            set.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone().into())
        }))
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

    /// The proxies that it names.
    pub(crate) fn proxies(&self) -> Proxies {
        Proxies::from_variables(|name| self.text(name).ok().flatten())
    }
}
