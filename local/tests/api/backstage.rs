//! What no contract lets a test do to a world, or not yet: one-time tokens as the sender of mails makes them, and a
//! tenant's settings.

use serde_json::Value;
use usher::actions::settings;
use usher::domain::mail::{OneTime, Purpose};
use usher::domain::role::SYSTEM_ROLES;
use usher::domain::tenant::TenantId;
use usher::domain::tenant_settings::{Chosen, Lifetimes};
use usher::jiff::SignedDuration;
use usher::proof::opaque::{Kind, Opaque};
use usher::secrecy::ExposeSecret;
use usher::store::tenant_settings::Kept;
use usher::store::{one_time, roles, tenant_settings, users};

use crate::support::World;

/// A mail with a link: to this account, a week before its token expires, unless it is changed.
pub async fn link(world: &World, user: &str, purpose: Purpose) -> OneTime {
    let tenant = TenantId::main();
    let id = user.parse().unwrap();
    let user = users::get(&world.app.table, &tenant, id).await.unwrap().unwrap();
    OneTime {
        tenant,
        purpose,
        user: id,
        email: user.email.unwrap().as_given().to_owned(),
        epoch: user.epoch,
        expires_at: world.now() + SignedDuration::from_hours(7 * 24),
    }
}

/// Sends the mail; the token of its link.
pub async fn sent(world: &World, link: &OneTime) -> String {
    let token = Opaque::mint(Kind::OneTime).unwrap();
    let write = one_time::put(&token.digest().to_string(), link).unwrap();
    usher::store::unit::commit(&world.app.table, &[write]).await.unwrap();
    token.text().expose_secret().to_owned()
}

/// The token of a mail to this account.
pub async fn one_time(world: &World, user: &str, purpose: Purpose) -> String {
    sent(world, &link(world, user, purpose).await).await
}

/// Sets what the tenant `main` sets.
pub async fn set(world: &World, edit: impl Fn(&mut Chosen)) {
    let edit = |mut chosen| {
        edit(&mut chosen);
        Ok(chosen)
    };
    settings::change(&setup::context(&world.app), edit).await.unwrap();
}

/// Sets how many seconds what a login of these terms issues lasts.
pub async fn set_lifetime(world: &World, terms: &str, seconds: u32) {
    let lifetime = Lifetimes {
        access: Some(seconds),
        session: None,
    };
    set(world, |chosen| {
        chosen.token_lifetimes.insert(terms.to_owned(), lifetime);
    })
    .await;
}

/// The mails that are still to be sent, or were given up: kind and address of each, in order. Those that stand in for
/// mails to unregistered addresses are left out.
pub fn mails(world: &World) -> Vec<(String, String)> {
    let items = world.items().into_iter();
    let mails = items.filter(|item| item["PK"]["S"].as_str().unwrap().starts_with("MAIL#"));
    let text = |item: &Value, name: &str| item[name]["S"].as_str().map(str::to_owned);
    let mails = mails.filter_map(|item| Some((text(&item, "kind")?, text(&item, "to")?)));
    let mut mails: Vec<_> = mails.filter(|(_, to)| to.contains('@')).collect();
    mails.sort();
    mails
}

/// The item of an account, as DynamoDB JSON.
pub fn account(world: &World, user: &str) -> Value {
    let at = format!("T#main#USER#{user}");
    let items = world.items().into_iter();
    let mut found = items.filter(|item| item["PK"]["S"] == at.as_str() && item["SK"]["S"] == "USER");
    found.next().unwrap()
}

/// Makes a tenant: its settings and the roles that every tenant has, and no account.
pub async fn tenant(world: &World, id: &str) {
    let id = TenantId::parse(id).unwrap();
    let mut writes = vec![tenant_settings::create(&id, &Kept::default()).unwrap()];
    for system in SYSTEM_ROLES {
        writes.extend(roles::create(&system.in_tenant(&id, world.now()).unwrap()).unwrap());
    }
    usher::store::unit::commit(&world.app.table, &writes).await.unwrap();
}
