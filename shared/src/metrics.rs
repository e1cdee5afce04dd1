//! What operators count: logins, failures, lockouts and the like, as CloudWatch metrics.
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
    /// An account, or an unknown login, was locked by failed logins.
    Lockouts,
    /// A request that was answered with a 5xx status.
    ServerErrors,
    /// A password was hashed again at its login, because the parameters have risen since.
    Rehashes,
    /// A request to DynamoDB was sent again: throttled, unanswered, or lost to another transaction.
    StoreRetries,
    /// The first request of a new instance of a function.
    ColdStarts,
    /// A mail was given up after all its tries.
    DeadMails,
    /// A mail was not sent because of the limits of rule 16.
    MailsOverLimit,
}

impl Metric {
    pub const ALL: [Self; 9] = [
        Self::Logins,
        Self::FailedLogins,
        Self::Lockouts,
        Self::ServerErrors,
        Self::Rehashes,
        Self::StoreRetries,
        Self::ColdStarts,
        Self::DeadMails,
        Self::MailsOverLimit,
    ];
}

#[derive(Default)]
pub struct Metrics([AtomicU64; Metric::ALL.len()]);

impl Metrics {
    pub fn count(&self, metric: Metric) {
        self.0[metric as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since the start, or since they were last written.
    pub fn total(&self, metric: Metric) -> u64 {
        self.0[metric as usize].load(Ordering::Relaxed)
    }

    /// Writes a line for what was counted since the last one, if anything was, and begins anew.
    pub fn write(&self, namespace: &str, function: &str, now: Timestamp, mut to: impl Write) {
        let counted = Metric::ALL.map(|metric| (metric, self.0[metric as usize].swap(0, Ordering::Relaxed)));
        let counted: Vec<_> = counted.into_iter().filter(|(_, count)| *count > 0).collect();
        if counted.is_empty() {
            return;
        }
        let line = embedded(namespace, function, now, &counted);
        // One write, so that no other line comes between. A log that cannot be written cannot be reported.
        let _ = to.write_all(format!("{line}\n").as_bytes());
    }
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = Metric::ALL.map(|metric| (metric, self.total(metric)));
        f.debug_map().entries(totals).finish()
    }
}

/// A line of the embedded metric format (CloudWatch user guide, "Specification: Embedded metric format").
fn embedded(namespace: &str, function: &str, now: Timestamp, counted: &[(Metric, u64)]) -> Value {
    let defined = counted
        .iter()
        .map(|(metric, _)| json!({ "Name": format!("{metric:?}"), "Unit": "Count" }));
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
    let values = counted
        .iter()
        .map(|(metric, count)| (format!("{metric:?}"), json!(count)));
    line.extend(values);
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
}
