//! Everything that is printed. Data goes to stdout in the form the operator chose; notes, progress and errors
//! go to stderr. Text that a server wrote is made harmless before a terminal or a spreadsheet sees it.

mod console;
pub(crate) mod escape;
pub(crate) mod json;
mod layout;
mod meter;
mod progress;
mod rows;
mod stream;
mod style;
mod table;

use std::io;

use clap::ValueEnum;

pub(crate) use console::{Console, tell};
pub(crate) use layout::Layout;
pub(crate) use meter::Meter;
pub(crate) use rows::{Column, Rows};
pub(crate) use stream::{stderr, stdout};
pub(crate) use style::Style;

/// The form of the data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One document
    Json,
    /// One object a line
    Jsonl,
    /// With a header; safe to open in a spreadsheet
    Csv,
}

impl Format {
    /// Whether errors are told as JSON too.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl)
    }
}

/// Takes it as success when the reader of stdout went away (`fota … | head`): it has what it wanted.
/// `false` then, so that no more is made for it.
pub(crate) fn still_read(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
