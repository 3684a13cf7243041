//! `fota licenses …`

mod change;
mod failed;
#[cfg(test)]
mod hostile;
mod html_report;
mod journaled;
mod list;
mod listing;
mod points;
mod report;
mod sync;
mod usage;
mod walk;

use fota_core::bulk::Action;

use crate::args::{Global, Licenses, List, Resume};
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::journal::{Job, Store};
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
    let work = match command {
        Licenses::Assign(change) => Work::change(change::Request::prepare(Action::Assign, &change, console)?),
        Licenses::Remove(change) => Work::change(change::Request::prepare(Action::Remove, &change, console)?),
        Licenses::Sync(sync) => Work::Sync(sync::Request::prepare(&sync, console)?),
        Licenses::Report(report) => Work::Picture(html_report::Request::prepare(&report)?),
        Licenses::Usage => Work::Usage,
        Licenses::List(list) => Work::List(list),
    };
    work.run(global, environment, console).await
}

/// `fota resume`: a change whose input is in its journal.
pub(super) async fn resume(
    command: Resume,
    global: &Global,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let resumed = Store::open(environment)?.resume(command.run.as_deref())?;
    let work = match resumed.journal.header.job() {
        Some(Job::Change(action)) => Work::change(change::Request::resume(action, resumed, &command.pace)),
        Some(Job::Sync(plan)) => Work::Sync(sync::Request::resume(plan, resumed, &command.pace)),
        None => {
            let name = resumed.journal.name();
            let text = format!("the run {name} is of a kind that this version does not know");
            return Err(Failure::usage(text));
        }
    };
    work.run(global, environment, console).await
}

/// A command whose input is good.
enum Work {
    Change(Box<change::Request>),
    Sync(sync::Request),
    Picture(html_report::Request),
    Usage,
    List(List),
}

impl Work {
    fn change(request: change::Request) -> Self {
        Work::Change(Box::new(request))
    }

    async fn run(
        self,
        global: &Global,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let connection = Connection::open(global, environment, console).await?;
        let result = match self {
            Work::Change(change) => change.run(&connection, environment, console).await,
            Work::Sync(sync) => sync.run(&connection, environment, console).await,
            Work::Picture(picture) => picture.run(&connection, environment, console).await,
            Work::Usage => usage::run(&connection, console).await,
            Work::List(list) => list::run(&list, &connection, environment, console).await,
        };
        let closed = connection.close().await;
        // What became of the command matters more than how it was put away.
        result.and_then(|exit| closed.map(|()| exit))
    }
}
