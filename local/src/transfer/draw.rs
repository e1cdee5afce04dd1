//! Accounts drawn by chance: the same ones for the same seed.

use fastrand::Rng;
use usher::domain::profile::{Address, Profile};
use usher::domain::role::{ADMIN, MEMBER};
use usher::domain::text::{Email, Username};
use usher::domain::transfer::{AccountLine, GrantLine};
use usher::domain::user::{PasswordHash, Status, UserKind};
use usher::error::{Error, Result};
use usher::id::UserId;
use usher::jiff::Timestamp;

use super::names::{CITIES, FAMILY, FIRMS, GIVEN, LARGE};

/// When the first account was made, and how much later the last one at most: 2020 to 2025.
const FIRST: i64 = 1_577_836_800_000;
const LASTING: i64 = 5 * 365 * 24 * 3_600 * 1_000;
/// How many domains there are. By Zipf's law: the second has half as many accounts as the first, the third a third.
const DOMAINS: usize = 5_000;

pub struct Draw {
    seed: u64,
    of: u64,
    hash: PasswordHash,
    /// How much of the whole the domains up to each have.
    domains: Vec<f64>,
}

impl Draw {
    /// So many accounts with this password.
    pub fn new(seed: u64, of: u64, hash: PasswordHash) -> Self {
        let mut sum = 0.0;
        let domains = (1..=DOMAINS).map(|rank| {
            #[expect(clippy::cast_precision_loss, reason = "a rank is small")]
            let weight = 1.0 / rank as f64;
            sum += weight;
            sum
        });
        Self {
            seed,
            of,
            hash,
            domains: domains.collect(),
        }
    }

    /// One of them, by its number.
    pub fn account(&self, number: u64) -> Result<AccountLine> {
        let mut rng = Rng::with_seed(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number);
        let at = self.made_at(number);
        let id = uuid::Builder::from_unix_timestamp_millis(at.unsigned_abs(), &std::array::from_fn(|_| rng.u8(..)));
        let (given, first) = GIVEN[rng.usize(..GIVEN.len())];
        let (family, last) = FAMILY[rng.usize(..FAMILY.len())];
        // The number makes it the only one.
        let name = format!("{first}.{last}{number}");
        let status = match rng.u8(..100) {
            0..94 => Status::Active,
            94..97 => Status::Inactive,
            97..99 => Status::Locked,
            _ => Status::Banned,
        };
        let role = match rng.u16(..1_000) {
            0..50 => Some(MEMBER),
            50 => Some(ADMIN),
            _ => None,
        };
        let email = format!("{name}@{}", self.domain(&mut rng));
        Ok(AccountLine {
            id: Some(UserId::from_uuid(id.into_uuid())),
            number: None,
            kind: UserKind::Person,
            email: Some(Email::parse(&email).map_err(Error::fault)?),
            email_verified: rng.u8(..10) > 0,
            username: (rng.u8(..10) > 0)
                .then(|| Username::parse(&name))
                .transpose()
                .map_err(Error::fault)?,
            profile: profile(&mut rng, given, family),
            status,
            status_before_ban: None,
            lock_reason: None,
            locked_until: None,
            password_hash: Some(self.hash.clone()),
            must_change_password: false,
            password_ends: None,
            roles: role.iter().map(|role| granted(role.name)).collect(),
            created_at: Some(Timestamp::from_millisecond(at).map_err(Error::fault)?),
            modified_at: None,
            deleted_at: None,
        })
    }

    /// They were made one after another.
    fn made_at(&self, number: u64) -> i64 {
        let part = i128::from(LASTING) * i128::from(number) / i128::from(self.of.max(1));
        FIRST + i64::try_from(part).unwrap_or(LASTING)
    }

    fn domain(&self, rng: &mut Rng) -> String {
        let all = self.domains.last().copied().unwrap_or(1.0);
        let drawn = rng.f64() * all;
        let rank = self.domains.partition_point(|sum| *sum < drawn);
        match LARGE.get(rank) {
            Some(large) => (*large).to_owned(),
            None => format!("{}-{rank}.example", FIRMS[rank % FIRMS.len()]),
        }
    }
}

fn granted(role: &str) -> GrantLine {
    GrantLine {
        id: None,
        role: role.to_owned(),
        department: None,
        effective_from: None,
        effective_to: None,
        granted_at: None,
        granted_by: None,
    }
}

fn profile(rng: &mut Rng, given: &str, family: &str) -> Profile {
    let (country, city) = CITIES[rng.usize(..CITIES.len())];
    Profile {
        first_name: Some(given.to_owned()),
        last_name: Some(family.to_owned()),
        display_name: Some(format!("{given} {family}")),
        age: (rng.u8(..3) == 0).then(|| rng.u8(18..90)),
        address: (rng.u8(..2) == 0).then(|| Address {
            country: Some(country.to_owned()),
            city: Some(city.to_owned()),
            street: None,
        }),
        ..Profile::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_accounts_and_no_name_comes_twice() {
        let draw = |seed| {
            let draw = Draw::new(seed, 5_000, PasswordHash("-".to_owned()));
            (0..5_000).map(|n| draw.account(n).unwrap()).collect::<Vec<_>>()
        };
        let (first, again, other) = (draw(1), draw(1), draw(2));
        assert_eq!(first, again);
        assert_ne!(first[0], other[0]);
        let emails: BTreeSet<String> = first
            .iter()
            .map(|one| one.email.clone().unwrap().canonical().to_owned())
            .collect();
        assert_eq!(emails.len(), 5_000);
        assert_eq!(first.iter().map(|one| one.id).collect::<BTreeSet<_>>().len(), 5_000);
        for account in &first {
            account.profile.validate().unwrap();
        }
        let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
        for email in &emails {
            *domains.entry(email.split_once('@').unwrap().1).or_default() += 1;
        }
        // By Zipf's law with 5,000 domains the first has a ninth.
        assert!((400..700).contains(&domains["mail.example"]), "{domains:?}");
        assert!(domains.len() > 500, "{}", domains.len());
    }
}
