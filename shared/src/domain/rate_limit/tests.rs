use proptest::prelude::*;

use super::*;

/// A minute of ten requests.
const RULE: Rule = Rule {
    requests: 10,
    seconds: 60,
};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap()
}

/// A caller that counts each request for which there is room.
#[derive(Default)]
struct Caller(Option<Count>);

impl Caller {
    fn passes(&mut self, rule: Rule, ms: i64) -> bool {
        let count = rule.current(self.0, at(ms));
        let passes = count.count < rule.room(count, at(ms));
        let counted = Count {
            count: count.count + u32::from(passes),
            ..count
        };
        self.0 = Some(counted);
        passes
    }
}

#[test]
fn a_window_takes_as_many_as_it_is_for_and_the_next_one_no_second_load_at_its_beginning() {
    let mut caller = Caller::default();
    let passed = |caller: &mut Caller, ms: i64| (0..30).filter(|_| caller.passes(RULE, ms)).count();
    assert_eq!(passed(&mut caller, 59_000), 10);
    assert_eq!(passed(&mut caller, 60_000), 0, "a fixed window would let ten more pass");
    assert_eq!(
        passed(&mut caller, 90_000),
        5,
        "half of them lie back more than a window"
    );
    assert_eq!(passed(&mut caller, 119_999), 4);
    let mut rested = Caller::default();
    assert_eq!(passed(&mut rested, 0), 10);
    assert_eq!(passed(&mut rested, 120_000), 10, "all is forgotten after two windows");
}

#[test]
fn what_was_refused_is_not_counted() {
    let mut caller = Caller::default();
    assert_eq!((0..1_000).filter(|_| caller.passes(RULE, 0)).count(), 10);
    assert_eq!(caller.0.unwrap().count, 10);
    assert!(
        caller.passes(RULE, 66_000),
        "a tenth of the window before is out of sight"
    );
}

#[test]
fn a_count_of_a_clock_that_is_ahead_is_not_forgotten() {
    let ahead = Count {
        window: RULE.window(at(60_000)),
        count: 10,
        before: 0,
    };
    let count = RULE.current(Some(ahead), at(59_990));
    assert_eq!((count, RULE.room(count, at(59_990))), (ahead, 10));
}

#[test]
fn an_address_of_ipv6_stands_for_its_network_and_one_of_ipv4_for_itself() {
    for (address, whose) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
    ] {
        assert_eq!(network(address), whose);
    }
}

#[test]
fn a_tenant_can_set_no_limit_of_its_own_below_one_request_a_second() {
    let set = |limit: Limit| BTreeMap::from([(limit.name().to_owned(), 0)]);
    for limit in Limit::VARIANTS {
        let rule = Rule::of(*limit, &set(*limit)).unwrap();
        assert_eq!((rule.requests, rule.seconds), (limit.least(), limit.seconds()));
        if limit.name().ends_with("_by_tenant") {
            assert!(rule.requests >= rule.seconds, "{limit}");
            assert_eq!(Rule::of(*limit, &BTreeMap::new()), None, "{limit} is not asked for");
        } else {
            assert!(Rule::of(*limit, &BTreeMap::new()).is_some(), "{limit}");
        }
    }
}

#[test]
fn a_tenant_s_counters_have_a_hundred_requests_a_second_each_and_share_the_limit() {
    for (requests, counters) in [(60, 1), (6_000, 1), (6_001, 2), (60_000, 10), (MOST, 167)] {
        let rule = Rule { requests, seconds: 60 };
        assert_eq!(rule.counters(), counters, "{requests}");
        let shared = rule.share(counters).requests;
        assert!(
            shared * u32::from(counters) >= requests && shared <= 6_000,
            "{requests}"
        );
    }
}

proptest! {
    /// `Retry-After` is the least time that helps.
    #[test]
    fn after_the_time_that_is_stated_a_request_passes_and_a_second_earlier_none_does(
        requests in 1_u32..200,
        seconds in prop::sample::select(vec![1_u32, 60, 300, 3_600]),
        count in 0_u32..250,
        before in 0_u32..250,
        elapsed in 0_i64..3_600_000,
    ) {
        let rule = Rule { requests, seconds };
        let now = at(elapsed);
        let seen = Count { window: rule.window(now), count, before };
        prop_assume!(count >= rule.room(seen, now));
        let wait = i64::from(rule.retry_after(seen, now));
        prop_assert!(wait > 0 && wait <= 2 * i64::from(seconds));
        let passes = |after: i64| {
            let then = at(elapsed + 1_000 * after);
            let count = rule.current(Some(seen), then);
            count.count < rule.room(count, then)
        };
        prop_assert!(passes(wait), "it helps to wait {wait} s");
        prop_assert!(!passes(wait - 1), "less than {wait} s would do");
    }
}
