//! The TLS handshake, and the server's certificate whether it is accepted or not.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, RootCertStore,
    SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    server::ParsedCertificate,
    time_provider::TimeProvider,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_cert::der::Decode as _;

use super::{Clocks, trust::Store};
use crate::model::{
    snapshot::{Certificate, FailureKind},
    time::rfc3339,
};

/// The result of a handshake. It includes the certificate even if the rest failed.
pub(crate) struct Handshake {
    pub(crate) certificate: Option<Certificate>,
    pub(crate) result: Result<TlsStream<TcpStream>, (FailureKind, String)>,
}

/// The parameters of a TLS handshake that differ from the defaults.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// The client's certificate chain and its key.
    pub(crate) identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// True if any server certificate is accepted.
    pub(crate) insecure: bool,
}

/// Performs the handshake as a client that asks for `host` and trusts `store`.
pub(crate) async fn handshake(
    stream: TcpStream,
    host: &str,
    store: &Store,
    provider: &Arc<CryptoProvider>,
    clocks: Clocks,
    deadline: Instant,
    terms: &Terms,
) -> Handshake {
    let failed = |detail: String| Handshake { certificate: None, result: Err((FailureKind::Tls, detail)) };
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return failed(format!("{host} is not a name that a certificate can be issued for"));
    };
    let (config, recording) = match client_config(store, provider, clocks, terms) {
        Ok(made) => made,
        Err(error) => return failed(format!("TLS could not be set up: {error}")),
    };
    let connected = timeout_at(deadline, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let leaf = recording.leaf.lock().unwrap_or_else(PoisonError::into_inner).take();
    let result = match connected {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            let (kind, mut detail) = classify(&error, leaf.as_ref());
            if kind == FailureKind::CertificateUntrusted
                && let Some(empty) = &store.empty
            {
                detail = format!("{detail}; {empty}");
            }
            Err((kind, detail))
        }
        Err(_) => Err((FailureKind::Tls, "no answer to the TLS handshake in time".to_owned())),
    };
    Handshake { certificate: leaf.map(|leaf| leaf.certificate), result }
}

fn client_config(
    store: &Store,
    provider: &Arc<CryptoProvider>,
    clocks: Clocks,
    terms: &Terms,
) -> Result<(ClientConfig, Arc<RecordingVerifier>), Error> {
    let verifier = if store.roots.is_empty() {
        None
    } else {
        let built =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&store.roots), Arc::clone(provider))
                .build();
        Some(built.map_err(|error| Error::General(error.to_string()))?)
    };
    let recording = Arc::new(RecordingVerifier {
        verifier,
        roots: Arc::clone(&store.roots),
        provider: Arc::clone(provider),
        leaf: Mutex::default(),
        insecure: terms.insecure,
    });
    let config = ClientConfig::builder_with_details(Arc::clone(provider), Arc::new(LocalClock(clocks)))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<RecordingVerifier>::clone(&recording));
    let mut config = match &terms.identity {
        Some((chain, key)) => config.with_client_auth_cert(chain.clone(), key.clone_key())?,
        None => config.with_no_client_auth(),
    };
    // Every probe makes a full handshake: a resumed session would not show the certificate.
    config.resumption = Resumption::disabled();
    Ok((config, recording))
}

/// The local clock, which decides whether a certificate has expired.
#[derive(Debug)]
struct LocalClock(Clocks);

impl TimeProvider for LocalClock {
    fn current_time(&self) -> Option<UnixTime> {
        (self.0.wall)().duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

/// Records the server's own certificate, and leaves the verdict to webpki.
#[derive(Debug)]
struct RecordingVerifier {
    /// `None`: no authority is trusted.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    leaf: Mutex<Option<Leaf>>,
    insecure: bool,
}

impl RecordingVerifier {
    /// Verification of a server certificate that is itself in the store: OpenSSL accepts it, webpki does not
    /// (it requires trust anchors to be authorities, and servers not to be). `None` if it is not in the store.
    fn itself_trusted(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Option<Result<ServerCertVerified, Error>> {
        let mut alone = RootCertStore::empty();
        alone.add(end_entity.clone().into_owned()).ok()?;
        let anchor = alone.roots.first()?;
        if !self.roots.roots.contains(anchor) {
            return None;
        }
        let valid = leaf(end_entity)?.certificate;
        let from = UnixTime::since_unix_epoch(valid.not_before.duration_since(UNIX_EPOCH).ok()?);
        let until = UnixTime::since_unix_epoch(valid.not_after.duration_since(UNIX_EPOCH).ok()?);
        Some(if now < from {
            Err(CertificateError::NotValidYetContext { time: now, not_before: from }.into())
        } else if until < now {
            Err(CertificateError::ExpiredContext { time: now, not_after: until }.into())
        } else {
            ParsedCertificate::try_from(end_entity)
                .and_then(|parsed| verify_server_name(&parsed, name))
                .map(|()| ServerCertVerified::assertion())
        })
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.leaf.lock().unwrap_or_else(PoisonError::into_inner) = leaf(end_entity);
        if self.insecure {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.verifier {
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .or_else(|error| self.itself_trusted(end_entity, server_name, now).unwrap_or(Err(error))),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
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

/// The published facts about the server's own certificate.
#[derive(Debug)]
struct Leaf {
    certificate: Certificate,
    /// True if issuer and subject are equal.
    self_signed: bool,
}

/// Reads a certificate in DER; `None` if it is not one.
fn leaf(der: &[u8]) -> Option<Leaf> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let content = certificate.tbs_certificate();
    let validity = content.validity();
    let certificate = Certificate {
        not_before: validity.not_before.to_system_time(),
        not_after: validity.not_after.to_system_time(),
    };
    Some(Leaf { certificate, self_signed: content.issuer() == content.subject() })
}

/// The validity of a certificate in DER; `None` if it is not one.
#[cfg(any(test, fuzzing))]
pub(crate) fn dates(der: &[u8]) -> Option<Certificate> {
    leaf(der).map(|leaf| leaf.certificate)
}

/// The rustls error inside an I/O error, if it is one.
pub(crate) fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn classify(error: &io::Error, leaf: Option<&Leaf>) -> (FailureKind, String) {
    match tls_error(error) {
        Some(Error::InvalidCertificate(fault)) => certificate_fault(fault, leaf),
        Some(Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        )) => (
            FailureKind::Tls,
            "the server's TLS handshake is larger than 64 kB: its chain holds too many, or too large, certificates"
                .to_owned(),
        ),
        Some(Error::InvalidMessage(fault)) => {
            (FailureKind::Tls, format!("the answer is not TLS: {fault:?} (plain HTTP on this port?)"))
        }
        Some(Error::AlertReceived(alert)) => {
            (FailureKind::Tls, format!("the server broke the TLS handshake off: {alert:?}"))
        }
        Some(other) => (FailureKind::Tls, format!("the TLS handshake failed: {other}")),
        None => (FailureKind::Tls, format!("the TLS handshake was cut off: {error}")),
    }
}

fn certificate_fault(fault: &CertificateError, leaf: Option<&Leaf>) -> (FailureKind, String) {
    if let CertificateError::ExpiredContext { time, not_after } = fault {
        let own = leaf.and_then(|leaf| leaf.certificate.not_after.duration_since(UNIX_EPOCH).ok());
        let whose = if own == Some(since(*not_after)) {
            "the certificate"
        } else {
            "a certificate of the server's chain"
        };
        let (not_after, time) = (date(*not_after), date(*time));
        let detail =
            format!("{whose} has expired: valid until {not_after}, and by the local clock it is {time}");
        return (FailureKind::CertificateExpired, detail);
    }
    if let CertificateError::NotValidYetContext { time, not_before } = fault {
        let (not_before, time) = (date(*not_before), date(*time));
        let detail = format!(
            "the certificate is not valid yet: valid from {not_before}, and by the local clock it is {time}"
        );
        return (FailureKind::CertificateExpired, detail);
    }
    if *fault == CertificateError::Expired {
        return (FailureKind::CertificateExpired, "the certificate has expired".to_owned());
    }
    if *fault == CertificateError::NotValidYet {
        return (FailureKind::CertificateExpired, "the certificate is not valid yet".to_owned());
    }
    let named =
        matches!(fault, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
    let detail = if leaf.is_some_and(|leaf| leaf.self_signed) && !named {
        "the certificate is self-signed, and this system does not trust it".to_owned()
    } else if *fault == CertificateError::UnknownIssuer {
        "the certificate is not from an authority that this system trusts".to_owned()
    } else {
        format!("the certificate is not accepted: {fault}")
    };
    (FailureKind::CertificateUntrusted, detail)
}

fn since(time: UnixTime) -> Duration {
    Duration::from_secs(time.as_secs())
}

fn date(time: UnixTime) -> String {
    UNIX_EPOCH.checked_add(since(time)).map_or_else(|| "a date out of range".to_owned(), rfc3339)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_beyond_the_calendar_do_not_panic() {
        assert_eq!(date(UnixTime::since_unix_epoch(Duration::MAX)), "a date out of range");
        assert_eq!(date(UnixTime::since_unix_epoch(Duration::ZERO)), "1970-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn no_bytes_in_place_of_a_certificate_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _none = leaf(&bytes);
        }
    }
}
