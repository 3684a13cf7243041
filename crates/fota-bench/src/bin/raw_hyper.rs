//! The floor: the same exchanges with hyper-util and nothing else. No JSON is written or read.
use std::process::ExitCode;

use bytes::Bytes;
use fota_bench::{ACCOUNT, BEARER, Failure, Job, Operation, SESSION, change_request, finish, tell};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

async fn work(job: Job) -> Result<(), Failure> {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (method, path, body) = match job.operation {
        Operation::List => (Method::GET, format!("{ACCOUNT}?lastSeenDeviceId=0"), Bytes::new()),
        Operation::Assign | Operation::One => {
            (Method::POST, format!("{ACCOUNT}/assign"), Bytes::from(change_request(job.devices())))
        }
        _ => return job.unknown(),
    };
    let uri: Uri = format!("{}/api/fota/v3/licenses/{path}", job.base).parse()?;
    let bearer: HeaderValue = format!("Bearer {BEARER}").parse()?;
    let mut read = 0;
    for _ in 0..job.calls {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert("accept", HeaderValue::from_static("application/json"));
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("authorization", bearer.clone());
        headers.insert("vz-m2m-token", HeaderValue::from_static(SESSION));
        let mut body = client.request(request).await?.into_body();
        while let Some(frame) = body.frame().await {
            read += frame?.data_ref().map_or(0, Bytes::len);
        }
    }
    tell("bytes", read);
    Ok(())
}

fn main() -> ExitCode {
    finish((|| {
        let job = Job::from_args()?;
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work(job))
    })())
}
