//! A certificate authority made for the test, and certificates with every defect.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// The defect, if any, of a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Signed by the authority, valid for a year.
    Good,
    /// Signed by the authority, valid for five more days.
    Expiring,
    /// Signed by the authority, expired yesterday.
    Expired,
    /// Signed by its own key.
    SelfSigned,
    /// Signed by the authority, for another host name.
    OtherName,
}

const DAY: Duration = Duration::from_secs(86400);

/// Signs certificates; hosts trust it if its own is in their trust store.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Authority of the tests");
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    /// Its certificate, for a trust store.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for `name` and its key, in PEM.
    pub(super) fn issue(&self, name: &str) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        [parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()]
    }

    /// A server's side of TLS, with such a certificate for `names`.
    pub(super) fn server(&self, certificate: Certificate, names: &[&str]) -> Arc<ServerConfig> {
        let names = if certificate == Certificate::OtherName { &["elsewhere.example"] } else { names };
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, "log service of the tests");
        #[expect(clippy::disallowed_methods, reason = "certificates are about real time")]
        let now = SystemTime::now();
        parameters.not_before = (now - 100 * DAY).into();
        parameters.not_after = match certificate {
            Certificate::Good | Certificate::SelfSigned | Certificate::OtherName => now + 365 * DAY,
            Certificate::Expiring => now + 5 * DAY,
            Certificate::Expired => now - DAY,
        }
        .into();
        let key = KeyPair::generate().unwrap();
        let signed = match certificate {
            Certificate::SelfSigned => parameters.self_signed(&key),
            Certificate::Good | Certificate::Expiring | Certificate::Expired | Certificate::OtherName => {
                parameters.signed_by(&key, &self.issuer)
            }
        }
        .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain: Vec<CertificateDer<'static>> = vec![signed.der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }
}
