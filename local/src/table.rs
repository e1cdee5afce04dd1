//! The table, made from `template.yaml`'s own definition, so that keys and indexes are stated in one place for the cloud,
//! the local server and the tests.

use std::time::Duration;

use serde_json::{Map, Value, json};
use yaml_rust2::{Yaml, YamlLoader};

use crate::dynamodb::Client;
use crate::error::{Error, Result};

/// Compiled in: the binary works from any directory.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The properties that CloudFormation and CreateTable have in common and that decide how a table behaves. What protects
/// it (encryption, recovery, deletion protection) would only be in the way here.
const COMMON: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
];

/// How often, and how long apart, a new table is looked at until it is active. The embedded one is so at once.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// A table as a template defines it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition(Value);

impl Definition {
    pub fn shipped() -> Result<Self> {
        Self::of_template(TEMPLATE)
    }

    /// The one `AWS::DynamoDB::Table` of a CloudFormation template.
    pub fn of_template(text: &str) -> Result<Self> {
        // CloudFormation's tags (`!Ref`, `!Sub`, …) are unknown to the parser, which then keeps what is tagged.
        let documents = YamlLoader::load_from_str(text).map_err(|error| Error::Template(error.to_string()))?;
        let template = documents.first().map(json_of).unwrap_or_default();
        let resources = template["Resources"].as_object().into_iter().flat_map(Map::values);
        let mut tables = resources.filter(|resource| resource["Type"] == "AWS::DynamoDB::Table");
        match (tables.next(), tables.next()) {
            (Some(table), None) => Ok(Self(table["Properties"].clone())),
            (None, _) => Err(Error::Template("it defines no AWS::DynamoDB::Table".to_owned())),
            (Some(_), Some(_)) => Err(Error::Template(
                "it defines more than one AWS::DynamoDB::Table".to_owned(),
            )),
        }
    }

    pub fn create_table(&self, name: &str) -> Value {
        let mut body = Map::from_iter([("TableName".to_owned(), json!(name))]);
        for property in COMMON {
            if let Some(value) = self.0.get(property) {
                body.insert(property.to_owned(), value.clone());
            }
        }
        if let Some(view) = self.0["StreamSpecification"].get("StreamViewType") {
            let stream = json!({ "StreamEnabled": true, "StreamViewType": view });
            body.insert("StreamSpecification".to_owned(), stream);
        }
        Value::Object(body)
    }

    /// The attribute with the time at which an item expires.
    pub fn ttl_attribute(&self) -> Option<&str> {
        let ttl = &self.0["TimeToLiveSpecification"];
        ttl["AttributeName"].as_str().filter(|_| ttl["Enabled"] == true)
    }
}

/// Makes the table where it is missing, and waits until it is active and as defined.
pub async fn ensure(dynamodb: &Client, name: &str, definition: &Definition) -> Result<()> {
    for _ in 0..LOOKS {
        match dynamodb.call("DescribeTable", &json!({ "TableName": name })).await? {
            Ok(found) if found["Table"]["TableStatus"] == "ACTIVE" => {
                if shape(&found["Table"]) != shape(&definition.0) {
                    return Err(Error::OtherTable { table: name.to_owned() });
                }
                return ensure_ttl(dynamodb, name, definition).await;
            }
            Ok(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
            Err(refusal) if refusal.kind == "ResourceNotFoundException" => create(dynamodb, name, definition).await?,
            Err(refusal) => return Err(refused("DescribeTable", &refusal)),
        }
    }
    let (table, url) = (name.to_owned(), dynamodb.url().to_owned());
    Err(Error::TableNotActive { table, url })
}

async fn create(dynamodb: &Client, name: &str, definition: &Definition) -> Result<()> {
    match dynamodb.call("CreateTable", &definition.create_table(name)).await? {
        Ok(_) => Ok(()),
        // Another process was quicker.
        Err(refusal) if refusal.kind == "ResourceInUseException" => Ok(()),
        Err(refusal) => Err(refused("CreateTable", &refusal)),
    }
}

/// CreateTable cannot set it, and setting it twice is an error.
async fn ensure_ttl(dynamodb: &Client, name: &str, definition: &Definition) -> Result<()> {
    let Some(attribute) = definition.ttl_attribute() else {
        return Ok(());
    };
    let asked = json!({ "TableName": name });
    let found = dynamodb.call("DescribeTimeToLive", &asked).await?;
    let found = found.map_err(|refusal| refused("DescribeTimeToLive", &refusal))?;
    let status = found["TimeToLiveDescription"]["TimeToLiveStatus"].as_str();
    if status.is_some_and(|status| status.starts_with("ENABL")) {
        return Ok(());
    }
    let specification = json!({ "AttributeName": attribute, "Enabled": true });
    let body = json!({ "TableName": name, "TimeToLiveSpecification": specification });
    let done = dynamodb.call("UpdateTimeToLive", &body).await?;
    done.map(drop).map_err(|refusal| refused("UpdateTimeToLive", &refusal))
}

fn refused(operation: &'static str, refusal: &crate::dynamodb::Refusal) -> Error {
    let refusal = refusal.to_string();
    Error::Refused { operation, refusal }
}

/// What of a table cannot be changed later, or changes what it answers, in one order whatever the source: a template or
/// DescribeTable, which adds much of its own.
fn shape(table: &Value) -> Value {
    let mut indexes: Vec<Value> = list(table, "GlobalSecondaryIndexes")
        .map(|index| {
            json!([
                index["IndexName"],
                index["KeySchema"],
                index["Projection"]["ProjectionType"]
            ])
        })
        .collect();
    indexes.sort_by_key(|index| index[0].to_string());
    let mut attributes: Vec<Value> = list(table, "AttributeDefinitions").cloned().collect();
    attributes.sort_by_key(|attribute| attribute["AttributeName"].to_string());
    let stream = &table["StreamSpecification"]["StreamViewType"];
    json!({ "keys": table["KeySchema"], "attributes": attributes, "indexes": indexes, "stream": stream })
}

fn list<'a>(table: &'a Value, property: &str) -> impl Iterator<Item = &'a Value> {
    table[property].as_array().into_iter().flatten()
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => json!(text),
        Yaml::Integer(number) => json!(number),
        Yaml::Boolean(truth) => json!(truth),
        Yaml::Array(items) => items.iter().map(json_of).collect(),
        Yaml::Hash(pairs) => {
            let named = pairs
                .iter()
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), json_of(value))));
            Value::Object(named.collect())
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Embedded;

    async fn made() -> (Embedded, Client) {
        let embedded = Embedded::start(None, None, None).unwrap();
        let client = Client::embedded(embedded.store());
        ensure(&client, "usher", &Definition::shipped().unwrap()).await.unwrap();
        (embedded, client)
    }

    #[tokio::test]
    async fn the_table_has_the_templates_keys_indexes_stream_and_ttl() {
        let (_embedded, client) = made().await;
        let asked = json!({ "TableName": "usher" });
        let table = client.call("DescribeTable", &asked).await.unwrap().unwrap()["Table"].take();
        // As `shape` has it, and once in full, so that `shape` cannot be wrong on both sides.
        assert_eq!(shape(&table), shape(&Definition::shipped().unwrap().0));
        let keys =
            |pk, sk| json!([{ "AttributeName": pk, "KeyType": "HASH" }, { "AttributeName": sk, "KeyType": "RANGE" }]);
        assert_eq!(table["KeySchema"], keys("PK", "SK"));
        let index = |name| list(&table, "GlobalSecondaryIndexes").find(|index| index["IndexName"] == name);
        assert_eq!(index("GSI1").unwrap()["KeySchema"], keys("GSI1PK", "GSI1SK"));
        assert_eq!(index("GSI2").unwrap()["KeySchema"], keys("GSI2PK", "GSI2SK"));
        assert_eq!(list(&table, "GlobalSecondaryIndexes").count(), 2);
        assert_eq!(list(&table, "AttributeDefinitions").count(), 6);
        assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
        assert_eq!(table["StreamSpecification"]["StreamEnabled"], true);
        assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
        let ttl = client.call("DescribeTimeToLive", &asked).await.unwrap().unwrap();
        assert_eq!(
            ttl["TimeToLiveDescription"],
            json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": "ttl" })
        );
    }

    #[tokio::test]
    async fn making_it_twice_is_fine_and_another_table_of_the_name_is_reported() {
        let (_embedded, client) = made().await;
        let shipped = Definition::shipped().unwrap();
        ensure(&client, "usher", &shipped).await.unwrap();
        let mut other = shipped.clone();
        other.0["GlobalSecondaryIndexes"].as_array_mut().unwrap().pop();
        let error = ensure(&client, "usher", &other).await.unwrap_err();
        assert!(matches!(error, Error::OtherTable { .. }), "{error}");
    }

    #[test]
    fn tags_of_cloudformation_are_tolerated() {
        let text = "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: !Sub \"${A}-t\"\n      \
                    Tags: !If [X, [!Ref A], !Ref AWS::NoValue]\n      KeySchema: [{ AttributeName: A, KeyType: HASH }]\n  \
                    F: { Type: AWS::Serverless::Function, Properties: { Arn: !GetAtt T.Arn } }\n";
        let definition = Definition::of_template(text).unwrap();
        let expected = json!({ "TableName": "t", "KeySchema": [{ "AttributeName": "A", "KeyType": "HASH" }] });
        assert_eq!(definition.create_table("t"), expected);
        assert_eq!(definition.ttl_attribute(), None);
    }

    #[test]
    fn a_template_without_one_table_is_refused() {
        for text in [
            "Resources: {}",
            "- a",
            "",
            "a: [",
            "Resources:\n  A: { Type: AWS::DynamoDB::Table }\n  B: { Type: AWS::DynamoDB::Table }",
        ] {
            assert!(
                matches!(Definition::of_template(text), Err(Error::Template(_))),
                "{text}"
            );
        }
    }
}
