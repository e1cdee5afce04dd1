//! Whatever is asked of Usher, in whatever order and at whatever time, is answered as a small model of the contracts answers.

use bench::model::{Plan, replay, run};

/// As many as fit into CI, half of them one by one, and half with steps at the same time; `cargo run --release -p bench --
/// model --steps 1000000` plays more.
const STEPS: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn sequences_that_contradicted_the_model_once_do_not_any_more() {
    let wrong = replay(include_str!("model_seeds.txt")).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_twenty_thousand_random_steps_are_answered_as_the_model_answers_them() {
    for one_by_one in [true, false] {
        let plan = Plan {
            seed: 1,
            steps: STEPS / 2,
            one_by_one,
            most: 1,
        };
        if let Err(contradiction) = run(plan, |line| eprintln!("model: {line}")).await {
            panic!("{contradiction}");
        }
    }
}
