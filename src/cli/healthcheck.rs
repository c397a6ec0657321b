//! `healthcheck`: is the exporter that runs here healthy? For containers, which contain no other program to
//! ask it.

use std::{io, path::Path};

use super::{ListenAddress, ask};

const TARGET: &str = "/-/healthy";

/// The health that the running exporter reports; asked over its own socket, otherwise at its listen address.
///
/// # Errors
/// Why it is not healthy, or cannot be asked.
pub async fn healthcheck(socket: &Path, addresses: &[ListenAddress]) -> io::Result<()> {
    let mut answer = ask::local(socket, TARGET).await;
    for address in addresses {
        if answer.is_ok() {
            break;
        }
        answer = ask::listening(address, TARGET).await.map_err(|error| {
            io::Error::new(error.kind(), format!("no exporter answers at {address}: {error}"))
        });
    }
    let answer = answer?;
    if answer.status == 200 {
        Ok(())
    } else {
        Err(io::Error::other(format!("status {}: {}", answer.status, answer.text.trim_end())))
    }
}
