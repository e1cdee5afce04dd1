//! Chains of the rights history: each row has the hash of the one before it in its chain, so that a row that was changed,
//! removed, inserted or put elsewhere shows (`docs/decisions/019-chains.md`).
//!
//! A row is linked when its transaction is sent, wherever it comes from ([`super::unit`]). Its hash is of all that its item
//! holds, in DynamoDB's own JSON; of what an erasure empties it is a salted digest that counts, so that the hash holds
//! afterwards too.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use serde_json::{Value as Json, json};

use self::leases::{Group, Lease};
use super::dynamo::{Query, Table};
use super::keys;
use super::table::{Changes, Cond, Item, Lost, Members, Op, Value, Write, integer, number, string, text};
use crate::domain::audit::{Head, Position};
use crate::domain::tenant::TenantId;
use crate::domain::tenant_size::{CHAIN_PARTITIONS, TenantSize};
use crate::error::{Error, Result};
use crate::proof::canonical::digest;

pub mod leases;
pub mod seal;

/// The attribute with a row's place in its chain.
pub const LINK: &str = "link";

/// What is sent: the writes, with the rows linked and the new heads of their chains.
pub struct Linked {
    pub writes: Vec<Write>,
    leases: Vec<(Lease, Head)>,
}

/// Links the rows of the history that are among these writes, each behind the last of a chain that nobody else of this
/// process writes to meanwhile.
pub async fn link(table: &Table, writes: &[Write]) -> Result<Linked> {
    let mut linked = Linked {
        writes: writes.to_vec(),
        leases: Vec::new(),
    };
    let mut rows: BTreeMap<Group, (TenantSize, Vec<&mut Item>)> = BTreeMap::new();
    for write in &mut linked.writes {
        if let Op::Put(item) = &mut write.op
            && let Some((group, size)) = group(item)?
        {
            let (known, rows) = rows.entry(group).or_default();
            *known = size.max(*known);
            rows.push(item);
        }
    }
    let mut heads = Vec::new();
    // In one order in every transaction: two that waited for each other would wait for good.
    for (group, (size, rows)) in rows {
        let lease = table.chains().lease(&group, size).await?;
        let before = match lease.known() {
            Some(head) => head.clone(),
            None => read(table, &group.tenant, &lease.chain).await?,
        };
        let mut head = before.clone();
        for row in rows {
            head = append(row, &head)?;
        }
        heads.push(moved(&group.tenant, &before, &head));
        linked.leases.push((lease.found(before), head));
    }
    // Last: what an action asks for is refused before it.
    linked.writes.extend(heads);
    Ok(linked)
}

impl Linked {
    /// It is done: the heads are where these rows are.
    pub fn done(self) {
        for (lease, head) in self.leases {
            lease.give_back(head);
        }
    }

    /// It was refused for another reason: the heads are where they were.
    pub fn refused(self) {
        for (lease, _) in self.leases {
            lease.give_back_as_found();
        }
    }
}

/// How many writes the chains will add to these.
pub fn heads_of(writes: &[Write]) -> Result<usize> {
    let mut groups = std::collections::BTreeSet::new();
    for write in writes {
        if let Op::Put(item) = &write.op {
            groups.extend(group(item)?.map(|(group, _)| group));
        }
    }
    Ok(groups.len())
}

/// Whose chains a row belongs to, where it is one of the rights history; and how large the tenant is at least.
fn group(item: &Item) -> Result<Option<(Group, TenantSize)>> {
    let Some(shard) = string(item, "PK").and_then(keys::rights_shard) else {
        return Ok(None);
    };
    let incomplete = || Error::fault("a row of the rights history without its tenant or times");
    let tenant = string(item, "tenant").ok_or_else(incomplete)?;
    let (at, ttl) = integer(item, "at").zip(integer(item, "ttl")).ok_or_else(incomplete)?;
    let group = Group {
        tenant: TenantId::parse(tenant).map_err(Error::fault)?,
        days: (ttl - at.div_euclid(1_000)) / (24 * 3_600),
    };
    // Partitions beside the first are written to in a large tenant alone.
    let size = if shard == 0 {
        TenantSize::Small
    } else {
        TenantSize::Large
    };
    Ok(Some((group, size)))
}

/// The head of a chain; where it has not begun, that of an empty one.
async fn read(table: &Table, t: &TenantId, chain: &str) -> Result<Head> {
    let found = table.get(&keys::chain_head(t, chain)).await?;
    found.map_or_else(|| Ok(Head::of_nothing(chain)), |item| head(&item))
}

fn head(item: &Item) -> Result<Head> {
    let read = || {
        Some(Head {
            chain: string(item, "SK")?.strip_prefix(keys::HEAD)?.to_owned(),
            seq: u64::try_from(integer(item, "seq")?).ok()?,
            hash: string(item, "hash")?.to_owned(),
            expires: integer(item, "expires")?,
        })
    };
    read().ok_or_else(|| Error::fault("the head of a chain cannot be read"))
}

/// The heads of all chains of a tenant, by their names.
pub async fn heads(table: &Table, t: &TenantId) -> Result<Vec<Head>> {
    let query = |part| Query {
        pk: keys::chains_partition(t, part),
        ..Query::default()
    };
    let queries: Vec<Query> = (0..CHAIN_PARTITIONS).map(query).collect();
    let pages = try_join_all(queries.iter().map(|query| table.query(query))).await?;
    let items = pages.iter().flat_map(|page| &page.items);
    let mut heads: Vec<Head> = items.map(head).collect::<Result<_>>()?;
    heads.sort_by(|a, b| a.chain.cmp(&b.chain));
    Ok(heads)
}

fn moved(t: &TenantId, before: &Head, after: &Head) -> Write {
    let there = match before.seq {
        0 => Cond::absent(),
        _ => Cond::Eq("hash", text(&before.hash)),
    };
    let changes = Changes::new()
        .set("seq", number(after.seq))
        .set("hash", text(&after.hash))
        .set("expires", number(after.expires));
    Write::update(keys::chain_head(t, &after.chain), changes).when(there, Lost::Moved)
}

/// Links a row behind the last one of its chain; the head of the chain since.
///
/// No row of a chain expires before the one ahead of it (they have one retention, so it is a matter of moments): where one
/// is gone, the next one alone shows whether its time was over.
fn append(item: &mut Item, head: &Head) -> Result<Head> {
    let expires = integer(item, "ttl").unwrap_or_default().max(head.expires);
    item.insert("ttl".to_owned(), number(expires));
    let mut link = Members::from([
        ("chain".to_owned(), text(&head.chain)),
        ("seq".to_owned(), number(head.seq + 1)),
        ("prev".to_owned(), text(&head.hash)),
        ("prevExpires".to_owned(), number(head.expires)),
    ]);
    seal::seal(item, &mut link)?;
    item.insert(LINK.to_owned(), Value::M(link));
    let hash = hash(item)?;
    if let Some(Value::M(link)) = item.get_mut(LINK) {
        link.insert("hash".to_owned(), text(&hash));
    }
    Ok(Head {
        chain: head.chain.clone(),
        seq: head.seq + 1,
        hash,
        expires,
    })
}

/// A row's place in its chain, as it states it.
pub fn position(item: &Item) -> Option<Position> {
    let Some(Value::M(link)) = item.get(LINK) else {
        return None;
    };
    Some(Position {
        chain: string(link, "chain")?.to_owned(),
        seq: u64::try_from(integer(link, "seq")?).ok()?,
        prev: string(link, "prev")?.to_owned(),
        prev_expires: integer(link, "prevExpires")?,
        hash: string(link, "hash")?.to_owned(),
        expires: integer(item, "ttl")?,
    })
}

/// Whether a row is what it was when it was linked, but for what an erasure takes.
pub fn is_sound(item: &Item) -> Result<bool> {
    let stated = position(item).map(|position| position.hash);
    Ok(stated.is_some_and(|stated| hash(item).is_ok_and(|is| is == stated)) && seal::holds(item)?)
}

/// The hash of all of a row but the hash itself, and of what an erasure takes the digest alone.
fn hash(item: &Item) -> Result<String> {
    let mut bare = seal::bare(item);
    if let Some(Value::M(link)) = bare.get_mut(LINK) {
        link.remove("hash");
    }
    digest(&json_of(&Value::M(bare.into_iter().collect()))?)
}

/// DynamoDB's JSON, as every client of it shows an item.
pub(super) fn json_of(value: &Value) -> Result<Json> {
    Ok(match value {
        Value::S(text) => json!({ "S": text }),
        Value::N(number) => json!({ "N": number }),
        Value::Bool(is) => json!({ "BOOL": is }),
        Value::Null(_) => json!({ "NULL": true }),
        Value::L(items) => json!({ "L": items.iter().map(json_of).collect::<Result<Vec<_>>>()? }),
        Value::M(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), json_of(value)?)));
            json!({ "M": members.collect::<Result<serde_json::Map<_, _>>>()? })
        }
        _ => return Err(Error::fault("a row of the rights history with a value of another type")),
    })
}

#[cfg(test)]
mod tests;
