//! Whether time tells whose an address or name is (rules 5 and 16): each way in is asked in turns about an account and
//! about nobody, and the two samples are compared.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use http::Request;
use local::Stack;
use tower::ServiceExt;
use usher::{Error, Result};

/// Pairs of requests of each way in.
const PAIRS: usize = 300;
/// So many accounts, and as many unregistered names: none is asked for so often that it is locked.
const NAMES: usize = 6;

/// The ways in: path, and the body about somebody at this address.
type Way = (&'static str, fn(&str) -> String);
const WAYS: [Way; 4] = [
    ("/api/auth/token", |who| {
        format!(r#"{{"email":"{who}","password":"not this one"}}"#)
    }),
    ("/v1/auth/login", |who| {
        format!(r#"{{"email":"{who}","password":"not this one"}}"#)
    }),
    ("/v1/user/login", |who| {
        format!(r#"{{"login":"{who}","password":"not this one"}}"#)
    }),
    ("/api/auth/forgot-password", |who| format!(r#"{{"email":"{who}"}}"#)),
];

pub async fn measure() -> Result<String> {
    let mut table =
        "| way in | an account, median | nobody, median | ratio | p |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for (path, body) in WAYS {
        // Each with a directory of its own, so that no count of failures is carried on.
        let options = local::Options {
            settings: [("USHER_LOCKOUT_LIMIT".to_owned(), "100".to_owned())].into(),
            ..local::Options::default()
        };
        let stack = Stack::start(options).await.map_err(Error::fault)?;
        for n in 0..NAMES {
            let new = format!(
                r#"{{"username":"somebody{n}","email":"somebody{n}@example.org","password":"correct horse","confirm_password":"correct horse"}}"#
            );
            ask(&stack, "/v1/user/register", new).await?;
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for n in 0..=PAIRS {
            let (some, none) = (n % NAMES, n % NAMES);
            let (some, none) = (
                format!("somebody{some}@example.org"),
                format!("nobodyat{none}@example.org"),
            );
            // Each goes first in turns.
            let (first, second) = if n % 2 == 0 { (&some, &none) } else { (&none, &some) };
            let times = [
                ask(&stack, path, body(first)).await?,
                ask(&stack, path, body(second)).await?,
            ];
            // The first pair warms up.
            if n > 0 {
                known.push(times[n % 2]);
                unknown.push(times[1 - n % 2]);
            }
        }
        stack.stop().await.map_err(Error::fault)?;
        known.sort();
        unknown.sort();
        let (some, none) = (known[PAIRS / 2], unknown[PAIRS / 2]);
        table += &format!(
            "| `{path}` | {:.2} ms | {:.2} ms | {:.3} | {:.2} |\n",
            some.as_secs_f64() * 1e3,
            none.as_secs_f64() * 1e3,
            some.as_secs_f64() / none.as_secs_f64(),
            p_value(&known, &unknown)
        );
    }
    Ok(format!("{PAIRS} pairs of each, in turns:\n\n{table}"))
}

async fn ask(stack: &Stack, path: &str, body: String) -> Result<Duration> {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body));
    let began = Instant::now();
    let Ok(answer) = stack.router.clone().oneshot(request.map_err(Error::fault)?).await;
    let answer = to_bytes(answer.into_body(), usize::MAX).await;
    answer.map_err(Error::fault)?;
    Ok(began.elapsed())
}

/// The probability of samples as far apart as these where they are of one distribution: the two-sample test of
/// Kolmogorov and Smirnov, by its asymptotic series.
#[expect(clippy::cast_precision_loss, reason = "the samples are of hundreds")]
fn p_value(one: &[Duration], other: &[Duration]) -> f64 {
    let share =
        |sample: &[Duration], at: Duration| sample.partition_point(|time| *time <= at) as f64 / sample.len() as f64;
    let apart = |at: &Duration| (share(one, *at) - share(other, *at)).abs();
    let distance = one.iter().chain(other).map(apart).fold(0.0, f64::max);
    let size = (one.len() * other.len()) as f64 / (one.len() + other.len()) as f64;
    let x = distance * (size.sqrt() + 0.12 + 0.11 / size.sqrt());
    let term = |k: i32| 2.0 * f64::from(k % 2 * 2 - 1) * (-2.0 * f64::from(k * k) * x * x).exp();
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}
