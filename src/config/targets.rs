//! Files that name Alertmanagers (`file_sd_configs`), in YAML or JSON, as Prometheus reads them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    ConfigError, alerting,
    document::{error, readable},
    file,
    problem::{ConfigProblem, Problems},
    section::Field,
    yaml,
};

/// Host and port.
pub type Target = (String, Option<u16>);

/// A directory of targets holds a handful of files.
const MOST_FILES: usize = 100;

/// The members that the files of this pattern name, sorted, each once. Blocks on the file system.
///
/// # Errors
/// Why a file cannot be used. If the pattern has a `*`, a file that does not exist lists no member.
pub fn targets(pattern: &Path) -> Result<Vec<Target>, ConfigError> {
    let cannot = |path: &Path, message: String| {
        error(path, vec![ConfigProblem { line: None, key: String::new(), message }])
    };
    let mut out = Vec::new();
    for path in files(pattern).map_err(|why| cannot(pattern, format!("cannot be read: {why}")))? {
        let text = file::read(&path).map_err(|why| cannot(&path, why))?;
        out.extend(parse(&text, &path)?);
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// Reads the targets in `text`; JSON is YAML.
///
/// # Errors
/// All problems of it.
pub fn parse(text: &[u8], file: &Path) -> Result<Vec<Target>, ConfigError> {
    let mut problems = Problems::default();
    let mut out = Vec::new();
    match readable(text) {
        Ok(text) => {
            if let Some(root) = yaml::parse(text, &mut problems) {
                for group in Field::root(&root).items(&mut problems) {
                    out.extend(alerting::group_of_targets(&group, true, &mut problems));
                }
            }
        }
        Err((line, message)) => problems.add(line, "", message),
    }
    let (problems, _) = problems.finish();
    if problems.is_empty() { Ok(out) } else { Err(error(file, problems)) }
}

fn files(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else { return Ok(vec![pattern.to_owned()]) };
    let directory = pattern.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut out = Vec::new();
    for entry in fs::read_dir(directory)?.take(MOST_FILES) {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let long_enough = name.len() >= before.len() + after.len();
        if long_enough && name.starts_with(before) && name.ends_with(after) && !name.starts_with('.') {
            out.push(directory.join(name));
        }
    }
    Ok(out)
}
