//! The usual way: reqwest with `json()`, both ways.
use std::process::ExitCode;

use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, SESSION, device, finish, tell};
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

async fn work(job: Job) -> Result<(), Failure> {
    let client = reqwest::Client::new();
    let url = format!("{}/api/fota/v3/licenses/{ACCOUNT}", job.base);
    let ids: Vec<String> = (0..job.devices()).map(device).collect();
    let mut seen = 0;
    for _ in 0..job.calls {
        seen += match job.operation {
            Operation::List => {
                let request = client.get(format!("{url}?lastSeenDeviceId=0"));
                let request = request.header("Accept", "application/json").bearer_auth(BEARER);
                let response = request.header("VZ-M2M-Token", SESSION).send().await?.error_for_status()?;
                response.json::<Summary>().await?.device_list.len()
            }
            Operation::Assign | Operation::One => {
                let request = client.post(format!("{url}/assign")).json(&Devices { device_list: &ids });
                let request = request.header("Accept", "application/json").bearer_auth(BEARER);
                let response = request.header("VZ-M2M-Token", SESSION).send().await?.error_for_status()?;
                response.json::<Change>().await?.device_list.len()
            }
            _ => return job.unknown(),
        };
    }
    tell("devices", seen);
    Ok(())
}

fn main() -> ExitCode {
    finish((|| {
        let job = Job::from_args()?;
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work(job))
    })())
}
