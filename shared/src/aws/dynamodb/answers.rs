//! Answers with items in them, read into the items that the store works with in one pass. The SDK reads tokens, makes
//! attributes of its own of them and a map of those, which would then be made into these: for a list, two fifths of what
//! its request executes.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::Layer;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::CreateUnhandledError;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Operation;
use crate::store::table::Item;

/// Of GetItem.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Got {
    pub item: Option<Item>,
}

/// Of Query and Scan.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Found {
    pub items: Option<Vec<Item>>,
    pub last_evaluated_key: Option<Item>,
}

/// Of BatchGetItem.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch {
    pub responses: Option<HashMap<String, Vec<Item>>>,
    pub unprocessed_keys: Option<HashMap<String, Left>>,
}

/// What of a batch is still to be asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Left {
    pub keys: Vec<Item>,
}

/// Of UpdateItem.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Changed {
    pub attributes: Option<Item>,
}

/// Reads an operation's answers: those of success here, all others as the SDK does.
pub fn read<O>(operation: &O) -> StaticRuntimePlugin
where
    O: Operation + Clone,
    O::Output: DeserializeOwned,
{
    let mut layer = Layer::new("answers");
    layer.store_put(SharedResponseDeserializer::new(Answers(operation.clone())));
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

#[derive(Debug)]
struct Answers<O>(O);

impl<O> DeserializeResponse for Answers<O>
where
    O: Operation,
    O::Output: DeserializeOwned,
{
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        settings: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let unreadable = |why: String| {
            let error = O::Error::create_unhandled_error(why.into(), None);
            OrchestratorError::operation(Error::erase(error))
        };
        if !response.status().is_success() {
            let layer = self.0.config();
            let theirs = || layer.as_ref()?.load::<SharedResponseDeserializer>();
            let theirs = theirs().ok_or_else(|| unreadable("the SDK does not read refusals".to_owned()))?;
            return theirs.deserialize_nonstreaming_with_config(response, settings);
        }
        let body = response.body().bytes().unwrap_or_default();
        // Once for the whole, and not for each of its texts.
        let body = str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
        let answer = serde_json::from_str::<O::Output>(body);
        // Its own words repeat what is in the answer.
        let answer = answer.map_err(|error| unreadable(format!("no answer, at column {}", error.column())))?;
        Ok(Output::erase(answer))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use aws_sdk_dynamodb::config::FrozenLayer;
    use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItem, BatchGetItemOutput};
    use aws_sdk_dynamodb::operation::get_item::{GetItem, GetItemOutput};
    use aws_sdk_dynamodb::operation::query::{Query, QueryOutput};
    use aws_sdk_dynamodb::operation::scan::{Scan, ScanOutput};
    use aws_sdk_dynamodb::operation::update_item::{UpdateItem, UpdateItemError, UpdateItemOutput};
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_smithy_runtime_api::client::result::SdkError;
    use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
    use aws_smithy_types::body::SdkBody;
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::{causes, words};

    type Read = Result<Output, OrchestratorError<Error>>;

    fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
        HttpResponse::new(status.try_into().unwrap(), body.into())
    }

    /// The answer as it is read here, and as the SDK reads it.
    fn both<O>(operation: &O, status: u16, body: impl Into<SdkBody>) -> (Read, Read)
    where
        O: Operation + Clone,
        O::Output: DeserializeOwned,
    {
        let response = response(status, body);
        let of = |layer: Option<FrozenLayer>| {
            let layer = layer.unwrap();
            let reads = layer.load::<SharedResponseDeserializer>().unwrap();
            reads.deserialize_nonstreaming_with_config(&response, &ConfigBag::base())
        };
        (of(read(operation).config()), of(operation.config()))
    }

    fn pair<Ours, Theirs>((ours, theirs): (Read, Read)) -> (Ours, Theirs)
    where
        Ours: fmt::Debug + Send + Sync + 'static,
        Theirs: fmt::Debug + Send + Sync + 'static,
    {
        (ours.unwrap().downcast().unwrap(), theirs.unwrap().downcast().unwrap())
    }

    fn item(theirs: HashMap<String, AttributeValue>) -> Item {
        theirs.into_iter().map(|(name, value)| (name, value.into())).collect()
    }

    fn items(theirs: Vec<HashMap<String, AttributeValue>>) -> Vec<Item> {
        theirs.into_iter().map(item).collect()
    }

    /// With every kind of attribute that there is, each of them in others as well.
    fn sample() -> Value {
        let plain = json!({
            "S": { "S": "caf\u{e9} \"\\\u{8}\u{1f980} \u{0} end" }, "none": { "S": "" }, "N": { "N": "-12.50" },
            "B": { "B": "AAH/" }, "yes": { "BOOL": true }, "NULL": { "NULL": true }, "SS": { "SS": ["a", "\u{e9}"] },
            "NS": { "NS": ["1", "2"] }, "BS": { "BS": ["AA==", ""] }, "M": { "M": {} }, "L": { "L": [] },
        });
        let mut item = plain.clone();
        item["M"] = json!({ "M": plain.clone() });
        item["L"] = json!({ "L": [{ "M": plain }, { "L": [{ "BOOL": false }] }] });
        item
    }

    #[test]
    fn items_are_those_that_the_sdk_reads() {
        let body = json!({ "Item": sample(), "ConsumedCapacity": { "TableName": "t", "CapacityUnits": 0.5 } });
        let (ours, theirs): (Got, GetItemOutput) = pair(both(&GetItem::new(), 200, body.to_string()));
        let read = ours.item.unwrap();
        assert_eq!(read.len(), 11);
        assert_eq!(read, item(theirs.item.unwrap()));
        let body = json!({ "Attributes": sample() }).to_string();
        let (ours, theirs): (Changed, UpdateItemOutput) = pair(both(&UpdateItem::new(), 200, body));
        assert_eq!(ours.attributes.unwrap(), item(theirs.attributes.unwrap()));
        let body = json!({ "Items": [sample(), {}], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": sample() });
        let (ours, theirs): (Found, QueryOutput) = pair(both(&Query::new(), 200, body.to_string()));
        assert_eq!(ours.items.unwrap(), items(theirs.items.unwrap()));
        assert_eq!(
            ours.last_evaluated_key.unwrap(),
            item(theirs.last_evaluated_key.unwrap())
        );
        let (ours, theirs): (Found, ScanOutput) = pair(both(&Scan::new(), 200, body.to_string()));
        assert_eq!(ours.items.unwrap(), items(theirs.items.unwrap()));
        assert_eq!(
            ours.last_evaluated_key.unwrap(),
            item(theirs.last_evaluated_key.unwrap())
        );
        let left = json!({ "t": { "Keys": [{ "PK": { "S": "a" } }], "ConsistentRead": true } });
        let body = json!({ "Responses": { "t": [sample()], "u": [] }, "UnprocessedKeys": left }).to_string();
        let (ours, mut theirs): (Batch, BatchGetItemOutput) = pair(both(&BatchGetItem::new(), 200, body));
        let mut read = theirs.responses.take().unwrap();
        let read: HashMap<String, Vec<Item>> = read.drain().map(|(table, found)| (table, items(found))).collect();
        assert_eq!(ours.responses.unwrap(), read);
        let keys = theirs.unprocessed_keys.unwrap().remove("t").unwrap().keys;
        assert_eq!(ours.unprocessed_keys.unwrap()["t"].keys, items(keys));
    }

    #[test]
    fn what_is_absent_or_null_is_absent() {
        for body in [
            "{}",
            r#"{"Item":null,"Items":null,"Attributes":null,"LastEvaluatedKey":null}"#,
        ] {
            let (ours, _): (Got, GetItemOutput) = pair(both(&GetItem::new(), 200, body));
            assert!(ours.item.is_none());
            let (ours, _): (Found, QueryOutput) = pair(both(&Query::new(), 200, body));
            assert!(ours.items.is_none() && ours.last_evaluated_key.is_none());
            let (ours, _): (Changed, UpdateItemOutput) = pair(both(&UpdateItem::new(), 200, body));
            assert!(ours.attributes.is_none());
            let (ours, _): (Batch, BatchGetItemOutput) = pair(both(&BatchGetItem::new(), 200, body));
            assert!(ours.responses.is_none() && ours.unprocessed_keys.is_none());
        }
    }

    #[test]
    fn what_is_cut_off_or_no_answer_is_an_error_of_the_operation() {
        let whole = json!({ "Attributes": sample() }).to_string();
        let is_error = |read: Read| {
            let error = read.err();
            let error = error.as_ref().and_then(OrchestratorError::as_operation_error);
            error.is_some_and(|error| error.downcast_ref::<UpdateItemError>().is_some())
        };
        for body in [
            &whole[..whole.len() / 2],
            "<html>",
            r#"{"Attributes":{"a":{"S":1}}}"#,
            r#"{"Attributes":{"a":{"S":"\ud800"}}}"#,
        ] {
            let (ours, theirs) = both(&UpdateItem::new(), 200, body);
            assert!(is_error(ours) && is_error(theirs), "{body}");
        }
        let (ours, theirs) = both(
            &UpdateItem::new(),
            200,
            b"{\"Attributes\":{\"a\":{\"S\":\"\xff\"}}}".to_vec(),
        );
        assert!(is_error(ours) && is_error(theirs), "no UTF-8");
        // The SDK takes this for an answer that nothing is there.
        let (ours, theirs) = both(&UpdateItem::new(), 200, "");
        assert!(is_error(ours) && theirs.is_ok());
    }

    #[test]
    fn the_words_for_the_log_repeat_nothing_of_an_answer() {
        let body = r#"{"Attributes":{"passwordHash":{"BOOL":"a-secret"}}}"#;
        let (ours, theirs) = both(&UpdateItem::new(), 200, body);
        for read in [ours, theirs] {
            let error = read.unwrap_err();
            let error = error.as_operation_error().unwrap().downcast_ref::<UpdateItemError>();
            let words = words(error.unwrap());
            assert!(!words.contains("a-secret"), "{words}");
        }
        let whole = SdkError::service_error(UpdateItemError::unhandled("cut off"), response(200, body));
        assert!(format!("{whole:?}").contains("a-secret"));
        assert_eq!(causes(&whole), "service error: unhandled error: cut off");
    }

    #[test]
    fn refusals_are_read_by_the_sdk() {
        let refused = json!({ "__type": "x#ConditionalCheckFailedException", "message": "no", "Item": sample() });
        let (ours, _) = both(&UpdateItem::new(), 400, refused.to_string());
        let error = ours.unwrap_err();
        match error
            .as_operation_error()
            .and_then(|error| error.downcast_ref::<UpdateItemError>())
        {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                assert_eq!(item(refused.item.clone().unwrap()).len(), 11);
            }
            other => panic!("{other:?}"),
        }
    }
}
