//! What the release before numbers and folded names left in the table.

use usher::domain::tenant::TenantId;
use usher::domain::text::{Email, Username};
use usher::store::table::{Key, Write, text};
use usher::store::{keys, unit};

use crate::support::World;

pub async fn write(world: &World, writes: Vec<Write>) {
    for some in writes.chunks(90) {
        unit::commit(&world.app.table, some).await.unwrap();
    }
}

/// An account as the release before kept it, with these names: lower case was all that it knew.
pub async fn aged(world: &World, id: &str, username: Option<&str>, email: Option<&str>) {
    let t = &TenantId::main();
    let mut item = world
        .app
        .table
        .get(&keys::user(t, id.parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let names = [("username", username), ("email", email)];
    let mut writes = Vec::new();
    for old in world.items() {
        let (pk, sk) = (old["PK"]["S"].as_str().unwrap(), old["SK"]["S"].as_str().unwrap());
        let claims = sk == "CLAIM" && old["user"]["S"] == id;
        if claims || (pk.contains("#FIND#") && sk.ends_with(id)) {
            writes.push(Write::delete(Key::new(pk, sk)));
        }
    }
    item.retain(|name, _| !["number", "form", "username", "email"].contains(&name.as_str()));
    item.extend(
        names
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), text((*value)?)))),
    );
    writes.push(Write::put(item));
    write(world, writes).await;
    let username = username.map(|name| Username::parse(name).unwrap());
    let email = email.map(|email| Email::parse(email).unwrap());
    let claims = [
        username.map(|name| ("NAME", name.former().unwrap_or_else(|| name.canonical().to_owned()))),
        email.map(|email| ("EMAIL", email.former().unwrap_or_else(|| email.canonical().to_owned()))),
    ];
    let mut writes = Vec::new();
    for (kind, canonical) in claims.into_iter().flatten() {
        let mut claim = Key::new(format!("T#{t}#{kind}#{canonical}"), "CLAIM").attributes();
        claim.insert("user".to_owned(), text(id));
        writes.push(Write::put(claim));
        writes.extend(suffixes(t, &canonical, id));
    }
    for given in names.iter().filter_map(|(_, given)| *given) {
        writes.extend(suffixes(t, &given.to_lowercase(), id));
    }
    writes.sort_by_key(Write::key);
    writes.dedup_by_key(|write| write.key());
    write(world, writes).await;
}

fn suffixes(t: &TenantId, text: &str, id: &str) -> Vec<Write> {
    let entry = |(at, first): (usize, char)| {
        Write::put(Key::new(format!("T#{t}#FIND#0#{first}"), format!("{} {id}", &text[at..])).attributes())
    };
    let domain = text.rfind('@').unwrap_or(text.len());
    text[..domain].char_indices().map(entry).collect()
}

/// The first accounts as the release before kept them.
pub async fn age_all(world: &World) {
    for item in world.scan() {
        let item = serde_json::to_value(item).unwrap();
        if item["SK"]["S"] == "USER" {
            aged(
                world,
                item["id"]["S"].as_str().unwrap(),
                item["username"]["S"].as_str(),
                item["email"]["S"].as_str(),
            )
            .await;
        }
    }
}
