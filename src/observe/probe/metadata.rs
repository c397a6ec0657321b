//! Finds out whether a cloud's metadata service answers requests without a token, as older agents send them, and
//! whether it issues tokens. Answers are not kept.

use hyper::{Method, StatusCode, header::HeaderValue};
use tokio::time::Instant;

use super::CLOCKS;
use crate::{
    agents::MetadataService,
    model::{Reading, Reason, Why, snapshot::MetadataAccess},
    net::{
        Error,
        client::{self, Query},
        connect,
    },
};

/// The lifetime, in seconds, of the token that is requested and discarded.
const LIFETIME: HeaderValue = HeaderValue::from_static("1");

/// Asks the service. `Unknown`: nothing answers.
pub(super) async fn ask(service: &MetadataService, deadline: Instant) -> Reading<MetadataAccess> {
    access(service, deadline).await.into()
}

async fn access(service: &MetadataService, deadline: Instant) -> Result<MetadataAccess, Why> {
    let host = service.address.ip().to_string();
    let query =
        |method, target| client::request(method, target, &host).map_err(|error| unasked(service, &error));
    let plain = status(service, query(Method::GET, service.document)?, deadline).await?;
    if plain.is_success() {
        return Ok(MetadataAccess::Open);
    }
    if !matches!(plain, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) {
        return Ok(MetadataAccess::Closed);
    }
    let mut query = query(Method::PUT, service.token)?;
    let lifetime = service.lifetime_header.parse::<hyper::header::HeaderName>();
    query.headers_mut().insert(lifetime.map_err(|error| unasked(service, &error))?, LIFETIME);
    let token = status(service, query, deadline).await?;
    Ok(if token.is_success() { MetadataAccess::TokenOnly(plain.as_u16()) } else { MetadataAccess::Closed })
}

async fn status(service: &MetadataService, query: Query, deadline: Instant) -> Result<StatusCode, Why> {
    let stream = connect::connect(&[service.address], deadline).await.map_err(|error| match error {
        Error::Own(why) => why,
        Error::Peer(failure) => unasked(service, &failure.detail),
    })?;
    let answer = client::exchange(stream, query, CLOCKS, deadline).await;
    answer.map(|answer| answer.status).map_err(|trouble| unasked(service, &trouble.detail))
}

fn unasked(service: &MetadataService, detail: &dyn std::fmt::Display) -> Why {
    Why::new(Reason::Failed, format!("http://{}", service.address), detail.to_string())
}
