//! The short form of fault rules, for the command line: an operation, an effect and what limits it, with colons between
//! them, as in `licenses.assign:close-after:once`. What needs more words than that is written as JSON.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::effect::Effect;
use crate::faults::{Fault, InvalidFault};
use crate::replacement::{Replacement, RetryAfter, Shape};
use crate::second_operator::{OperatorAction, SecondOperator};
use crate::window::millis;

const EFFECTS: &str = "a status such as 503, close, close-after, reset, reset-after, delay=2s, cut=100, dribble=64/20ms, \
    garbage, oversized=1000000, operator=assign, operator=remove, operator=toggle";
const LIMITS: &str = "once, times=3, skip=1, every=2, p=0.05, seed=7, from=60s, until=2m, after-requests=10, after, \
    delay=2s, account=NAME, device=IMEI; for a status also body=html, code=TEXT, message=TEXT, retry-after=2s, \
    retry-date=2s; for an operator also devices=IMEI,IMEI and random=2";
const BODIES: &str = "api, gateway, gatewayXml, oauth, sibling, soap, html, text, empty";

pub(crate) fn parse(text: &str) -> Result<Fault, InvalidFault> {
    let mut words = text.trim().split(':').map(str::trim);
    let operation = words.next().unwrap_or_default();
    let Some(effect) = words.next() else {
        return invalid(format!(
            "{text:?} has no effect; write JSON, or OPERATION:EFFECT:… as in licenses.assign:close-after:once, where \
             EFFECT is one of {EFFECTS}"
        ));
    };
    let mut fault = effect_of(operation, effect)?;
    for word in words {
        limit(&mut fault, word)?;
    }
    Ok(fault)
}

fn effect_of(operation: &str, word: &str) -> Result<Fault, InvalidFault> {
    let rule = |effect| Ok(Fault::new(operation, effect));
    let (name, value) = pair(word);
    match (name, value) {
        ("close", None) => rule(Effect::Close),
        ("close-after", None) => rule(Effect::Close).map(Fault::after_processing),
        ("reset", None) => rule(Effect::Reset),
        ("reset-after", None) => rule(Effect::Reset).map(Fault::after_processing),
        ("garbage", None) => rule(Effect::Garbage),
        ("delay", Some(_)) => Ok(Fault::new(operation, Effect::Delay).delay(span(word, value)?)),
        ("cut", Some(_)) => rule(Effect::Cut { bytes: number(word, value)? }),
        ("oversized", Some(_)) => rule(Effect::Oversized { bytes: number(word, value)? }),
        ("dribble", Some(value)) => {
            let (bytes, every) = value.split_once('/').ok_or_else(|| {
                InvalidFault(format!("{word:?} lacks the time between pieces; write it as dribble=64/20ms"))
            })?;
            let every_millis = millis(span(word, Some(every))?);
            rule(Effect::Dribble { bytes: number(word, Some(bytes))?, every_millis })
        }
        ("operator", Some(value)) => {
            let action = match value {
                "assign" => OperatorAction::Assign,
                "remove" => OperatorAction::Remove,
                "toggle" => OperatorAction::Toggle,
                _ => return invalid(format!("{word:?}: an operator does one of assign, remove, toggle")),
            };
            rule(Effect::Operator(SecondOperator::new(action)))
        }
        (status, None) if !status.is_empty() && status.bytes().all(|byte| byte.is_ascii_digit()) => {
            rule(Effect::answer(number(word, Some(status))?, Shape::default()))
        }
        _ => invalid(format!("there is no effect {word:?}; it is one of {EFFECTS}")),
    }
}

fn limit(fault: &mut Fault, word: &str) -> Result<(), InvalidFault> {
    let (name, value) = pair(word);
    match (name, value) {
        ("once", None) => fault.count = Some(1),
        ("after", None) => fault.processed = true,
        ("times", Some(_)) => fault.count = Some(number(word, value)?),
        ("skip", Some(_)) => fault.skip = number(word, value)?,
        ("every", Some(_)) => fault.every = number(word, value)?,
        ("p", Some(_)) => fault.probability = number(word, value)?,
        ("seed", Some(_)) => fault.seed = number(word, value)?,
        ("from", Some(_)) => fault.window.from_millis = millis(span(word, value)?),
        ("until", Some(_)) => fault.window.until_millis = Some(millis(span(word, value)?)),
        ("after-requests", Some(_)) => fault.window.after_requests = number(word, value)?,
        ("delay", Some(_)) => fault.delay_millis = millis(span(word, value)?),
        ("account", Some(account)) => fault.account = Some(account.to_owned()),
        ("device", Some(device)) => fault.device = Some(device.into()),
        ("body" | "code" | "message" | "retry-after" | "retry-date", Some(value)) => {
            let Effect::Answer(answer) = &mut fault.effect else {
                return invalid(format!("{word:?} is for a status such as 503 only"));
            };
            change_answer(answer, name, value, word)?;
        }
        ("devices" | "random", Some(text)) => {
            let Effect::Operator(operator) = &mut fault.effect else {
                return invalid(format!("{word:?} is for an operator only"));
            };
            if name == "random" {
                operator.random = Some(number(word, value)?);
            } else {
                operator.devices = text.split(',').map(|device| device.trim().into()).collect();
            }
        }
        _ => return invalid(format!("there is no limit {word:?}; it is one of {LIMITS}")),
    }
    Ok(())
}

fn change_answer(answer: &mut Replacement, name: &str, value: &str, word: &str) -> Result<(), InvalidFault> {
    let seconds = || match span(word, Some(value))? {
        span if span.subsec_nanos() == 0 => Ok(span.as_secs()),
        _ => invalid(format!("{word:?}: a Retry-After has whole seconds")),
    };
    match name {
        "body" => {
            answer.body = serde_json::from_value(Value::from(value))
                .map_err(|_| InvalidFault(format!("{word:?}: a body is one of {BODIES}")))?;
        }
        "code" => answer.code = Some(value.to_owned()),
        "message" => answer.message = Some(value.to_owned()),
        "retry-after" => answer.retry_after = Some(RetryAfter::Seconds(seconds()?)),
        _ => answer.retry_after = Some(RetryAfter::Date(seconds()?)),
    }
    Ok(())
}

/// Reads `500ms`, `90s`, `3m`, `1h`, or seconds without a unit.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at)?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(millis)?))
}

fn pair(word: &str) -> (&str, Option<&str>) {
    word.split_once('=').map_or((word, None), |(name, value)| (name.trim_end(), Some(value.trim_start())))
}

fn span(word: &str, value: Option<&str>) -> Result<Duration, InvalidFault> {
    value
        .and_then(parse_span)
        .ok_or_else(|| InvalidFault(format!("{word:?}: write a time as 500ms, 90s, 3m or 1h")))
}

fn number<T: FromStr>(word: &str, value: Option<&str>) -> Result<T, InvalidFault> {
    let number = value.and_then(|value| value.parse().ok());
    number.ok_or_else(|| InvalidFault(format!("{word:?} lacks a number that can be used")))
}

fn invalid<T>(why: String) -> Result<T, InvalidFault> {
    Err(InvalidFault(why))
}
