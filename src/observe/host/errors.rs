//! The parts of a reading that could not be read.

use std::{collections::BTreeSet, sync::Arc};

use super::HostReading;
use crate::model::{Reason, Why, snapshot::Process};

/// One entry for each fact that could not be read.
pub(super) fn errors(reading: &HostReading) -> Vec<(Option<Arc<str>>, &'static str)> {
    let host = &reading.host;
    let of_host = [
        (host.hostname.why(), "address"),
        (host.interfaces.why(), "address"),
        (host.hostname_addresses.why(), "address"),
        (host.hosts.state.why(), "file"),
    ];
    let mut errors = reading.errors.clone();
    errors.extend(
        of_host.into_iter().filter(|(why, _)| why.is_some_and(is_error)).map(|(_, source)| (None, source)),
    );
    for (_, agent) in &reading.agents {
        let processes = agent.processes.known().into_iter().flatten().flat_map(|process| {
            let Process { arguments, executable, open_fds, .. } = process;
            [arguments.why(), executable.why(), open_fds.why()]
        });
        let processes = processes.chain([agent.processes.why()]).map(|why| (why, "process"));
        let files = [
            agent.installation.why(),
            agent.config.as_ref().and_then(|file| file.state.why()),
            agent.version_file.as_ref().and_then(|file| file.state.why()),
            agent.record.as_ref().and_then(|file| file.state.why()),
            agent.users.as_ref().and_then(|directory| directory.names.why()),
            agent.owner_account.why(),
            agent.identifiers.as_ref().and_then(|file| file.state.why()),
            agent.loaded_config.why(),
            agent.log.why(),
            agent.collection.why(),
        ];
        let files = files.into_iter().chain(agent.files.iter().map(|file| file.state.why()));
        let unread = processes
            .chain([(agent.invocation.environment.why(), "environ")])
            .chain(files.map(|why| (why, "file")));
        // A value derived from an unread fact has the same reason, and is not a further error.
        let mut counted = BTreeSet::new();
        for (why, source) in unread.filter_map(|(why, source)| Some((why?, source))) {
            if is_error(why) && counted.insert((&why.fact, &why.detail)) {
                errors.push((Some(Arc::clone(&agent.name)), source));
            }
        }
    }
    errors
}

/// A fact that was not requested, or does not exist here, is not an error.
fn is_error(why: &Why) -> bool {
    !matches!(why.reason, Reason::NotYet | Reason::Unsupported)
}
