//! `fota config …`: what is set, and who says so.

#[cfg(test)]
mod hostile;

use std::io::{self, Write};

use serde::Serialize;

use crate::args::{Config, Global};
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Console, Format, escape, json, stdout, still_read};
use crate::profile;
use crate::settings::{Draft, Environment, Place, SecretSetting, Setting, Source};

pub(super) fn run(
    command: &Config,
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    if global.sandbox {
        return Err(Failure::usage("the sandbox asks for no settings"));
    }
    match command {
        Config::Explain => still_read(explain(stdout(), &Explained::of(global, environment)?, console))?,
        Config::Path => still_read(path(&ConfigFile::of(environment)?, console))?,
        Config::Example => {
            let mut out = stdout();
            still_read(out.write_all(EXAMPLE.as_bytes()).and_then(|()| out.flush()))?
        }
    };
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    profile: Profile,
    config_file: ConfigFile,
    settings: Vec<Explanation>,
}

#[derive(Serialize)]
struct Profile {
    name: String,
    source: &'static str,
    place: Option<String>,
}

#[derive(Serialize)]
struct ConfigFile {
    path: String,
    exists: bool,
}

/// One setting.
#[derive(Serialize)]
struct Explanation {
    name: &'static str,
    /// Never that of a secret.
    value: Option<String>,
    secret: bool,
    set: bool,
    /// `flag`, `environment`, `profile`, `default` or `missing`.
    source: &'static str,
    /// Which flag, variable or key.
    place: Option<String>,
    /// The file or the program that a secret comes from.
    detail: Option<String>,
    /// Why it cannot be used as it is.
    problem: Option<String>,
}

impl Explained {
    fn of(global: &Global, environment: &Environment) -> Result<Self, Failure> {
        let draft = Draft::collect(global, environment)?;
        let time = |setting: &Setting, bad: bool| {
            Explanation::of(setting, bad.then(|| "it is not a time such as 90s".to_owned()))
        };
        let url = draft.servers().err().map(|failure| failure.message().to_owned());
        let switch = draft.session_cache.switch().err().map(|failure| failure.message().to_owned());
        let settings = vec![
            Explanation::of(&draft.account, None),
            Explanation::of(&draft.base_url, url),
            Explanation::of(&draft.client_id, None),
            Explanation::of_secret(&draft.client_secret),
            Explanation::of(&draft.username, None),
            Explanation::of_secret(&draft.password),
            Explanation::of(&draft.cacert, None),
            time(&draft.timeout, draft.timeout.span().is_err()),
            time(&draft.request_timeout, draft.request_timeout.span().is_err()),
            Explanation::of(&draft.session_cache, switch),
            proxy(&draft, environment),
        ];
        let profile = Profile {
            name: draft.profile,
            source: draft.profile_source.kind(),
            place: draft.profile_source.place().map(str::to_owned),
        };
        Ok(Explained { profile, config_file: ConfigFile::of(environment)?, settings })
    }
}

impl ConfigFile {
    fn of(environment: &Environment) -> Result<Self, Failure> {
        let path = profile::path(environment).ok_or_else(|| {
            Failure::usage("there is no place for a config file").hint("set XDG_CONFIG_HOME or HOME")
        })?;
        Ok(ConfigFile { exists: path.exists(), path: path.to_string_lossy().into_owned() })
    }
}

impl Explanation {
    fn of(setting: &Setting, problem: Option<String>) -> Self {
        Explanation {
            name: setting.name,
            value: setting.value.clone(),
            secret: false,
            set: setting.value.is_some(),
            source: setting.source.kind(),
            place: setting.source.place().map(str::to_owned),
            detail: None,
            problem,
        }
    }

    fn of_secret(setting: &SecretSetting) -> Self {
        Explanation {
            name: setting.name,
            value: None,
            secret: true,
            set: setting.place.is_some(),
            source: setting.source.kind(),
            place: setting.source.place().map(str::to_owned),
            detail: match &setting.place {
                Some(Place::File(path)) => Some(format!("file {}", path.display())),
                Some(Place::Command(words)) => {
                    Some(format!("command {}", words.first().map_or("", String::as_str)))
                }
                Some(Place::Text(_)) | None => None,
            },
            problem: setting.problem().map(|failure| failure.message().to_owned()),
        }
    }
}

/// The proxy of the configured service. It is no setting of ours, but of the environment.
fn proxy(draft: &Draft, environment: &Environment) -> Explanation {
    let proxies = environment.proxies();
    let uri = draft.servers().ok().and_then(|servers| super::service_uris(&servers).into_iter().next());
    let (mut value, mut source, mut problem) = (None, Source::Default, None);
    match uri.as_ref().map(|uri| proxies.for_uri(uri)) {
        Some(Ok(Some(proxy))) => {
            value = Some(proxy.to_string());
            source = proxy.variable().map_or(Source::Default, |name| Source::Environment(name.to_owned()));
        }
        Some(Err(error)) => problem = Some(error.to_string()),
        Some(Ok(None)) | None => {}
    }
    Explanation::of(&Setting { name: "proxy", value, source }, problem)
}

fn explain<W: Write>(mut out: W, explained: &Explained, console: &Console) -> io::Result<()> {
    const COLUMNS: [Column; 4] = [
        Column { field: "name", title: "SETTING", width: 15 },
        Column { field: "value", title: "VALUE", width: 34 },
        Column { field: "source", title: "SOURCE", width: 11 },
        Column { field: "place", title: "PLACE", width: 0 },
    ];
    if console.format.is_json() {
        json::write(&mut out, explained)?;
        out.write_all(b"\n")?;
        return out.flush();
    }
    let style = console.style;
    if console.format == Format::Table {
        let Explained { profile, config_file, .. } = explained;
        let by = profile.place.as_deref().unwrap_or("the default");
        let absent = if config_file.exists { "" } else { " (does not exist)" };
        writeln!(out, "profile      {} (by {})", escape::terminal(&profile.name), escape::terminal(by))?;
        writeln!(out, "config file  {}{absent}\n", escape::terminal(&config_file.path))?;
    }
    let mut rows = console.rows(out, &COLUMNS);
    for setting in &explained.settings {
        let value = match (&setting.value, setting.set, setting.secret) {
            (Some(value), ..) => value.as_str(),
            (None, true, true) => "(set, not shown)",
            (None, ..) if console.format == Format::Table => "-",
            (None, ..) => "",
        };
        let place = match (&setting.place, &setting.detail) {
            (Some(place), Some(detail)) => format!("{place}: {detail}"),
            (Some(place), None) => place.clone(),
            (None, _) => String::new(),
        };
        rows.row(setting, &[setting.name, value, setting.source, &place], |column, text| {
            match (column, setting.source) {
                (2, "missing") => style.warn(text),
                (2, "default") => style.faint(text),
                _ => text,
            }
        })?;
    }
    out = rows.finish()?;
    for setting in &explained.settings {
        if let (Some(problem), Format::Table) = (&setting.problem, console.format) {
            let problem = escape::terminal(problem);
            writeln!(out, "{} {}: {problem}", style.warn("problem:"), setting.name)?;
        }
    }
    out.flush()
}

fn path(file: &ConfigFile, console: &Console) -> io::Result<()> {
    const COLUMNS: [Column; 2] =
        [Column { field: "path", title: "", width: 0 }, Column { field: "exists", title: "", width: 0 }];
    let mut out = stdout();
    match console.format {
        // For scripts, which want the path and nothing else.
        Format::Table => writeln!(out, "{}", file.path)?,
        Format::Json | Format::Jsonl => {
            json::write(&mut out, file)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &[&file.path, if file.exists { "true" } else { "false" }], |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}

const EXAMPLE: &str = r#"# fota's settings. A flag counts before the environment, and the environment before this file.
# `fota config explain` tells where each setting comes from; `fota doctor` tries them.

[profiles.default]
account = "0000123456-00001"
client_id = "your-key"
username = "your-user"
# A secret is in a file that only you can read (chmod 600) and that holds nothing else,
client_secret_file = "/path/to/client-secret"
# or it is what a command prints. No shell is run.
password_command = ["pass", "show", "thingspace/password"]

# fota --profile staging, or FOTA_PROFILE=staging
[profiles.staging]
account = "0000123456-00002"
client_id = "your-other-key"
username = "your-other-user"
client_secret_file = "/path/to/other-client-secret"
password_file = "/path/to/other-password"
# base_url = "https://gateway.example/thingspace"   where the service lives, when not at the vendor's host
# cacert = "/etc/ssl/company.pem"                   trust these certificates too
# timeout = "3m"                                    the most time for one call
# request_timeout = "60s"                           the most time for one request
# session_cache = true                              commands share one session
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_config_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("fota")).unwrap();
        let read = |text: &str| {
            let path = home.path().join("fota/config.toml");
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            let environment = Environment::of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
            let flags = Global { profile: Some("staging".to_owned()), ..Global::default() };
            Draft::collect(&flags, &environment).unwrap()
        };
        assert!(read(EXAMPLE).missing().is_empty());
        // What is commented out is right too.
        let all = EXAMPLE.replace("\n# base_url", "\nbase_url").replace("\n# cacert", "\ncacert");
        let all = all.replace("\n# timeout", "\ntimeout").replace("\n# request_timeout", "\nrequest_timeout");
        let draft = read(&all.replace("\n# session_cache", "\nsession_cache").replace("   ", " # "));
        assert!(draft.session_cache.switch().unwrap());
        assert!(draft.servers().is_ok() && draft.timing().is_ok());
        assert_eq!(draft.cacert.source, Source::Profile("cacert".to_owned()));
    }
}
