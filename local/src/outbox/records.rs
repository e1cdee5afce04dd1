//! The embedded DynamoDB's stream, read as Lambda reads one.

use std::time::Duration;

use outbox::wire::Event;
use serde_json::{Value, json};

use crate::dynamodb::Client;
use crate::error::{Error, Result};

/// The pause after an empty read.
const REST: Duration = Duration::from_millis(200);
/// How many records are read at once (a limit of DynamoDB's).
const AT_ONCE: usize = 1_000;

/// The records of a table that are yet to come.
#[derive(Debug)]
pub struct Records {
    dynamodb: Client,
    iterator: Value,
}

impl Records {
    /// From now on. What was written before is the sweep's.
    pub async fn from_now(dynamodb: Client, table: &str) -> Result<Self> {
        let described = call(&dynamodb, "DescribeTable", json!({ "TableName": table })).await?;
        let arn = &described["Table"]["LatestStreamArn"];
        let stream = call(&dynamodb, "DescribeStream", json!({ "StreamArn": arn })).await?;
        // The embedded one has a single shard, for ever.
        let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
        let asked = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "LATEST" });
        let iterator = call(&dynamodb, "GetShardIterator", asked).await?["ShardIterator"].take();
        Ok(Self { dynamodb, iterator })
    }

    /// The next records that the function would be called with. Nothing is lost where this is not waited for.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            let asked = json!({ "ShardIterator": self.iterator, "Limit": AT_ONCE });
            let mut answer = call(&self.dynamodb, "GetRecords", asked).await?;
            self.iterator = answer["NextShardIterator"].take();
            let Value::Array(records) = answer["Records"].take() else {
                continue;
            };
            let (all, wanted) = (records.len(), records.into_iter().filter(passes).collect::<Vec<_>>());
            if !wanted.is_empty() {
                return Event::of(json!({ "Records": wanted })).map_err(Error::Usher);
            }
            if all < AT_ONCE {
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The filter of the event source in `template.yaml`.
fn passes(record: &Value) -> bool {
    let partition = record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap_or_default();
    record["eventName"] == "INSERT" && partition.starts_with(usher::store::keys::MAIL)
}

async fn call(dynamodb: &Client, operation: &'static str, body: Value) -> Result<Value> {
    let answer = dynamodb.call(operation, &body).await?;
    answer.map_err(|refusal| Error::Refused {
        operation,
        refusal: refusal.to_string(),
    })
}
