//! What TLS trusts, and whose cryptography it uses. Both adapters have this file, word for word.

use std::sync::Arc;

use fota_core::BoxError;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The settings of every TLS connection. `extra` holds root certificates in PEM that are trusted on top of
/// the usual ones.
pub(crate) fn config(extra: &[u8]) -> Result<ClientConfig, BoxError> {
    let provider = provider()?;
    let verifier = verifier(roots(extra)?, provider.clone())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        // "Dangerous" is only that the verifier is chosen by hand: it is the platform's or webpki's own.
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

fn roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BoxError> {
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
    if roots.is_empty() && !pem.is_empty() {
        return Err("there is no certificate in the PEM text".into());
    }
    Ok(roots)
}

#[cfg(feature = "aws-lc-rs")]
#[allow(clippy::unnecessary_wraps, reason = "fails without a feature that chooses")]
fn provider() -> Result<Arc<CryptoProvider>, BoxError> {
    Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
#[allow(clippy::unnecessary_wraps, reason = "fails without a feature that chooses")]
fn provider() -> Result<Arc<CryptoProvider>, BoxError> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn provider() -> Result<Arc<CryptoProvider>, BoxError> {
    let none =
        "no cryptography: switch on the feature `ring` or `aws-lc-rs`, or install a default for the process";
    CryptoProvider::get_default().cloned().ok_or_else(|| none.into())
}

#[cfg(all(feature = "platform-verifier", not(feature = "webpki-roots")))]
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BoxError> {
    #[cfg(not(target_os = "android"))]
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)?;
    #[cfg(target_os = "android")]
    let verifier = match extra.as_slice() {
        [] => rustls_platform_verifier::Verifier::new(provider)?,
        _ => return Err("Android takes root certificates from the system only".into()),
    };
    Ok(Arc::new(verifier))
}

#[cfg(not(all(feature = "platform-verifier", not(feature = "webpki-roots"))))]
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BoxError> {
    let mut roots = rustls::RootCertStore::empty();
    #[cfg(feature = "webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for root in extra {
        roots.add(root)?;
    }
    if roots.is_empty() {
        return Err(
            "no root certificates: give some, or switch on `platform-verifier` or `webpki-roots`".into()
        );
    }
    Ok(rustls::client::WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build()?)
}
