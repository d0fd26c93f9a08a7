//! Milder answers: fewer of them, zeros instead of them, smaller and rounder ones.

/// The n-th way to make a list of answers milder; `None` when there are no more.
type Edits = fn(&[u64], usize) -> Option<Vec<u64>>;

/// All ways, those that take the most away first.
pub(super) const ALL: &[Edits] = &[left_out, made_mild, made_smaller];

/// Powers of ten to round to: answers are often times in nanoseconds.
const ROUND: [u64; 6] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 1_000, 10];

/// Stretches of a list of that length: all of it, its halves, its quarters, down to single places.
pub(super) fn stretches(length: usize) -> impl Iterator<Item = (usize, usize)> {
    let sizes = core::iter::successors(Some(length), |size| Some(size / 2)).take_while(|size| *size > 0);
    sizes
        .flat_map(move |size| (0..length).step_by(size).map(move |start| (start, (start + size).min(length))))
}

fn left_out(answers: &[u64], place: usize) -> Option<Vec<u64>> {
    let (start, end) = stretches(answers.len()).nth(place)?;
    Some([&answers[..start], &answers[end..]].concat())
}

fn made_mild(answers: &[u64], place: usize) -> Option<Vec<u64>> {
    let (start, end) = stretches(answers.len()).nth(place)?;
    let mut milder = answers.to_vec();
    milder[start..end].fill(0);
    Some(milder)
}

fn made_smaller(answers: &[u64], place: usize) -> Option<Vec<u64>> {
    let ways = ROUND.len() + 3;
    let mut milder = answers.to_vec();
    let answer = milder.get_mut(place / ways)?;
    *answer = match place % ways {
        0 => (*answer).min(1),
        1 => *answer / 2,
        2 => answer.saturating_sub(1),
        way => *answer - *answer % ROUND[way - 3],
    };
    Some(milder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_go_from_everything_to_single_places() {
        let all: Vec<_> = stretches(5).collect();
        assert_eq!(all[..4], [(0, 5), (0, 2), (2, 4), (4, 5)]);
        assert_eq!(all[4..], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(stretches(0).count(), 0);
    }

    #[test]
    fn edits_take_away_and_never_add() {
        let answers = [3, 0, 1_234_567_891, 7];
        for edits in ALL {
            let mut place = 0;
            while let Some(milder) = edits(&answers, place) {
                assert!(milder.len() <= answers.len());
                assert!(milder.iter().sum::<u64>() <= answers.iter().sum::<u64>());
                place += 1;
            }
            assert!(place > 0);
        }
    }
}
