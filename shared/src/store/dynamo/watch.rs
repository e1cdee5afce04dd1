//! What goes over the wire to DynamoDB, watched: requests that are sent again are counted, and at level `trace` the log
//! names which actions each takes on which kinds of items. Never their keys: an address is a key.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use serde_json::Value;

use crate::metrics::{Metric, Metrics};

#[derive(Debug)]
pub struct Watch(pub Arc<Metrics>);

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        if attempt > 1 {
            self.0.count(Metric::StoreRetries);
        }
        if tracing::enabled!(tracing::Level::TRACE) {
            let request = context.request();
            let operation = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = operation.rsplit('.').next().unwrap_or_default();
            let body = request.body().bytes().map(serde_json::from_slice::<Value>);
            let touched = touched(operation, &body.and_then(Result::ok).unwrap_or_default());
            tracing::trace!(event = "dynamodb", operation, attempt, touched, "asked");
        }
        Ok(())
    }
}

/// The actions that IAM would look for, each with the kind of partition: `PutItem T#*#USER#*, ConditionCheckItem TOKEN#*`. An
/// index stands before its partition, as in `Query GSI1 MAILS#*`.
fn touched(operation: &str, body: &Value) -> String {
    let index = body["IndexName"].as_str().map(|index| format!("{index} "));
    let index = index.unwrap_or_default();
    let asked = asked(operation, body).into_iter();
    let actions = asked.map(|(action, partition)| format!("{action} {index}{}", kind(partition)));
    actions
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join(", ")
}

/// Each action of a request, and the partition that it is about. In a transaction each write is an action of its own.
fn asked<'a>(operation: &'a str, body: &'a Value) -> Vec<(&'a str, &'a str)> {
    let members = |value: &'a Value| value.as_object().into_iter().flatten();
    let items = |value: &'a Value| value.as_array().into_iter().flatten();
    let partition = |place: &'a Value| {
        place["Key"]
            .get("PK")
            .or_else(|| place["Item"].get("PK"))
            .and_then(text)
    };
    match operation {
        "BatchGetItem" => {
            let keys = members(&body["RequestItems"]).flat_map(|(_, table)| items(&table["Keys"]));
            keys.filter_map(|key| Some((operation, text(&key["PK"])?))).collect()
        }
        "BatchWriteItem" => {
            let writes = members(&body["RequestItems"]).flat_map(|(_, table)| items(table));
            let places = writes.flat_map(members);
            places
                .filter_map(|(_, place)| Some((operation, partition(place)?)))
                .collect()
        }
        "TransactWriteItems" => {
            let writes = items(&body["TransactItems"]).flat_map(members);
            let action = |name: &str| match name {
                "Put" => "PutItem",
                "Update" => "UpdateItem",
                "Delete" => "DeleteItem",
                _ => "ConditionCheckItem",
            };
            writes
                .filter_map(|(name, place)| Some((action(name), partition(place)?)))
                .collect()
        }
        "Query" => partition_of_query(body).map(|pk| (operation, pk)).into_iter().collect(),
        _ => partition(body).map(|pk| (operation, pk)).into_iter().collect(),
    }
}

fn text(attribute: &Value) -> Option<&str> {
    attribute["S"].as_str()
}

/// The partition is the first value of a key condition.
fn partition_of_query(body: &Value) -> Option<&str> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let value = condition.split(' ').find(|word| word.starts_with(':'))?;
    text(&body["ExpressionAttributeValues"][value])
}

/// What partition this is, of whatever tenant, account or name: `T#*#USER#*`, `T#*#ROLES`, `MAIL#*`.
fn kind(partition: &str) -> String {
    match partition.splitn(4, '#').collect::<Vec<_>>()[..] {
        ["T", _, kind] => format!("T#*#{kind}"),
        ["T", _, kind, _] => format!("T#*#{kind}#*"),
        [only] => only.to_owned(),
        [first, ..] => format!("{first}#*"),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_transaction_is_its_writes_and_no_key_is_logged() {
        let key = json!({ "PK": { "S": "T#main#EMAIL#jane@example.org" }, "SK": { "S": "CLAIM" } });
        let body = json!({ "TransactItems": [
            { "Put": { "Item": key, "TableName": "usher" } },
            { "Delete": { "Key": key } },
            { "Update": { "Key": { "PK": { "S": "KEYS" } } } },
            { "ConditionCheck": { "Key": { "PK": { "S": "TOKEN#abc" } } } },
            { "Put": { "Item": key } },
        ]});
        assert_eq!(
            touched("TransactWriteItems", &body),
            "ConditionCheckItem TOKEN#*, DeleteItem T#*#EMAIL#*, PutItem T#*#EMAIL#*, UpdateItem KEYS"
        );
    }

    #[test]
    fn batches_queries_and_single_items_are_logged_alike() {
        let pk = |text: &str| json!({ "PK": { "S": text } });
        let get = json!({ "RequestItems": { "usher": { "Keys": [pk("T#a#USER#1"), pk("T#b#USER#2"), pk("KEYS")] } } });
        assert_eq!(
            touched("BatchGetItem", &get),
            "BatchGetItem KEYS, BatchGetItem T#*#USER#*"
        );
        let write = json!({ "RequestItems": { "usher": [
            { "PutRequest": { "Item": pk("CATALOGUE") } }, { "DeleteRequest": { "Key": pk("MAIL#1") } },
        ]}});
        assert_eq!(
            touched("BatchWriteItem", &write),
            "BatchWriteItem CATALOGUE, BatchWriteItem MAIL#*"
        );
        let query = json!({
            "IndexName": "GSI1", "KeyConditionExpression": "#n0 = :v0 AND begins_with(#n1, :v1)",
            "ExpressionAttributeValues": { ":v0": { "S": "MAILS#pending" }, ":v1": { "S": "2026" } },
        });
        assert_eq!(touched("Query", &query), "Query GSI1 MAILS#*");
        assert_eq!(
            touched("UpdateItem", &json!({ "Key": pk("T#main#TALLY") })),
            "UpdateItem T#*#TALLY"
        );
    }
}
