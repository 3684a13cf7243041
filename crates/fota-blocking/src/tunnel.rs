//! Through a proxy: the tunnel to the server, over a connection to the proxy.

use std::io::{self, Read as _, Write as _};

use fota_core::proxy::Proxy;
use http::Uri;
use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout, Transport, TransportAdapter};

/// Asks `proxy`, at the other end of `connection`, for a tunnel to `server`. What is sent later goes to the
/// server.
pub(crate) fn open(
    connection: Box<dyn Transport>,
    proxy: &Proxy,
    server: &Uri,
    details: &ConnectionDetails,
    timeout: NextTimeout,
) -> Result<Box<dyn Transport>, Error> {
    let mut adapter = TransportAdapter::new(connection, details.current_time.clone());
    adapter.set_timeout(timeout);
    adapter.write_all(proxy.connect_request(server).expose().as_bytes())?;
    let mut answer = Vec::new();
    while !proxy.is_tunnel(&answer).map_err(|error| Error::Other(error.into()))? {
        // One byte at a time, out of a buffer: what follows the answer is the server's.
        let mut byte = [0];
        match adapter.read(&mut byte) {
            Ok(0) => return Err(Error::Other(proxy.hung_up().into())),
            Ok(_) => answer.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(adapter.into_inner())
}
