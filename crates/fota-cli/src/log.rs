//! What `-v` and `-vv` show on stderr: our own events about requests, as text or as JSON lines, and nothing of
//! the libraries below, which could name headers.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use fota_core::models::{TimeFormat, Timestamp};
use serde::Serialize;
use serde::ser::SerializeMap as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Global, LogFormat};
use crate::output::{Style, escape, json};

static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    format: LogFormat,
    style: Style,
    wire: bool,
}

/// What a field of a line holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// A number.
    Number(u64),
    /// A text, of whatever origin.
    Text(&'a str),
}

/// Sends the toolkit's events to stderr, one a line, if they are asked for.
pub(crate) fn start(global: &Global, style: Style) {
    let log = Log { format: global.log_format, style, wire: global.verbose > 1 };
    if LOG.set(log).is_ok() && global.verbose > 0 {
        let ours = Targets::new().with_target("fota", LevelFilter::DEBUG);
        // Fails only where a subscriber is set already, and then the events have a place to go.
        let _ = tracing_subscriber::registry().with(Events.with_filter(ours)).try_init();
    }
}

/// Whether whole exchanges are shown.
pub(crate) fn shows_wire() -> bool {
    LOG.get().is_some_and(|log| log.wire)
}

/// Whether everything on stderr is JSON.
pub(crate) fn is_json() -> bool {
    LOG.get().is_some_and(|log| log.format == LogFormat::Json)
}

/// Writes one line. If stderr is gone, so is the reader.
pub(crate) fn line(level: &'static str, message: &str, fields: &[(&'static str, Value<'_>)]) {
    let (format, style) = LOG.get().map_or((LogFormat::Text, Style::plain()), |log| (log.format, log.style));
    let mut line = Vec::new();
    let made = match format {
        LogFormat::Json => json::write(&mut line, &Line { level, message, fields }),
        LogFormat::Text => text(&mut line, style, level, message, fields),
    };
    line.push(b'\n');
    if made.is_ok() {
        // At once, so that lines of two threads do not mix.
        let _ = crate::output::stderr().write_all(&line);
    }
}

fn text(
    out: &mut Vec<u8>,
    style: Style,
    level: &str,
    message: &str,
    fields: &[(&'static str, Value<'_>)],
) -> io::Result<()> {
    write!(out, "{} {}", style.faint(format!("{level:>5}")), escape::terminal(message))?;
    for (name, value) in fields {
        let value = match value {
            Value::Number(number) => number.to_string(),
            Value::Text("") => continue,
            Value::Text(text) => escape::terminal(text).into_owned(),
        };
        write!(out, " {}={value}", style.faint(name))?;
    }
    Ok(())
}

/// One line of JSON, such as
/// `{"timestamp":"2026-01-02T03:04:05Z","level":"debug","message":"attempt ended","endpoint":"licenses.list"}`.
struct Line<'a> {
    level: &'static str,
    message: &'a str,
    fields: &'a [(&'static str, Value<'a>)],
}

impl Serialize for Line<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
        let now = Timestamp::from_unix(seconds, now.subsec_millis() * 1_000_000, TimeFormat::Rfc3339);
        map.serialize_entry("timestamp", &now.map(|now| now.to_string()))?;
        map.serialize_entry("level", self.level)?;
        map.serialize_entry("message", self.message)?;
        for (name, value) in self.fields {
            match value {
                Value::Number(number) => map.serialize_entry(name, number)?,
                Value::Text(text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

/// Turns events into lines.
struct Events;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Events {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let shown: Vec<_> = fields
            .rest
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Owned::Number(number) => Value::Number(*number),
                    Owned::Text(text) => Value::Text(text),
                };
                (*name, value)
            })
            .collect();
        let level = if *event.metadata().level() <= tracing::Level::INFO { "info" } else { "debug" };
        line(level, &fields.message, &shown);
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Owned)>,
}

enum Owned {
    Number(u64),
    Text(String),
}

impl tracing::field::Visit for Fields {
    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.rest.push((field.name(), Owned::Number(value)));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.rest.push((field.name(), Owned::Text(value.to_owned())));
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            name => self.rest.push((name, Owned::Text(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::{all_strings, check_terminal};

    #[test]
    fn no_hostile_string_gets_through() {
        all_strings(1, |name, texts| {
            let text_of = texts[0].as_str();
            let fields = [("body", Value::Text(text_of))];
            let mut out = Vec::new();
            text(&mut out, Style::plain(), "trace", text_of, &fields).unwrap();
            assert_eq!(check_terminal(name, &out).lines().count(), 1, "{name}: one line an event");
            let mut out = Vec::new();
            json::write(&mut out, &Line { level: "trace", message: text_of, fields: &fields }).unwrap();
            let value: serde_json::Value = serde_json::from_str(&check_terminal(name, &out)).unwrap();
            assert_eq!(value["body"], text_of, "{name}: JSON loses nothing");
        });
    }

    const FIELDS: [(&str, Value<'static>); 3] = [
        ("status", Value::Number(200)),
        ("body", Value::Text("a\u{1b}[31m\n\u{202e}b")),
        ("none", Value::Text("")),
    ];

    #[test]
    fn lines_are_harmless_in_both_forms() {
        let mut out = Vec::new();
        text(&mut out, Style::plain(), "trace", "response", &FIELDS).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line, "trace response status=200 body=a\\u{1b}[31m\\u{a}\\u{202e}b");
        let mut out = Vec::new();
        json::write(&mut out, &Line { level: "trace", message: "response", fields: &FIELDS }).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(!line.contains(escape::is_hazard), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["status"], 200);
        assert_eq!(value["body"], "a\u{1b}[31m\n\u{202e}b");
        assert!(value["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
}
