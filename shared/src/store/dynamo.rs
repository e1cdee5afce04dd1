//! The table as `aws-sdk-dynamodb` reaches it: nothing else reads or writes it.
//!
//! The SDK repeats a request whose answer was lost, with the same client request token, so a transaction that was
//! committed before the connection broke is not done twice. Reads that came back in part are asked for again here, a
//! bounded number of times with jitter; what becomes of a transaction that lost to another one, [`super::unit`] decides.
//!
//! What stays in doubt: a transaction whose answers were all lost, the repeated ones too, is reported as
//! [`Error::Unavailable`] though it may have been done. Its conditions see to it that doing it again does no harm.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItem, BatchGetItemInput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItem, BatchWriteItemInput};
use aws_sdk_dynamodb::operation::get_item::{GetItem, GetItemInput};
use aws_sdk_dynamodb::operation::query::{Query as QueryItems, QueryInput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItem, UpdateItemError, UpdateItemInput};
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest,
};
use futures::future::try_join_all;

use self::retry::Delays;
use self::wire::{attributes, batched, item, refusal, values};
use super::chain::leases::Leases;
use super::domains::KnownDomains;
use super::table::{Changes, Cond, Expression, Item, Key, Lost, Refusal, Value, Write, string};
use crate::aws::causes;
use crate::aws::dynamodb::{Client, Operation};
use crate::error::{Error, Result};
use crate::metrics::Metrics;

/// How many writes one transaction can have (a limit of DynamoDB's).
pub const TRANSACTION_LIMIT: usize = 100;
/// How many items one BatchGetItem can ask for (a limit of DynamoDB's).
const BATCH_GET_LIMIT: usize = 100;
/// How many writes one BatchWriteItem can have (a limit of DynamoDB's).
const BATCH_WRITE_LIMIT: usize = 25;

type Attribute = aws_sdk_dynamodb::types::AttributeValue;

pub mod retry;
pub mod scan;
mod watch;
mod wire;

#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    metrics: Arc<Metrics>,
    chains: Arc<Leases>,
    domains: KnownDomains,
}

/// A question for one partition.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The index; the table itself where absent.
    pub index: Option<Index>,
    pub pk: String,
    /// What the sort keys begin with; in an index not together with `after`.
    pub prefix: Option<String>,
    /// With a prefix: only sort keys from it to this one; in the table alone.
    pub until: Option<String>,
    /// Only sort keys before this one, in the order of the answer.
    pub after: Option<String>,
    pub newest_first: bool,
    pub limit: Option<usize>,
    /// Whether the table may answer with what was there a moment ago, at half the price.
    pub stale: bool,
}

/// An index of the table. Both hold keys alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    One,
    Two,
}

impl Index {
    /// The attribute that it is sorted by.
    pub fn sort_key(self) -> &'static str {
        self.names().2
    }

    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::One => ("GSI1", "GSI1PK", "GSI1SK"),
            Self::Two => ("GSI2", "GSI2PK", "GSI2SK"),
        }
    }
}

/// Items of one partition, and whether there are more.
#[derive(Debug, Default)]
pub struct Page {
    pub items: Vec<Item>,
    pub more: bool,
}

#[derive(Debug)]
pub enum Updated {
    /// Done; the item as it is since.
    Done(Item),
    /// The condition did not hold; the item as it is, where there is one.
    Refused(Option<Item>),
}

impl Table {
    /// The table of this name where the SDK is configured for. Connects with the first request; requests that are sent
    /// again are counted.
    pub fn new(shared: &SdkConfig, name: &str, deadline: Duration, metrics: Arc<Metrics>) -> Self {
        Self {
            client: Client::new(shared, retry::settings(deadline), watch::Watch(metrics.clone())),
            name: name.to_owned(),
            metrics,
            chains: Arc::default(),
            domains: KnownDomains::default(),
        }
    }

    /// The chains of the rights history that this process writes to.
    pub fn chains(&self) -> &Leases {
        &self.chains
    }

    /// The domains of addresses that this process saw in the table.
    pub fn domains(&self) -> &KnownDomains {
        &self.domains
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The item at this place, strongly consistent.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>> {
        let request = GetItemInput::builder().table_name(&self.name).consistent_read(true);
        let request = request.set_key(Some(attributes(key.attributes()))).build();
        let answer = self.send(GetItem::new(), request).await?;
        Ok(answer.item)
    }

    /// The items at these places, strongly consistent, in no order.
    pub async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>> {
        self.batch_get_parts(keys, true, &[]).await
    }

    /// The items at these places as they were a moment ago, at half the price; never for what decides.
    pub async fn batch_get_stale(&self, keys: &[Key]) -> Result<Vec<Item>> {
        self.batch_get_parts(keys, false, &[]).await
    }

    /// The same in either way, of each item these attributes alone; all, where none are named.
    pub async fn batch_get_parts(&self, keys: &[Key], consistent: bool, only: &[&str]) -> Result<Vec<Item>> {
        let mut names = Expression::default();
        let only: Vec<String> = only.iter().map(|name| names.name(name)).collect();
        let only = (!only.is_empty()).then(|| only.join(","));
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH_GET_LIMIT) {
            let mut asked: Vec<_> = chunk.iter().map(|key| attributes(key.attributes())).collect();
            let mut delays = Delays::default();
            loop {
                let wanted = KeysAndAttributes::builder()
                    .set_keys(Some(asked))
                    .set_projection_expression(only.clone())
                    .set_expression_attribute_names(wire::names(&names))
                    .consistent_read(consistent)
                    .build();
                let request = BatchGetItemInput::builder().request_items(&self.name, wanted.map_err(Error::fault)?);
                let answer = self.send(BatchGetItem::new(), request.build()).await?;
                let items = answer
                    .responses
                    .and_then(|mut tables| tables.remove(&self.name))
                    .unwrap_or_default();
                found.extend(items);
                asked = answer
                    .unprocessed_keys
                    .and_then(|mut tables| tables.remove(&self.name))
                    .map(|left| left.keys.into_iter().map(attributes).collect())
                    .unwrap_or_default();
                if asked.is_empty() {
                    break;
                }
                delays.next(&self.metrics).await?;
            }
        }
        Ok(found)
    }

    /// What these queries of several partitions find, in the order that they share, and whether they find more than is read
    /// of them. Behind where one partition was read to, items of another may be missing: those wait for the next time.
    pub async fn query_together(&self, queries: &[Query]) -> Result<Page> {
        let first = queries.first();
        let sort_key = first.and_then(|query| query.index).map_or("SK", Index::sort_key);
        let newest_first = first.is_some_and(|query| query.newest_first);
        let order = |one: Option<&str>, other: Option<&str>| match newest_first {
            true => other.cmp(&one),
            false => one.cmp(&other),
        };
        let pages = try_join_all(queries.iter().map(|query| self.query(query))).await?;
        let unread = pages.iter().filter(|page| page.more);
        let ends = unread.filter_map(|page| string(page.items.last()?, sort_key).map(str::to_owned));
        let end = ends.min_by(|one, other| order(Some(one), Some(other)));
        let mut items: Vec<Item> = pages.into_iter().flat_map(|page| page.items).collect();
        if let Some(end) = &end {
            items.retain(|item| order(string(item, sort_key), Some(end)).is_le());
        }
        items.sort_by(|one, other| order(string(one, sort_key), string(other, sort_key)));
        Ok(Page {
            items,
            more: end.is_some(),
        })
    }

    /// One page of a partition. The table is read strongly consistent, unless the query is content with less, an index as
    /// indexes are.
    pub async fn query(&self, query: &Query) -> Result<Page> {
        let (pk, sk) = query
            .index
            .map_or(("PK", "SK"), |index| (index.names().1, index.names().2));
        let mut expression = Expression::default();
        let mut condition = format!(
            "{} = {}",
            expression.name(pk),
            expression.value(Value::S(query.pk.clone()))
        );
        // The sort keys of an index do not give the keys of the items, which a start key would have to name.
        if let (Some(_), Some(after)) = (query.index, &query.after) {
            let (name, value) = (expression.name(sk), expression.value(Value::S(after.clone())));
            let beyond = if query.newest_first { "<" } else { ">" };
            condition.push_str(&format!(" AND {name} {beyond} {value}"));
        } else if let (Some(prefix), Some(until)) = (&query.prefix, &query.until) {
            let [from, to] = [prefix, until].map(|key| expression.value(Value::S(key.clone())));
            condition.push_str(&format!(" AND {} BETWEEN {from} AND {to}", expression.name(sk)));
        } else if let Some(prefix) = &query.prefix {
            let (name, value) = (expression.name(sk), expression.value(Value::S(prefix.clone())));
            condition.push_str(&format!(" AND begins_with({name}, {value})"));
        }
        let request = QueryInput::builder()
            .table_name(&self.name)
            .set_index_name(query.index.map(|index| index.names().0.to_owned()))
            .consistent_read(query.index.is_none() && !query.stale)
            .scan_index_forward(!query.newest_first);
        let after = query.after.as_ref().filter(|_| query.index.is_none());
        let mut start = after.map(|after| attributes(Key::new(query.pk.clone(), after).attributes()));
        let mut page = Page::default();
        loop {
            // One more than is asked for: only that shows whether the page is the last one.
            let left = query.limit.map(|limit| limit + 1 - page.items.len());
            let request = request
                .clone()
                .key_condition_expression(&condition)
                .set_expression_attribute_names(Some(expression.names.clone()))
                .set_expression_attribute_values(Some(attributes(expression.values.clone())))
                .set_limit(left.and_then(|left| i32::try_from(left).ok()))
                .set_exclusive_start_key(start)
                .build();
            let answer = self.send(QueryItems::new(), request).await?;
            page.items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.map(attributes);
            // A page can be short, or empty, and still not be the last one.
            page.more = query.limit.is_some_and(|limit| page.items.len() > limit);
            if start.is_none() || page.more {
                page.items.truncate(query.limit.unwrap_or(usize::MAX));
                return Ok(page);
            }
        }
    }

    /// Changes one item when the condition holds.
    ///
    /// An update has no client request token: where an answer was lost, it is done twice. So only what may be is done
    /// this way: what sets the same again, what its condition refuses the second time, and counts that may be one too
    /// high (an attempt to log in is then one comparison fewer, never one more).
    pub async fn update(&self, key: &Key, changes: &Changes, when: &Cond) -> Result<Updated> {
        let mut expression = Expression::default();
        let (update, condition) = (expression.changes(changes), expression.condition(when));
        let mut delays = Delays::default();
        loop {
            let request = UpdateItemInput::builder()
                .table_name(&self.name)
                .set_key(Some(attributes(key.attributes())))
                .update_expression(&update)
                .condition_expression(&condition)
                .set_expression_attribute_names(Some(expression.names.clone()))
                .set_expression_attribute_values(values(&expression))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
                .map_err(Error::fault)?;
            match self.client.send(UpdateItem::new(), request).await {
                Ok(answer) => return Ok(Updated::Done(answer.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                        return Ok(Updated::Refused(refused.item.clone().map(item)));
                    }
                    Some(UpdateItemError::TransactionConflictException(_)) => delays.next(&self.metrics).await?,
                    _ => return Err(unavailable(error)),
                },
            }
        }
    }

    /// The same where nothing is to be learned of the item.
    pub async fn update_if(&self, key: &Key, changes: &Changes, when: &Cond) -> Result<(), Refusal> {
        match self.update(key, changes, when).await? {
            Updated::Done(_) => Ok(()),
            Updated::Refused(_) => Err(Lost::Changed.into()),
        }
    }

    /// All of these writes, or none; sent once (see [`super::unit`], which sends them again where that may help). Sent
    /// again with the same token, what was done already is not done twice.
    pub async fn transact(&self, writes: &[Write], token: &str) -> Result<(), Refusal> {
        if writes.len() > TRANSACTION_LIMIT {
            return Err(Error::fault(format!("{} writes in one transaction", writes.len())).into());
        }
        let items: Vec<TransactWriteItem> = writes
            .iter()
            .map(|write| wire::transacted(&self.name, write))
            .collect::<Result<_>>()?;
        let request = TransactWriteItemsInput::builder()
            .set_transact_items(Some(items))
            .client_request_token(token)
            .build()
            .map_err(Error::fault)?;
        let Err(error) = self.client.send(TransactWriteItems::new(), request).await else {
            return Ok(());
        };
        Err(match error.as_service_error() {
            // Still being done, for a request whose answer was lost.
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Lost::Busy.into(),
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                refusal(writes, cancelled.cancellation_reasons())
            }
            _ => unavailable(error).into(),
        })
    }

    /// These puts and deletions, each by itself and without conditions.
    /// After an error some of them may be done.
    pub async fn batch_write(&self, writes: &[Write]) -> Result<()> {
        for chunk in writes.chunks(BATCH_WRITE_LIMIT) {
            let mut asked: Vec<WriteRequest> = chunk.iter().map(batched).collect::<Result<_>>()?;
            let mut delays = Delays::default();
            loop {
                let request = BatchWriteItemInput::builder().request_items(&self.name, asked);
                let answer = self.send(BatchWriteItem::new(), request.build()).await?;
                asked = answer
                    .unprocessed_items
                    .and_then(|mut t| t.remove(&self.name))
                    .unwrap_or_default();
                if asked.is_empty() {
                    break;
                }
                delays.next(&self.metrics).await?;
            }
        }
        Ok(())
    }

    /// Whatever goes wrong here is the store's.
    async fn send<O: Operation>(&self, operation: O, input: Result<O::Input, BuildError>) -> Result<O::Output> {
        let input = input.map_err(Error::fault)?;
        self.client.send(operation, input).await.map_err(unavailable)
    }
}

/// Whatever the SDK could not do after its own tries. Its words are private. What the store takes for no valid request it
/// will never do: that is no outage.
fn unavailable<E, R>(error: SdkError<E, R>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match code == Some("ValidationException") {
        true => Error::fault(causes(&error)),
        false => Error::unavailable(causes(&error)),
    }
}
