//! Where a cloud instance gets its identity.

use std::net::SocketAddr;

/// A metadata service, and how it is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataService {
    /// Its address.
    pub address: SocketAddr,
    /// What agents ask for.
    pub document: &'static str,
    /// The path for requesting a token, by PUT.
    pub token: &'static str,
    /// The header with the token's lifetime in seconds.
    pub lifetime_header: &'static str,
}
