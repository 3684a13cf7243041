//! Faults on demand: rules that match requests and say what goes wrong with them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fota_models::DeviceId;
use serde::{Deserialize, Serialize};

use crate::effect::Effect;
use crate::routes::{OPERATIONS, Route, UNKNOWN};
use crate::shorthand;
use crate::window::{Window, millis};

/// A rule: which requests it is for, and what happens to them. The first rule that applies is used; those of a
/// [`SecondOperator`](crate::SecondOperator) are used besides.
///
/// As text it is JSON, or a short form: an operation, an effect and what limits it, with colons between them.
///
/// ```
/// use std::time::Duration;
/// use fota_emulator::{Effect, Fault, Shape};
/// // The second assign request is carried out, then the connection is closed without an answer.
/// let lost = Fault::new("licenses.assign", Effect::Close).after_processing().skip(1).once();
/// // Every operation is throttled three times.
/// let busy = Fault::new("*", Effect::answer(429, Shape::Gateway).retry_after(2)).times(3);
/// // The same as text, for the admin API and the command line.
/// assert_eq!("licenses.assign:close-after:skip=1:once".parse(), Ok(lost));
/// assert_eq!("*:429:body=gateway:retry-after=2s:times=3".parse(), Ok(busy.clone()));
/// assert_eq!(r#"{"operation":"*","count":3,
///     "effect":{"kind":"answer","status":429,"body":"gateway","retryAfter":{"seconds":2}}}"#.parse(), Ok(busy));
/// # Ok::<(), fota_emulator::InvalidFault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// An operation's name, a prefix with a star such as `licenses.*`, or `*` for all.
    pub operation: String,
    /// Only requests for this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only requests that name this device in their body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What goes wrong.
    pub effect: Effect,
    /// The operation is carried out first, and the effect replaces its answer. Effects that alter the operation's
    /// own answer (delay, cut, dribble) always carry it out.
    #[serde(default)]
    pub processed: bool,
    /// Milliseconds that the answer, or its failure, is held back.
    #[serde(default)]
    pub delay_millis: u64,
    /// When the rule is in force.
    #[serde(default, skip_serializing_if = "Window::is_open")]
    pub window: Window,
    /// Matching requests that are let through first.
    #[serde(default)]
    pub skip: u64,
    /// Of the others, only every so manyth is met: with 2 the second, the fourth, and so on.
    #[serde(default = "always")]
    pub every: u64,
    /// How many times the rule is used; none means forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How likely the rule is used for a matching request, 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// What chance is made from.
    #[serde(default)]
    pub seed: u64,
}

impl Fault {
    /// A rule for an operation (`licenses.assign`), a family (`licenses.*`) or all (`*`), used every time.
    pub fn new(operation: impl Into<String>, effect: Effect) -> Self {
        Fault {
            operation: operation.into(),
            account: None,
            device: None,
            effect,
            processed: false,
            delay_millis: 0,
            window: Window::default(),
            skip: 0,
            every: 1,
            count: None,
            probability: 1.0,
            seed: 0,
        }
    }

    /// Used for one request only.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Used for this many requests.
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Lets this many matching requests through first.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// The operation is carried out before its answer is replaced or lost.
    pub fn after_processing(mut self) -> Self {
        self.processed = true;
        self
    }

    /// Holds the answer, or its failure, back.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_millis = millis(delay);
        self
    }

    /// Only every so manyth matching request, after those that are skipped.
    pub fn every(mut self, requests: u64) -> Self {
        self.every = requests;
        self
    }

    /// Only from so long after the emulator's start on, on its own clock.
    pub fn starting(mut self, since_start: Duration) -> Self {
        self.window.from_millis = millis(since_start);
        self
    }

    /// Only until so long after the emulator's start, on its own clock.
    pub fn until(mut self, since_start: Duration) -> Self {
        self.window.until_millis = Some(millis(since_start));
        self
    }

    /// Only after so many requests of the operation, whatever account and devices they were for.
    pub fn after_requests(mut self, requests: u64) -> Self {
        self.window.after_requests = requests;
        self
    }

    /// Only for requests to this account.
    pub fn for_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only for requests that name this device in their body.
    pub fn for_device(mut self, device: impl Into<DeviceId>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// What chance is made from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Only by chance, the same chance for the same seed.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = probability;
        self.seed = seed;
        self
    }

    /// Whether the rule is for this operation.
    pub(crate) fn covers(&self, operation: &str) -> bool {
        match self.operation.strip_suffix('*') {
            Some(family) => operation.starts_with(family),
            None => operation == self.operation,
        }
    }

    pub(crate) fn matches(&self, route: &Route) -> bool {
        self.covers(route.name())
            && self.account.as_deref().is_none_or(|account| route.account() == Some(account))
            && self.device.as_ref().is_none_or(|device| route.devices().contains(device))
    }

    pub(crate) fn check(&self) -> Result<(), InvalidFault> {
        let refuse = |why: &str| Err(InvalidFault(why.to_owned()));
        if !OPERATIONS.iter().chain([&UNKNOWN]).any(|name| self.covers(name)) {
            let known = OPERATIONS.join(", ");
            return Err(InvalidFault(format!(
                "there is no operation {:?}; it is one of {known}, a family such as licenses.*, or *",
                self.operation
            )));
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return refuse("probability must be between 0 and 1");
        }
        if self.every == 0 {
            return refuse("every must not be 0");
        }
        if self.window.is_empty() {
            return refuse("the window ends before it begins");
        }
        if matches!(self.effect, Effect::Operator(_)) && (self.processed || self.delay_millis > 0) {
            return refuse(
                "an operator leaves the request as it is, so the rule has neither a delay nor processed",
            );
        }
        self.effect.check()
    }
}

/// JSON when it begins with a brace, else the short form.
impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let fault: Fault = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| InvalidFault(error.to_string()))?
        } else {
            shorthand::parse(text)?
        };
        fault.check().map(|()| fault)
    }
}

/// What a text or a rule given in code is not: a fault that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFault(pub(crate) String);

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a fault rule: {}", self.0)
    }
}

impl std::error::Error for InvalidFault {}

fn certain() -> f64 {
    1.0
}

fn always() -> u64 {
    1
}
