//! When signing keys are published, sign and go. A key is published long before it signs, so that whoever verifies knows
//! it by then; and it stays until the last token that it signed has expired.

use jiff::{SignedDuration, Timestamp};

use super::tenant_settings::LONGEST_TOKEN;

pub const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// For how long a key is published before it signs, at least: more than any cache of public keys keeps them.
pub const LEAD: SignedDuration = SignedDuration::from_hours(1);

/// How close a key is to its time that is left in peace: an instance whose clock is ahead may sign with it already.
const SOON: SignedDuration = SignedDuration::from_mins(1);

/// As much of a signing key as this is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLife {
    pub kid: String,
    pub algorithm: String,
    pub signs_from: Timestamp,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// From when on the key signs that is to be published, where one is.
    pub publish: Option<Timestamp>,
    /// The keys that nothing is verified with any more.
    pub retire: Vec<String>,
}

pub fn current(keys: &[KeyLife], now: Timestamp) -> Option<&KeyLife> {
    let signing = keys.iter().filter(|key| key.signs_from <= now);
    signing.max_by_key(|key| (key.signs_from, &key.kid))
}

/// What is to be done with these keys at this moment, where new ones are to be of this algorithm.
pub fn due(keys: &[KeyLife], algorithm: &str, now: Timestamp) -> Rotation {
    if current(keys, now).is_none() {
        return Rotation {
            publish: Some(now),
            retire: Vec::new(),
        };
    }
    let soon = now + SOON;
    let next = keys
        .iter()
        .any(|key| key.signs_from > now && key.algorithm == algorithm);
    let publish = (!next).then(|| {
        let current = current(keys, soon).filter(|key| key.algorithm == algorithm);
        // Another algorithm was asked for: not in a month.
        current.map_or(now, |key| key.signs_from + PERIOD).max(now + LEAD)
    });
    let succeeded = |key: &&KeyLife| {
        let later = keys.iter().filter(|other| other.signs_from > key.signs_from);
        let successor = later.map(|other| other.signs_from).min();
        successor.is_some_and(|signs| signs + LONGEST_TOKEN <= now)
    };
    // One of an algorithm that was given up, published and never used: its time would come, and tokens be what they
    // were before, until the next rotation.
    let unwanted = |key: &&KeyLife| key.signs_from > soon && key.algorithm != algorithm;
    let gone = keys.iter().filter(|key| succeeded(key) || unwanted(key));
    let retire = gone.map(|key| key.kid.clone()).collect();
    Rotation { publish, retire }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3_600).unwrap()
    }

    fn key(kid: &str, hours: i64) -> KeyLife {
        KeyLife {
            kid: kid.to_owned(),
            algorithm: "EdDSA".to_owned(),
            signs_from: at(hours),
        }
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_next_after_a_period() {
        assert_eq!(due(&[], "EdDSA", at(0)).publish, Some(at(0)));
        assert_eq!(due(&[key("a", 0)], "EdDSA", at(0)).publish, Some(at(720)));
        assert_eq!(
            due(&[key("a", 0), key("b", 720)], "EdDSA", at(719)),
            Rotation::default()
        );
    }

    #[test]
    fn a_rotation_that_comes_late_still_publishes_before_it_signs() {
        assert_eq!(due(&[key("a", 0)], "EdDSA", at(5_000)).publish, Some(at(5_001)));
    }

    #[test]
    fn another_algorithm_signs_as_soon_as_its_key_is_known() {
        let keys = [key("a", 0), key("b", 720)];
        let changed = due(&keys, "RS256", at(10));
        assert_eq!((changed.publish, changed.retire), (Some(at(11)), vec!["b".to_owned()]));
    }

    #[test]
    fn an_algorithm_that_is_taken_back_before_it_signs_never_does_and_after_that_not_for_long() {
        let rs256 = KeyLife {
            algorithm: "RS256".to_owned(),
            ..key("c", 11)
        };
        let keys = [key("a", 0), rs256];
        let minute = SignedDuration::from_mins(1);
        let back = due(&keys, "EdDSA", at(11) - 2 * minute);
        assert_eq!((back.publish, back.retire), (Some(at(720)), vec!["c".to_owned()]));
        for late in [at(11) - minute, at(11), at(11) + minute] {
            let back = due(&keys, "EdDSA", late);
            assert_eq!((back.publish, back.retire), (Some(late + LEAD), Vec::new()), "{late}");
        }
    }

    #[test]
    fn t09_a_key_goes_when_the_last_token_that_it_signed_has_expired_and_not_before() {
        let keys = [key("a", 0), key("b", 720), key("c", 50_000)];
        let last = 720 + LONGEST_TOKEN.as_hours();
        assert!(due(&keys, "EdDSA", at(last - 1)).retire.is_empty());
        assert_eq!(due(&keys, "EdDSA", at(last)).retire, ["a"]);
    }
}
