//! The report: all problems with their words, for people and as data.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeSeq as _, Serializer};

use super::code::Code;
use super::diagnose::Diagnosis;
use super::problem::{Place, Problem};
use crate::output::{Style, escape};

/// Problems that are shown to people before the rest is only counted.
const SHOWN: usize = 20;

/// Problems with what is needed to tell them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The names of the files.
    pub(super) names: Vec<String>,
    pub(crate) problems: Vec<Problem>,
}

/// A problem in words.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View<'a> {
    /// Nothing for an argument.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<&'a str>,
    /// Nothing for an argument, and for a file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) argument: Option<u32>,
    pub(crate) code: &'static str,
    pub(crate) value: &'a str,
    pub(crate) reason: String,
    pub(crate) fix: String,
    /// The IMEI that must have been meant.
    pub(crate) suggestion: Option<String>,
}

impl Report {
    /// Every problem, in the order of the input.
    pub(crate) fn views(&self) -> impl Iterator<Item = View<'_>> {
        self.problems.iter().map(|problem| {
            let Diagnosis { code, reason, fix, suggestion } = problem.words(&self.names);
            let (line, argument) = match problem.place {
                Place::Line { line, .. } => (Some(line), None),
                Place::Argument(number) => (None, Some(number)),
                Place::File(_) => (None, None),
            };
            View {
                file: problem.place.file_name(&self.names),
                line,
                argument,
                code: code.as_str(),
                value: &problem.value,
                reason,
                fix,
                suggestion,
            }
        })
    }

    /// The first problems, for people. The others are counted.
    pub(crate) fn write(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        for problem in self.problems.iter().take(SHOWN) {
            let words = problem.words(&self.names);
            let place = problem.place.to_text(&self.names);
            write!(out, "  {}: ", style.strong(escape::terminal(&place)))?;
            if !matches!(problem.place, Place::File(_)) {
                write!(out, "{}: ", escape::quoted(&problem.shown()))?;
            }
            writeln!(out, "{}", escape::terminal(&words.reason))?;
            writeln!(out, "      {}", style.faint(escape::terminal(&words.fix)))?;
        }
        let more = self.problems.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(out, "  and {more} more; --output csv or json lists all")?;
        }
        Ok(())
    }

    /// How many problems there are of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::<Code, usize>::new();
        for problem in &self.problems {
            *counts.entry(problem.words(&self.names).code).or_default() += 1;
        }
        counts.into_iter().map(|(code, count)| (code.as_str(), count)).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.problems.len()
    }
}

/// The list of its problems, made one at a time.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.problems.len()))?;
        for view in self.views() {
            list.serialize_element(&view)?;
        }
        list.end()
    }
}
