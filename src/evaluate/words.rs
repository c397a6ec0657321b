//! How values are written in evidence.

/// The maximum number of items listed; further ones are counted.
const MOST_ITEMS: usize = 16;

/// Items as people read them: `a, b, c`; of a long list the beginning, and the number of further items.
pub(super) fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::new();
    let mut more = 0_usize;
    for (index, item) in items.into_iter().enumerate() {
        if index >= MOST_ITEMS {
            more += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(item.as_ref());
    }
    if more > 0 {
        out.push_str(", and ");
        out.push_str(&more.to_string());
        out.push_str(" more");
    }
    out
}

/// A number of bytes as people read it: `3.2 GiB`.
pub(super) fn amount(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = "B";
    for next in UNITS {
        unit = next;
        if tenths < 10_240 || next == "TiB" {
            break;
        }
        tenths /= 1024;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

/// A path, with the line if it is known.
pub(super) fn at_line(path: &str, line: Option<u32>) -> String {
    line.map_or_else(|| path.to_owned(), |line| format!("{path} line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_counted() {
        assert_eq!(list(["a", "b"]), "a, b");
        assert!(list((0..20).map(|n| n.to_string())).ends_with("15, and 4 more"));
    }
}
