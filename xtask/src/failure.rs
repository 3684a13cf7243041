//! What a chore says when it is not content: one line per finding, all of them at once.

use std::error::Error;
use std::fmt;

/// How every chore ends.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// One or more findings. Not an [`Error`] itself, so that `?` turns every error into one.
#[derive(Debug)]
pub(crate) struct Failure(Vec<String>);

impl Failure {
    pub(crate) fn new(finding: impl Into<String>) -> Self {
        Self(vec![finding.into()])
    }

    /// Content when there are no findings, else all of them.
    pub(crate) fn unless_empty(findings: Vec<String>) -> Outcome {
        if findings.is_empty() { Ok(()) } else { Err(Self(findings)) }
    }

    /// The first line, for a summary.
    pub(crate) fn headline(&self) -> &str {
        self.0.first().and_then(|finding| finding.lines().next()).unwrap_or_default()
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self(vec![text])
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            writeln!(f, "  - {finding}")?;
        }
        Ok(())
    }
}
