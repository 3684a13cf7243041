//! What the certificate at the other end says of itself: who issued it, and until when it is valid. It is read
//! whether or not it is trusted, for it is most telling when it is not. Nothing is ever sent over this
//! connection; the one that counts checks the certificate.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fota_core::models::Timestamp;
use fota_core::proxy::{Proxies, Proxy};
use http::Uri;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// For each step.
const PATIENCE: Duration = Duration::from_secs(5);

/// A certificate, as far as it can be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The name of the one who issued it.
    pub(super) issuer: Option<String>,
    /// The last moment of its validity.
    pub(super) until: Option<Timestamp>,
}

/// The certificate of the server of `uri`; nothing when there is none, for whatever reason.
pub(super) async fn look(proxies: &Proxies, uri: &Uri) -> Option<Certificate> {
    let proxy = proxies.for_uri(uri).ok()?.cloned();
    let uri = uri.clone();
    tokio::task::spawn_blocking(move || read(&receive(proxy.as_ref(), &uri)?)).await.ok()?
}

impl Certificate {
    /// How long it is valid yet.
    pub(super) fn left(&self) -> Option<Duration> {
        self.until.as_ref()?.system_time()?.duration_since(SystemTime::now()).ok()
    }
}

fn receive(proxy: Option<&Proxy>, uri: &Uri) -> Option<CertificateDer<'static>> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    let mut stream = match proxy {
        Some(proxy) => connect(proxy.host().trim_start_matches('[').trim_end_matches(']'), proxy.port())?,
        None => connect(host, uri.port_u16().unwrap_or(443))?,
    };
    if let Some(proxy) = proxy {
        stream.write_all(proxy.connect_request(uri).expose().as_bytes()).ok()?;
        let mut answer = Vec::new();
        while !proxy.is_tunnel(&answer).ok()? {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            answer.extend(byte);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Look(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut session = ClientConnection::new(Arc::new(config), name).ok()?;
    while session.is_handshaking() && session.peer_certificates().is_none() {
        session.complete_io(&mut stream).ok()?;
    }
    session.peer_certificates()?.first().map(|certificate| certificate.clone().into_owned())
}

fn connect(host: &str, port: u16) -> Option<TcpStream> {
    let stream = (host, port)
        .to_socket_addrs()
        .ok()?
        .find_map(|address| TcpStream::connect_timeout(&address, PATIENCE).ok())?;
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).ok()?;
    Some(stream)
}

/// Takes every certificate, to look at it.
#[derive(Debug)]
struct Look(Arc<CryptoProvider>);

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Issuer and validity, out of the DER form (RFC 5280, section 4.1).
fn read(der: &[u8]) -> Option<Certificate> {
    let certificate = expect(&mut &*der, SEQUENCE)?;
    let mut fields = expect(&mut &*certificate, SEQUENCE)?;
    let first = next(&mut fields)?;
    // The version is left out of the oldest kind; then this was the serial number.
    if first.0 == VERSION {
        next(&mut fields)?;
    }
    expect(&mut fields, SEQUENCE)?;
    let issuer = expect(&mut fields, SEQUENCE)?;
    let mut validity = expect(&mut fields, SEQUENCE)?;
    next(&mut validity)?;
    let (kind, until) = next(&mut validity)?;
    Some(Certificate { issuer: name(issuer), until: time(kind, until) })
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];

/// The next value and its tag. `rest` is what follows it.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, after) = rest.split_first()?;
    let (first, mut after) = after.split_first()?;
    let length = match usize::from(*first) {
        short @ 0..=0x7f => short,
        long => {
            let count = long & 0x7f;
            if count == 0 || count > 4 {
                return None;
            }
            let bytes = after.get(..count)?;
            after = after.get(count..)?;
            bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        }
    };
    let value = after.get(..length)?;
    *rest = after.get(length..)?;
    Some((*tag, value))
}

fn expect<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    next(rest).filter(|(found, _)| *found == tag).map(|(_, value)| value)
}

/// The common name, else the organization.
fn name(mut issuer: &[u8]) -> Option<String> {
    let mut found = [None, None];
    while let Some(mut set) = expect(&mut issuer, SET) {
        while let Some(mut pair) = expect(&mut set, SEQUENCE) {
            let (Some(kind), Some((_, value))) = (expect(&mut pair, OID), next(&mut pair)) else { break };
            let [common, organization] = &mut found;
            match kind {
                COMMON_NAME => *common = Some(value),
                ORGANIZATION => *organization = Some(value),
                _ => {}
            }
        }
    }
    let name = found.into_iter().flatten().next()?;
    Some(String::from_utf8_lossy(name).into_owned()).filter(|name| !name.is_empty())
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after that.
fn time(kind: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (century, text) = match kind {
        UTC_TIME => (if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }, text),
        GENERALIZED_TIME => (text.get(..2)?, text.get(2..)?),
        _ => return None,
    };
    let part = |from: usize| text.get(from..from + 2);
    let text =
        format!("{century}{}-{}-{}T{}:{}:{}Z", part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, part(10)?);
    Some(Timestamp::parse(&text)).filter(|time| time.unix().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(until: (i32, u8, u8), names: &[(rcgen::DnType, &str)]) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(["fota.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind.clone(), *name);
        }
        // Signed by itself, so the names are those of the issuer too.
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn issuer_and_validity_are_read() {
        use rcgen::DnType::{CommonName, OrganizationName};
        for (until, names, issuer, expected) in [
            (
                (2031, 2, 3),
                &[(OrganizationName, "Org"), (CommonName, "Example Root R1")][..],
                Some("Example Root R1"),
                "2031-02-03T00:00:00Z",
            ),
            ((2049, 12, 31), &[(OrganizationName, "Org only")], Some("Org only"), "2049-12-31T00:00:00Z"),
            ((2050, 1, 1), &[], None, "2050-01-01T00:00:00Z"),
        ] {
            let der = made(until, names);
            let read_back = read(&der).unwrap();
            assert_eq!(read_back.issuer.as_deref(), issuer);
            assert_eq!(read_back.until.unwrap().to_string(), expected);
            // Cut short or damaged, it is not understood, and nothing worse.
            for cut in 0..der.len() {
                let _ = read(&der[..cut]);
                let mut damaged = der.clone();
                damaged[cut] ^= 0xff;
                let _ = read(&damaged);
            }
        }
    }
}
