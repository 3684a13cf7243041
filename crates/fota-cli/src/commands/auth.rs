//! `fota auth …`: do the credentials work, and what is remembered when they do not?

#[cfg(test)]
mod hostile;

use std::io::{self, Write};

use fota_core::auth::Token;
use serde::Serialize;

use crate::args::Global;
use crate::connection::{self, Connection, Ended};
use crate::error::Failure;
use crate::exit::Exit;
use crate::guard::{Failures, Guard};
use crate::output::{Column, Console, Format, escape, json, stdout, still_read};
use crate::settings::{Environment, Settings};

/// Logs in once and says what came of it.
pub(super) async fn status(
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let connection = Connection::open(global, environment, console).await?;
    let result = check(&connection, console).await;
    let closed = connection.close().await;
    result.and_then(|exit| closed.map(|()| exit))
}

async fn check(connection: &Connection, console: &Console) -> Result<Exit, Failure> {
    let token = connection.client.call(Token::new(connection.credentials.client().clone())).await?;
    connection.client.login().await?;
    let status = Status {
        account_name: connection.account.as_str(),
        base_url: &connection.host,
        username: connection.credentials.username(),
        logged_in: true,
        session: session(connection),
        access_token_expires_in: token.expires_in,
        failed_logins: connection.failures.map(|failures| failures.logins),
    };
    still_read(print(stdout(), &status, connection.failures, console))?;
    Ok(Exit::Done)
}

/// Logs in once, and leaves the session to later commands where they share one.
pub(super) async fn login(
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    if global.sandbox {
        return Err(
            Failure::usage("in the sandbox commands share no session").hint("fota --sandbox auth status")
        );
    }
    let connection = Connection::open(global, environment, console).await?;
    // Done already where commands share a session.
    let result = connection.client.login().await;
    let session = session(&connection);
    let closed = connection.close().await;
    result?;
    closed?;
    still_read(print_login(session, console))?;
    Ok(Exit::Done)
}

/// `own`, or when commands share one: `new`, or `shared`, that of an earlier command.
fn session(connection: &Connection) -> &'static str {
    match connection.reuses_session() {
        None => "own",
        Some(false) => "new",
        Some(true) => "shared",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    logged_in: bool,
    session: &'static str,
    /// Whether the next command finds it.
    kept: bool,
}

fn print_login(session: &'static str, console: &Console) -> io::Result<()> {
    const COLUMNS: [Column; 3] = [
        Column { field: "loggedIn", title: "", width: 0 },
        Column { field: "session", title: "", width: 0 },
        Column { field: "kept", title: "", width: 0 },
    ];
    let mut out = stdout();
    let login = Login { logged_in: true, session, kept: session != "own" };
    match console.format {
        Format::Table => out.write_all(match session {
            "new" => b"logged in; later commands use this session, and fota auth logout ends it\n".as_slice(),
            "shared" => b"nothing to do: the session of an earlier command is alive\n",
            _ => {
                b"the credentials work; logged in and out again, for commands share no session \
                  (FOTA_SESSION_CACHE=1 makes them)\n"
            }
        })?,
        Format::Json | Format::Jsonl => {
            json::write(&mut out, &login)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let kept = if login.kept { "true" } else { "false" };
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &["true", session, kept], |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}

/// Ends the session that commands share.
pub(super) async fn logout(
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    if global.sandbox {
        return Err(Failure::usage("in the sandbox commands share no session"));
    }
    let ended = connection::end_shared(global, environment).await?;
    still_read(print_logout(ended, console))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logout {
    logged_out: bool,
}

fn print_logout(ended: Ended, console: &Console) -> io::Result<()> {
    const COLUMNS: [Column; 1] = [Column { field: "loggedOut", title: "", width: 0 }];
    let mut out = stdout();
    let logout = Logout { logged_out: ended == Ended::Session };
    match console.format {
        Format::Table => out.write_all(match ended {
            Ended::Nothing => b"nothing to do: no session of these credentials is kept on this machine\n",
            Ended::Dead => b"removed a session that had ended already\n",
            Ended::Session => b"logged out, and removed the session from this machine\n",
        })?,
        Format::Json | Format::Jsonl => {
            json::write(&mut out, &logout)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &[if logout.logged_out { "true" } else { "false" }], |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}

/// Forgets the failed logins of the configured credentials. Sends nothing.
pub(super) fn reset_guard(
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    if global.sandbox {
        return Err(Failure::usage("the sandbox remembers no failed logins"));
    }
    let settings = Settings::resolve(global, environment)?;
    let forgotten = Guard::open(environment, &settings.servers, &settings.credentials)?.reset()?;
    still_read(print_reset(forgotten, console))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reset {
    /// Unknown when the record was damaged.
    forgotten_failed_logins: Option<u32>,
}

fn print_reset(forgotten: Option<Failures>, console: &Console) -> io::Result<()> {
    const COLUMNS: [Column; 1] = [Column { field: "forgottenFailedLogins", title: "", width: 0 }];
    let mut out = stdout();
    let reset = Reset { forgotten_failed_logins: forgotten.map(|failures| failures.logins) };
    match console.format {
        Format::Table => match forgotten {
            Some(Failures { logins: 0, .. }) => {
                writeln!(out, "nothing to forget: no failed login of these credentials is on record")?;
            }
            Some(failures) => writeln!(out, "forgot {failures}; the next command logs in again")?,
            None => writeln!(out, "forgot a damaged record; the next command logs in again")?,
        },
        Format::Json | Format::Jsonl => {
            json::write(&mut out, &reset)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let count = reset.forgotten_failed_logins.map(|count| count.to_string()).unwrap_or_default();
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &[&count], |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    account_name: &'a str,
    base_url: &'a str,
    username: &'a str,
    logged_in: bool,
    /// `own`, or when commands share one: `new`, or `shared`, that of an earlier command.
    session: &'static str,
    /// In seconds.
    access_token_expires_in: Option<u64>,
    /// Those on record before this login, which was good and made them forgotten.
    failed_logins: Option<u32>,
}

const COLUMNS: [Column; 7] = [
    Column { field: "accountName", title: "", width: 0 },
    Column { field: "baseUrl", title: "", width: 0 },
    Column { field: "username", title: "", width: 0 },
    Column { field: "loggedIn", title: "", width: 0 },
    Column { field: "session", title: "", width: 0 },
    Column { field: "accessTokenExpiresIn", title: "", width: 0 },
    Column { field: "failedLogins", title: "", width: 0 },
];

fn print<W: Write>(
    mut out: W,
    status: &Status<'_>,
    failures: Option<Failures>,
    console: &Console,
) -> io::Result<()> {
    match console.format {
        Format::Table => {
            let life = match status.access_token_expires_in {
                Some(seconds) => format!("granted, {} min {} s left", seconds / 60, seconds % 60),
                None => "granted; the service does not say for how long".to_owned(),
            };
            writeln!(out, "account       {}", escape::terminal(status.account_name))?;
            writeln!(out, "service       {}", escape::terminal(status.base_url))?;
            writeln!(out, "user          {}", escape::terminal(status.username))?;
            writeln!(out, "access token  {life}")?;
            let session = match status.session {
                "shared" => console.style.good("that of an earlier command"),
                "new" => format!("{}; kept for later commands", console.style.good("login accepted")),
                _ => console.style.good("login accepted"),
            };
            writeln!(out, "session       {session}")?;
            match failures {
                Some(Failures { logins: 0, .. }) => writeln!(out, "login guard   no failed login on record")?,
                Some(failures) => writeln!(out, "login guard   {failures}; forgotten with this one")?,
                None => {}
            }
        }
        Format::Json | Format::Jsonl => {
            json::write(&mut out, status)?;
            out.write_all(b"\n")?;
        }
        Format::Csv => {
            let life = status.access_token_expires_in.map(|seconds| seconds.to_string()).unwrap_or_default();
            let failed = status.failed_logins.map(|count| count.to_string()).unwrap_or_default();
            let cells = [
                status.account_name,
                status.base_url,
                status.username,
                "true",
                status.session,
                &life,
                &failed,
            ];
            let mut rows = console.rows(out, &COLUMNS);
            rows.row(&(), &cells, |_, text| text)?;
            out = rows.finish()?;
        }
    }
    out.flush()
}
