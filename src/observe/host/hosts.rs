//! The hosts file, line by line, as resolvers read it. Lines that they ignore are skipped.

use std::net::IpAddr;

use crate::model::{
    Reading, Reason, Why,
    snapshot::{HostsFile, HostsLine},
};

/// The maximum number of lines; block lists are long, but a host's own name is near the beginning.
const MOST_LINES: u32 = 10_000;

/// The bindings of a hosts file.
pub fn parse(bytes: &[u8]) -> HostsFile {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let bindings =
        (1..=MOST_LINES).zip(lines.by_ref()).filter_map(|(line, text)| binding(line, text)).collect();
    let rest = if lines.next().is_some_and(|line| !line.is_empty()) {
        let detail = format!("has more than {MOST_LINES} lines; further ones are not read");
        Reading::Unknown(Why::new(Reason::TooLarge, "the hosts file", detail))
    } else {
        Reading::Known(())
    };
    HostsFile { lines: bindings, rest }
}

fn binding(line: u32, text: &[u8]) -> Option<HostsLine> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split('#').next()?.split_whitespace();
    let address = words.next()?;
    // `fe80::1%lo0` includes the interface.
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    let names: Vec<String> = words.map(str::to_owned).collect();
    if names.is_empty() { None } else { Some(HostsLine { line, address, names }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bindings_are_read_as_resolvers_do() {
        let text = b"# local\n127.0.0.1\tlocalhost localhost.localdomain # both\r\n\n::1 ip6-localhost\r\n\
            not-an-address web\n10.0.0.300 web\n10.0.0.7\n  172.16.2.200   web-1\tweb-1.example.com\r\n\
            fe80::1%lo0 link\n#10.1.1.1 off\n\xff\xfe 10.2.2.2";
        let found: Vec<_> = parse(text)
            .lines
            .into_iter()
            .map(|l| (l.line, l.address.to_string(), l.names.join(" ")))
            .collect();
        let expected = [
            (2, "127.0.0.1", "localhost localhost.localdomain"),
            (4, "::1", "ip6-localhost"),
            (8, "172.16.2.200", "web-1 web-1.example.com"),
            (9, "fe80::1", "link"),
        ];
        assert_eq!(found, expected.map(|(line, a, n)| (line, a.to_owned(), n.to_owned())));
    }

    #[test]
    fn only_the_first_lines_of_an_endless_file_are_looked_at() {
        let text = "10.0.0.1 a\n".repeat(10_050);
        let hosts = parse(text.as_bytes());
        assert_eq!((hosts.lines.len(), hosts.rest.known()), (10_000, None));
        let exactly = "10.0.0.1 a\n".repeat(10_000);
        assert_eq!(parse(exactly.as_bytes()).rest, Reading::Known(()));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for line in parse(&bytes).lines {
                prop_assert!(!line.names.is_empty());
            }
        }
    }
}
