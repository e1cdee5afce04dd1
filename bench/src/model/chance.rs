//! Random sequences, the same for the same seed.

use fastrand::Rng;

use super::rights::Permissions;
use super::role_changes::GIVEN;
use super::step::{At, Name, Secret, Step, Who, Whom, Word};

/// Steps of one moment: one, or several that are sent at the same time.
pub type Batch = Vec<Step>;

/// How many are sent at the same time at most.
const AT_ONCE: usize = 8;

#[derive(Debug)]
pub struct Chance(pub Rng);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Batches of so many steps together; of one each, where that is asked for.
    pub fn batches(&mut self, steps: usize, one_by_one: bool) -> Vec<Batch> {
        let (mut all, mut count) = (Vec::new(), 0);
        while count < steps {
            let batch = if !one_by_one && self.one_in(4) {
                self.at_once()
            } else {
                vec![self.step()]
            };
            count += batch.len();
            all.push(batch);
        }
        all
    }

    /// Of which many are about the same accounts and roles.
    fn at_once(&mut self) -> Batch {
        let many = self.0.usize(2..=AT_ONCE);
        let mut batch: Batch = Vec::new();
        while batch.len() < many {
            let again = !batch.is_empty() && self.one_in(3);
            let step = match again {
                true => batch[self.0.usize(..batch.len())].clone(),
                false => self.step(),
            };
            if step.may_be_parallel() {
                batch.push(step);
            }
        }
        batch
    }

    pub fn one_in(&mut self, many: u32) -> bool {
        self.0.u32(..many) == 0
    }

    pub fn below(&mut self, many: u8) -> u8 {
        self.0.u8(..many)
    }

    pub fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.one_in(2) { Some(value(self)) } else { None }
    }

    pub fn who(&mut self) -> Who {
        match self.below(10) {
            0..=4 => Who::Principal,
            5..=8 => Who::Session(self.below(12)),
            _ => Who::Any(self.below(24)),
        }
    }

    pub fn signed_in(&mut self) -> Who {
        match self.below(8) {
            0 => Who::Any(self.below(24)),
            1 => Who::Old(self.below(12)),
            _ => Who::Session(self.below(12)),
        }
    }

    pub fn whom(&mut self) -> Whom {
        match self.below(10) {
            0..=5 => Whom::Live(self.below(10)),
            6 => Whom::Any(self.below(16)),
            7 | 8 => Whom::Email(self.below(8)),
            _ => Whom::Username(self.below(8)),
        }
    }

    pub fn name(&mut self) -> Name {
        let number = self.below(8);
        if self.one_in(2) {
            Name::Email(number)
        } else {
            Name::Username(number)
        }
    }

    /// One of those that accounts are given here.
    pub fn free(&mut self) -> u8 {
        self.below(6)
    }

    pub fn password(&mut self) -> u8 {
        let number = self.below(10);
        if number < 5 { number } else { number % 3 }
    }

    pub fn secret(&mut self) -> Secret {
        if self.one_in(3) {
            Secret::Of(self.below(5))
        } else {
            Secret::Right
        }
    }

    pub fn at(&mut self) -> At {
        [At::Directory, At::Identity, At::Account, At::Admin, At::Registration][usize::from(self.below(5))]
    }

    pub fn word(&mut self) -> Word {
        [Word::Active, Word::Active, Word::Inactive, Word::Banned, Word::Locked][usize::from(self.below(5))]
    }

    pub fn role(&mut self) -> u8 {
        self.below(9)
    }

    pub fn roles(&mut self) -> Vec<u8> {
        let many = [0, 0, 1, 1, 2][usize::from(self.below(5))];
        (0..many).map(|_| self.role()).collect()
    }

    pub fn permissions(&mut self) -> Permissions {
        let mut all = 0;
        for given in GIVEN {
            if self.one_in(3) {
                all |= given;
            }
        }
        all | if self.one_in(8) {
            super::rights::ROLES | super::rights::ACCESS
        } else {
            0
        }
    }

    pub fn custom(&mut self) -> u8 {
        5 + self.below(3)
    }
}
