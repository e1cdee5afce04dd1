//! Our words in those of the SDK, and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, DeleteRequest, Put, PutRequest, TransactWriteItem, Update, WriteRequest,
};

use super::Attribute;
use crate::error::{Error, Result};
use crate::store::keys;
use crate::store::table::{Expression, Item, Key, Lost, Op, Refusal, Write};

pub fn transacted(table: &str, write: &Write) -> Result<TransactWriteItem> {
    let mut e = Expression::default();
    let changes = match &write.op {
        Op::Update(_, changes) => e.changes(changes),
        _ => String::new(),
    };
    let when = write.when.as_ref().map(|condition| e.condition(condition));
    let builder = TransactWriteItem::builder();
    let built = match &write.op {
        Op::Put(item) => builder.put(put(table, item, when, &e).map_err(Error::fault)?),
        Op::Update(key, _) => builder.update(update(table, key, changes, when, &e).map_err(Error::fault)?),
        Op::Delete(key) => builder.delete(delete(table, key, when, &e).map_err(Error::fault)?),
        Op::Check(key) => builder.condition_check(check(table, key, when, &e).map_err(Error::fault)?),
    };
    Ok(built.build())
}

fn put(table: &str, item: &Item, when: Option<String>, e: &Expression) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(table)
        .set_item(Some(attributes(item.clone())))
        .set_condition_expression(when)
        .set_expression_attribute_names(names(e))
        .set_expression_attribute_values(values(e))
        .build()
}

fn update(table: &str, key: &Key, changes: String, when: Option<String>, e: &Expression) -> Result<Update, BuildError> {
    Update::builder()
        .table_name(table)
        .set_key(Some(attributes(key.attributes())))
        .update_expression(changes)
        .set_condition_expression(when)
        .set_expression_attribute_names(names(e))
        .set_expression_attribute_values(values(e))
        .build()
}

fn delete(table: &str, key: &Key, when: Option<String>, e: &Expression) -> Result<Delete, BuildError> {
    Delete::builder()
        .table_name(table)
        .set_key(Some(attributes(key.attributes())))
        .set_condition_expression(when)
        .set_expression_attribute_names(names(e))
        .set_expression_attribute_values(values(e))
        .build()
}

fn check(table: &str, key: &Key, when: Option<String>, e: &Expression) -> Result<ConditionCheck, BuildError> {
    ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(attributes(key.attributes())))
        .condition_expression(when.unwrap_or_default())
        .set_expression_attribute_names(names(e))
        .set_expression_attribute_values(values(e))
        .build()
}

/// What a cancelled transaction means: that an account is not as it was read any more, so that the others decide nothing;
/// the refusal of the first write whose condition did not hold; or that others were in the way.
pub fn refusal(writes: &[Write], reasons: &[CancellationReason]) -> Refusal {
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    let unnamed = || Error::fault("a condition without a refusal did not hold").into();
    let failed = || {
        let both = writes.iter().zip(reasons);
        both.filter(|(_, reason)| code(reason) == "ConditionalCheckFailed")
            .map(|(write, _)| write)
    };
    let is_changed = |write: &&Write| matches!(write.refusal, Some(Refusal::Lost(Lost::Changed)));
    let changed = failed().find(|write| is_changed(write) && write.key().sk == keys::USER);
    if let Some(write) = changed.or_else(|| failed().next()) {
        return write.refusal.clone().unwrap_or_else(unnamed);
    }
    let busy = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    if reasons.iter().any(|reason| busy.contains(&code(reason).as_str())) {
        return Lost::Busy.into();
    }
    let causes: Vec<String> = reasons
        .iter()
        .filter(|reason| code(reason) != "None")
        .map(|reason| format!("{}: {}", code(reason), reason.message.clone().unwrap_or_default()))
        .collect();
    Error::fault(format!("a transaction was cancelled: {}", causes.join("; "))).into()
}

/// A write as a batch takes it: a put or a deletion, without a condition.
pub fn batched(write: &Write) -> Result<WriteRequest> {
    let builder = WriteRequest::builder();
    Ok(match &write.op {
        Op::Put(item) => {
            let put = PutRequest::builder().set_item(Some(attributes(item.clone())));
            builder.put_request(put.build().map_err(Error::fault)?).build()
        }
        Op::Delete(key) => {
            let delete = DeleteRequest::builder().set_key(Some(attributes(key.attributes())));
            builder.delete_request(delete.build().map_err(Error::fault)?).build()
        }
        Op::Update(..) | Op::Check(_) => return Err(Error::fault("a batch can only put and delete")),
    })
}

pub fn names(expression: &Expression) -> Option<HashMap<String, String>> {
    (!expression.names.is_empty()).then(|| expression.names.clone())
}

pub fn values(expression: &Expression) -> Option<HashMap<String, Attribute>> {
    (!expression.values.is_empty()).then(|| attributes(expression.values.clone()))
}

pub fn attributes(item: Item) -> HashMap<String, Attribute> {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

pub fn item(attributes: HashMap<String, Attribute>) -> Item {
    attributes
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect()
}
