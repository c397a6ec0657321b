//! The system's certificate store, as OpenSSL would find it. No roots are built in: the host decides which
//! authorities are trusted.
//!
//! The store is read again when a file or directory that it came from changes, so that a newly installed authority
//! counts at the next probe.

use std::{
    collections::HashSet,
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::time::Instant;

use super::single_flight::SingleFlight;
use crate::{
    model::{Reason, Why},
    sys::{
        self,
        file::{self, Stamp as FileStamp},
        root::{Purpose, Root},
    },
};

/// Where distributions keep the bundle; the first one that exists is used.
const BUNDLES: [&str; 7] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL and its relatives
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // the same, where the link is missing
    "/etc/ssl/ca-bundle.pem",             // SUSE
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem", // Arch
    "/etc/ssl/cert.pem",                  // Alpine
    "/var/lib/ca-certificates/ca-bundle.pem", // SUSE, generated
];

/// Directories of hashed links.
const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// A whole store has a few hundred KiB; anything larger than this is not one.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A store directory holds a few hundred links.
const MOST_ENTRIES: usize = 4096;

/// Where the store is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Locations {
    root: Root,
    bundles: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Locations {
    /// The distributions' paths, each kind replaced by OpenSSL's variable if `variable` has it.
    pub(crate) fn new(root: Root, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            root,
            bundles: match given("SSL_CERT_FILE") {
                Some(file) => vec![PathBuf::from(file)],
                None => BUNDLES.iter().map(PathBuf::from).collect(),
            },
            directories: match given("SSL_CERT_DIR") {
                Some(directories) => env::split_paths(&directories).collect(),
                None => DIRECTORIES.iter().map(PathBuf::from).collect(),
            },
        }
    }

    /// The store's location, for messages.
    fn place(&self) -> &Path {
        self.directories.first().map_or_else(|| self.root.path(), PathBuf::as_path)
    }

    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.bundles.iter().chain(&self.directories)
    }
}

/// The trusted authorities, and where they come from.
#[derive(Debug)]
pub(crate) struct Store {
    /// The authorities; may be empty.
    pub(crate) roots: Arc<RootCertStore>,
    /// The human-readable reason why there are none; `None` if there are any.
    pub(crate) empty: Option<String>,
    /// Why more authorities may be trusted than are known here; `None` if the whole store was read. As long
    /// as there is such a reason, a certificate of an unknown authority proves nothing.
    pub(crate) unread: Option<Why>,
}

/// Identifies a version of a path: enough to notice an atomic replacement and an edit within a clock tick.
type Stamp = Vec<Option<FileStamp>>;

type Cached = Arc<Mutex<Option<(Stamp, Arc<Store>)>>>;

/// The store, kept until it changes.
#[derive(Debug)]
pub(crate) struct Trust {
    locations: Arc<Locations>,
    cached: Cached,
    reads: SingleFlight<Arc<Store>>,
}

impl Trust {
    pub(crate) fn new(locations: Locations) -> Self {
        Self { locations: Arc::new(locations), cached: Arc::default(), reads: SingleFlight::new() }
    }

    /// The store as it is now; if it could not be read in time, an empty one with the reason.
    pub(crate) async fn store(&self, deadline: Instant) -> Arc<Store> {
        let (locations, cached) = (Arc::clone(&self.locations), Arc::clone(&self.cached));
        let place = locations.place().to_owned();
        let read = self.reads.join("", deadline, || async move {
            let place = locations.place().to_owned();
            let read = tokio::task::spawn_blocking(move || refresh(&locations, &cached));
            let cut_short = |_| Arc::new(Store::unread(Reason::Failed, &place, "reading it was cut short"));
            read.await.unwrap_or_else(cut_short)
        });
        read.await.unwrap_or_else(|| {
            let reason = "reading it did not end in time (a hung file system?)";
            Arc::new(Store::unread(Reason::TimedOut, &place, reason))
        })
    }
}

impl Store {
    fn of(authorities: Vec<Vec<u8>>) -> Self {
        let mut roots = RootCertStore::empty();
        let (_added, _unusable) =
            roots.add_parsable_certificates(authorities.into_iter().map(CertificateDer::from));
        let empty = roots.is_empty().then(|| unusable("there is none in it"));
        Self { roots: Arc::new(roots), empty, unread: None }
    }

    fn unread(reason: Reason, place: &Path, detail: &str) -> Self {
        Self {
            roots: Arc::new(RootCertStore::empty()),
            empty: Some(unusable(detail)),
            unread: Some(Why::new(reason, place.display().to_string(), detail)),
        }
    }
}

fn unusable(detail: &str) -> String {
    format!("the certificate store of the system could not be used: {detail}")
}

fn refresh(locations: &Locations, cached: &Cached) -> Arc<Store> {
    // If the system's store is not in files, it is queried each time, which takes a few milliseconds.
    match sys::authorities() {
        Ok(Some(authorities)) => return Arc::new(Store::of(authorities)),
        Ok(None) => {}
        Err(error) => return Arc::new(Store::unread(Reason::Failed, locations.place(), &error.to_string())),
    }
    let stamp: Stamp = locations.paths().map(|path| stamp_of(locations, path)).collect();
    let mut cached = cached.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, store)) = cached.as_ref()
        && *known == stamp
    {
        return Arc::clone(store);
    }
    let store = Arc::new(load(locations));
    *cached = Some((stamp, Arc::clone(&store)));
    store
}

fn stamp_of(locations: &Locations, path: &Path) -> Option<FileStamp> {
    let found = locations.root.open(path, Purpose::Look).ok()?.metadata().ok()?;
    Some(file::stamp(&found))
}

/// Collects certificates within the byte limit, without duplicates, as bundle and directory usually contain
/// the same ones.
struct Reader {
    roots: RootCertStore,
    seen: HashSet<Vec<u8>>,
    bytes_left: u64,
    problems: Vec<String>,
    /// The first of the problems.
    unread: Option<Why>,
}

impl Reader {
    fn file(&mut self, root: &Root, path: &Path) -> io::Result<()> {
        let file = open_regular(root, path)?;
        let mut content = Vec::new();
        file.take(self.bytes_left + 1).read_to_end(&mut content)?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let Some(left) = self.bytes_left.checked_sub(length) else {
            return Err(io::Error::other("larger than any certificate store"));
        };
        self.bytes_left = left;
        for certificate in CertificateDer::pem_slice_iter(&content).flatten() {
            if self.seen.insert(certificate.to_vec()) {
                // One certificate that webpki cannot use as an authority must not prevent the use of the others.
                let _unusable = self.roots.add(certificate);
            }
        }
        Ok(())
    }

    fn directory(&mut self, root: &Root, path: &Path) -> io::Result<()> {
        let names = root.entries(path, MOST_ENTRIES)?.ok_or_else(|| io::Error::other("too many entries"))?;
        for name in &names {
            if let Some(name) = name.to_str()
                && is_hashed(name)
            {
                // Package removals often leave dangling links.
                let link = path.join(name);
                let read = self.file(root, &link);
                self.note(&link, read);
            }
        }
        Ok(())
    }

    fn note(&mut self, path: &Path, result: io::Result<()>) {
        if let Err(error) = result
            && error.kind() != io::ErrorKind::NotFound
        {
            self.problems.push(format!("{}: {error}", path.display()));
            self.unread.get_or_insert_with(|| unread(path, &error));
        }
    }
}

fn load(locations: &Locations) -> Store {
    let mut reader = Reader {
        roots: RootCertStore::empty(),
        seen: HashSet::new(),
        bytes_left: MOST_BYTES,
        problems: Vec::new(),
        unread: None,
    };
    let bundle = locations.bundles.iter().find(|path| stamp_of(locations, path).is_some());
    if let Some(path) = bundle {
        let result = reader.file(&locations.root, path);
        reader.note(path, result);
    }
    for path in &locations.directories {
        let result = reader.directory(&locations.root, path);
        reader.note(path, result);
    }
    let empty = reader.roots.is_empty().then(|| {
        let mut said = format!(
            "the certificate store of the system is empty (looked for {} under {}",
            locations.paths().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
            locations.root.path().display()
        );
        for problem in &reader.problems {
            said.push_str("; ");
            said.push_str(problem);
        }
        said.push_str("); install the distribution's ca-certificates");
        said
    });
    Store { roots: Arc::new(reader.roots), empty, unread: reader.unread }
}

fn unread(path: &Path, error: &io::Error) -> Why {
    let path = path.display().to_string();
    if error.kind() == io::ErrorKind::PermissionDenied {
        let detail = format!("permission denied; grant CAP_DAC_READ_SEARCH, or read permission on {path}");
        return Why::new(Reason::Denied, path, detail);
    }
    Why::new(Reason::Failed, path, error.to_string())
}

/// Opens only regular files, and does not wait for a FIFO's writer.
fn open_regular(root: &Root, path: &Path) -> io::Result<File> {
    let file = root.open(path, Purpose::Read)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// A link as `openssl rehash` names it: `5ed36f99.0`.
fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn distributions(root: &Path) -> Locations {
        Locations::new(Root::new(root), |_| None)
    }

    #[test]
    fn each_variable_of_openssl_replaces_its_own_default() {
        let file = |name: &str| (name == "SSL_CERT_FILE").then(|| OsString::from("/own.pem"));
        let locations = Locations::new(Root::new(Path::new("/")), file);
        assert_eq!(locations.bundles, [PathBuf::from("/own.pem")]);
        assert_eq!(locations.directories, DIRECTORIES.map(PathBuf::from));
        let directories = |name: &str| (name == "SSL_CERT_DIR").then(|| OsString::from("/a:/b"));
        let locations = Locations::new(Root::new(Path::new("/")), directories);
        assert_eq!(locations.bundles, BUNDLES.map(PathBuf::from));
        assert_eq!(locations.directories, [PathBuf::from("/a"), PathBuf::from("/b")]);
        let empty = |_: &str| Some(OsString::new());
        assert_eq!(Locations::new(Root::new(Path::new("/")), empty).bundles, BUNDLES.map(PathBuf::from));
    }

    #[test]
    fn only_hashed_names_are_read_from_a_directory() {
        assert!(is_hashed("5ed36f99.0") && is_hashed("AABBCCDD.12"));
        for name in ["ca-certificates.crt", "5ed36f99.r0", "5ed36f99", "5ed36f9.0", "5ed36f99.", "zzzzzzzz.0"]
        {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn a_fifo_a_directory_and_garbage_in_place_of_the_bundle_leave_an_empty_store_that_says_why() {
        let root = tempfile::tempdir().unwrap();
        let bundle = root.path().join("bundle");
        let mut locations = distributions(root.path());
        locations.bundles = vec![PathBuf::from("/bundle")];
        let why = |locations: &Locations| load(locations).empty.expect("nothing is trusted");
        assert!(why(&locations).contains("looked for /bundle, /etc/ssl/certs"), "{}", why(&locations));
        fs::write(&bundle, b"\xff\x00-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n")
            .unwrap();
        assert!(load(&locations).empty.is_some());
        fs::remove_file(&bundle).unwrap();
        fs::create_dir(&bundle).unwrap();
        assert!(why(&locations).contains("/bundle: not a regular file"), "{}", why(&locations));
        fs::remove_dir(&bundle).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &bundle, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(why(&locations).contains("/bundle: not a regular file"), "{}", why(&locations));
    }

    #[test]
    fn a_sparse_giant_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        let mut locations = distributions(root.path());
        locations.bundles = vec![PathBuf::from("/bundle")];
        File::create(root.path().join("bundle")).unwrap().set_len(1 << 30).unwrap();
        assert!(load(&locations).empty.unwrap().contains("larger than any certificate store"));
    }

    #[test]
    fn a_directory_of_hashed_links_is_enough() {
        let root = tempfile::tempdir().unwrap();
        let certs = root.path().join("etc/ssl/certs");
        fs::create_dir_all(&certs).unwrap();
        fs::create_dir_all(root.path().join("usr")).unwrap();
        let authority = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
        fs::write(root.path().join("usr/ca.crt"), authority.cert.pem()).unwrap();
        symlink("../../../usr/ca.crt", certs.join("0123abcd.0")).unwrap();
        symlink("/usr/gone.crt", certs.join("0123abcd.1")).unwrap();
        let store = load(&distributions(root.path()));
        assert_eq!((store.roots.len(), store.empty, store.unread), (1, None, None));
    }

    #[test]
    fn a_part_that_cannot_be_read_is_told_beside_what_could() {
        let root = tempfile::tempdir().unwrap();
        let certs = root.path().join("etc/ssl/certs");
        fs::create_dir_all(&certs).unwrap();
        let authority = rcgen::generate_simple_self_signed(vec!["ca".to_owned()]).unwrap();
        fs::write(certs.join("ca-certificates.crt"), authority.cert.pem()).unwrap();
        fs::create_dir(certs.join("0123abcd.0")).unwrap();
        let store = load(&distributions(root.path()));
        assert_eq!((store.roots.len(), store.empty), (1, None));
        let why = store.unread.expect("a link was not read");
        assert_eq!(why.to_string(), "/etc/ssl/certs/0123abcd.0: not a regular file");
        assert_eq!(load(&distributions(&root.path().join("none"))).unread, None, "no store is a fact");
    }

    #[tokio::test]
    async fn a_store_whose_reading_hangs_trusts_nobody_and_says_so() {
        let trust = Trust::new(distributions(Path::new("/")));
        let now = Instant::now();
        assert!(trust.reads.join("", now, std::future::pending).await.is_none());
        let store = trust.store(now).await;
        assert!(store.roots.is_empty());
        assert!(store.empty.as_ref().unwrap().contains("did not end in time"), "{:?}", store.empty);
        assert_eq!(store.unread.as_ref().map(|why| why.reason), Some(Reason::TimedOut));
    }
}
