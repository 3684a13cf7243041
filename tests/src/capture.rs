//! Catches every event and span of the process, of any crate, at the most talkative level; `log` records too.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What was logged so far.
#[derive(Debug, Clone, Default)]
pub struct Captured(Arc<Mutex<String>>);

impl Captured {
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, target: &str, line: impl FnOnce(&mut Line)) {
        let mut text = Line(String::new());
        line(&mut text);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(all, "{target}: {}", text.0);
    }
}

/// Starts catching, for the rest of the process. Call it once.
pub fn capture_logs() -> Captured {
    let captured = Captured::default();
    tracing::subscriber::set_global_default(Catcher(captured.clone())).unwrap();
    log::set_boxed_logger(Box::new(LogCatcher(captured.clone()))).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    captured
}

struct Catcher(Captured);

impl Subscriber for Catcher {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        self.0.write(metadata.target(), |line| {
            line.0.push_str(metadata.name());
            span.record(line);
        });
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.0.write("record", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.0.write(event.metadata().target(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Not `tracing-log`: its bridge would be one more thing that may leave something out.
struct LogCatcher(Captured);

impl log::Log for LogCatcher {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.write(record.target(), |line| {
            let _ = write!(line.0, "{}", record.args());
        });
    }

    fn flush(&self) {}
}

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}
