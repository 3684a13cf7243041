//! A tower service as the transport of a client.

use std::convert::Infallible;
use std::future::{Pending, Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fota_core::{AsyncTransport, BoxError, Limits, Phase, TransportError};
use fota_hyper::{Client, TowerTransport};
use http::{Request, Response};
use tower_service::Service;

use crate::service::{account, credentials};

/// Answers whatever it is asked with something that fits all three calls of a listing.
#[derive(Clone)]
struct Fixed;

impl Service<Request<Bytes>> for Fixed {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let body = r#"{"access_token":"b","token_type":"Bearer","sessionToken":"s","accountName":"a",
            "assignedLicenses":7,"hasMoreData":false}"#;
        ready(Ok(Response::new(Bytes::from(body))))
    }
}

#[tokio::test]
async fn a_client_works_on_a_service() {
    let client = Client::builder()
        .base_url("http://127.0.0.1:1")
        .credentials(credentials())
        .transport(TowerTransport::new(Fixed))
        .build()
        .unwrap();
    assert_eq!(client.licenses(&account()).usage().await.unwrap().assigned_licenses, Some(7));
    let transport = TowerTransport::new(Fixed);
    let request = Request::new(Bytes::new());
    assert!(transport.send(request, Limits::default().max_body(9)).await.unwrap_err().too_large);
}

/// Fails, or hangs, before or after it took the request.
#[derive(Clone)]
enum Broken {
    Unready,
    NeverReady,
    Phase(Phase),
    Other,
    Hanging,
}

impl Service<Request<Bytes>> for Broken {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = futures::Either;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Broken::Unready => Poll::Ready(Err("shed".into())),
            Broken::NeverReady => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        match self {
            Broken::Phase(Phase::Connect) => {
                futures::Either::Now(Some(TransportError::connect("known").into()))
            }
            Broken::Hanging => futures::Either::Never(std::future::pending()),
            _ => futures::Either::Now(Some("unknown".into())),
        }
    }
}

mod futures {
    use super::*;

    pub(super) enum Either {
        Now(Option<BoxError>),
        Never(Pending<()>),
    }

    impl Future for Either {
        type Output = Result<Response<Bytes>, BoxError>;

        fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            match &mut *self {
                Either::Now(error) => Poll::Ready(Err(error.take().unwrap())),
                Either::Never(pending) => std::pin::Pin::new(pending).poll(context).map(|()| unreachable!()),
            }
        }
    }
}

#[tokio::test]
async fn failures_keep_their_phase() {
    let limits = Limits::default().attempt(Duration::from_millis(30));
    for (service, phase, timed_out) in [
        (Broken::Unready, Phase::Connect, false),
        (Broken::NeverReady, Phase::Connect, true),
        (Broken::Phase(Phase::Connect), Phase::Connect, false),
        (Broken::Other, Phase::Exchange, false),
        (Broken::Hanging, Phase::Exchange, true),
    ] {
        let error = TowerTransport::new(service).send(Request::new(Bytes::new()), limits).await.unwrap_err();
        assert_eq!((error.phase, error.timed_out), (phase, timed_out), "{error:?}");
    }
}
