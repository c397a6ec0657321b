//! Where the files of an installation are.

use std::path::{Path, PathBuf};

use crate::model::{Reading, System, Why};

/// The location of one file or directory of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Located {
    /// Possible paths: the first that exists is the agent's; if none exists, the first one is missing.
    pub candidates: Vec<PathBuf>,
    /// Why the location is uncertain: a fact that could change it could not be read.
    pub undecided: Option<Why>,
}

impl Located {
    /// One of these paths of the vendor's layout.
    pub fn by_layout(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { candidates: paths.into_iter().collect(), undecided: None }
    }

    /// Here and nowhere else.
    pub fn named(path: PathBuf) -> Self {
        Self { candidates: vec![path], undecided: None }
    }

    /// The same location, marked as uncertain.
    #[must_use]
    pub fn unless(self, why: Why) -> Self {
        Self { undecided: Some(why), ..self }
    }

    /// The file or directory `name` below this one.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let candidates = self.candidates.iter().map(|path| path.join(name)).collect();
        Self { candidates, undecided: self.undecided.clone() }
    }

    /// The first candidate.
    pub fn first(&self) -> Option<&Path> {
        self.candidates.first().map(PathBuf::as_path)
    }
}

/// Where an installation's files are, as the agent sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Directories in which a file with a recognized name is the executable.
    pub binary_dirs: Vec<PathBuf>,
    /// Exact paths of executables (custom agents).
    pub binaries: Vec<PathBuf>,
    /// The config file.
    pub config: Located,
    /// True if the agent works without a config file.
    pub config_optional: Reading<bool>,
    /// The address record (`app_info.json`).
    pub record: Located,
    /// The version file.
    pub version_file: Option<PathBuf>,
    /// The log in whose first 256 KiB the loaded config may be found.
    pub log: Located,
    /// The agent's main log, which is followed.
    pub own_log: Located,
    /// The file of the collection configs that were delivered.
    pub collection: Located,
    /// Directories of further ones.
    pub collection_dirs: Vec<PathBuf>,
    /// Names of further directories with such configs, next to the file of custom identifiers.
    pub collection_names: &'static [&'static str],
    /// The log of the agent's state that it writes periodically.
    pub status_log: Located,
    /// Further files to watch.
    pub files: Vec<PathBuf>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            binary_dirs: Vec::new(),
            binaries: Vec::new(),
            config: Located::default(),
            config_optional: Reading::Known(false),
            record: Located::default(),
            version_file: None,
            log: Located::default(),
            own_log: Located::default(),
            collection: Located::default(),
            collection_dirs: Vec::new(),
            collection_names: &[],
            status_log: Located::default(),
            files: Vec::new(),
        }
    }
}

/// Where the agent's identity files are; known only once its config is read. Empty: this kind has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityLayout {
    /// Directory of user identifiers.
    pub users: Located,
    /// File of custom identifiers.
    pub identifiers: Located,
    /// The agent's cached identity of this cloud instance.
    pub instance_identity: Located,
}

/// A config file, and the files that the agent merges over it, in its order.
#[derive(Debug, Clone, Copy)]
pub struct ConfigFiles<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its content.
    pub bytes: &'a [u8],
    /// Path and content of each part.
    pub parts: &'a [(PathBuf, Vec<u8>)],
    /// The system that the agent reads them on.
    pub system: System,
}
