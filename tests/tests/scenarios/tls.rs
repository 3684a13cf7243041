//! Real TLS, with a certificate authority that only this test knows.

use fota_core::{ErrorKind, Servers};
use fota_tests::{Authority, Kind, Lab, TlsFront, account, scenarios};

scenarios!(
    extra_root_certificate_is_trusted,
    unknown_root_certificate_is_refused,
    certificate_for_another_name_is_refused,
    plain_server_on_a_tls_url,
    bad_pem_is_refused,
);

fn lab() -> Lab {
    Lab::with_devices(&["352099001761481"], 3)
}

fn extra_root_certificate_is_trusted(kind: &dyn Kind) {
    let (lab, authority) = (lab(), Authority::new());
    for host in ["127.0.0.1", "localhost"] {
        let front = TlsFront::start(lab.address(), &authority, host);
        let client = lab.open_with(kind, |options| {
            options.servers = Servers::at(&front.base_url_at(host)).unwrap();
            options.root_certificates_pem = authority.pem();
        });
        for _ in 0..20 {
            assert_eq!(client.usage(&account()).unwrap().total_licenses, Some(3));
        }
        // See `connections_are_reused` for why not 1.
        assert!(front.handshakes() <= 4, "the connection is not kept: {} handshakes", front.handshakes());
    }
}

/// No byte of a secret may go to a server that cannot say who it is.
fn unknown_root_certificate_is_refused(kind: &dyn Kind) {
    let lab = lab();
    let front = TlsFront::start(lab.address(), &Authority::new(), "127.0.0.1");
    let stranger = Authority::new();
    for pem in [String::new(), stranger.pem()] {
        let client = lab.open_with(kind, |options| {
            options.servers = Servers::at(&front.base_url()).unwrap();
            options.root_certificates_pem = pem;
            options.retry = options.retry.max_attempts(2);
        });
        let error = client.assign(&account(), &["352099001761481".into()]).unwrap_err();
        assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Connect, Some("auth.token")), "{error}");
        assert!(!error.may_have_been_applied());
        let causes = causes(&error);
        assert!(causes.to_lowercase().contains("certificate"), "the cause is not named: {causes}");
    }
    assert_eq!(lab.requests(), 0);
}

fn certificate_for_another_name_is_refused(kind: &dyn Kind) {
    let (lab, authority) = (lab(), Authority::new());
    let front = TlsFront::start(lab.address(), &authority, "service.example");
    let client = lab.open_with(kind, |options| {
        options.servers = Servers::at(&front.base_url()).unwrap();
        options.root_certificates_pem = authority.pem();
        options.retry = options.retry.max_attempts(1);
    });
    let error = client.usage(&account()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1), "{error}");
    assert_eq!(lab.requests(), 0);
}

fn plain_server_on_a_tls_url(kind: &dyn Kind) {
    let lab = lab();
    let client = lab.open_with(kind, |options| {
        options.servers = Servers::at(&lab.base_url().replace("http:", "https:")).unwrap();
        options.retry = options.retry.max_attempts(1);
    });
    let error = client.usage(&account()).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1), "{error}");
    assert_eq!(lab.requests(), 0);
}

fn bad_pem_is_refused(kind: &dyn Kind) {
    for pem in ["not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let mut options = lab().options();
        options.servers = Servers::at("https://127.0.0.1:1").unwrap();
        options.root_certificates_pem = pem.into();
        let error = kind.open(options).err().expect(pem);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
