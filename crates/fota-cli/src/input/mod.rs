//! Reads the IMEIs that an operator hands over. Everything is judged before anything is sent, and every
//! problem names its place, the value, the reason and the likely fix.

mod check;
mod code;
mod diagnose;
mod digits;
mod entries;
mod json;
mod layout;
mod problem;
mod report;
mod rows;
mod source;
#[cfg(test)]
mod tests;
mod wrong_column;

use std::path::PathBuf;

use fota_models::Imei;

use self::check::Check;
use self::code::Code;
use self::diagnose::Diagnosis;
use self::problem::{Place, Problem};
use crate::args::Input;
use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Console, tell};

pub(crate) use report::{Report, View};

/// What the operator handed over.
#[derive(Debug)]
pub(crate) struct Devices {
    /// In order, each once.
    pub(crate) imeis: Vec<Imei>,
    /// What was left out because the operator said so.
    pub(crate) skipped: Report,
}

/// What a command is to judge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) arguments: &'a [String],
    pub(crate) files: &'a [PathBuf],
    pub(crate) column: Option<&'a str>,
    pub(crate) unchecked: bool,
}

impl<'a> From<&'a Input> for Given<'a> {
    fn from(input: &'a Input) -> Self {
        Given {
            arguments: &input.imeis,
            files: input.from.as_slice(),
            column: input.column.as_deref(),
            unchecked: input.unchecked,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// In order, each once.
    pub(crate) imeis: Vec<Imei>,
    pub(crate) report: Report,
    pub(crate) files: Vec<File>,
}

/// A file that was judged.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    /// `lines`, `table`, `json` or `jsonl`; nothing when it is none of these.
    pub(crate) form: Option<&'static str>,
    /// The name of the column of a table.
    pub(crate) column: Option<String>,
    pub(crate) imeis: usize,
    pub(crate) problems: usize,
}

/// The IMEIs of the command line and of the file. With `--skip-invalid` the other values are handed back.
///
/// # Errors
/// Exit 3 with every problem, when any value is not usable; exit 2 when the file cannot be read.
pub(crate) fn devices(input: &Input) -> Result<Devices, Failure> {
    accept(input, judge(Given::from(input))?)
}

/// The same, but a list without any value is as good as any other.
pub(crate) fn devices_or_none(input: &Input) -> Result<Devices, Failure> {
    let judged = judge(Given::from(input))?;
    if judged.imeis.is_empty() && judged.report.problems.iter().all(Problem::is_blank) {
        return Ok(Devices { imeis: Vec::new(), skipped: Report::default() });
    }
    accept(input, judged)
}

fn accept(input: &Input, judged: Judged) -> Result<Devices, Failure> {
    let Judged { imeis, report, files } = judged;
    // A file that cannot be read as a list has no rows that could be left out.
    let skips = input.skip_invalid && !imeis.is_empty() && !report.problems.iter().any(Problem::is_whole);
    if report.is_empty() || skips {
        return Ok(Devices { imeis, skipped: report });
    }
    let name = files.first().map_or("the command line", |file| &file.name);
    let (bad, good) = (counted(report.len(), "problem"), counted(imeis.len(), "good value"));
    let message = format!("{bad} in {name}, besides {good}; nothing was sent");
    let hint = if imeis.is_empty() || input.skip_invalid {
        "correct the input and run the same command again"
    } else {
        "correct the values and run the same command again, or leave them out with --skip-invalid"
    };
    Err(Failure::new(Exit::Input, "input", message).hint(hint).problems(report))
}

/// Judges all of it. One IMEI that is in two files is a problem too.
///
/// # Errors
/// Exit 2 when a file cannot be read.
pub(crate) fn judge(given: Given<'_>) -> Result<Judged, Failure> {
    let mut check = Check::new(given.unchecked);
    for (number, value) in (1..).zip(given.arguments) {
        check.value(Place::Argument(number), value);
    }
    let mut files = Vec::new();
    for (number, path) in (0..=u16::MAX).zip(given.files) {
        let content = source::read(path)?;
        let before = check.mark();
        let mut file = File { name: source::name(path), form: None, column: None, imeis: 0, problems: 0 };
        match content {
            Ok(text) => whole(&text, number, given.column, &mut check, &mut file),
            Err(words) => check.problem(Problem::of_file(Place::File(number), "", words)),
        }
        let after = check.mark();
        file.imeis = after.good - before.good;
        file.problems = after.problems - before.problems;
        files.push(file);
    }
    let names = files.iter().map(|file| file.name.clone()).collect();
    let Check { imeis, problems, .. } = check;
    Ok(Judged { imeis, report: Report { names, problems }, files })
}

impl Devices {
    /// Tells which values are left out.
    pub(crate) fn tell_skipped(&self, console: &Console) {
        if self.skipped.is_empty() {
            return;
        }
        let mut list = Vec::new();
        let _ = self.skipped.write(&mut list, console.error_style);
        console.note(String::from_utf8_lossy(&list).trim_end());
        let (bad, good) = (self.skipped.len(), self.imeis.len());
        console.warn(format_args!(
            "going on without {} of the input (--skip-invalid), with {}",
            counted(bad, "bad value"),
            counted(good, "good one")
        ));
    }
}

/// The last word about values that were left out. Even when all else is to be quiet: nobody may miss it.
pub(crate) fn tell_skipped_count(count: usize) {
    if count > 0 {
        tell(format_args!("{} of the input skipped (--skip-invalid)", counted(count, "bad value")));
    }
}

/// Judges the text of one file.
fn whole(text: &str, number: u16, column: Option<&str>, check: &mut Check, file: &mut File) {
    let before = check.mark();
    let nothing = if entries::is_json(text) {
        file.form = Some(if entries::is_by_line(text) { "jsonl" } else { "json" });
        entries::split(text, number, column, check);
        "there is no device in the list"
    } else {
        match rows::split(text, number, column, check) {
            Some(rows::Form::Lines) => file.form = Some("lines"),
            Some(rows::Form::Table(column)) => {
                file.form = Some("table");
                file.column = Some(column);
            }
            None => {}
        }
        match file.form {
            Some(_) => "there is a header and no row",
            None if text.is_empty() => "the file is empty",
            None => "there are only comments and empty lines",
        }
    };
    let after = check.mark();
    if (before.good, before.problems) == (after.good, after.problems) {
        let fix = "put one IMEI on each line, or a CSV table with a header such as imei,label";
        let words = Diagnosis::new(Code::Empty, nothing, fix);
        check.problem(Problem::of_file(Place::File(number), "", words));
    }
}

pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
