//! Basic authentication: which clients may read. A bcrypt computation takes tens of milliseconds or more, so
//! it runs on a separate thread, one at a time, and its result is cached.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
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

/// The maximum numbers of right and of wrong pairs in the cache: separate, so that guesses displace no right pair.
const MOST_RIGHT: usize = 256;
const MOST_WRONG: usize = 1024;

/// The maximum number of requests that wait for bcrypt. Further ones are asked to retry.
const MOST_WAITING: usize = 64;

/// The result for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Admission {
    /// Its user name and password are right, or authentication is off.
    Granted,
    /// They are not, or there are none.
    Refused,
    /// Too many others are being checked.
    Busy,
}

/// Judges passwords.
pub(super) struct Passwords {
    turn: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Identifies a pair without containing it.
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
            turn: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            known: Mutex::default(),
        }
    }

    /// Checks the credentials in `headers` against `users`. An unknown user takes as much time as a wrong password.
    pub(super) async fn judge(&self, users: &[User], headers: &HeaderMap) -> Admission {
        let Some(any) = users.first() else { return Admission::Granted };
        let Some((name, password)) = credentials(headers) else { return Admission::Refused };
        let user = users.iter().find(|user| user.name == name);
        let hash = user.unwrap_or(any).hash.clone();
        let tag = self.tag(user.is_some(), &name, &hash, &password);
        let remembered = self.remembered(&tag);
        let right = match remembered {
            Some(right) => right,
            None => match self.verify(tag, hash, password, user.is_some()).await {
                Some(right) => right,
                None => return Admission::Busy,
            },
        };
        if right { Admission::Granted } else { Admission::Refused }
    }

    /// Whether the password matches the hash, and the hash is a real user's; `None` if too many are waiting.
    async fn verify(&self, tag: Tag, hash: String, password: Vec<u8>, is_own: bool) -> Option<bool> {
        let _waiting = Waiting::among(&self.waiting)?;
        // The semaphore is never closed.
        let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
        // The request before may have had the same credentials.
        if let Some(right) = self.remembered(&tag) {
            return Some(right);
        }
        let verified = tokio::task::spawn_blocking(move || {
            // It continues if the client has disconnected: otherwise disconnecting clients could start many
            // computations at once.
            let _turn = turn;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        let right = verified.await.unwrap_or(false) && is_own;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(tag, right);
        Some(right)
    }

    fn remembered(&self, tag: &Tag) -> Option<bool> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(tag)
    }

    fn tag(&self, is_own: bool, name: &str, hash: &str, password: &[u8]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [&[u8::from(is_own)], name.as_bytes(), hash.as_bytes(), password] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        <Tag>::try_from(context.sign().as_ref()).expect("SHA-256 has this length")
    }
}

/// Counts a waiting request until it is dropped.
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

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn with(name: &str, password: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
    }

    fn known(passwords: &Passwords) -> (usize, usize) {
        let known = passwords.known.lock().unwrap();
        (known.right.len(), known.wrong.len())
    }

    #[tokio::test]
    async fn guesses_displace_nobody_and_hold_up_nobody_who_is_known() {
        let hash = "$2y$05$T8/OSMqlgAByGek.2aIYfu9NvxBvvN4jkD/5qxaBF07MpUyh5LecC".to_owned();
        let users = [User { name: "joe".to_owned(), hash }];
        let passwords = Passwords::new();
        assert_eq!(passwords.judge(&users, &with("joe", "old")).await, Admission::Granted);
        assert_eq!(passwords.judge(&users, &with("joe", "bad")).await, Admission::Refused);
        assert_eq!(passwords.judge(&users, &with("jim", "old")).await, Admission::Refused);
        assert_eq!(known(&passwords), (1, 2), "an unknown user costs a bcrypt as well");
        assert_eq!(passwords.judge(&users, &with("jim", "old")).await, Admission::Refused);
        assert_eq!(known(&passwords), (1, 2), "and what was judged is remembered");
        let malformed = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Basic ?"))]);
        assert_eq!(passwords.judge(&users, &malformed).await, Admission::Refused);
        assert_eq!(known(&passwords), (1, 2), "what is malformed costs nothing");
        for guess in 0..MOST_WRONG * 2 {
            passwords
                .known
                .lock()
                .unwrap()
                .insert(passwords.tag(true, "joe", "", guess.to_string().as_bytes()), false);
        }
        assert_eq!(known(&passwords), (1, MOST_WRONG));

        // While one password is being checked, others wait.
        let turn = Arc::clone(&passwords.turn).acquire_owned().await.unwrap();
        passwords.waiting.store(MOST_WAITING, Ordering::Relaxed);
        assert_eq!(passwords.judge(&users, &with("joe", "guess")).await, Admission::Busy);
        assert_eq!(passwords.judge(&users, &with("joe", "old")).await, Admission::Granted);
        drop(turn);
    }

    #[tokio::test]
    async fn without_users_nobody_is_asked() {
        assert_eq!(Passwords::new().judge(&[], &HeaderMap::new()).await, Admission::Granted);
    }
}
