//! Basic authentication: who may read. A bcrypt takes tens of milliseconds and more, so it runs on a thread of its own, one at a
//! time, and what it said is remembered.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::header::{AUTHORIZATION, HeaderMap};
use ring::{
    digest::SHA256_OUTPUT_LEN,
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use tokio::sync::Semaphore;

use crate::config::web::User;

/// Right pairs that are remembered, and wrong ones: apart, so that who guesses displaces nobody.
const MOST_RIGHT: usize = 256;
const MOST_WRONG: usize = 1024;

/// Requests that wait for a bcrypt at once. A further one is told to come back.
const MOST_WAITING: usize = 64;

/// What is said to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Admission {
    /// Its user name and password are right, or nobody is asked.
    Granted,
    /// They are not, or there are none.
    Refused,
    /// Too many others are being judged.
    Busy,
}

/// Judges passwords.
pub(super) struct Passwords {
    turn: Semaphore,
    waiting: AtomicUsize,
    /// Names a pair without holding it.
    key: hmac::Key,
    known: Mutex<Known>,
}

type Tag = [u8; SHA256_OUTPUT_LEN];

#[derive(Default)]
struct Known {
    right: VecDeque<Tag>,
    wrong: VecDeque<Tag>,
}

impl Known {
    fn get(&self, tag: &Tag) -> Option<bool> {
        match (self.right.contains(tag), self.wrong.contains(tag)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    fn insert(&mut self, tag: Tag, right: bool) {
        let (list, most) = if right { (&mut self.right, MOST_RIGHT) } else { (&mut self.wrong, MOST_WRONG) };
        if list.len() >= most {
            list.pop_front();
        }
        list.push_back(tag);
    }
}

impl Passwords {
    pub(super) fn new() -> Self {
        let mut secret = [0; 32];
        SystemRandom::new().fill(&mut secret).expect("the kernel has random numbers");
        Self {
            turn: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            known: Mutex::default(),
        }
    }

    /// Judges the credentials in `headers` by `users`. An unknown user costs as much time as a wrong password.
    pub(super) async fn judge(&self, users: &[User], headers: &HeaderMap) -> Admission {
        let Some(any) = users.first() else { return Admission::Granted };
        let Some((name, password)) = credentials(headers) else { return Admission::Refused };
        let user = users.iter().find(|user| user.name == name);
        let hash = user.unwrap_or(any).hash.clone();
        let tag = self.tag(&name, &hash, &password);
        let remembered = self.remembered(&tag);
        let right = match remembered {
            Some(right) => right,
            None => match self.verify(tag, hash, password).await {
                Some(right) => right,
                None => return Admission::Busy,
            },
        };
        if right && user.is_some() { Admission::Granted } else { Admission::Refused }
    }

    /// Whether the password is the hash's; `None` if too many wait for that.
    async fn verify(&self, tag: Tag, hash: String, password: Vec<u8>) -> Option<bool> {
        let _waiting = Waiting::among(&self.waiting)?;
        // The semaphore is never closed.
        let _turn = self.turn.acquire().await.ok()?;
        // Who waited before may have asked the same.
        if let Some(right) = self.remembered(&tag) {
            return Some(right);
        }
        let verified = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false));
        let right = verified.await.unwrap_or(false);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(tag, right);
        Some(right)
    }

    fn remembered(&self, tag: &Tag) -> Option<bool> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(tag)
    }

    fn tag(&self, name: &str, hash: &str, password: &[u8]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [name.as_bytes(), hash.as_bytes(), password] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        <Tag>::try_from(context.sign().as_ref()).expect("SHA-256 has this length")
    }
}

/// Counts who waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// User name and password of `Authorization: Basic …`, if it is well-formed.
fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (name, password) = decoded.split_at_checked(colon)?;
    Some((String::from_utf8(name.to_vec()).ok()?, password.get(1..)?.to_vec()))
}
