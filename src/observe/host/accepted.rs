//! Whose processes count as an agent's: reads the owners of installations and the ids of the users in the config.
//!
//! [`trust`](crate::observe::trust) makes the decision. Nothing is read for root's processes.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::file::Files;
use crate::{
    agents::{Place, Profile},
    config::{AgentSettings, UserName},
    model::{Reading, snapshot::FileState},
    observe::trust::{Accepted, Credentials, ROOT, owner_placed_by_root},
    sys,
};

/// The local users of the host, without those of directory services.
const PASSWD: &str = "/etc/passwd";

/// The owners and users that were looked up in one reading.
pub struct Acceptance<'a> {
    files: Files<'a>,
    directories: RefCell<BTreeMap<PathBuf, Option<Found>>>,
    users: OnceCell<BTreeMap<String, u32>>,
}

/// A directory that only root could have created at its path.
#[derive(Clone)]
struct Owned {
    owner: u32,
    canonical: PathBuf,
}

/// The facts of a directory.
#[derive(Clone)]
struct Found {
    /// Its owner, if only root could have created it there.
    owned: Option<Owned>,
    /// True if root owns it.
    is_roots: bool,
}

impl<'a> Acceptance<'a> {
    /// Starts without anything read.
    pub fn new(files: Files<'a>) -> Self {
        Self { files, directories: RefCell::default(), users: OnceCell::new() }
    }

    /// True if a process with these credentials, whose executable is at `path` (if that is known), counts as one of the
    /// agent's.
    pub fn counts(
        &self,
        profile: &dyn Profile,
        settings: &AgentSettings,
        path: Option<&Path>,
        credentials: &Credentials,
    ) -> bool {
        if Accepted::Root(BTreeSet::new()).counts(credentials) {
            return true;
        }
        self.accepted(profile, settings, path).counts(credentials)
    }

    fn accepted(&self, profile: &dyn Profile, settings: &AgentSettings, path: Option<&Path>) -> Accepted {
        if profile.places(sys::SYSTEM).is_empty() && settings.run_as.is_empty() {
            return Accepted::Anybody;
        }
        let mut users: BTreeSet<u32> = settings.run_as.iter().filter_map(|user| self.id(user)).collect();
        let directory = path.and_then(|path| profile.install_dir_of(path));
        let usual = usual_places(profile, directory.as_deref()).chain(settings.install_dir.clone());
        for place in usual {
            let Some(owned) = self.owned(&place) else { continue };
            // A process with a known path has to be in it.
            if directory.as_ref().is_none_or(|directory| *directory == place || *directory == owned.canonical)
            {
                users.insert(owned.owner);
            }
        }
        Accepted::Root(users)
    }

    fn owned(&self, directory: &Path) -> Option<Owned> {
        self.find(directory)?.owned
    }

    /// True if only root could have created this directory there, or if that is not known.
    pub fn is_placed_by_root(&self, directory: &Path) -> bool {
        self.find(directory).is_none_or(|found| found.is_roots || found.owned.is_some())
    }

    fn find(&self, directory: &Path) -> Option<Found> {
        if let Some(known) = self.directories.borrow().get(directory) {
            return known.clone();
        }
        let root = self.files.root;
        let found = self.files.attempt.guard(&root.locate(directory), || {
            Reading::Known(root.way(directory).ok().map(|way| {
                let owner = owner_placed_by_root(&way.steps).zip(root.canonical(&way.end));
                Found {
                    owned: owner.map(|(owner, canonical)| Owned { owner, canonical }),
                    is_roots: way.steps.last().is_some_and(|last| last.owner == ROOT),
                }
            }))
        });
        let found = found.known().cloned().flatten();
        self.directories.borrow_mut().insert(directory.to_owned(), found.clone());
        found
    }

    fn id(&self, user: &UserName) -> Option<u32> {
        match user {
            UserName::Id(id) => Some(*id),
            UserName::Name(name) => self.users.get_or_init(|| self.read_users()).get(name).copied(),
        }
    }

    fn read_users(&self) -> BTreeMap<String, u32> {
        match self.files.read(Path::new(PASSWD)) {
            Reading::Known(FileState::Present(file)) => {
                file.content.map(|bytes| users_of(&bytes.0)).unwrap_or_default()
            }
            Reading::Known(FileState::Missing | FileState::NotAFile(_)) | Reading::Unknown(_) => {
                BTreeMap::new()
            }
        }
    }
}

/// The standard directories of the kind that may be `directory`; if that is not known, those with a fixed name.
fn usual_places(profile: &dyn Profile, directory: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    let of_place = move |place: &'static Place| match place {
        Place::Directory(path) => Some(PathBuf::from(path)),
        Place::Suffixed { parent, stem, .. } => {
            let directory = directory?;
            let name = directory.file_name()?.to_str()?;
            (directory.parent() == Some(Path::new(parent)) && name.starts_with(stem))
                .then(|| directory.to_owned())
        }
    };
    profile.places(sys::SYSTEM).iter().filter_map(of_place).collect::<Vec<_>>().into_iter()
}

/// The ids in `/etc/passwd`, by name. The first entry of a name counts.
fn users_of(bytes: &[u8]) -> BTreeMap<String, u32> {
    let mut users = BTreeMap::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(id)) = (fields.next(), fields.next(), fields.next())
            && let Ok(id) = id.parse()
        {
            users.entry(name.to_owned()).or_insert(id);
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_those_of_the_first_line_of_each_name() {
        let users = users_of(b"root:x:0:0:root:/root:/bin/sh\n# no\nlog:x:1001:1001::/:/bin/false\nlog:x:0:0::/:/x\nbad:x:-1:\n");
        assert_eq!(users, BTreeMap::from([("root".to_owned(), 0), ("log".to_owned(), 1001)]));
    }
}
