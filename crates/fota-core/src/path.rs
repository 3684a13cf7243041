//! Request targets that cannot be subverted: every segment and query value is percent-encoded, and
//! what encoding cannot protect (dot segments, empty segments) is refused before a request exists.

use std::fmt::Write as _;

use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// RFC 3986 unreserved characters stay; all else is encoded.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Builds the path and query of a request below a service's base path.
#[derive(Debug)]
pub struct PathBuilder {
    text: String,
    has_query: bool,
    refused: Option<Error>,
}

impl PathBuilder {
    pub(crate) fn new(base_path: &str) -> Self {
        let mut text = String::with_capacity(base_path.len() + 96);
        text.push_str(base_path);
        PathBuilder { text, has_query: false, refused: None }
    }

    /// Appends fixed text that is part of the operation, such as `/licenses`. It is not encoded.
    pub fn literal(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends one segment, encoded, with the slash before it. Empty and dot segments make the whole
    /// request an error, because servers and proxies collapse them.
    pub fn segment(&mut self, value: &str) -> &mut Self {
        if matches!(value, "" | "." | "..") {
            self.refused
                .get_or_insert_with(|| Error::invalid(format!("{value:?} cannot be part of a request path")));
        }
        self.text.push('/');
        self.encoded(value)
    }

    /// Appends one query parameter, encoded.
    pub fn query(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.encoded(value)
    }

    fn encoded(&mut self, value: &str) -> &mut Self {
        // Nearly every id and account name.
        if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
        {
            self.text.push_str(value);
            return self;
        }
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{}", utf8_percent_encode(value, ESCAPED));
        self
    }

    pub(crate) fn finish(self) -> Result<PathAndQuery, Error> {
        match self.refused {
            Some(error) => Err(error),
            None => PathAndQuery::from_maybe_shared(bytes::Bytes::from(self.text))
                .map_err(|error| Error::invalid(format!("the request path is not valid: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_stay_inside_their_segment() {
        let mut path = PathBuilder::new("/api");
        path.literal("/licenses").segment("a/b c#d?e%&+ü").query("x", "1&y=2 ").query("z", "");
        assert_eq!(
            path.finish().unwrap().as_str(),
            "/api/licenses/a%2Fb%20c%23d%3Fe%25%26%2B%C3%BC?x=1%26y%3D2%20&z="
        );
    }

    #[test]
    fn dot_and_empty_segments_are_refused() {
        for bad in ["", ".", ".."] {
            let mut path = PathBuilder::new("/api");
            path.segment(bad).segment("fine");
            assert_eq!(path.finish().unwrap_err().kind(), crate::ErrorKind::InvalidRequest, "{bad:?}");
        }
    }
}
