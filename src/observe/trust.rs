//! Who is believed. The exporter may read what others may not, so that nobody without rights of their own may choose what it
//! reads, or pass for an agent.
//!
//! * A process counts if it is wholly one user's: root's, that of the installation's owner where nobody but root could have put
//!   it there, or one that config names (`run_as`).
//! * Decisions are pure: what they rest on is read elsewhere and handed in.

use std::collections::BTreeSet;

use crate::sys::root::Step;

/// The superuser.
pub const ROOT: u32 = 0;
/// Permission to go through a directory.
const SEARCH: u32 = 1;
/// No permission: to see that it is there takes those of the directories above.
pub const SEE: u32 = 0;
/// Permission to read.
pub const READ: u32 = 4;
/// Whom the kernel shows where it cannot name the user: a user of another namespace. Many are so shown; it is nobody in particular.
const OVERFLOW: u32 = 65534;

/// As whom a process runs, as its `status` says. Who owns its files in `/proc` says nothing: they are root's as soon as the
/// process hides its memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The real, effective, saved and file system's user.
    pub users: [u32; 4],
    /// The group by which files are opened.
    pub group: u32,
    /// Its other groups.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// The one user that it is wholly; `None`: it is about to become another one, or was (setuid), or nobody in particular.
    pub fn user(&self) -> Option<u32> {
        let [real, ..] = self.users;
        (real != OVERFLOW && self.users.iter().all(|user| *user == real)).then_some(real)
    }
}

/// Whose processes count as an agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Anybody's: config alone says what is read of this agent.
    Anybody,
    /// Root's and these users'.
    Root(BTreeSet<u32>),
}

impl Accepted {
    /// True if a process of these credentials counts.
    pub fn counts(&self, credentials: &Credentials) -> bool {
        match self {
            Self::Anybody => true,
            Self::Root(users) => credentials.user().is_some_and(|user| user == ROOT || users.contains(&user)),
        }
    }
}

/// True if only root can put something else in the place of what is in it, or it is a link of root's.
fn is_roots_alone(component: &Step) -> bool {
    component.owner == ROOT && (component.is_link || component.mode & 0o022 == 0)
}

/// The owner of what stands at the end of a path, if only root could have put it there. `path`: everything from the root
/// directory on, links included.
pub fn owner_placed_by_root(path: &[Step]) -> Option<u32> {
    let (last, above) = path.split_last()?;
    above.iter().all(is_roots_alone).then_some(last.owner)
}

/// True if each link on the way was made by root, or by the owner of what it leads to: nobody has sent it where they could not
/// go themselves. The kernel's `protected_symlinks` asks the same of the last link in directories that all may write to.
pub fn is_led_by_no_stranger(path: &[Step]) -> bool {
    let may_lead = |step: &Step| step.owner == ROOT || step.leads_to_owner == Some(step.owner);
    path.iter().all(|step| !step.is_link || may_lead(step))
}

/// True if these credentials could do with what stands at the end of a path what `bits` say ([`READ`], [`SEE`]). Links and access control lists give nothing here: who needs a list is denied, and that is said.
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
            (vec![root, step(1001, 0, 0o044)], false), // the owner's bits are the owner's, however few
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
