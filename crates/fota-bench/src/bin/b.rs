//! B: what a user would write by hand without async: ureq with `send_json` and `read_json`.
use std::process::ExitCode;

use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, PAGE, SESSION, device, finish, memory, tell};
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
    agent: ureq::Agent,
    base: String,
}

impl Api {
    fn list(&self) -> Result<Summary, Failure> {
        let url = format!("{}/api/fota/v3/licenses/{ACCOUNT}?lastSeenDeviceId=0", self.base);
        let request = self.agent.get(url).header("Accept", "application/json");
        let request = request.header("Authorization", format!("Bearer {BEARER}"));
        Ok(request.header("VZ-M2M-Token", SESSION).call()?.body_mut().read_json()?)
    }

    fn assign(&self, ids: &[String]) -> Result<Change, Failure> {
        let url = format!("{}/api/fota/v3/licenses/{ACCOUNT}/assign", self.base);
        let request = self.agent.post(url).header("Accept", "application/json");
        let request = request.header("Authorization", format!("Bearer {BEARER}"));
        let request = request.header("VZ-M2M-Token", SESSION);
        Ok(request.send_json(Devices { device_list: ids })?.body_mut().read_json()?)
    }
}

fn work(job: &Job) -> Result<(), Failure> {
    let api = Api { agent: ureq::Agent::new_with_defaults(), base: job.base.clone() };
    let ids: Vec<String> = (0..job.devices()).map(device).collect();
    let mut seen = 0;
    match job.operation {
        Operation::List => {
            for _ in 0..job.calls {
                seen += api.list()?.device_list.len();
            }
        }
        Operation::Assign | Operation::One => {
            for _ in 0..job.calls {
                seen += api.assign(&ids)?.device_list.len();
            }
        }
        Operation::Run => {
            for chunk in ids.chunks(PAGE) {
                seen += api.assign(chunk)?.device_list.len();
            }
        }
        _ => return job.unknown(),
    }
    tell("devices", seen);
    tell("peak_kib", memory("VmHWM")?);
    Ok(())
}

fn main() -> ExitCode {
    finish(Job::from_args().and_then(|job| work(&job)))
}
