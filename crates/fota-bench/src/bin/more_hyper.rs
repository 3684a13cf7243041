//! Ours, asynchronous, doing the work of many calls: a listing of any length, and a bulk run.
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use fota_bench::{ACCOUNT, BEARER, FLEET, Failure, Job, Operation, SESSION, device, finish, memory, tell};
use fota_hyper::bulk::{Action, Options, Run};
use fota_hyper::models::DeviceId;
use fota_hyper::{Client, Credentials, SavedTokens};

async fn work(job: Job) -> Result<(), Failure> {
    let credentials = Credentials::new("fake-key", "fake-secret", "fake-user", "fake-password");
    let client = Client::builder().credentials(credentials).base_url(&job.base).build()?;
    client.adopt_tokens(SavedTokens {
        access_token: BEARER.into(),
        bearer_left: Duration::from_secs(3600),
        session_token: SESSION.into(),
        session_idle: Duration::ZERO,
    });
    let mut seen = 0;
    match job.operation {
        // A process that made one call, to compare the memory of others with.
        Operation::List => seen += client.licenses(&ACCOUNT.parse()?).usage().await?.device_list.len(),
        Operation::Run => {
            let ids = (0..job.devices()).map(|index| DeviceId::from(device(index)));
            let mut run =
                Run::new(Action::Assign, ACCOUNT.parse()?, ids).options(Options::default().concurrency(8));
            client.run(&mut run, &mut |_: &Run| ControlFlow::Continue(())).await;
            seen = run.report().counts().applied;
        }
        Operation::Fold => {
            let mut list = client.licenses(&FLEET.parse()?).list();
            while let Some(device) = list.next().await {
                seen += usize::from(device?.device_id.imei().is_some());
            }
        }
        _ => return job.unknown(),
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
