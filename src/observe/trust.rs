//! Decides which processes and paths are trusted. The exporter may read what others may not, so unprivileged users
//! must not be able to choose what it reads, or to impersonate an agent.
//!
//! * A process counts if all its user ids are the same: root's, those of the installation's owner if only root could
//!   have created it there, or those of a user in `run_as` of the config.
//! * Decisions are pure: their inputs are read elsewhere and passed in.

use std::collections::BTreeSet;

use crate::sys::root::Step;

/// The superuser.
pub const ROOT: u32 = 0;
/// Permission to traverse a directory.
const SEARCH: u32 = 1;
/// No permission on the entry itself: seeing that it exists requires only search permission on its parent directories.
pub const SEE: u32 = 0;
/// Permission to read.
pub const READ: u32 = 4;
/// The id that the kernel shows for a user of another user namespace. It may be any user.
const OVERFLOW: u32 = 65534;

/// The users of a process, from its `status`. The owner of its files in `/proc` is not used: it is root as soon as the
/// process is not dumpable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The real, effective, saved and file system user ids.
    pub users: [u32; 4],
    /// The file system group id, which is checked when a file is opened.
    pub group: u32,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// The user, if all ids are the same; `None`: they differ (setuid), or it may be any user.
    pub fn user(&self) -> Option<u32> {
        let [real, ..] = self.users;
        (real != OVERFLOW && self.users.iter().all(|user| *user == real)).then_some(real)
    }
}

/// Whose processes count as an agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Processes of any user: only the config determines what is read of this agent.
    Anybody,
    /// Root's and these users'.
    Root(BTreeSet<u32>),
}

impl Accepted {
    /// True if a process with these credentials counts.
    pub fn counts(&self, credentials: &Credentials) -> bool {
        match self {
            Self::Anybody => true,
            Self::Root(users) => credentials.user().is_some_and(|user| user == ROOT || users.contains(&user)),
        }
    }
}

/// True if only root can replace the entries of this directory, or if it is a link owned by root.
fn is_roots_alone(component: &Step) -> bool {
    component.owner == ROOT && (component.is_link || component.mode & 0o022 == 0)
}

/// The owner of a path's target, if only root could have created it there. `path`: all components from the root
/// directory on, links included.
pub fn owner_placed_by_root(path: &[Step]) -> Option<u32> {
    let (last, above) = path.split_last()?;
    above.iter().all(is_roots_alone).then_some(last.owner)
}

/// True if each link in the path is owned by root, or by the owner of its target: no user has directed it to where they
/// have no access. The kernel's `protected_symlinks` requires the same of the last link in world-writable directories.
pub fn is_led_by_no_stranger(path: &[Step]) -> bool {
    let may_lead = |step: &Step| step.owner == ROOT || step.leads_to_owner == Some(step.owner);
    path.iter().all(|step| !step.is_link || may_lead(step))
}

/// True if these credentials have the permission `bits` ([`READ`], [`SEE`]) for a path's target. Access control lists
/// are ignored: access that depends on one is denied, with the reason.
pub fn could(credentials: &Credentials, bits: u32, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let has = |step: &Step, bits: u32| {
        let shift = if credentials.user() == Some(step.owner) {
            6
        } else if step.group == credentials.group || credentials.groups.contains(&step.group) {
            3
        } else {
            0
        };
        step.is_link || step.mode >> shift & bits == bits
    };
    above.iter().all(|step| has(step, SEARCH)) && has(last, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(users: [u32; 4]) -> Credentials {
        Credentials { users, group: 0, groups: Vec::new() }
    }

    #[test]
    fn a_process_counts_only_if_it_is_wholly_one_accepted_user() {
        let accepted = Accepted::Root([1001].into());
        for (users, counts) in [
            ([0; 4], true),
            ([1001; 4], true),
            ([1000; 4], false),
            ([65534; 4], false),
            ([1000, 0, 0, 0], false), // setuid root
            ([0, 1000, 0, 1000], false),
            ([1001, 1001, 0, 1001], false),
        ] {
            assert_eq!(accepted.counts(&of(users)), counts, "{users:?}");
        }
        assert!(Accepted::Anybody.counts(&of([1000, 0, 0, 0])));
        assert!(!Accepted::Root([65534].into()).counts(&of([65534; 4])), "nobody in particular");
    }

    #[test]
    fn a_path_is_opened_only_if_its_namer_could_open_it() {
        let step = |owner, group, mode| Step { owner, group, mode, is_link: false, leads_to_owner: None };
        let user = Credentials { users: [1001; 4], group: 1001, groups: vec![24] };
        let root = step(0, 0, 0o755);
        for (path, could_read) in [
            (vec![root, step(0, 0, 0o644)], true),
            (vec![root, step(0, 0, 0o600)], false),
            (vec![root, step(1001, 0, 0o400)], true),
            (vec![root, step(1001, 0, 0o044)], false), // only the owner's bits count for the owner
            (vec![root, step(0, 24, 0o640)], true),
            (vec![root, step(0, 24, 0o604)], false),
            (vec![root, step(0, 0, 0o700), step(0, 0, 0o644)], false),
            (vec![root, step(0, 1001, 0o710), step(0, 0, 0o644)], true),
            (vec![], false),
        ] {
            assert_eq!(could(&user, READ, &path), could_read, "{path:?}");
        }
        assert!(could(&user, 0, &[root, step(0, 0, 0)]), "what may not be read may be seen");
    }

    #[test]
    fn a_link_leads_where_root_or_the_owner_of_its_end_sends_it() {
        let directory = |owner| Step { owner, group: 0, mode: 0o755, is_link: false, leads_to_owner: None };
        let link = |owner, end| Step { owner, group: 0, mode: 0o777, is_link: true, leads_to_owner: end };
        for (path, trusted) in [
            (vec![directory(0), directory(1001), directory(0)], true),
            (vec![link(0, Some(1001)), directory(1001)], true),
            (vec![link(1001, Some(1001)), directory(1001)], true),
            (vec![link(1001, Some(0)), directory(0)], false),
            (vec![link(1001, Some(0)), directory(0), directory(1001)], false),
            (vec![link(1001, Some(1002)), link(0, Some(1002)), directory(1002)], false),
            (vec![link(1001, None)], false),
        ] {
            assert_eq!(is_led_by_no_stranger(&path), trusted, "{path:?}");
        }
    }

    #[test]
    fn an_owner_counts_where_only_root_could_have_put_the_installation() {
        let directory = |owner, mode| Step { owner, group: 0, mode, is_link: false, leads_to_owner: None };
        let link = |owner| Step { owner, group: 0, mode: 0o777, is_link: true, leads_to_owner: None };
        let root = directory(0, 0o755);
        let last = directory(1001, 0o777);
        assert_eq!(owner_placed_by_root(&[root, root, last]), Some(1001));
        assert_eq!(owner_placed_by_root(&[root, link(0), root, last]), Some(1001));
        for above in [directory(1001, 0o755), directory(0, 0o775), directory(0, 0o1777), link(1001)] {
            assert_eq!(owner_placed_by_root(&[root, above, last]), None, "{above:?}");
        }
        assert_eq!(owner_placed_by_root(&[]), None);
    }
}
