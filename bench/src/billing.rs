//! What an operation costs, charged to where DynamoDB counts it: the partition, the item, and the index partition of each
//! entry that is added, moved or removed.

use std::collections::BTreeMap;

use dynoxide::types::{
    AttributeValue, Item, TRANSACTIONAL_CAPACITY_FACTOR, item_size, read_capacity_units_with_consistency,
    table_write_capacity_units,
};
use serde_json::Value;

const INDEXES: [&str; 2] = ["GSI1", "GSI2"];

/// A key of the table itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    /// Of an item, or of a key, in DynamoDB's JSON.
    pub fn of(item: &Value) -> Option<Self> {
        let text = |name: &str| Some(item[name]["S"].as_str()?.to_owned());
        Some(Self {
            pk: text("PK")?,
            sk: text("SK")?,
        })
    }

    pub fn attributes(&self) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        [("PK".to_owned(), text(&self.pk)), ("SK".to_owned(), text(&self.sk))].into()
    }
}

/// What units are counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Partition(String),
    Item(Key),
    /// A partition of the index of this name.
    Index(&'static str, String),
}

/// How an item was held while it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    Read,
    /// By a write of its own, which a transaction that is in flight refuses.
    Write,
    /// By a transaction that writes or checks it.
    Transaction,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    pub place: Place,
    pub read: f64,
    pub written: f64,
    pub hold: Hold,
}

/// The item at a key, before an operation and after it.
#[derive(Debug, Clone, Default)]
pub struct Image {
    pub before: Option<Item>,
    pub after: Option<Item>,
}

pub type Images = BTreeMap<Key, Image>;

/// The keys that an operation names.
pub fn keys(operation: &str, body: &Value) -> Vec<Key> {
    let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let found: Vec<Option<Key>> = match operation {
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![Key::of(&body["Key"])],
        "PutItem" => vec![Key::of(&body["Item"])],
        "BatchGetItem" => asked(body)
            .flat_map(|(_, table)| each(&table["Keys"]))
            .map(|key| Key::of(&key))
            .collect(),
        "BatchWriteItem" => asked(body)
            .flat_map(|(_, writes)| each(writes))
            .map(|write| Key::of(target(&write)))
            .collect(),
        "TransactWriteItems" | "TransactGetItems" => each(&body["TransactItems"])
            .iter()
            .map(|write| Key::of(target(write)))
            .collect(),
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// What a batch asks of each table.
fn asked(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    body["RequestItems"].as_object().into_iter().flatten()
}

/// The item or key of one write of several: `{ "Put": { "Item": … } }`, `{ "PutRequest": { "Item": … } }` and the like.
fn target(write: &Value) -> &Value {
    let inner = write
        .as_object()
        .and_then(|write| write.values().next())
        .unwrap_or(&Value::Null);
    match &inner["Item"] {
        Value::Null => &inner["Key"],
        item => item,
    }
}

/// The charges of an operation that was answered with `200`.
pub fn charges(operation: &str, body: &Value, answer: &Value, images: &Images) -> Vec<Charge> {
    match operation {
        "GetItem" => read(images, is_strong(body), 1.0),
        "BatchGetItem" => read(images, asked(body).all(|(_, table)| is_strong(table)), 1.0),
        "TransactGetItems" => read(images, true, TRANSACTIONAL_CAPACITY_FACTOR),
        "Query" => query(body, answer),
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" => written(images, 1.0, Hold::Write),
        "TransactWriteItems" => written(images, TRANSACTIONAL_CAPACITY_FACTOR, Hold::Transaction),
        _ => Vec::new(),
    }
}

/// All units of these charges. An item's are its partition's.
pub fn units(charges: &[Charge]) -> f64 {
    let counted = charges.iter().filter(|charge| !matches!(charge.place, Place::Item(_)));
    counted.map(|charge| charge.read + charge.written).sum()
}

/// A conditional write that was refused costs what it would have cost at least, and holds nothing.
pub fn refused(operation: &str, images: &Images) -> Vec<Charge> {
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => written(images, 1.0, Hold::Read),
        _ => Vec::new(),
    }
}

fn is_strong(body: &Value) -> bool {
    body["ConsistentRead"] == true
}

fn read(images: &Images, strong: bool, factor: f64) -> Vec<Charge> {
    let cost = |image: &Image| read_capacity_units_with_consistency(image.before.as_ref().map_or(0, item_size), strong);
    let both = images.iter().flat_map(|(key, image)| {
        let charge = |place| Charge {
            place,
            read: cost(image) * factor,
            written: 0.0,
            hold: Hold::Read,
        };
        [
            charge(Place::Partition(key.pk.clone())),
            charge(Place::Item(key.clone())),
        ]
    });
    both.collect()
}

fn written(images: &Images, factor: f64, hold: Hold) -> Vec<Charge> {
    images
        .iter()
        .flat_map(|(key, image)| written_one(key, image, factor, hold))
        .collect()
}

fn written_one(key: &Key, image: &Image, factor: f64, hold: Hold) -> Vec<Charge> {
    let size = |item: &Option<Item>| item.as_ref().map(item_size);
    let units = table_write_capacity_units(size(&image.before), size(&image.after)) * factor;
    let charge = |place, units, hold| Charge {
        place,
        read: 0.0,
        written: units,
        hold,
    };
    let mut charges = vec![
        charge(Place::Partition(key.pk.clone()), units, hold),
        charge(Place::Item(key.clone()), units, hold),
    ];
    for index in INDEXES {
        let (before, after) = (entry(index, image.before.as_ref()), entry(index, image.after.as_ref()));
        // Indexes hold keys alone: an entry that stays where it is is not written.
        if before != after {
            let moved = [before, after].into_iter().flatten();
            charges.extend(moved.map(|(pk, _)| charge(Place::Index(index, pk), 1.0, Hold::Read)));
        }
    }
    charges
}

/// Where an item is in an index, if it is there.
fn entry(index: &str, item: Option<&Item>) -> Option<(String, String)> {
    let text = |name: String| match item?.get(&name)? {
        AttributeValue::S(text) => Some(text.clone()),
        _ => None,
    };
    Some((text(format!("{index}PK"))?, text(format!("{index}SK"))?))
}

/// A query rounds up the sum of what it passes, which is in one partition; its items take equal parts of that.
fn query(body: &Value, answer: &Value) -> Vec<Charge> {
    let units = answer["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap_or(0.0);
    let charge = |place, read| Charge {
        place,
        read,
        written: 0.0,
        hold: Hold::Read,
    };
    let index = INDEXES.into_iter().find(|index| body["IndexName"] == *index);
    let attribute = index.map_or_else(|| "PK".to_owned(), |index| format!("{index}PK"));
    let Some(partition) = equal_to(body, &attribute) else {
        return Vec::new();
    };
    if let Some(index) = index {
        return vec![charge(Place::Index(index, partition), units)];
    }
    let items = answer["Items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<Key> = items.iter().filter_map(Key::of).collect();
    let part = keys.iter().map(|_| 1.0).sum::<f64>().recip() * units;
    let mut charges = vec![charge(Place::Partition(partition), units)];
    charges.extend(keys.into_iter().map(|key| charge(Place::Item(key), part)));
    charges
}

/// The text that a key condition holds an attribute equal to.
fn equal_to(body: &Value, attribute: &str) -> Option<String> {
    let words: Vec<&str> = body["KeyConditionExpression"]
        .as_str()?
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')']))
        .collect();
    let is_named = |word: &str| word == attribute || body["ExpressionAttributeNames"][word] == attribute;
    let equal = words.windows(3).find(|three| is_named(three[0]) && three[1] == "=")?;
    Some(body["ExpressionAttributeValues"][equal[2]]["S"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(bytes: usize, index: Option<&str>) -> Item {
        let mut item = json!({ "PK": { "S": "P" }, "SK": { "S": "S" }, "text": { "S": "x".repeat(bytes) } });
        if let Some(index) = index {
            item["GSI1PK"] = json!({ "S": index });
            item["GSI1SK"] = json!({ "S": "1" });
        }
        serde_json::from_value(item).unwrap()
    }

    fn images(before: Option<Item>, after: Option<Item>) -> Images {
        let key = Key::of(&json!({ "PK": { "S": "P" }, "SK": { "S": "S" } })).unwrap();
        [(key, Image { before, after })].into()
    }

    fn sum(charges: &[Charge], is: impl Fn(&Place) -> bool) -> f64 {
        charges
            .iter()
            .filter(|charge| is(&charge.place))
            .map(|charge| charge.read + charge.written)
            .sum()
    }

    #[test]
    fn a_write_costs_by_the_larger_image_and_twice_in_a_transaction() {
        let shrunk = images(Some(item(1500, None)), Some(item(1, None)));
        let of = |operation| charges(operation, &json!({}), &json!({}), &shrunk);
        let is_item = |place: &Place| matches!(place, Place::Item(_));
        assert!((sum(&of("UpdateItem"), is_item) - 2.0).abs() < 0.01);
        assert!((sum(&of("TransactWriteItems"), is_item) - 4.0).abs() < 0.01);
    }

    #[test]
    fn an_entry_of_an_index_costs_where_it_comes_goes_or_moves_and_not_where_it_stays() {
        let is_index = |place: &Place| matches!(place, Place::Index("GSI1", _));
        for (before, after, units) in [
            (None, Some(item(1, Some("A"))), 1.0),
            (Some(item(1, Some("A"))), Some(item(9, Some("A"))), 0.0),
            (Some(item(1, Some("A"))), Some(item(1, Some("B"))), 2.0),
            (Some(item(1, Some("A"))), None, 1.0),
        ] {
            let charged = charges("UpdateItem", &json!({}), &json!({}), &images(before, after));
            assert!((sum(&charged, is_index) - units).abs() < 0.01, "{charged:?}");
        }
    }

    #[test]
    fn a_read_costs_by_four_kilobytes_and_half_where_it_may_be_old() {
        let large = images(Some(item(5000, None)), None);
        let is_item = |place: &Place| matches!(place, Place::Item(_));
        for (strong, units) in [(true, 2.0), (false, 1.0)] {
            let charged = charges("GetItem", &json!({ "ConsistentRead": strong }), &json!({}), &large);
            assert!((sum(&charged, is_item) - units).abs() < 0.01);
        }
    }

    #[test]
    fn a_query_is_charged_to_the_partition_that_its_condition_names() {
        let body = json!({
            "KeyConditionExpression": "#n0 = :v0 AND begins_with(#n1, :v1)",
            "ExpressionAttributeNames": { "#n0": "GSI1PK", "#n1": "GSI1SK" },
            "ExpressionAttributeValues": { ":v0": { "S": "T#main#USERS#3" }, ":v1": { "S": "x" } },
            "IndexName": "GSI1",
        });
        let charged = query(&body, &json!({ "ConsumedCapacity": { "CapacityUnits": 1.5 } }));
        let place = Place::Index("GSI1", "T#main#USERS#3".to_owned());
        assert_eq!(
            charged,
            [Charge {
                place,
                read: 1.5,
                written: 0.0,
                hold: Hold::Read
            }]
        );
    }
}
