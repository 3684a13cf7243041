//! Ours, asynchronous, used the way its documentation shows. It makes single calls, as R does; `more_hyper.rs` does
//! what R has no counterpart for.
use std::process::ExitCode;
use std::time::Duration;

use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, SESSION, device, finish, memory, tell};
use fota_hyper::models::{AccountName, DeviceId};
use fota_hyper::{Client, Credentials, SavedTokens};

async fn work(job: Job) -> Result<(), Failure> {
    let credentials = Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password");
    let client = Client::builder().credentials(credentials).base_url(&job.base).build()?;
    // R holds its tokens from the start. Only the 64 tasks have to get theirs, all at once.
    if job.operation != Operation::Flight {
        client.adopt_tokens(SavedTokens {
            access_token: BEARER.into(),
            bearer_left: Duration::from_secs(3600),
            session_token: SESSION.into(),
            session_idle: Duration::ZERO,
        });
    }
    let account: AccountName = ACCOUNT.parse()?;
    let licenses = client.licenses(&account);
    let mut seen = 0;
    match job.operation {
        Operation::List => {
            for _ in 0..job.calls {
                seen += licenses.usage().await?.device_list.len();
            }
        }
        Operation::Assign | Operation::One => {
            let ids: Vec<DeviceId> = (0..job.devices()).map(|index| device(index).into()).collect();
            for _ in 0..job.calls {
                seen += licenses.assign(ids.iter().cloned()).await?.device_list.len();
            }
        }
        Operation::Hold => {
            let mut kept = vec![licenses.usage().await?];
            let before = memory("VmRSS")?;
            for _ in 0..job.calls {
                kept.push(licenses.usage().await?);
            }
            tell("held_kib", memory("VmRSS")?.saturating_sub(before));
            seen = kept.iter().map(|page| page.device_list.len()).sum();
        }
        Operation::Flight => {
            let tasks: Vec<_> = (0..64)
                .map(|_| {
                    let (licenses, calls) = (licenses.clone(), job.calls);
                    tokio::spawn(async move {
                        let mut seen = 0;
                        for _ in 0..calls {
                            seen += licenses.usage().await?.device_list.len();
                        }
                        Ok::<_, Failure>(seen)
                    })
                })
                .collect();
            for task in tasks {
                seen += task.await??;
            }
        }
        Operation::Fold | Operation::Run => return job.unknown(),
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
