//! How hyper gets its connections: straight to the server, or through the tunnel that a proxy gives.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use fota_core::BoxError;
use fota_core::proxy::{Proxies, Proxy};
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower_service::Service;

/// Connects, and asks for the tunnel where there is a proxy. TLS, if any, is made on top of it.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    http: HttpConnector,
    proxies: Arc<Proxies>,
}

impl Route {
    pub(crate) fn new(http: HttpConnector, proxies: Proxies) -> Self {
        Route { http, proxies: Arc::new(proxies) }
    }
}

impl Service<Uri> for Route {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let mut http = self.http.clone();
        let proxies = self.proxies.clone();
        Box::pin(async move {
            let Some(proxy) = proxies.for_uri(&server)? else { return Ok(http.call(server).await?) };
            let mut stream =
                http.call(proxy.uri()?).await.map_err(|error| proxy.unreachable(error))?.into_inner();
            tunnel(&mut stream, proxy, &server).await?;
            Ok(TokioIo::new(stream))
        })
    }
}

async fn tunnel(stream: &mut TcpStream, proxy: &Proxy, server: &Uri) -> Result<(), BoxError> {
    stream.write_all(proxy.connect_request(server).expose().as_bytes()).await?;
    let mut answer = Vec::new();
    while !proxy.is_tunnel(&answer)? {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(proxy.hung_up().into());
        }
    }
    Ok(())
}
