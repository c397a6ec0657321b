//! Makes the relative paths of an agent absolute.

use std::path::{Path, PathBuf};

use crate::agents::{IdentityLayout, Layout, Located};

/// Paths in the agent's config or environment are relative to its directory.
pub(super) fn absolute(layout: Layout, install_dir: Option<&Path>) -> Layout {
    let all = |paths: Vec<PathBuf>| paths.into_iter().map(|path| absolute_path(path, install_dir)).collect();
    Layout {
        binary_dirs: all(layout.binary_dirs),
        binaries: all(layout.binaries),
        config: absolute_located(layout.config, install_dir),
        config_optional: layout.config_optional,
        record: absolute_located(layout.record, install_dir),
        version_file: layout.version_file.map(|path| absolute_path(path, install_dir)),
        log: absolute_located(layout.log, install_dir),
        collection: absolute_located(layout.collection, install_dir),
        collection_dirs: all(layout.collection_dirs),
        collection_names: layout.collection_names,
        own_log: absolute_located(layout.own_log, install_dir),
        status_log: absolute_located(layout.status_log, install_dir),
        files: all(layout.files),
    }
}

pub(super) fn absolute_identity(layout: IdentityLayout, install_dir: Option<&Path>) -> IdentityLayout {
    IdentityLayout {
        users: absolute_located(layout.users, install_dir),
        identifiers: absolute_located(layout.identifiers, install_dir),
        instance_identity: absolute_located(layout.instance_identity, install_dir),
    }
}

pub(super) fn absolute_located(located: Located, install_dir: Option<&Path>) -> Located {
    let one = |path| absolute_path(path, install_dir);
    Located { candidates: located.candidates.into_iter().map(one).collect(), ..located }
}

pub(super) fn absolute_path(path: PathBuf, install_dir: Option<&Path>) -> PathBuf {
    let path = match install_dir {
        Some(directory) if path.is_relative() => directory.join(path.strip_prefix(".").unwrap_or(&path)),
        Some(_) | None => path,
    };
    // Rewrites the path with the system's own separators.
    path.components().collect()
}
