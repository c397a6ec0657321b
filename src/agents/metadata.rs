//! Where an instance of a cloud learns who it is.

use std::net::SocketAddr;

/// A metadata service, and how it is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataService {
    /// Its address.
    pub address: SocketAddr,
    /// What agents ask for.
    pub document: &'static str,
    /// Where a token is to be had, by PUT.
    pub token: &'static str,
    /// The header that says for how many seconds it is to be valid.
    pub lifetime_header: &'static str,
}
