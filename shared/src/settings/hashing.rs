//! How many passwords a process hashes at once, and that their memory is there.

use super::Env;
use crate::proof::password::Params;

/// Megabytes of a Lambda function that are not for hashing: the binary, the SDK, a connection, a request and its answer.
const REST: u64 = 64;
/// Megabytes that come with one whole vCPU (AWS: "At 1,769 MB, a function has the equivalent of one vCPU").
const OF_A_CPU: u64 = 1_769;
/// How many at once by default, outside Lambda: there memory is the developer's, and one core is for the rest.
const ELSEWHERE: u64 = 2;

impl Env {
    /// `USHER_HASH_PARALLEL`; without it as many as there are processors for in a Lambda function, since a hash occupies
    /// one, and never more than its memory has room for.
    pub(super) fn hash_parallel(&mut self, Params { memory_kib, .. }: Params) -> usize {
        let memory = self.optional::<u64>("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "a number of megabytes");
        let room = memory.map(|all| all.saturating_sub(REST) * 1024 / u64::from(memory_kib.max(1)));
        let cpus = memory.map_or(ELSEWHERE, |all| (all / OF_A_CPU).max(1));
        let default = room.map_or(cpus, |room| cpus.min(room.max(1)));
        let wanted = self.parsed("USHER_HASH_PARALLEL", "a number of hashes", default);
        if wanted == 0 {
            self.complaints
                .push("USHER_HASH_PARALLEL is `0`: it must be at least 1".to_owned());
        }
        if let (Some(all), Some(room)) = (memory, room)
            && wanted > room
        {
            let name = if room == 0 {
                "USHER_ARGON2"
            } else {
                "USHER_HASH_PARALLEL"
            };
            self.complaints.push(format!(
                "{name} cannot be: {wanted} hashes at once of {memory_kib} KiB each, and {REST} MB for the rest, do not fit \
                 into the function's {all} MB (there is room for {room})"
            ));
        }
        usize::try_from(wanted).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::settings::Settings;

    /// The settings of a function of this size with these variables.
    fn of(megabytes: &str, vars: &[(&str, &str)]) -> Result<usize, String> {
        let always = [("USHER_TABLE", "usher"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes)];
        let vars = always.iter().chain(vars);
        let vars: HashMap<_, _> = vars
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::from_map(vars).map(|settings| settings.hash_parallel)
    }

    #[test]
    fn a01_a_function_hashes_as_many_at_once_as_it_has_processors_and_memory_for() {
        for (megabytes, at_once) in [("128", 1), ("512", 1), ("1769", 1), ("3538", 2), ("10240", 5)] {
            assert_eq!(of(megabytes, &[]), Ok(at_once), "{megabytes} MB");
        }
        // Two processors, and memory for one.
        assert_eq!(of("3538", &[("USHER_ARGON2", "m=2097152,t=1,p=1")]), Ok(1));
        assert_eq!(of("", &[]), Ok(2), "outside Lambda");
        assert_eq!(of("128", &[("USHER_HASH_PARALLEL", "3")]), Ok(3), "57 MiB of 64");
    }

    #[test]
    fn a01_what_does_not_fit_into_the_function_is_reported_at_its_start_with_the_name_of_what_to_change() {
        for (megabytes, name, vars) in [
            ("128", "USHER_HASH_PARALLEL", &[("USHER_HASH_PARALLEL", "4")][..]),
            ("1769", "USHER_HASH_PARALLEL", &[("USHER_HASH_PARALLEL", "90")]),
            ("1769", "USHER_HASH_PARALLEL", &[("USHER_HASH_PARALLEL", "0")]),
            ("128", "USHER_ARGON2", &[("USHER_ARGON2", "m=65537,t=1,p=1")]),
            (
                "128",
                "USHER_HASH_PARALLEL",
                &[("USHER_HASH_PARALLEL", "2"), ("USHER_ARGON2", "m=65536,t=1,p=1")],
            ),
        ] {
            let complaint = of(megabytes, vars).unwrap_err();
            assert!(
                complaint.starts_with(&format!("{name} ")) && !complaint.contains('\n'),
                "{vars:?}: {complaint}"
            );
        }
        assert_eq!(of("128", &[("USHER_ARGON2", "m=65536,t=1,p=1")]), Ok(1));
    }
}
