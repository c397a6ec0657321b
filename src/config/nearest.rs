//! Finds the allowed word that was meant by a misspelled one.

/// The candidate that `word` is most likely a misspelling of; `None` if none is close.
///
/// Close is an edit distance (insertion, deletion, substitution, swapped neighbours) of at most a third of the word's length,
/// and never more than 3: beyond that a suggestion is a guess.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(LONGEST_WORD + 1).flat_map(char::to_lowercase).collect();
    let length = word.chars().count();
    if length > LONGEST_WORD {
        return None;
    }
    let limit = (length / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(length) <= limit)
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer words are not misspellings of anything here, and computing the distance costs the product of both lengths.
const LONGEST_WORD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins_and_strangers_are_not_suggested() {
        let words = ["region", "network", "projects", "account_id", "url"];
        assert_eq!(nearest("regoin", words), Some("region"), "swapped neighbours are one edit");
        assert_eq!(nearest("Region", words), Some("region"));
        assert_eq!(nearest("acountid", words), Some("account_id"));
        assert_eq!(nearest("ulr", words), Some("url"));
        assert_eq!(nearest("retention", words), None);
        assert_eq!(nearest("x", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"region".repeat(100), words), None);
    }
}
