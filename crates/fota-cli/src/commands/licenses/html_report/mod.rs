//! `fota licenses report`: a page about the licenses of an account, for people who do not read tables.
//!
//! Everything is counted while the list is read, so that the memory it takes does not grow with the fleet.

mod chart;
mod data;
#[cfg(test)]
mod hostile;
mod html;
mod models;
mod opener;
mod page;
mod page_models;
mod page_refused;
mod refused;
mod target;
mod timeline;

use std::pin::pin;

use data::Picture;
use target::Target;

use crate::args::Report;
use crate::connection::Connection;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, escape};
use crate::settings::Environment;
use crate::signals::Signals;

/// A report whose file can be written.
#[derive(Debug)]
pub(super) struct Request {
    target: Target,
    open: bool,
    look_up: u64,
}

impl Request {
    /// Nothing was sent when this fails.
    pub(super) fn prepare(report: &Report) -> Result<Self, Failure> {
        if report.open && report.html.as_os_str() == "-" {
            return Err(Failure::usage("--open needs a file, and --html - goes to stdout")
                .hint("name a file: --html licenses.html --open"));
        }
        Ok(Request { target: Target::prepare(&report.html)?, open: report.open, look_up: report.look_up })
    }

    pub(super) async fn run(
        self,
        connection: &Connection,
        environment: &Environment,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let picture = {
            // A report that is cut short leaves no file behind.
            let mut signals = Signals::listen()?;
            let mut work = pin!(Picture::gather(connection, environment, self.look_up, console));
            tokio::select! {
                picture = &mut work => picture,
                () = signals.next() => {
                    Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted; no report was written"))
                }
            }
        };
        console.end_progress();
        let page = page::render(&picture?);
        let Some(path) = self.target.write(&page)? else { return Ok(Exit::Done) };
        let shown = path.display().to_string();
        console.note(format_args!("the report is in {}", escape::terminal(&shown)));
        if self.open {
            opener::open(&path).await.map_err(|reason| {
                Failure::new(Exit::Unexpected, "open", format!("the report cannot be shown: {reason}"))
                    .hint(format!("it is written; open {shown} in a browser"))
            })?;
        }
        Ok(Exit::Done)
    }
}
