//! `fota imei check`: the input doctor alone. Its report is data, so it goes to stdout.

#[cfg(test)]
mod hostile;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::args::CheckImeis;
use crate::error::Failure;
use crate::exit::Exit;
use crate::input::{self, File, Given, Judged, Report, View, counted};
use crate::output::{Column, Console, Format, escape, json, stdout, still_read};

/// Judges, reports, and says with the exit code what came of it.
pub(super) fn check(command: &CheckImeis, console: &Console) -> Result<Exit, Failure> {
    let (arguments, files): (Vec<String>, Vec<String>) =
        command.inputs.iter().cloned().partition(|input| is_imei(input));
    let files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
    if files.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("stdin can be read once only").hint("name - once"));
    }
    let judged = input::judge(Given {
        arguments: &arguments,
        files: &files,
        column: command.column.as_deref(),
        unchecked: command.unchecked,
    })?;
    still_read(print(stdout(), &judged, console))?;
    Ok(if judged.report.is_empty() { Exit::Done } else { Exit::Input })
}

fn print(out: impl Write, judged: &Judged, console: &Console) -> io::Result<()> {
    match console.format {
        Format::Table => people(out, judged, console),
        Format::Json => document(out, judged),
        Format::Jsonl | Format::Csv => rows(out, &judged.report, console),
    }
}

/// Whether an argument is an IMEI and no file: judged by its characters, not by what is on the disk.
fn is_imei(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_numeric() || matches!(c, ' ' | '-' | '\'' | '"' | ','))
}

fn people(mut out: impl Write, judged: &Judged, console: &Console) -> io::Result<()> {
    let Judged { imeis, report, files } = judged;
    let style = console.style;
    report.write(&mut out, style)?;
    if files.len() > 1 {
        for File { name, imeis, problems, .. } in files {
            let name = escape::terminal(name);
            writeln!(out, "{name}: {}, {}", counted(*imeis, "IMEI"), counted(*problems, "problem"))?;
        }
    }
    let good = counted(imeis.len(), "good IMEI");
    if report.is_empty() {
        writeln!(out, "{}", style.good(format!("{good}, no problem")))?;
    } else {
        let kinds: Vec<String> =
            report.counts().into_iter().map(|(code, count)| format!("{count} {code}")).collect();
        let bad = counted(report.len(), "problem");
        writeln!(out, "{} ({}), besides {good}", style.bad(bad), kinds.join(", "))?;
    }
    out.flush()
}

fn document(mut out: impl Write, judged: &Judged) -> io::Result<()> {
    let Judged { imeis, report, files } = judged;
    let files = files.iter().map(FileView::of).collect();
    let document = Document {
        valid: report.is_empty(),
        imeis: imeis.len(),
        bad: report.len(),
        files,
        reasons: report.counts(),
        problems: report,
    };
    json::write(&mut out, &document)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn rows(out: impl Write, report: &Report, console: &Console) -> io::Result<()> {
    let mut rows = console.rows(out, &COLUMNS);
    for view in report.views() {
        let View { file, line, argument, code, value, reason, fix, suggestion } = &view;
        let number = |number: &Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let (line, argument) = (number(line), number(argument));
        let suggestion = suggestion.as_deref().unwrap_or_default();
        let cells = [file.unwrap_or_default(), &line, &argument, code, value, reason, fix, suggestion];
        rows.row(&view, &cells, |_, text| text)?;
    }
    rows.finish()?.flush()
}

const COLUMNS: [Column; 8] = [
    Column { field: "file", title: "", width: 0 },
    Column { field: "line", title: "", width: 0 },
    Column { field: "argument", title: "", width: 0 },
    Column { field: "code", title: "", width: 0 },
    Column { field: "value", title: "", width: 0 },
    Column { field: "reason", title: "", width: 0 },
    Column { field: "fix", title: "", width: 0 },
    Column { field: "suggestion", title: "", width: 0 },
];

#[derive(Serialize)]
struct Document<'a> {
    valid: bool,
    imeis: usize,
    bad: usize,
    files: Vec<FileView<'a>>,
    reasons: BTreeMap<&'static str, usize>,
    problems: &'a Report,
}

#[derive(Serialize)]
struct FileView<'a> {
    name: &'a str,
    form: Option<&'static str>,
    column: Option<&'a str>,
    imeis: usize,
    bad: usize,
}

impl<'a> FileView<'a> {
    fn of(file: &'a File) -> Self {
        FileView {
            name: &file.name,
            form: file.form,
            column: file.column.as_deref(),
            imeis: file.imeis,
            bad: file.problems,
        }
    }
}
