//! How large a tenant is: over how many partitions what grows with its traffic is spread
//! (`docs/decisions/023-the-size-of-a-tenant.md`).

use jiff::{SignedDuration, Timestamp};

use super::user::Status;

/// A partition takes 1,000 writes a second; each one that a listing goes over costs it a Query.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum TenantSize {
    #[default]
    Small,
    Large,
}

/// From how many accounts on a tenant is large.
pub const LARGE_FROM: u64 = 5_000;

/// How long after a tenant became large its further partitions are written to: by then every process has the settings that
/// show it, and reads them.
pub const READ_BEFORE_WRITTEN: SignedDuration = SignedDuration::from_mins(1);

impl TenantSize {
    /// Of the list of all accounts. Only registrations and changes of names write to it.
    pub const fn user_lists(self) -> u16 {
        self.of(1, 2)
    }

    /// Of the list of the accounts of a status. Every grant writes to that of active accounts; into the others an account
    /// comes by what somebody does to it, so one partition takes them.
    pub const fn status_lists(self, status: Status) -> u16 {
        match status {
            Status::Active => self.of(1, 4),
            Status::Inactive | Status::Locked | Status::Banned | Status::Deleted => 1,
        }
    }

    /// Of what search finds accounts by.
    pub const fn search(self) -> u16 {
        self.of(1, 4)
    }

    /// Of the accounts at a domain: all registrations can be at one.
    pub const fn domain_lists(self) -> u16 {
        self.of(1, 2)
    }

    /// Of a month of either history.
    pub const fn histories(self) -> u16 {
        self.of(1, HISTORY_PARTITIONS)
    }

    /// Of the members of each role: 500 grants of one role a second are half of what two partitions take.
    pub const fn members(self) -> u16 {
        self.of(1, 2)
    }

    /// How many chains of the rights history there are of each retention. A process keeps to one, so they part where they are
    /// more than the processes. Set-up signs the heads of all of them in one item, of some 70 KB for 512.
    pub const fn chains(self) -> u16 {
        self.of(256, MOST_CHAINS)
    }

    /// Of the counters of accounts by status.
    pub const fn tallies(self) -> u16 {
        self.of(1, 4)
    }

    /// How many counters of accounts by status are written to. With 1,024 of them, and 1,000 accounts made a second, a
    /// transaction of 20 ms meets another one at its counter once in 25 times.
    pub const fn counters(self) -> u16 {
        self.of(4, 1_024)
    }

    const fn of(self, small: u16, large: u16) -> u16 {
        match self {
            Self::Small => small,
            Self::Large => large,
        }
    }
}

/// How many chains of one retention a tenant has at most.
pub const MOST_CHAINS: u16 = 512;

/// Over how many partitions the heads of a tenant's chains are spread, whatever its size: set-up alone reads all of them.
pub const CHAIN_PARTITIONS: u16 = 16;

/// The same of the counters of seats of roles that have many: few enough that one Query of each counts the members of a page
/// of roles.
pub const SEAT_PARTITIONS: u16 = 6;

/// Over how many partitions a month of a history is spread, at most. The id of each row has its partition.
pub const HISTORY_PARTITIONS: u16 = 16;

/// A tenant's size, and since when. It never shrinks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Growth {
    /// What every tenant of the stack is at least.
    pub stack: TenantSize,
    /// When it was written down that the tenant is large.
    pub large_since: Option<Timestamp>,
}

impl Growth {
    /// The size whose partitions are read.
    pub fn read(self) -> TenantSize {
        match self.large_since {
            Some(_) => TenantSize::Large,
            None => self.stack,
        }
    }

    /// The size whose partitions are written to. Those of a small tenant are always among those that are read.
    pub fn written(self, now: Timestamp) -> TenantSize {
        match self.large_since {
            Some(since) if now.duration_since(since) >= READ_BEFORE_WRITTEN => TenantSize::Large,
            _ => TenantSize::Small,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_partitions_are_read_at_once_and_written_to_a_minute_later() {
        let since = Timestamp::UNIX_EPOCH;
        let grown = Growth {
            stack: TenantSize::Small,
            large_since: Some(since),
        };
        let after = |seconds| (grown.read(), grown.written(since + SignedDuration::from_secs(seconds)));
        assert_eq!(after(0), (TenantSize::Large, TenantSize::Small));
        assert_eq!(after(59), (TenantSize::Large, TenantSize::Small));
        assert_eq!(after(60), (TenantSize::Large, TenantSize::Large));
    }

    #[test]
    fn a_stack_that_asks_for_large_tenants_has_them_read_and_waits_for_set_up_to_write() {
        let asked = Growth {
            stack: TenantSize::Large,
            large_since: None,
        };
        assert_eq!(asked.read(), TenantSize::Large);
        assert_eq!(asked.written(Timestamp::MAX), TenantSize::Small);
    }
}
