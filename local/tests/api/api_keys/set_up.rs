//! The API key that set-up makes.

use usher::app::App;
use usher::error::Error;

use super::stored;
use crate::support::{API_KEY, World, settings_of};

/// Set-up of this world's table with another first key.
async fn set_up(world: &World, text: &str) -> usher::Result<usher::actions::setup::Made> {
    let settings = settings_of(&world.dynamodb, &[("USHER_FIRST_API_KEY", text)]);
    let app = App::with_clock(settings, world.clock.clone()).unwrap();
    ::setup::local(&app).await
}

#[tokio::test(flavor = "multi_thread")]
async fn once_revoked_the_first_key_stays_so_after_another_set_up() {
    let world = World::new().await;
    let owner = world.owner().await;
    let listed = owner.get("/api/api-keys").await.body;
    let path = format!("/api/api-keys/{}", listed["items"][0]["id"].as_str().unwrap());
    assert!(!set_up(&world, API_KEY).await.unwrap().api_key);
    assert_eq!(stored(&world).len(), 1, "one of it, however often");
    assert_eq!(owner.delete(&path).await.status, 204);
    assert!(!set_up(&world, API_KEY).await.unwrap().api_key);
    assert_eq!(stored(&world).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_text_makes_another_key_and_leaves_the_first_one() {
    let world = World::new().await;
    let other = "another text, which is long enough";
    assert!(set_up(&world, other).await.unwrap().api_key);
    let mut digests: Vec<String> = stored(&world)
        .iter()
        .map(|item| item["digest"]["S"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = [API_KEY, other].map(usher::actions::api_keys::digest);
    digests.sort_unstable();
    expected.sort_unstable();
    assert_eq!(digests, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_could_be_guessed_or_that_no_header_carries_is_refused_and_not_repeated() {
    let world = World::new().await;
    for text in [
        "short",
        &"x".repeat(23),
        &format!(" {}", "x".repeat(30)),
        &format!("{}\n", "x".repeat(30)),
        &"ä".repeat(30),
    ] {
        let refused = set_up(&world, text).await.unwrap_err();
        assert!(matches!(&refused, Error::Fault(_)), "{text}");
        assert!(!format!("{refused:?}").contains(text), "{refused:?}");
    }
    assert_eq!(stored(&world).len(), 1);
    assert!(set_up(&world, &"x".repeat(24)).await.unwrap().api_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_text_that_somebody_chose_no_more_than_four_characters_are_kept() {
    let world = World::new().await;
    let hint = |item: &serde_json::Value| item["hint"]["S"].as_str().unwrap().to_owned();
    assert_eq!(stored(&world).iter().map(hint).collect::<Vec<_>>(), [&API_KEY[..4]]);
}
