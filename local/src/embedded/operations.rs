//! DynamoDB's operations, each handed to the method of dynoxide's `Database` that does it.

use dynoxide::{Database, DynoxideError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What an operation answers, as DynamoDB writes it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// The two APIs, as `X-Amz-Target` names them.
const APIS: [&str; 2] = ["DynamoDB_20120810", "DynamoDBStreams_20120810"];

type Method = fn(&Database, &[u8]) -> Result<Vec<u8>>;

macro_rules! operations {
    ($($name:literal => $method:ident,)*) => {
        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];

        fn method(name: &str) -> Option<Method> {
            Some(match name {
                $($name => |database, body| hand_over(body, |request| database.$method(request)),)*
                _ => return None,
            })
        }
    };
}

operations! {
    "BatchExecuteStatement" => batch_execute_statement,
    "BatchGetItem" => batch_get_item,
    "BatchWriteItem" => batch_write_item,
    "CreateTable" => create_table,
    "DeleteItem" => delete_item,
    "DeleteTable" => delete_table,
    "DescribeStream" => describe_stream,
    "DescribeTable" => describe_table,
    "DescribeTimeToLive" => describe_time_to_live,
    "ExecuteStatement" => execute_statement,
    "ExecuteTransaction" => execute_transaction,
    "GetItem" => get_item,
    "GetRecords" => get_records,
    "GetShardIterator" => get_shard_iterator,
    "ListStreams" => list_streams,
    "ListTables" => list_tables,
    "ListTagsOfResource" => list_tags_of_resource,
    "PutItem" => put_item,
    "Query" => query,
    "Scan" => scan,
    "SearchVectors" => search_vectors,
    "TagResource" => tag_resource,
    "TransactGetItems" => transact_get_items,
    "TransactWriteItems" => transact_write_items,
    "UntagResource" => untag_resource,
    "UpdateItem" => update_item,
    "UpdateTable" => update_table,
    "UpdateTimeToLive" => update_time_to_live,
}

/// Runs the operation that this `X-Amz-Target` names, to its end.
pub fn run(database: &Database, target: &str, body: &[u8]) -> Answer {
    let named = target.split_once('.').filter(|(api, _)| APIS.contains(api));
    let Some(method) = named.and_then(|(_, name)| method(name)) else {
        let body = br#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_vec();
        return Answer { status: 400, body };
    };
    match method(database, body) {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer {
            status: error.status_code(),
            body: error.to_json().into_bytes(),
        },
    }
}

fn hand_over<Q: DeserializeOwned, A: Serialize>(body: &[u8], method: impl FnOnce(Q) -> Result<A>) -> Result<Vec<u8>> {
    let answer = method(serde_json::from_slice(body).map_err(unreadable)?)?;
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// What DynamoDB calls a body that is no such request. What dynoxide's types refuse by themselves begins with a marker of
/// its own server's, such as `VALIDATION:`.
fn unreadable(error: serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let wrong_type = !error.is_data() || text.starts_with("invalid type") || text.starts_with("SERIALIZATION");
    let text = text.split(" at line ").next().unwrap_or_default();
    let is_marker = |head: &str| head.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let words = text.split_once(':').filter(|(head, _)| is_marker(head));
    let words = words.map_or(text, |(_, rest)| rest).to_owned();
    if wrong_type {
        DynoxideError::SerializationException(words)
    } else {
        DynoxideError::ValidationException(words)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answer(target: &str, body: &str) -> (u16, Value) {
        let answer = run(&Database::memory().unwrap(), target, body.as_bytes());
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    #[test]
    fn every_operation_reaches_a_method_of_its_own() {
        // What dynoxide's server takes (`KNOWN_OPERATIONS`).
        assert_eq!(NAMES.len(), 28);
        for api in APIS {
            for name in NAMES {
                let (_, body) = answer(&format!("{api}.{name}"), "{}");
                let kind = body["__type"].as_str().unwrap_or_default();
                assert!(!kind.contains("UnknownOperation"), "{name}: {body}");
                assert_ne!(
                    kind, "com.amazonaws.dynamodb.v20120810#InternalServerError",
                    "{name}: {body}"
                );
                // `ListTables` is `list_tables`.
                let snake: String = name
                    .char_indices()
                    .map(|(at, c)| match c.is_uppercase() && at > 0 {
                        true => format!("_{}", c.to_lowercase()),
                        false => c.to_lowercase().to_string(),
                    })
                    .collect();
                assert!(
                    include_str!("operations.rs").contains(&format!("\"{name}\" => {snake},")),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn another_operation_or_api_is_unknown() {
        for target in [
            "DynamoDB_20120810.Nothing",
            "Other_20120810.ListTables",
            "ListTables",
            "",
        ] {
            let (status, body) = answer(target, "{}");
            assert_eq!(
                (status, &body["__type"]),
                (400, &"com.amazon.coral.service#UnknownOperationException".into())
            );
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_is_refused_in_dynamodb_s_words() {
        let get = "DynamoDB_20120810.GetItem";
        for (body, kind, text) in [
            ("", "SerializationException", "Message"),
            ("{\"TableName\": 1}", "SerializationException", "Message"),
            ("{\"TableName\": \"t\"}", "ValidationException", "message"),
            (
                "{\"TableName\": \"t\", \"Key\": {\"A\": {\"NULL\": false}}}",
                "ValidationException",
                "message",
            ),
        ] {
            let (status, answer) = answer(get, body);
            assert_eq!(status, 400, "{answer}");
            assert!(answer["__type"].as_str().unwrap().ends_with(kind), "{answer}");
            let words = answer[text].as_str().unwrap();
            assert!(
                !words.is_empty() && !words.contains("VALIDATION") && !words.contains(" at line "),
                "{answer}"
            );
        }
    }
}
