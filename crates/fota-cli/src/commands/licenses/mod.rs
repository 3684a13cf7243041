//! `fota licenses …`

mod change;
mod failed;
#[cfg(test)]
mod hostile;
mod list;
mod points;
mod report;
mod usage;
mod walk;

use fota_core::bulk::Action;

use crate::args::{Global, Licenses, Resume};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::Store;
use crate::output::Console;
use crate::settings::Environment;

pub(super) use usage::Pool;

pub(super) async fn run(
    command: Licenses,
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    // Whatever is wrong with the input is said before anything is opened or sent.
    let change = match &command {
        Licenses::Assign(change) => Some(change::Request::prepare(Action::Assign, change, console)?),
        Licenses::Remove(change) => Some(change::Request::prepare(Action::Remove, change, console)?),
        Licenses::Usage | Licenses::List(_) => None,
    };
    let connection = Connection::open(global, environment, console).await?;
    let result = match (change, command) {
        (Some(change), _) => change.run(&connection, environment, console).await,
        (None, Licenses::List(list)) => list::run(&list, &connection, environment, console).await,
        (None, _) => usage::run(&connection, console).await,
    };
    let closed = connection.close().await;
    // What became of the command matters more than how it was put away.
    result.and_then(|exit| closed.map(|()| exit))
}

/// `fota resume`: a change whose input is in its journal.
pub(super) async fn resume(
    command: Resume,
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let change = change::Request::resume(&Store::open(environment)?, &command)?;
    let connection = Connection::open(global, environment, console).await?;
    let result = change.run(&connection, environment, console).await;
    let closed = connection.close().await;
    result.and_then(|exit| closed.map(|()| exit))
}
