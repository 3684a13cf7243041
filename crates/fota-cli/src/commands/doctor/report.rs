//! What the checks came to: told one by one to people, and together to programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::Failure;
use crate::exit::Exit;
use crate::output::{Column, Console, Format, escape, json, stdout, still_read};

/// The checks so far.
pub(super) struct Report<'a> {
    console: &'a Console,
    checks: Vec<Check>,
    /// That of the first check that failed.
    exit: Exit,
    read: bool,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    message: String,
    hint: Option<String>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
    Skip,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    healthy: bool,
    exit_code: u8,
    checks: &'a [Check],
}

impl<'a> Report<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        Report { console, checks: Vec::new(), exit: Exit::Done, read: true }
    }

    pub(super) fn ok(&mut self, name: &'static str, message: String) -> Result<(), Failure> {
        self.add(Check { name, status: Status::Ok, message, hint: None })
    }

    pub(super) fn warn(&mut self, name: &'static str, message: String, hint: String) -> Result<(), Failure> {
        self.add(Check { name, status: Status::Warn, message, hint: Some(hint) })
    }

    pub(super) fn skip(&mut self, name: &'static str, why: &str) -> Result<(), Failure> {
        self.add(Check { name, status: Status::Skip, message: why.to_owned(), hint: None })
    }

    pub(super) fn fail(&mut self, name: &'static str, failure: &Failure) -> Result<(), Failure> {
        if self.exit == Exit::Done {
            self.exit = failure.exit();
        }
        let hint = failure.advice().map(str::to_owned);
        self.add(Check { name, status: Status::Fail, message: failure.message().to_owned(), hint })
    }

    /// All that is not told yet, and how it ended.
    pub(super) fn finish(self) -> Result<Exit, Failure> {
        still_read(self.end(stdout()))?;
        Ok(self.exit)
    }

    fn add(&mut self, check: Check) -> Result<(), Failure> {
        if self.console.format == Format::Table && self.read {
            self.read = still_read(self.tell(stdout(), &check))?;
        }
        self.checks.push(check);
        Ok(())
    }

    /// At once, for the next check may take its time.
    fn tell(&self, mut out: impl Write, check: &Check) -> io::Result<()> {
        let style = self.console.style;
        let mark = match check.status {
            Status::Ok => style.good("ok  "),
            Status::Warn => style.warn("warn"),
            Status::Fail => style.bad("FAIL"),
            Status::Skip => style.faint("skip"),
        };
        writeln!(out, "{mark}  {:<12} {}", check.name, escape::terminal(&check.message))?;
        if let Some(hint) = &check.hint {
            writeln!(out, "      {:<12} {}", "", style.faint(format!("-> {}", escape::terminal(hint))))?;
        }
        out.flush()
    }

    fn end<W: Write>(&self, mut out: W) -> io::Result<()> {
        const COLUMNS: [Column; 4] = [
            Column { field: "name", title: "", width: 0 },
            Column { field: "status", title: "", width: 0 },
            Column { field: "message", title: "", width: 0 },
            Column { field: "hint", title: "", width: 0 },
        ];
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        match self.console.format {
            Format::Table => {
                let style = self.console.style;
                let verdict = match (count(Status::Fail), count(Status::Warn)) {
                    (0, 0) => style.good("all is well"),
                    (0, 1) => style.warn("1 warning"),
                    (0, warnings) => style.warn(format!("{warnings} warnings")),
                    (1, _) => style.bad("1 check failed"),
                    (failed, _) => style.bad(format!("{failed} checks failed")),
                };
                writeln!(out, "\n{verdict}")?;
            }
            Format::Json | Format::Jsonl => {
                let healthy = count(Status::Fail) == 0;
                json::write(
                    &mut out,
                    &Document { healthy, exit_code: self.exit as u8, checks: &self.checks },
                )?;
                out.write_all(b"\n")?;
            }
            Format::Csv => {
                let mut rows = self.console.rows(out, &COLUMNS);
                for check in &self.checks {
                    let hint = check.hint.as_deref().unwrap_or_default();
                    rows.row(check, &[check.name, check.status.word(), &check.message, hint], |_, text| {
                        text
                    })?;
                }
                out = rows.finish()?;
            }
        }
        out.flush()
    }
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Skip => "skip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::every_form;

    /// What a check tells can be the word of a server, of a certificate or of a file.
    #[test]
    fn no_hostile_string_gets_through() {
        every_form(4, |out, texts, console| {
            let check = |(n, text): (usize, &String)| Check {
                name: "service",
                status: [Status::Ok, Status::Warn, Status::Fail, Status::Skip][n % 4],
                message: text.clone(),
                hint: (n % 3 > 0).then(|| text.clone()),
            };
            let checks: Vec<Check> = texts.iter().enumerate().map(check).collect();
            let report = Report { checks, ..Report::new(console) };
            if console.format == Format::Table {
                report.checks.iter().for_each(|check| report.tell(&mut *out, check).unwrap());
            }
            report.end(out).unwrap();
            texts.len()
        });
    }
}
