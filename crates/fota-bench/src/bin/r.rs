//! R: what a user would write by hand with hyper-util and serde_json. Plain code, no tricks, texts as `String`.
use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use fota_bench::{
    ACCOUNT, BEARER, FLEET, Failure, Job, Operation, PAGE, SESSION, device, finish, memory, tell,
};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a user would read them")]
struct Summary {
    account_name: String,
    total_licenses: Option<u64>,
    assigned_licenses: u64,
    has_more_data: bool,
    last_seen_device_id: Option<String>,
    max_page_size: u64,
    device_list: Vec<Licensed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a user would read them")]
struct Licensed {
    device_id: String,
    assignment_time: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Devices<'a> {
    device_list: &'a [String],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a user would read them")]
struct Change {
    account_name: String,
    lic_count: u64,
    lic_used_count: u64,
    device_list: Vec<Changed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "a user would read them")]
struct Changed {
    device_id: String,
    status: String,
    result_reason: Option<String>,
}

struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    bearer: String,
    session: String,
}

impl Api {
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/api/fota/v3{path}", self.base))
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Bearer {}", self.bearer))
            .header("VZ-M2M-Token", &self.session)
            .body(Full::new(Bytes::from(body)))?;
        let response = self.client.request(request).await?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status()).into());
        }
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }

    async fn list(&self, account: &str, after: &str) -> Result<Summary, Failure> {
        self.call(Method::GET, &format!("/licenses/{account}?lastSeenDeviceId={after}"), Vec::new()).await
    }

    async fn assign(&self, ids: &[String]) -> Result<Change, Failure> {
        let body = serde_json::to_vec(&Devices { device_list: ids })?;
        self.call(Method::POST, &format!("/licenses/{ACCOUNT}/assign"), body).await
    }
}

async fn work(job: Job) -> Result<(), Failure> {
    let api = Api {
        client: Client::builder(TokioExecutor::new()).build_http(),
        base: job.base.clone(),
        bearer: BEARER.to_owned(),
        session: SESSION.to_owned(),
    };
    let ids: Vec<String> = (0..job.devices()).map(device).collect();
    let mut seen = 0;
    match job.operation {
        Operation::List => {
            for _ in 0..job.calls {
                seen += api.list(ACCOUNT, "0").await?.device_list.len();
            }
        }
        Operation::Assign | Operation::One => {
            for _ in 0..job.calls {
                seen += api.assign(&ids).await?.device_list.len();
            }
        }
        Operation::Run => {
            for chunk in ids.chunks(PAGE) {
                let change = api.assign(chunk).await?;
                seen += change.device_list.iter().filter(|one| one.status.ends_with("Success")).count();
            }
        }
        Operation::Hold => {
            let mut kept = vec![api.list(ACCOUNT, "0").await?];
            let before = memory("VmRSS")?;
            for _ in 0..job.calls {
                kept.push(api.list(ACCOUNT, "0").await?);
            }
            tell("held_kib", memory("VmRSS")?.saturating_sub(before));
            seen = kept.iter().map(|page| page.device_list.len()).sum();
        }
        Operation::Fold => {
            let mut after = "0".to_owned();
            loop {
                let page = api.list(FLEET, &after).await?;
                seen += page.device_list.len();
                match page.last_seen_device_id {
                    Some(next) if page.has_more_data => after = next,
                    _ => break,
                }
            }
        }
        Operation::Flight => {
            let api = Arc::new(api);
            let tasks: Vec<_> = (0..64)
                .map(|_| {
                    let (api, calls) = (api.clone(), job.calls);
                    tokio::spawn(async move {
                        let mut seen = 0;
                        for _ in 0..calls {
                            seen += api.list(ACCOUNT, "0").await?.device_list.len();
                        }
                        Ok::<_, Failure>(seen)
                    })
                })
                .collect();
            for task in tasks {
                seen += task.await??;
            }
        }
    }
    tell("devices", seen);
    tell("peak_kib", memory("VmHWM")?);
    Ok(())
}

fn main() -> ExitCode {
    finish((|| {
        let job = Job::from_args()?;
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work(job))
    })())
}
