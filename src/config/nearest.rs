//! Which of the allowed words was meant by a misspelled one.

/// The candidate that `word` is most likely a misspelling of; `None` if none is close.
///
/// Close is an edit distance (insertion, deletion, substitution, swapped neighbours) of at most a third of the word's length,
/// and never more than 3: beyond that a suggestion is a guess.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST_WORD + 1).flat_map(char::to_lowercase).collect();
    if word.len() > LONGEST_WORD {
        return None;
    }
    let limit = (word.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= limit)
        .map(|candidate| (distance(&word, &candidate.chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words beyond this are no misspelling of anything here, and the distance costs the product of both lengths.
const LONGEST_WORD: usize = 64;

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, &from) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_b = None;
        for (column, &to) in b.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX - 1);
            let mut best = (cell(&last, column) + usize::from(from != to))
                .min(cell(&last, column + 1) + 1)
                .min(cell(&current, column) + 1);
            if column > 0 && previous_a == Some(to) && previous_b == Some(from) {
                best = best.min(cell(&before_last, column - 1) + 1);
            }
            current.push(best);
            previous_b = Some(to);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_a = Some(from);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

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
