//! What operators count (logins, failures, lockouts and the like) and measure, as CloudWatch metrics.
//!
//! They are written to the log in CloudWatch's embedded metric format (EMF): CloudWatch makes metrics of such lines by
//! itself, so counting costs no request. Without a namespace (`USHER_METRICS_NAMESPACE`), as on the local server,
//! nothing is written and the counts go on.
//!
//! None has a dimension: an alarm wants the sum over all functions, and each dimension would be metrics of its own to
//! pay for. The function stands in the line, where a query finds it.

use std::fmt::{self, Debug};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A login with a right password, through any contract.
    Logins,
    /// A login that was refused: a wrong name or password, a locked account, one that is not active.
    FailedLogins,
    /// An account was locked by failed logins.
    Lockouts,
    /// A login of no account was locked by failed logins. Apart from the accounts, because anybody can have as many of
    /// these as they like.
    UnknownLockouts,
    /// A request that was answered with a 5xx status.
    ServerErrors,
    /// A password was hashed again at its login, because the parameters have risen since.
    Rehashes,
    /// A request to DynamoDB was sent again: throttled, unanswered, or lost to another transaction.
    StoreRetries,
    /// The first request of a new instance of a function.
    ColdStarts,
    /// A try to send a mail failed.
    MailFailures,
    /// A mail was given up after all its tries.
    DeadMails,
    /// A mail was not sent because of the limits of rule 16.
    MailsOverLimit,
    /// A request was refused by a limit of rate.
    RateLimited,
    /// A new mail was found by the sweep: the table's stream did not bring it.
    MailsMissedByStream,
}

impl Metric {
    pub const ALL: [Self; 13] = [
        Self::Logins,
        Self::FailedLogins,
        Self::Lockouts,
        Self::UnknownLockouts,
        Self::ServerErrors,
        Self::Rehashes,
        Self::StoreRetries,
        Self::ColdStarts,
        Self::MailFailures,
        Self::DeadMails,
        Self::MailsOverLimit,
        Self::RateLimited,
        Self::MailsMissedByStream,
    ];
}

/// What is measured each time that its job runs, also where it is nothing: an alarm notices by its absence that the job
/// does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// For how long the sweep's oldest mail had been due.
    OldestMailSeconds,
    /// For how many days the key that signs has been signing.
    SigningKeyAgeDays,
}

impl Gauge {
    pub const ALL: [Self; 2] = [Self::OldestMailSeconds, Self::SigningKeyAgeDays];

    /// As CloudWatch calls it, which has none for days.
    fn unit(self) -> &'static str {
        match self {
            Self::OldestMailSeconds => "Seconds",
            Self::SigningKeyAgeDays => "None",
        }
    }
}

#[derive(Default)]
pub struct Metrics {
    counts: [AtomicU64; Metric::ALL.len()],
    /// One more than the largest value, so that 0 is none.
    gauges: [AtomicU64; Gauge::ALL.len()],
}

impl Metrics {
    pub fn count(&self, metric: Metric) {
        self.counts[metric as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since the start, or since they were last written.
    pub fn total(&self, metric: Metric) -> u64 {
        self.counts[metric as usize].load(Ordering::Relaxed)
    }

    /// Keeps the value, unless a larger one is yet to be written.
    pub fn measure(&self, gauge: Gauge, value: u64) {
        self.gauges[gauge as usize].fetch_max(value.saturating_add(1), Ordering::Relaxed);
    }

    /// The largest value since the start, or since they were last written.
    pub fn largest(&self, gauge: Gauge) -> Option<u64> {
        self.gauges[gauge as usize].load(Ordering::Relaxed).checked_sub(1)
    }

    /// Writes a line for what was counted and measured since the last one, if anything was, and begins anew.
    pub fn write(&self, namespace: &str, function: &str, now: Timestamp, mut to: impl Write) {
        let counted = Metric::ALL.map(|metric| Point {
            name: format!("{metric:?}"),
            unit: "Count",
            value: self.counts[metric as usize].swap(0, Ordering::Relaxed),
        });
        let measured = Gauge::ALL.into_iter().filter_map(|gauge| {
            let value = self.gauges[gauge as usize].swap(0, Ordering::Relaxed);
            Some(Point {
                name: format!("{gauge:?}"),
                unit: gauge.unit(),
                value: value.checked_sub(1)?,
            })
        });
        let counted = counted.into_iter().filter(|point| point.value > 0);
        let points: Vec<Point> = counted.chain(measured).collect();
        if points.is_empty() {
            return;
        }
        let line = embedded(namespace, function, now, points);
        // One write, so that no other line comes between. A log that cannot be written cannot be reported.
        let _ = to.write_all(format!("{line}\n").as_bytes());
    }
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = Metric::ALL.map(|metric| (metric, self.total(metric)));
        let largest = Gauge::ALL.map(|gauge| (gauge, self.largest(gauge)));
        f.debug_map().entries(totals).entries(largest).finish()
    }
}

struct Point {
    name: String,
    unit: &'static str,
    value: u64,
}

/// A line of the embedded metric format (CloudWatch user guide, "Specification: Embedded metric format").
fn embedded(namespace: &str, function: &str, now: Timestamp, points: Vec<Point>) -> Value {
    let defined = points
        .iter()
        .map(|point| json!({ "Name": point.name, "Unit": point.unit }));
    let defined: Vec<_> = defined.collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [[]], "Metrics": defined }],
        }),
    );
    line.insert("function".to_owned(), json!(function));
    line.extend(points.into_iter().map(|point| (point.name, json!(point.value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(metrics: &Metrics) -> String {
        let mut out = Vec::new();
        metrics.write(
            "Usher/test",
            "auth",
            Timestamp::from_millisecond(1_000).unwrap(),
            &mut out,
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_counted_is_one_line_of_the_embedded_metric_format() {
        let metrics = Metrics::default();
        metrics.count(Metric::Logins);
        metrics.count(Metric::Logins);
        metrics.count(Metric::ColdStarts);
        let line: Value = serde_json::from_str(&written(&metrics)).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_000,
                    "CloudWatchMetrics": [{
                        "Namespace": "Usher/test",
                        "Dimensions": [[]],
                        "Metrics": [
                            { "Name": "Logins", "Unit": "Count" },
                            { "Name": "ColdStarts", "Unit": "Count" },
                        ],
                    }],
                },
                "function": "auth",
                "Logins": 2,
                "ColdStarts": 1,
            })
        );
    }

    #[test]
    fn what_was_written_is_not_written_again_and_nothing_is_no_line() {
        let metrics = Metrics::default();
        assert_eq!(written(&metrics), "");
        metrics.count(Metric::Lockouts);
        assert!(written(&metrics).contains("\"Lockouts\":1"));
        assert_eq!(written(&metrics), "");
        assert_eq!(metrics.total(Metric::Lockouts), 0);
    }

    #[test]
    fn what_was_measured_is_written_also_where_it_is_nothing_and_the_largest_alone() {
        let metrics = Metrics::default();
        assert_eq!(metrics.largest(Gauge::OldestMailSeconds), None);
        metrics.measure(Gauge::OldestMailSeconds, 0);
        metrics.measure(Gauge::SigningKeyAgeDays, 29);
        metrics.measure(Gauge::SigningKeyAgeDays, 3);
        let line: Value = serde_json::from_str(&written(&metrics)).unwrap();
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
            json!([
                { "Name": "OldestMailSeconds", "Unit": "Seconds" },
                { "Name": "SigningKeyAgeDays", "Unit": "None" },
            ])
        );
        assert_eq!(
            (&line["OldestMailSeconds"], &line["SigningKeyAgeDays"]),
            (&json!(0), &json!(29))
        );
        assert_eq!(written(&metrics), "", "nothing was measured since");
    }
}
