//! Options on an agent's command line, as its parser (gflags, getopt) accepts them.

use std::path::{Path, PathBuf};

/// The value of the option `name` (without dashes): `-name value`, `-name=value`, with one dash or two. The last one counts.
pub(super) fn value_of<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let mut found = None;
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        let Some(option) = option(argument) else { continue };
        match option.split_once('=') {
            Some((key, value)) if key == name => found = Some(value),
            None if option == name => found = rest.next().map(String::as_str),
            Some(_) | None => {}
        }
    }
    found.filter(|value| !value.is_empty())
}

/// The state of the boolean option `name`: `-name`, `-noname`, `-name=false`. `None` if it is not given.
pub(super) fn flag(arguments: &[String], name: &str) -> Option<bool> {
    arguments.iter().skip(1).filter_map(|argument| option(argument)).fold(None, |found, option| match option
        .split_once('=')
    {
        Some((key, value)) if key == name => Some(is_true(value)),
        None if option == name => Some(true),
        None if option.strip_prefix("no") == Some(name) => Some(false),
        Some(_) | None => found,
    })
}

/// True for the words that mean true, in arguments and variables.
pub(super) fn is_true(value: &str) -> bool {
    ["1", "t", "true", "y", "yes"].contains(&value.to_ascii_lowercase().as_str())
}

fn option(argument: &str) -> Option<&str> {
    argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')).filter(|option| !option.is_empty())
}

/// `path` as seen from `dir`, without `.` parts.
pub(super) fn resolve(dir: &Path, path: &str) -> PathBuf {
    dir.join(path).components().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split(' ').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn options_are_read_in_every_spelling() {
        for line in ["a -c x", "a --c x", "a -c=x", "a --c=x", "a -c y -d -c x", "a -c=y -c=x"] {
            assert_eq!(value_of(&arguments(line), "c"), Some("x"), "{line}");
        }
        for line in ["-c x", "a -cc x", "a c x", "a -c", "a -c=", "a -d c x"] {
            assert_eq!(value_of(&arguments(line), "c"), None, "{line}");
        }
    }

    #[test]
    fn flags_are_read_in_every_spelling() {
        let table = [
            ("a -f", Some(true)),
            ("a --f=true", Some(true)),
            ("a --f=1", Some(true)),
            ("a -f=false", Some(false)),
            ("a --nof", Some(false)),
            ("a -f=false -f", Some(true)),
            ("a f=false", None),
            ("-f", None),
            ("a -ff=false", None),
        ];
        for (line, expected) in table {
            assert_eq!(flag(&arguments(line), "f"), expected, "{line}");
        }
    }

    #[test]
    fn relative_paths_belong_to_the_installation() {
        // A purely textual change: paths that differ only in `.` parts become equal.
        let resolved =
            |dir: &str, path: &str| resolve(Path::new(dir), path).display().to_string().replace('\\', "/");
        assert_eq!(resolved("/a", "./b/./c"), "/a/b/c");
        assert_eq!(resolved("/a", "/b/"), "/b");
        assert_eq!(resolved("/a/", "."), "/a");
    }

    proptest! {
        #[test]
        fn arbitrary_arguments_never_panic(line in ".{0,60}") {
            let arguments = arguments(&line);
            let _value = value_of(&arguments, "c");
            let _flag = flag(&arguments, "c");
        }
    }
}
