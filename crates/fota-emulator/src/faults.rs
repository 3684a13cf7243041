//! Faults on demand: rules that match requests and say what goes wrong with them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fota_models::DeviceId;
use http::HeaderValue;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};

use crate::emulator::Delivery;
use crate::refusal::{self, Answer};
use crate::replacement::{Replacement, RetryAfter, Shape, set};
use crate::routes::Route;

/// A rule: which requests it is for, and what happens to them. The first rule that applies is used.
///
/// ```
/// use std::time::Duration;
/// use fota_emulator::{Effect, Fault, Shape};
/// // The second assign request is carried out, then the connection is closed without an answer.
/// let lost = Fault::new("licenses.assign", Effect::Close).after_processing().skip(1).once();
/// // Every operation is throttled three times.
/// let busy = Fault::new("*", Effect::answer(429, Shape::Gateway).retry_after(2)).times(3);
/// // The same as text, for the admin API and the command line.
/// let busy: Fault = r#"{"operation":"*","count":3,
///     "effect":{"kind":"answer","status":429,"body":"gateway","retryAfter":{"seconds":2}}}"#.parse()?;
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
    /// Matching requests that are let through first.
    #[serde(default)]
    pub skip: u64,
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
            skip: 0,
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
        self.delay_millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
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

    /// Only by chance, the same chance for the same seed.
    pub fn probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = probability;
        self.seed = seed;
        self
    }

    fn matches(&self, route: &Route) -> bool {
        let name = route.name();
        let operation = match self.operation.strip_suffix('*') {
            Some(family) => name.starts_with(family),
            None => name == self.operation,
        };
        operation
            && self.account.as_deref().is_none_or(|account| route.account() == Some(account))
            && self.device.as_ref().is_none_or(|device| route.devices().contains(device))
    }

    fn check(&self) -> Result<(), InvalidFault> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(InvalidFault("probability must be between 0 and 1".to_owned()));
        }
        match &self.effect {
            Effect::Answer(Replacement { status, .. }) if !(200..=599).contains(status) => {
                Err(InvalidFault(format!("an answer cannot have the status {status}")))
            }
            Effect::Redirect { status, location } => {
                if !(300..=399).contains(status) {
                    Err(InvalidFault(format!("{status} is no redirect")))
                } else if HeaderValue::from_str(location).is_err() {
                    Err(InvalidFault("the location cannot be a header".to_owned()))
                } else {
                    Ok(())
                }
            }
            Effect::Dribble { bytes: 0, .. } => Err(InvalidFault("bytes must not be 0".to_owned())),
            _ => Ok(()),
        }
    }
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(json: &str) -> Result<Self, InvalidFault> {
        let fault: Fault = serde_json::from_str(json).map_err(|error| InvalidFault(error.to_string()))?;
        fault.check().map(|()| fault)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing but the rule's delay.
    Delay,
    /// Another answer instead.
    Answer(Replacement),
    /// 302, 307 or the like.
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// The connection is closed without a byte of an answer.
    Close,
    /// The connection is reset without a byte of an answer.
    Reset,
    /// The answer's head, this many bytes of its body, then the connection is closed.
    Cut {
        /// Bytes of the body that are sent.
        bytes: usize,
    },
    /// The answer's body arrives in small pieces.
    Dribble {
        /// Bytes per piece.
        bytes: usize,
        /// Milliseconds between pieces.
        every_millis: u64,
    },
    /// A 200 whose body is neither JSON nor text.
    Garbage,
    /// A 200 whose body is this many spaces.
    Oversized {
        /// The body's length.
        bytes: u64,
    },
}

impl Effect {
    /// Another answer, with a body of this shape.
    pub fn answer(status: u16, body: Shape) -> Self {
        Effect::Answer(Replacement { status, body, code: None, message: None, retry_after: None })
    }

    /// With a `Retry-After` of this many seconds. Only answers have one.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.replace(|answer| answer.retry_after = Some(RetryAfter::Seconds(seconds)))
    }

    /// With a `Retry-After` that is the date this many seconds ahead.
    pub fn retry_after_date(self, seconds: u64) -> Self {
        self.replace(|answer| answer.retry_after = Some(RetryAfter::Date(seconds)))
    }

    /// With this code in the body, rather than the usual one for status and shape.
    pub fn code(self, code: impl Into<String>) -> Self {
        self.replace(|answer| answer.code = Some(code.into()))
    }

    /// With this message in the body.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.replace(|answer| answer.message = Some(message.into()))
    }

    fn replace(mut self, change: impl FnOnce(&mut Replacement)) -> Self {
        if let Effect::Answer(answer) = &mut self {
            change(answer);
        }
        self
    }

    /// Whether the operation's own answer is what is sent.
    pub(crate) fn keeps_answer(&self) -> bool {
        matches!(self, Effect::Delay | Effect::Cut { .. } | Effect::Dribble { .. })
    }

    /// What becomes of the answer, and the answer that replaces it.
    pub(crate) fn apply(&self, date: impl Fn(Duration) -> String) -> (Option<Answer>, Delivery) {
        let send = |answer| (Some(answer), Delivery::Send);
        match self {
            Effect::Delay => (None, Delivery::Send),
            Effect::Answer(replacement) => send(replacement.build(date)),
            Effect::Redirect { status, location } => {
                let mut answer = refusal::plain(*status, "", "");
                set(&mut answer, LOCATION, location);
                send(answer)
            }
            Effect::Close => (Some(Answer::default()), Delivery::Close),
            Effect::Reset => (Some(Answer::default()), Delivery::Reset),
            Effect::Cut { bytes } => (None, Delivery::Cut { bytes: *bytes }),
            Effect::Dribble { bytes, every_millis } => {
                (None, Delivery::Dribble { bytes: *bytes, every: Duration::from_millis(*every_millis) })
            }
            Effect::Garbage => send(refusal::plain(
                200,
                "application/json",
                &b"\x00\xff{\"deviceList\":[\xc3\x28\x1f\x8b"[..],
            )),
            Effect::Oversized { bytes } => {
                (Some(refusal::plain(200, "application/json", "")), Delivery::Flood { bytes: *bytes })
            }
        }
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

/// The rules in force, in the order they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    added: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// Matching requests so far.
    seen: u64,
    /// Requests the rule was used for.
    pub(crate) used: u64,
    #[serde(skip)]
    random: fastrand::Rng,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<u64, InvalidFault> {
        fault.check()?;
        self.added += 1;
        let random = fastrand::Rng::with_seed(fault.seed);
        self.rules.push(Rule { id: self.added, fault, seen: 0, used: 0, random });
        Ok(self.added)
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule for this request, if any.
    pub(crate) fn pick(&mut self, route: &Route) -> Option<(u64, Fault)> {
        self.rules.iter_mut().find_map(|rule| {
            if !rule.fault.matches(route) {
                return None;
            }
            rule.seen += 1;
            let spent = rule.fault.count.is_some_and(|count| rule.used >= count);
            if rule.seen <= rule.fault.skip || spent || rule.random.f64() >= rule.fault.probability {
                return None;
            }
            rule.used += 1;
            Some((rule.id, rule.fault.clone()))
        })
    }
}

fn certain() -> f64 {
    1.0
}
