//! Ours, blocking, used the way its documentation shows. It makes single calls, as B does.
use std::process::ExitCode;
use std::time::Duration;

use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, SESSION, device, finish, memory, tell};
use fota_blocking::models::{AccountName, DeviceId};
use fota_blocking::{Client, Credentials, SavedTokens};

fn work(job: &Job) -> Result<(), Failure> {
    let credentials = Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password");
    let client = Client::builder().credentials(credentials).base_url(&job.base).build()?;
    client.adopt_tokens(SavedTokens {
        access_token: BEARER.into(),
        bearer_left: Duration::from_secs(3600),
        session_token: SESSION.into(),
        session_idle: Duration::ZERO,
    });
    let account: AccountName = ACCOUNT.parse()?;
    let licenses = client.licenses(&account);
    let mut seen = 0;
    match job.operation {
        Operation::List => {
            for _ in 0..job.calls {
                seen += licenses.usage()?.device_list.len();
            }
        }
        Operation::Assign | Operation::One => {
            let ids: Vec<DeviceId> = (0..job.devices()).map(|index| device(index).into()).collect();
            for _ in 0..job.calls {
                seen += licenses.assign(ids.iter().cloned())?.device_list.len();
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
