//! The admin API below `/_emulator/`: what tests in other languages, and people with curl, control the emulator by.
//! The vendor's service has nothing like it. It is not for web pages: requests with an `Origin` are refused.

use std::time::Duration;

use bytes::Bytes;
use fota_core::Moment;
use fota_core::server::json_reply;
use fota_models::DeviceId;
use http::header::ORIGIN;
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::accounts::Account;
use crate::coverage::COVERAGE;
use crate::emulator::Emulator;
use crate::faults::Fault;
use crate::magic::MAGIC;
use crate::rate_limit::RateLimit;
use crate::refusal::Answer;
use crate::switches::Switches;

const PREFIX: &str = "/_emulator/";

pub(crate) fn is_admin(request: &Request<Bytes>) -> bool {
    request.uri().path().starts_with(PREFIX)
}

pub(crate) fn handle(emulator: &mut Emulator, request: &Request<Bytes>, now: Moment) -> Answer {
    if request.headers().contains_key(ORIGIN) {
        return Refused(403, "the admin API is not for web pages".to_owned()).answer();
    }
    let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default();
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let query = request.uri().query().unwrap_or_default();
    dispatch(emulator, request, &segments, query, now)
        .map_or_else(Refused::answer, |value| json_reply(&value))
}

/// A status and the reason.
struct Refused(u16, String);

impl Refused {
    fn answer(self) -> Answer {
        let mut answer = json_reply(&json!({ "error": self.1 }));
        *answer.status_mut() = StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST);
        answer
    }
}

fn dispatch(
    emulator: &mut Emulator,
    request: &Request<Bytes>,
    path: &[&str],
    query: &str,
    now: Moment,
) -> Result<Value, Refused> {
    let method = request.method();
    let (get, post, delete) = (method == Method::GET, method == Method::POST, method == Method::DELETE);
    match path {
        ["health"] if get => Ok(json!({ "status": "ok", "accountName": emulator.account_name() })),
        ["coverage"] if get => to_value(COVERAGE),
        ["faults"] if get => to_value(emulator.faults.rules()),
        ["faults"] if post => add_faults(emulator, request),
        ["faults"] if delete => {
            emulator.clear_faults();
            Ok(json!({ "removed": true }))
        }
        ["faults", id] if delete => {
            let removed = id.parse().is_ok_and(|id| emulator.faults.remove(id));
            if removed { Ok(json!({ "removed": true })) } else { Err(missing("no such fault")) }
        }
        ["magic"] if get => to_value(MAGIC),
        ["rate-limit"] if get => to_value(&find(emulator, query)?.rate_limit()),
        ["rate-limit"] if method == Method::PUT || delete => {
            let limit = if delete { None } else { Some(body::<RateLimit>(request)?) };
            find_mut(emulator, query)?.set_rate_limit(limit);
            to_value(&limit)
        }
        ["clock"] if get => Ok(clock(emulator, now)),
        ["clock", "advance"] if post => {
            let Advance { seconds } = body(request)?;
            let span = Duration::try_from_secs_f64(seconds)
                .map_err(|_| Refused(400, "seconds must be a number, 0 or more".to_owned()))?;
            emulator.advance(span);
            Ok(clock(emulator, now))
        }
        ["log"] if get => {
            let entries: Vec<_> = emulator.log().collect();
            Ok(json!({ "counters": emulator.counters(), "entries": entries }))
        }
        ["log"] if delete => {
            emulator.clear_log();
            Ok(json!({ "removed": true }))
        }
        ["tokens", "expire"] if post => {
            let expire: Expire = body(request)?;
            if expire.bearer {
                emulator.kill_bearer();
            }
            if expire.session {
                emulator.kill_sessions();
            }
            Ok(json!({ "bearer": expire.bearer, "session": expire.session }))
        }
        ["switches"] if get => to_value(emulator.switches()),
        ["switches"] if method == Method::PUT => {
            *emulator.switches_mut() = change_switches(emulator.switches(), request)?;
            to_value(emulator.switches())
        }
        ["ledger"] if get => {
            let account = find(emulator, query)?;
            Ok(ledger(account, parameter(query, "full").is_some_and(|full| full != "false")))
        }
        ["devices", id] if get => device(find(emulator, query)?, &DeviceId::from(*id)),
        ["devices", id] if post => change_device(emulator, &DeviceId::from(*id), query, request),
        ["user", "unlock"] if post => {
            emulator.unlock_user();
            Ok(json!({ "strikes": emulator.strikes() }))
        }
        ["reset"] if post => {
            emulator.reset();
            Ok(json!({ "reset": true }))
        }
        _ => Err(missing("no such admin operation; see docs/emulator.md")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    #[serde(default)]
    bearer: bool,
    #[serde(default)]
    session: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeviceChange {
    #[serde(alias = "upgrade_running")]
    upgrade_running: Option<bool>,
    #[serde(alias = "upgrade_scheduled")]
    upgrade_scheduled: Option<bool>,
    upgraded: Option<bool>,
}

fn add_faults(emulator: &mut Emulator, request: &Request<Bytes>) -> Result<Value, Refused> {
    let given: Value = body(request)?;
    let faults: Vec<Value> = match given {
        Value::Array(faults) => faults,
        one => vec![one],
    };
    let read = |fault: Value| {
        // A string holds the short form.
        let text = fault.as_str().map_or_else(|| fault.to_string(), str::to_owned);
        text.parse::<Fault>().map_err(|error| Refused(400, error.to_string()))
    };
    // All are read before the first is added.
    let faults = faults.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let added = faults.into_iter().map(|fault| emulator.add_fault(fault));
    let ids = added.collect::<Result<Vec<_>, _>>().map_err(|error| Refused(400, error.to_string()))?;
    Ok(json!({ "ids": ids }))
}

fn clock(emulator: &Emulator, now: Moment) -> Value {
    let at = emulator.clock.at(now);
    json!({
        "sinceStartSeconds": at.since_start().as_secs_f64(),
        "aheadSeconds": emulator.clock.ahead().as_secs_f64(),
        "wall": emulator.clock.http_date(at, Duration::ZERO),
    })
}

/// The switches in force, with those of the body changed.
fn change_switches(switches: &Switches, request: &Request<Bytes>) -> Result<Switches, Refused> {
    let mut all = to_value(switches)?;
    let changes: serde_json::Map<String, Value> = body(request)?;
    if let Some(all) = all.as_object_mut() {
        all.extend(changes);
    }
    serde_json::from_value(all).map_err(|error| Refused(400, error.to_string()))
}

fn ledger(account: &Account, full: bool) -> Value {
    let mut ledger = json!({
        "accountName": account.name(),
        "totalLicenses": account.total_licenses(),
        "assignedLicenses": account.assigned_licenses(),
        "devices": account.devices().len(),
    });
    if full {
        let licensed: Value = account.licensed().map(ToString::to_string).collect();
        if let Some(ledger) = ledger.as_object_mut() {
            ledger.insert("licensed".to_owned(), licensed);
        }
    }
    ledger
}

fn device(account: &Account, id: &DeviceId) -> Result<Value, Refused> {
    let state = account.device(id).ok_or_else(|| missing("the account has no such device"))?;
    Ok(json!({
        "deviceId": id,
        "licensed": account.is_licensed(id),
        "upgraded": state.upgraded,
        "upgradeRunning": state.upgrade_running,
        "upgradeScheduled": state.upgrade_scheduled,
    }))
}

fn change_device(
    emulator: &mut Emulator,
    id: &DeviceId,
    query: &str,
    request: &Request<Bytes>,
) -> Result<Value, Refused> {
    let change: DeviceChange = body(request)?;
    let account = find_mut(emulator, query)?;
    let mut state = account.device(id).ok_or_else(|| missing("the account has no such device"))?;
    state.upgraded = change.upgraded.unwrap_or(state.upgraded);
    state.upgrade_running = change.upgrade_running.unwrap_or(state.upgrade_running);
    state.upgrade_scheduled = change.upgrade_scheduled.unwrap_or(state.upgrade_scheduled);
    account.set_device(id.clone(), state);
    device(account, id)
}

/// The account of the query, else the first.
fn find<'e>(emulator: &'e Emulator, query: &str) -> Result<&'e Account, Refused> {
    let first = emulator.account_name();
    let name = parameter(query, "account").unwrap_or(first.as_str());
    emulator.account(name).ok_or_else(|| missing("no such account"))
}

/// The same, to change it.
fn find_mut<'e>(emulator: &'e mut Emulator, query: &str) -> Result<&'e mut Account, Refused> {
    let name = find(emulator, query)?.name().clone();
    emulator.account_mut(name.as_str()).ok_or_else(|| missing("no such account"))
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn body<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refused> {
    serde_json::from_slice(request.body()).map_err(|error| Refused(400, error.to_string()))
}

fn to_value<T: serde::Serialize + ?Sized>(value: &T) -> Result<Value, Refused> {
    serde_json::to_value(value).map_err(|error| Refused(500, error.to_string()))
}

fn missing(what: &str) -> Refused {
    Refused(404, what.to_owned())
}
