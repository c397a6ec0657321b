//! Whether the directories given as the host's are those of a host: an empty one would look like a host without agents.

use std::{fs, path::Path};

use crate::{model::System, sys};

/// At least one of these exists in every installed root directory.
const OF_A_ROOT: [&str; 12] =
    ["etc", "usr", "bin", "sbin", "lib", "opt", "var", "home", "root", "proc", "srv", "run"];

/// Rejects directories that do not exist, or are not a root or proc directory.
///
/// # Errors
/// If either is not such a directory; the error names the flag, and what to mount.
pub fn require_host(rootfs: &Path, procfs: Option<&Path>) -> anyhow::Result<()> {
    // Other systems do not have these flags.
    if sys::SYSTEM != System::Linux {
        return Ok(());
    }
    let shown = rootfs.display();
    let mount =
        format!("in a container, mount the host's root directory there (--volume /:{shown}:ro,rslave)");
    anyhow::ensure!(rootfs.is_dir(), "--path.rootfs={shown}: no such directory; {mount}");
    // A directory that may not be listed is accepted: it may still be a host's.
    let of_a_host = OF_A_ROOT.iter().any(|name| rootfs.join(name).exists());
    anyhow::ensure!(
        of_a_host || fs::read_dir(rootfs).is_err(),
        "--path.rootfs={shown}: not the root directory of a host, as it has neither etc nor usr; {mount}"
    );
    let Some(procfs) = procfs else { return Ok(()) };
    let shown = procfs.display();
    let mount =
        format!("in a container, mount the host's there (--volume /proc:{shown}:ro), or use --pid host");
    anyhow::ensure!(procfs.is_dir(), "--path.procfs={shown}: no such directory; {mount}");
    anyhow::ensure!(
        has_processes(procfs),
        "--path.procfs={shown}: not a proc, as no process is in it; {mount}"
    );
    Ok(())
}

/// True if a process exists, or if that cannot be determined.
fn has_processes(procfs: &Path) -> bool {
    let is_process = |name: &std::ffi::OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    fs::read_dir(procfs).map_or(true, |mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| is_process(&entry.file_name())))
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_root_or_proc_is_said_with_its_flag() {
        let dir = tempfile::tempdir().unwrap();
        let said = |procfs: Option<&Path>| require_host(dir.path(), procfs).unwrap_err().to_string();
        let gone = dir.path().join("gone");
        assert!(require_host(&gone, None).unwrap_err().to_string().contains("no such directory"));
        assert!(said(None).contains("not the root directory of a host"), "{}", said(None));
        fs::create_dir_all(dir.path().join("opt")).unwrap();
        require_host(dir.path(), None).unwrap();
        assert!(said(Some(&gone)).contains("--path.procfs"), "{}", said(Some(&gone)));
        let proc = dir.path().join("proc");
        fs::create_dir(&proc).unwrap();
        fs::write(proc.join("version"), "Linux").unwrap();
        assert!(said(Some(&proc)).contains("not a proc"), "{}", said(Some(&proc)));
        fs::create_dir(proc.join("1")).unwrap();
        require_host(dir.path(), Some(&proc)).unwrap();
    }
}
