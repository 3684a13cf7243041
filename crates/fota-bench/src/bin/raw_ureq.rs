//! The blocking floor: the same exchanges with ureq and nothing else. No JSON is written or read.
use std::io::Read;
use std::process::ExitCode;

use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, SESSION, change_request, finish, tell};

fn work(job: &Job) -> Result<(), Failure> {
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}/api/fota/v3/licenses/{ACCOUNT}", job.base);
    let (list, assign) = (format!("{url}?lastSeenDeviceId=0"), format!("{url}/assign"));
    let bearer = format!("Bearer {BEARER}");
    let body = change_request(job.devices());
    let mut buffer = vec![0; 64 * 1024];
    let mut read = 0;
    for _ in 0..job.calls {
        let mut response = match job.operation {
            Operation::List => {
                let request = agent.get(&list).header("Accept", "application/json");
                request.header("Authorization", &bearer).header("VZ-M2M-Token", SESSION).call()?
            }
            Operation::Assign | Operation::One => {
                let request = agent.post(&assign).header("Accept", "application/json");
                let request = request.header("Content-Type", "application/json");
                request.header("Authorization", &bearer).header("VZ-M2M-Token", SESSION).send(&body)?
            }
            _ => return job.unknown(),
        };
        let mut reader = response.body_mut().as_reader();
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            read += count;
        }
    }
    tell("bytes", read);
    Ok(())
}

fn main() -> ExitCode {
    finish(Job::from_args().and_then(|job| work(&job)))
}
