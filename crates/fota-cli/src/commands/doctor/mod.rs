//! `fota doctor`: tries one thing after the other that a command needs, and says of each what to do about it.
//!
//! It sends one request without credentials, for the connection and the clock, and then no more than one
//! login, and none that the login guard would not let any other command send.

mod certificate;
mod network;
mod report;

use std::fs;
use std::time::Duration;

use fota_core::auth::Token;

use crate::args::{Doctor, Global};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::guard::{Failures, Guard};
use crate::output::Console;
use crate::private::{make_folder, private};
use crate::profile;
use crate::sandbox::Sandbox;
use crate::settings::{Draft, Environment, Settings, Timing};

use super::licenses::Pool;
use report::Report;

/// For a whole call, unless the settings give another time: somebody is waiting.
const PATIENCE: Duration = Duration::from_secs(20);
const OFFLINE: &str = "not tried (--offline)";

pub(super) async fn run(
    command: &Doctor,
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let mut report = Report::new(console);
    state(&mut report, environment)?;
    let (settings, sandbox) = if global.sandbox {
        let sandbox = Sandbox::start(environment, console)?;
        let timing = Timing { total: global.timeout, request: global.request_timeout, once: true };
        report.skip("config", "the sandbox asks for no settings")?;
        report.skip("settings", "the sandbox asks for no settings")?;
        (Some(sandbox.settings(timing)?), Some(sandbox))
    } else {
        (configured(&mut report, global, environment)?, None)
    };
    let Some(mut settings) = settings else {
        for name in ["proxy", "network", "tls", "clock", "guard", "credentials", "account"] {
            report.skip(name, "there are no settings to try")?;
        }
        return report.finish();
    };
    settings.timing.total.get_or_insert(PATIENCE);
    settings.timing.once = true;
    network::proxy(&mut report, &settings, environment)?;
    let reached = if command.offline {
        for name in ["network", "tls", "clock"] {
            report.skip(name, OFFLINE)?;
        }
        true
    } else {
        network::reach(&mut report, &settings).await?
    };
    let may_log_in = if sandbox.is_some() {
        report.skip("guard", "the sandbox remembers no failed logins")?;
        true
    } else {
        guard(&mut report, &settings, environment)?
    };
    let why = match (command.offline, may_log_in, reached) {
        (true, ..) => Some(OFFLINE),
        (_, false, _) => Some("no login is attempted, for the guard says no"),
        (.., false) => Some("the service cannot be reached"),
        _ => None,
    };
    match why {
        Some(why) => {
            report.skip("credentials", why)?;
            report.skip("account", why)?;
            if let Some(sandbox) = sandbox {
                sandbox.stop()?;
            }
        }
        None => credentials(&mut report, settings, sandbox, environment, console).await?,
    }
    report.finish()
}

/// The place of the login guard, the session cache, the journals and the sandbox.
fn state(report: &mut Report<'_>, environment: &Environment) -> Result<(), Failure> {
    let Some(folder) = environment.folder("XDG_STATE_HOME", ".local/state") else {
        let failure = Failure::usage("there is no place to remember failed logins and runs");
        return report.fail("state", &failure.hint("set XDG_STATE_HOME or HOME"));
    };
    let folder = folder.join("fota");
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let tried =
        make_folder(&folder).and_then(|()| private().open(&probe)).and_then(|_| fs::remove_file(&probe));
    let shown = folder.display();
    if let Err(error) = tried {
        let failure =
            Failure::new(Exit::Unexpected, "state", format!("{shown} cannot be written to: {error}"));
        return report.fail("state", &failure.hint("set XDG_STATE_HOME to a folder that can be written"));
    }
    match mode(&folder) {
        Some(mode) if mode & 0o022 != 0 => report.warn(
            "state",
            format!("others can write to {shown} (mode {mode:03o}), and make the login guard forget"),
            format!("run: chmod 700 '{shown}'"),
        ),
        _ => report.ok("state", format!("{shown} can be written to")),
    }
}

#[cfg(unix)]
fn mode(folder: &std::path::Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(folder).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &std::path::Path) -> Option<u32> {
    None
}

/// The config file, and all settings together. Secrets are read, and commands for them run.
fn configured(
    report: &mut Report<'_>,
    global: &Global,
    environment: &Environment,
) -> Result<Option<Settings>, Failure> {
    let draft = match Draft::collect(global, environment) {
        Ok(draft) => draft,
        Err(failure) => {
            report.fail("config", &failure)?;
            report.skip("settings", "the settings cannot be read")?;
            return Ok(None);
        }
    };
    match profile::path(environment) {
        Some(path) if path.exists() => {
            report.ok("config", format!("{}, profile {}", path.display(), draft.profile))?;
        }
        Some(path) => report.ok("config", format!("the environment; there is no {}", path.display()))?,
        None => report.ok("config", "the environment".to_owned())?,
    }
    match Settings::from_draft(draft, environment) {
        Ok(settings) => {
            let account = settings.account.as_str();
            report.ok("settings", format!("complete, for account {account} at {}", settings.host()))?;
            Ok(Some(settings))
        }
        Err(failure) => {
            report.fail("settings", &failure)?;
            Ok(None)
        }
    }
}

/// Whether a login may be tried.
fn guard(report: &mut Report<'_>, settings: &Settings, environment: &Environment) -> Result<bool, Failure> {
    let checked = Guard::open(environment, &settings.servers, &settings.credentials)
        .and_then(|guard| Ok(guard.check()?));
    match checked {
        Ok(None) => report.ok("guard", "another command is logging in right now".to_owned())?,
        Ok(Some(Failures { logins: 0, .. })) => report.ok("guard", "no failed login on record".to_owned())?,
        Ok(Some(failures)) => report.warn(
            "guard",
            format!("{failures}"),
            "check FOTA_USERNAME and FOTA_PASSWORD; after one more, no login is sent".to_owned(),
        )?,
        Err(failure) => {
            report.fail("guard", &failure)?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// The key and the secret, then the one login, then a look at the account.
async fn credentials(
    report: &mut Report<'_>,
    settings: Settings,
    sandbox: Option<Sandbox>,
    environment: &Environment,
    console: &Console,
) -> Result<(), Failure> {
    let connection = match Connection::start(settings, sandbox, environment, console).await {
        Ok(connection) => connection,
        Err(failure) => {
            report.fail("credentials", &failure)?;
            return report.skip("account", "there is no session");
        }
    };
    let result = match log_in(&connection).await {
        Ok(()) => account(report, &connection).await,
        Err(failure) => {
            report.fail("credentials", &failure)?;
            report.skip("account", "there is no session")
        }
    };
    connection.close().await?;
    result
}

/// A look at what the session is for.
async fn account(report: &mut Report<'_>, connection: &Connection) -> Result<(), Failure> {
    let how = if connection.reuses_session() == Some(true) {
        "the session of an earlier command is alive"
    } else {
        "one login, accepted"
    };
    report.ok("credentials", format!("user {}: {how}", connection.credentials.username()))?;
    match connection.client.licenses(&connection.account).usage().await {
        Ok(summary) => {
            report.ok("account", format!("{}: {}", connection.account.as_str(), Pool::of(&summary)))
        }
        Err(error) => report.fail("account", &Failure::from(error)),
    }
}

async fn log_in(connection: &Connection) -> Result<(), Failure> {
    connection.client.call(Token::new(connection.credentials.client().clone())).await?;
    Ok(connection.client.login().await?)
}
