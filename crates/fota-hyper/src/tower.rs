//! Any tower service as a transport: middleware for limits, load shedding or metrics fits underneath.

use std::future::poll_fn;

use async_trait::async_trait;
use bytes::Bytes;
use fota_core::{AsyncTransport, BoxError, Limits, Phase, TransportError};
use http::{Request, Response};
use tokio::time::timeout;
use tower_service::Service;

/// A [`Service`] from whole request to whole answer as an [`AsyncTransport`].
///
/// It keeps [`Limits::attempt`] and checks the length of the answer; connecting is the service's own
/// business. A service that knows the phase of its failures fails with a [`TransportError`], which is passed
/// on as it is. Any other error of it is taken for one after the request may have been sent.
#[derive(Debug, Clone)]
pub struct TowerTransport<S>(S);

impl<S> TowerTransport<S> {
    /// A transport on top of `service`, which is cloned for each exchange.
    pub fn new(service: S) -> Self {
        TowerTransport(service)
    }
}

#[async_trait]
impl<S> AsyncTransport for TowerTransport<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    async fn send(&self, request: Request<Bytes>, limits: Limits) -> Result<Response<Bytes>, TransportError> {
        let mut service = self.0.clone();
        let mut called = false;
        let exchange = async {
            poll_fn(|context| service.poll_ready(context))
                .await
                .map_err(|error| failure(error, Phase::Connect))?;
            called = true;
            service.call(request).await.map_err(|error| failure(error, Phase::Exchange))
        };
        let result = timeout(limits.attempt, exchange).await;
        let phase = if called { Phase::Exchange } else { Phase::Connect };
        let response = result.map_err(|elapsed| TransportError::timeout(phase, elapsed))??;
        if response.body().len() > limits.max_body {
            return Err(TransportError::body_too_large(limits.max_body));
        }
        Ok(response)
    }
}

fn failure(error: impl Into<BoxError>, phase: Phase) -> TransportError {
    match (error.into().downcast::<TransportError>(), phase) {
        (Ok(known), _) => *known,
        (Err(error), Phase::Connect) => TransportError::connect(error),
        (Err(error), Phase::Exchange) => TransportError::exchange(error),
    }
}
