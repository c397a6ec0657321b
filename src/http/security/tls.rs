//! Converts `tls_server_config` for rustls: certificate, versions, suites, and client authentication.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    ServerConfig, SignatureScheme, SupportedCipherSuite,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, SupportedKxGroup, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _},
    server::{
        NoServerSessionStorage, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    version::{TLS12, TLS13},
};
use x509_cert::{
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use crate::config::{
    self,
    web::{ClientAuth, Pem, PemSource, TlsConfig},
};

/// A problem of a file or text in PEM: the key that refers to it, and the reason.
pub(super) struct Unusable {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) message: String,
}

impl Unusable {
    fn new(pem: &Pem, message: impl Into<String>) -> Self {
        let message = message.into();
        let message = match &pem.source {
            PemSource::Inline(_) => message,
            PemSource::File(path) => format!("{}: {message}", path.display()),
        };
        Self { line: pem.line, key: pem.key.clone(), message }
    }
}

/// Reads the files and builds the server's TLS config. Blocks on the file system.
pub(super) fn server(tls: &TlsConfig, http2: bool) -> Result<Arc<ServerConfig>, Unusable> {
    let content = content(&tls.certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&content).flatten().collect();
    if chain.is_empty() {
        return Err(Unusable::new(&tls.certificate, "holds no certificate in PEM"));
    }
    let key = PrivateKeyDer::from_pem_slice(&self::content(&tls.key)?)
        .map_err(|_| Unusable::new(&tls.key, "holds no private key in PEM (or an encrypted one)"))?;
    let provider = Arc::new(provider(tls));
    let verifier = verifier(tls, &provider)?;
    let versions: &[&rustls::SupportedProtocolVersion] = match (tls.tls12, tls.tls13) {
        (true, true) => &[&TLS13, &TLS12],
        (true, false) => &[&TLS12],
        (false, _) => &[&TLS13],
    };
    let unusable = |error: &Error| Unusable::new(&tls.certificate, format!("cannot be used: {error}"));
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| unusable(&error))?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_single_cert(chain, key).map_err(|error| {
        if matches!(error, Error::InconsistentKeys(_)) {
            return Unusable::new(&tls.key, "is not the key of the certificate");
        }
        unusable(&error)
    })?;
    server.ignore_client_order = tls.prefer_server_order;
    if http2 {
        server.alpn_protocols.push(b"h2".to_vec());
    }
    server.alpn_protocols.push(b"http/1.1".to_vec());
    // A session with a certificate that was withdrawn in the meantime must not be resumed, and scrapers keep
    // their connections anyway.
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(Arc::new(server))
}

fn content(pem: &Pem) -> Result<Vec<u8>, Unusable> {
    match &pem.source {
        PemSource::Inline(text) => Ok(text.clone().into_bytes()),
        PemSource::File(path) => config::read(path).map_err(|why| Unusable::new(pem, why)),
    }
}

/// The cipher suites and groups that are offered, in order of preference.
fn provider(tls: &TlsConfig) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !tls.cipher_suites.is_empty() {
        let of_tls13 = provider.cipher_suites.iter().copied().filter(|suite| suite.tls13().is_some());
        let named = tls.cipher_suites.iter().filter_map(|name| {
            // Two of Go's names do not include the hash.
            let same = |suite: &&SupportedCipherSuite| {
                let id = format!("{:?}", suite.suite());
                suite.tls13().is_none() && (id == *name || id.strip_suffix("_SHA256") == Some(name))
            };
            provider.cipher_suites.iter().find(same).copied()
        });
        provider.cipher_suites = of_tls13.chain(named).collect();
    }
    if !tls.curves.is_empty() {
        let group = |name: &&str| -> &'static dyn SupportedKxGroup {
            match *name {
                "CurveP256" => ring::kx_group::SECP256R1,
                "CurveP384" => ring::kx_group::SECP384R1,
                _ => ring::kx_group::X25519,
            }
        };
        provider.kx_groups = tls.curves.iter().map(group).collect();
    }
    provider
}

/// The client authentication; `None`: none.
fn verifier(
    tls: &TlsConfig,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Unusable> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &tls.client_ca {
        let content = content(pem)?;
        let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&content).flatten());
        if added == 0 {
            return Err(Unusable::new(pem, "holds no certificate of an authority in PEM"));
        }
    }
    let (mandatory, verified) = match tls.client_auth {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request => (false, false),
        ClientAuth::RequireAny => (true, false),
        ClientAuth::VerifyIfGiven => (false, true),
        ClientAuth::RequireAndVerify => (true, true),
    };
    let hints = roots.subjects();
    let chain = match &tls.client_ca {
        Some(pem) if verified => {
            let built =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
            Some(built.map_err(|error| Unusable::new(pem, format!("cannot be used: {error}")))?)
        }
        _ => None,
    };
    let allowed_sans = tls.allowed_sans.clone();
    Ok(Some(Arc::new(Clients { mandatory, chain, hints, allowed_sans, provider: Arc::clone(provider) })))
}

/// The verifier of clients.
#[derive(Debug)]
struct Clients {
    mandatory: bool,
    /// Verifies the issuer of the certificate; `None`: any issuer is accepted.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
    allowed_sans: Vec<String>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug, thiserror::Error)]
#[error("none of the certificate's names is in client_allowed_sans")]
struct NotAllowed;

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(chain) = &self.chain {
            chain.verify_client_cert(end_entity, intermediates, now)?;
        }
        let names = || alternative_names(end_entity);
        if self.allowed_sans.is_empty() || names().iter().any(|name| self.allowed_sans.contains(name)) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::Other(OtherError(Arc::new(NotAllowed))).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// DNS names, addresses, e-mail addresses and URIs that a certificate is for.
fn alternative_names(der: &[u8]) -> Vec<String> {
    let Ok(certificate) = x509_cert::Certificate::from_der(der) else { return Vec::new() };
    let Ok(Some((_, SubjectAltName(names)))) =
        certificate.tbs_certificate().get_extension::<SubjectAltName>()
    else {
        return Vec::new();
    };
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(name)
            | GeneralName::Rfc822Name(name)
            | GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
            GeneralName::IpAddress(address) => match address.as_bytes().len() {
                4 => <[u8; 4]>::try_from(address.as_bytes())
                    .ok()
                    .map(|a| std::net::Ipv4Addr::from(a).to_string()),
                _ => <[u8; 16]>::try_from(address.as_bytes())
                    .ok()
                    .map(|a| std::net::Ipv6Addr::from(a).to_string()),
            },
            GeneralName::OtherName(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EdiPartyName(_)
            | GeneralName::RegisteredId(_) => None,
        })
        .collect()
}
