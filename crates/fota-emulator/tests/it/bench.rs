//! A client on the pure machine: no socket, time by hand.

use std::time::Duration;

use bytes::Bytes;
use fota_core::auth::{Login, Token};
use fota_core::{Endpoint, Error, Moment, Servers, Tokens, licenses};
use fota_emulator::{ACCOUNT, Emulator, PASSWORD, Settings, USERNAME};
use fota_models::{AccessToken, AccountName, DeviceId, LicenseChange, Secret};
use http::{Method, Request, Response};
use serde_json::Value;

pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) now: Moment,
    pub(crate) tokens: Option<Tokens>,
}

impl Bench {
    /// With both tokens.
    pub(crate) fn new(settings: Settings) -> Self {
        let mut bench = Bench::fresh(settings);
        bench.sign_in();
        bench
    }

    /// Without tokens.
    pub(crate) fn fresh(settings: Settings) -> Self {
        Bench { emulator: Emulator::new(settings), now: Moment::default(), tokens: None }
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    pub(crate) fn token(&mut self) -> Result<AccessToken, Error> {
        self.call(&Token::new(self.emulator.credentials().client().clone()))
    }

    pub(crate) fn login(&mut self, password: &str) -> Result<Secret, Error> {
        let bearer = self.token().unwrap().access_token;
        self.tokens = Some(Tokens::bearer_only(&bearer).unwrap());
        let session = self.call(&Login::new(USERNAME, password))?;
        self.tokens = Some(Tokens::new(&bearer, &session).unwrap());
        Ok(session)
    }

    pub(crate) fn sign_in(&mut self) {
        self.login(PASSWORD).unwrap();
    }

    pub(crate) fn call<E: Endpoint>(&mut self, endpoint: &E) -> Result<E::Output, Error> {
        E::from_response(self.response(endpoint))
    }

    pub(crate) fn response<E: Endpoint>(&mut self, endpoint: &E) -> Response<Bytes> {
        let request = endpoint.to_request(&servers(), self.tokens.as_ref()).unwrap();
        self.emulator.handle(&request, self.now).response
    }

    /// A request below the FOTA base with both tokens, and status and JSON of the answer.
    pub(crate) fn raw(&mut self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let list = licenses::List::new(account());
        let mut request = list.to_request(&servers(), self.tokens.as_ref()).unwrap();
        *request.method_mut() = method;
        *request.uri_mut() = format!("/api/fota/v3{path}").parse().unwrap();
        *request.body_mut() = Bytes::from(body.to_owned());
        self.send(&request)
    }

    pub(crate) fn admin(&mut self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("/_emulator{path}"));
        self.send(&request.body(Bytes::from(body.to_owned())).unwrap())
    }

    pub(crate) fn send(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        let response = self.emulator.handle(request, self.now).response;
        let status = response.status().as_u16();
        (status, serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }

    pub(crate) fn assign(&mut self, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.call(&licenses::Assign::new(account(), devices.iter().cloned()))
    }

    pub(crate) fn remove(&mut self, devices: &[DeviceId]) -> Result<LicenseChange, Error> {
        self.call(&licenses::Remove::new(account(), devices.iter().cloned()))
    }

    pub(crate) fn list(&mut self) -> Result<fota_models::LicenseSummary, Error> {
        self.call(&licenses::List::new(account()))
    }

    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.emulator.account(ACCOUNT).unwrap().devices().cloned().collect()
    }

    pub(crate) fn licensed(&self) -> Vec<DeviceId> {
        self.emulator.account(ACCOUNT).unwrap().licensed().cloned().collect()
    }
}

pub(crate) fn servers() -> Servers {
    Servers::at("http://127.0.0.1:1").unwrap()
}

pub(crate) fn account() -> AccountName {
    AccountName::new(ACCOUNT).unwrap()
}

/// Status and code of an error answer.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String) {
    let error = result.unwrap_err();
    let code = error.fault().and_then(|fault| fault.code()).unwrap_or_default().to_owned();
    (error.status().map_or(0, |status| status.as_u16()), code)
}

/// Status words and reasons of a change, in order.
pub(crate) fn outcomes(change: &LicenseChange) -> Vec<(String, String)> {
    let outcome = |outcome: &fota_models::DeviceOutcome| {
        let reason = outcome.reason.as_ref().map(|reason| reason.as_str().to_owned());
        (outcome.status.as_str().to_owned(), reason.unwrap_or_default())
    };
    change.device_list.iter().map(outcome).collect()
}
