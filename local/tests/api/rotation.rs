//! Signing keys over a simulated year: published, then signing, then retired, while verification never fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use setup::cloudformation::Event;
use usher::actions::operator;
use usher::app::App;
use usher::domain::rotation::PERIOD;
use usher::domain::tenant::TenantId;
use usher::domain::tenant_settings::LONGEST_TOKEN;
use usher::metrics::Gauge;
use usher::store::{signing_keys, unit};

use crate::support::{PASSWORD, World, at_once, settings_of, steps};
use crate::watch::Watch;

const DAY: i64 = 24 * 3_600;

/// Ids of the keys that are published.
async fn published(world: &World) -> Vec<String> {
    let jwks = world.nobody().get("/.well-known/jwks.json").await;
    let keys = jwks.body["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A token's header.
fn header(token: &str) -> serde_json::Value {
    use base64::Engine;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice(&header).unwrap()
}

/// The key that a token is signed with.
fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

/// Has tokens last for thirty days, like the sessions that they are of: the longest that a contract issues by itself.
async fn long_tokens(world: &World) {
    let month = json!({ "version": 1, "tokenLifetimes": { "directory": { "access": 30 * DAY } } });
    let beginning = usher::store::tenant_settings::Kept {
        chosen: serde_json::from_value(month).unwrap(),
        large_since: None,
    };
    let settings = usher::store::tenant_settings::create(&TenantId::main(), &beginning);
    unit::commit(&world.app.table, &[settings.unwrap()]).await.unwrap();
    world.clock.advance(11);
}

/// The scheduler's call.
pub async fn scheduled(world: &World) {
    let rotated = setup::cloud::handle(&world.app, Event::Other);
    world.watch.over("setup", rotated).await.unwrap();
}

async fn token(world: &World) -> String {
    let body = json!({ "email": "jane@example.org", "password": PASSWORD });
    let reply = world.nobody().post("/api/auth/token", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.str("accessToken").to_owned()
}

#[tokio::test]
async fn t09_over_a_year_of_monthly_rotations_every_token_is_verified_until_it_expires() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    long_tokens(&world).await;
    let mut outstanding: BTreeMap<i64, String> = BTreeMap::new();
    let mut signed_by = Vec::new();
    for day in steps(0..400_i32).map(i64::from) {
        if day % 31 == 0 {
            scheduled(&world).await;
        }
        let new = token(&world).await;
        let known = published(&world).await;
        assert!(known.contains(&kid(&new)), "day {day}: a token's key is published");
        assert!(known.len() >= 2, "day {day}: the next key is published before it signs");
        if signed_by.last() != Some(&kid(&new)) {
            signed_by.push(kid(&new));
        }
        outstanding.insert(day, new);
        outstanding.retain(|issued, _| day - issued < 30);
        // Of every age once a month or so, and the oldest each day.
        for (issued, token) in outstanding
            .iter()
            .filter(|(issued, _)| (day - **issued) % 7 == day % 7 || day - **issued == 29)
        {
            let reply = world.with_token(token).get("/api/me/profile").await;
            assert_eq!(reply.status, 200, "day {day}, token of day {issued}");
        }
        world.clock.advance(DAY);
    }
    assert!(signed_by.len() >= 13, "{} keys signed in a year", signed_by.len());
    let most = LONGEST_TOKEN.as_hours() / PERIOD.as_hours() + 3;
    assert!(
        published(&world).await.len() <= usize::try_from(most).unwrap(),
        "old keys go"
    );
}

/// The same table and the same moment, under another stack parameter.
async fn with_algorithm(world: &World, algorithm: &str) -> World {
    let settings = settings_of(&world.dynamodb, &[("USHER_JWT_ALGORITHM", algorithm)]);
    let app = App::with_clock(settings, world.clock.clone()).unwrap();
    let (clock, db) = (world.clock.clone(), world.db.clone());
    World::serving(app, clock, db, world.dynamodb.clone(), Watch::new()).await
}

#[tokio::test]
async fn t09_when_the_algorithm_changes_every_token_is_verified_until_it_expires() {
    let eddsa = World::new().await;
    eddsa.user("jane@example.org").await;
    long_tokens(&eddsa).await;
    let worlds = [
        with_algorithm(&eddsa, "ES256").await,
        with_algorithm(&eddsa, "RS256").await,
        eddsa,
    ];
    let mut outstanding: BTreeMap<i64, String> = BTreeMap::new();
    let mut signed_with = Vec::new();
    for day in (0..144).step_by(3) {
        // Thirty-six days of each, and back to where it began. On the day of a change functions of the last version
        // still answer.
        let changed = usize::try_from(day / 36).unwrap();
        let (present, last) = (&worlds[(changed + 2) % 3], &worlds[(changed + 1) % 3]);
        if day % 36 == 0 || day % 30 == 0 {
            scheduled(present).await;
        }
        let issuing = if day % 36 == 0 && day > 0 { last } else { present };
        let new = token(issuing).await;
        let algorithm = header(&new)["alg"].clone();
        assert!(published(present).await.contains(&kid(&new)), "day {day}");
        if signed_with.last() != Some(&algorithm) {
            signed_with.push(algorithm);
        }
        outstanding.insert(day, new);
        // New, and on their last day.
        let due = outstanding
            .iter()
            .filter(|(issued, _)| [0, 27].contains(&(day - **issued)));
        for ((issued, token), world) in due.flat_map(|token| worlds.iter().map(move |world| (token, world))) {
            let reply = world.with_token(token).get("/api/me/profile").await;
            assert_eq!(reply.status, 200, "day {day}, token of day {issued}");
        }
        worlds[0].clock.advance(3 * DAY);
    }
    assert_eq!(signed_with, ["EdDSA", "ES256", "RS256", "EdDSA"]);
}

#[tokio::test]
async fn t09_a_key_that_signs_soon_is_known_to_every_instance_before_it_does() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    // Another instance, whose keys are ten seconds old at most.
    let other = World::on(world.db.clone(), world.dynamodb.clone(), &[]).await;
    scheduled(&world).await;
    let step = 5;
    for instance in [&world, &other] {
        instance.clock.advance(PERIOD.as_secs() - step);
    }
    let mut keys = Vec::new();
    for _ in 0..3 {
        let new = token(&world).await;
        keys.push(kid(&new));
        assert_eq!(other.with_token(&new).get("/api/me/profile").await.status, 200);
        world.clock.advance(step);
        other.clock.advance(step);
    }
    keys.dedup();
    assert_eq!(keys.len(), 2, "the next key came into use while both were looking");
}

#[tokio::test]
async fn a_key_that_was_taken_out_by_hand_is_replaced_whichever_it_was() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for _ in 0..3 {
        for signs in [true, false] {
            let signing = kid(&token(&world).await);
            let all = published(&world).await;
            let gone = all.iter().find(|kid| (**kid == signing) == signs).unwrap().clone();
            let stored = signing_keys::all(&world.app.table).await.unwrap();
            let taken = stored.iter().find(|key| key.kid == gone).unwrap();
            let taken = signing_keys::retire(taken).unwrap();
            unit::commit(&world.app.table, &taken).await.unwrap();
            scheduled(&world).await;
            world.clock.advance(11);
            let after = published(&world).await;
            assert!(
                !after.contains(&gone) && after.len() == all.len(),
                "{all:?} without {gone}: {after:?}"
            );
            let new = token(&world).await;
            assert_eq!(
                kid(&new) == signing,
                !signs,
                "another key signs where that one was taken"
            );
            assert_eq!(world.with_token(&new).get("/api/me/profile").await.status, 200);
        }
    }
}

/// Two keys that sign, of which the later one does; the scheduler has not retired the earlier one.
async fn with_two_that_sign() -> (World, [String; 2]) {
    let world = World::new().await;
    world.user("jane@example.org").await;
    world.clock.advance(PERIOD.as_secs() + 1);
    let mut keys = signing_keys::all(&world.app.table).await.unwrap();
    keys.sort_by_key(|key| key.signs_from);
    let [one, two] = keys.as_slice() else {
        panic!("{}", keys.len())
    };
    let kids = [one.kid.clone(), two.kid.clone()];
    (world, kids)
}

/// As the operator does.
async fn revoke(app: &Arc<App>, kid: &str) {
    let cx = operator::context(app, &TenantId::main()).await.unwrap();
    usher::actions::rotation::revoke(&cx, Some(kid)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_keys_that_are_revoked_at_once_one_is_replaced() {
    for _ in steps(0..20) {
        let (world, kids) = with_two_that_sign().await;
        at_once(2, |n| {
            let (app, kid) = (world.app.clone(), kids[n].clone());
            async move { revoke(&app, &kid).await }
        })
        .await;
        world.clock.advance(11);
        token(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_signs_once_another_is_revoked_is_not_retired_meanwhile() {
    for _ in steps(0..20) {
        let (world, kids) = with_two_that_sign().await;
        // So long that the first of them is due.
        world.clock.advance(LONGEST_TOKEN.as_secs());
        tokio::join!(revoke(&world.app, &kids[1]), scheduled(&world));
        world.clock.advance(11);
        token(&world).await;
    }
}

#[tokio::test]
async fn rotations_at_once_publish_one_key() {
    let world = World::new().await;
    for _ in steps(0..20) {
        world.clock.advance(PERIOD.as_secs());
        let before = published(&world).await.len();
        at_once(8, |_| {
            let app = world.app.clone();
            async move { setup::cloud::handle(&app, Event::Other).await.unwrap() }
        })
        .await;
        world.clock.advance(11);
        let after = published(&world).await;
        assert!(after.len() <= before + 1, "{before} keys before, {} after", after.len());
    }
}

#[tokio::test]
async fn f09_with_another_master_key_nothing_is_rotated_and_the_old_keys_stay() {
    let world = World::new().await;
    let before = published(&world).await;
    let other = World::on(world.db.clone(), world.dynamodb.clone(), &[]).await;
    // Whoever lost the secret, or took another one, still verifies, and signs nothing that nobody could verify.
    let lost = crate::support::settings_of(&world.dynamodb, &[("USHER_MASTER_KEY", "not a key")]);
    let app = usher::app::App::with_clock(lost, other.clock.clone()).unwrap();
    other.clock.advance(PERIOD.as_secs());
    let refused = setup::cloud::handle(&app, Event::Other).await.unwrap_err();
    assert!(format!("{refused:?}").contains("USHER_MASTER_KEY"), "{refused:?}");
    assert_eq!(published(&world).await, before);
}

#[tokio::test]
async fn every_rotation_measures_for_how_long_the_key_has_signed_and_one_that_fails_does_not() {
    let world = World::new().await;
    let age = |app: &App| app.metrics.largest(Gauge::SigningKeyAgeDays);
    scheduled(&world).await;
    assert_eq!(age(&world.app), Some(0));
    // A rotation each day: a key signs for a month, and the next one begins at nothing again.
    let mut ages = Vec::new();
    for _ in 0..62 {
        world
            .app
            .metrics
            .write("Usher/test", "setup", world.now(), std::io::sink());
        world.clock.advance(DAY);
        scheduled(&world).await;
        ages.extend(age(&world.app));
    }
    let month = || 0..30;
    assert_eq!(ages, month().chain(month()).chain(0..3).skip(1).collect::<Vec<u64>>());
    let lost = crate::support::settings_of(&world.dynamodb, &[("USHER_MASTER_KEY", "not a key")]);
    let app = App::with_clock(lost, world.clock.clone()).unwrap();
    setup::cloud::handle(&app, Event::Other).await.unwrap_err();
    assert_eq!(age(&app), None);
}
