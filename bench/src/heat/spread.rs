//! How requests of one kind spread over the keys of one kind, by what was seen.

use super::ledger::{Hits, Load, Members};

/// Deviations of the normal distribution beyond which hits are not even: one in a million where they are.
const UNEVEN: f64 = 4.75;
/// What was played is twice as much after the second round. What has become this much more did so with it, and what has
/// not is bounded.
const GROWN: f64 = 1.5;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// There are as many keys as accounts, sessions or mails, and each takes no more where there are more of them.
    PerAccount,
    /// Over so many keys, as even as chance has it.
    Even(usize),
    /// Over so many keys, of which the hottest has this share.
    Uneven(usize, f64),
}

impl Spread {
    pub fn of(members: &Members) -> Self {
        let hottest = |of: fn(&Hits) -> u32| members.values().map(of).max().unwrap_or_default();
        let first = |hits: &Hits| hits.rounds[0];
        let number_at_half = count(members.values().filter(|hits| first(hits) > 0));
        let more_members = count(members.values()) >= GROWN * number_at_half;
        let more_at_hottest = f64::from(hottest(Hits::all)) >= GROWN * f64::from(hottest(first));
        if more_members && !more_at_hottest || number_at_half < 1.0 {
            return Self::PerAccount;
        }
        if is_even(members) {
            return Self::Even(members.len());
        }
        let all: u32 = members.values().map(Hits::all).sum();
        let often = members
            .values()
            .filter(|hits| hits.rounds.iter().all(|round| *round > 0));
        Self::Uneven(often.count(), f64::from(hottest(Hits::all)) / f64::from(all.max(1)))
    }

    /// What each key takes of one request, where it can be known from what was played: keys of one account are of whoever sends it.
    pub fn loads(self, members: &Members, played: f64) -> Vec<(&str, Load)> {
        match self {
            Self::PerAccount => Vec::new(),
            Self::Even(_) => evened(members, played),
            Self::Uneven(..) => seen(members, played),
        }
    }
}

fn seen(members: &Members, played: f64) -> Vec<(&str, Load)> {
    let each = members
        .iter()
        .map(|(key, hits)| (key.as_str(), hits.load.times(played.recip())));
    each.collect()
}

fn evened(members: &Members, played: f64) -> Vec<(&str, Load)> {
    let share = average(members).times(played.recip());
    members.keys().map(|key| (key.as_str(), share)).collect()
}

fn average(members: &Members) -> Load {
    let all = members.values().fold(Load::default(), |sum, hits| sum.and(hits.load));
    all.times(count(members.values()).recip())
}

fn count<T>(each: impl Iterator<Item = T>) -> f64 {
    each.map(|_| 1.0).sum()
}

/// The test of goodness of fit (chi-squared), by the approximation of Wilson and Hilferty.
fn is_even(members: &Members) -> bool {
    let freedom = count(members.values()) - 1.0;
    if freedom < 1.0 {
        return true;
    }
    let all: f64 = members.values().map(|hits| f64::from(hits.all())).sum();
    let expected = all / (freedom + 1.0);
    let squares = members
        .values()
        .map(|hits| (f64::from(hits.all()) - expected).powi(2) / expected);
    let ninth = 2.0 / (9.0 * freedom);
    let deviation = ((squares.sum::<f64>() / freedom).cbrt() - (1.0 - ninth)) / ninth.sqrt();
    deviation < UNEVEN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(rounds: impl IntoIterator<Item = [u32; 2]>) -> Members {
        let hits = |rounds| Hits {
            rounds,
            load: Load::default(),
        };
        rounds
            .into_iter()
            .enumerate()
            .map(|(n, rounds)| (n.to_string(), hits(rounds)))
            .collect()
    }

    #[test]
    fn what_is_of_one_account_does_not_grow_with_the_requests() {
        let accounts = (0..200).map(|n| if n < 100 { [2, 0] } else { [0, 2] });
        assert_eq!(Spread::of(&members(accounts)), Spread::PerAccount);
    }

    #[test]
    fn one_key_takes_all_and_shards_take_equal_parts() {
        assert_eq!(Spread::of(&members([[100, 100]])), Spread::Even(1));
        let shards = [[24, 26], [25, 21], [30, 24], [21, 29]];
        assert_eq!(Spread::of(&members(shards)), Spread::Even(4));
    }

    #[test]
    fn a_hot_key_among_cold_ones_keeps_the_share_that_was_seen() {
        let skewed = members([[100, 100], [10, 10], [10, 10], [10, 10]]);
        let Spread::Uneven(4, share) = Spread::of(&skewed) else {
            panic!("{:?}", Spread::of(&skewed));
        };
        assert!((share - 200.0 / 260.0).abs() < 1e-9);
    }

    #[test]
    fn whoever_acts_in_both_rounds_is_hot_though_whom_it_acts_on_are_many() {
        let mut rounds = vec![[100, 100]];
        rounds.extend((0..200).map(|n| if n < 100 { [1, 0] } else { [0, 1] }));
        assert!(matches!(Spread::of(&members(rounds)), Spread::Uneven(1, share) if share > 0.49));
    }
}
