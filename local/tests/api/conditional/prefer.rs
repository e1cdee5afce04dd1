//! `Prefer: return=…` (RFC 7240)

use reqwest::Method;
use serde_json::json;

use crate::support::World;
use crate::users::{role, user};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_preferred_is_met_however_it_is_written_and_the_answer_names_it() {
    let world = World::new().await;
    let owner = world.owner().await;
    let path = user(&world.user("jane@example.org").await);
    let (whole, minimal) = ((200, "return=representation"), (204, "return=minimal"));
    for (lines, (status, applied)) in [
        (&[][..], (204, "")),
        (&["return=representation"][..], whole),
        (&["return=representation; wait=5"], whole),
        (&["return=\"representation\""], whole),
        (&["Return=Representation"], whole),
        (&["wait=5, return=representation"], whole),
        (&["respond-async", "return=representation"], whole),
        (&["return=minimal"], minimal),
        (&["return=minimal", "return=representation"], minimal),
        (&["return=representation, return=minimal"], whole),
        (&["x=\"return=representation, return=representation\""], (204, "")),
        (&["return=all"], (204, "")),
    ] {
        let headers: Vec<(&str, &str)> = lines.iter().map(|line| ("prefer", *line)).collect();
        let body = Some(json!({ "age": 42 }));
        let reply = owner.send(Method::PATCH, &path, body, &headers).await;
        let answer = (reply.status.as_u16(), reply.header("preference-applied"));
        assert_eq!(answer, (status, applied), "{lines:?}");
        assert_eq!(reply.body["age"] == 42, status == 200, "{lines:?}");
        assert_eq!(reply.header("etag").is_empty(), status == 204, "{lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_change_is_answered_with_the_tag_that_the_next_one_needs() {
    let world = World::new().await;
    let owner = world.owner().await;
    role(&world, "editor", &["admin.users"]).await;
    for roles in [json!([]), json!(["editor", "SYS_ADMIN"])] {
        let body = json!({ "username": format!("jane{roles}"), "roles": roles });
        let made = owner.post("/api/users", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let (path, mut tag) = (user(made.str("id")), made.header("etag").to_owned());
        for (age, prefer) in [(41, "return=minimal"), (42, "wait=1"), (43, "return=representation")] {
            let body = Some(json!({ "age": age }));
            let headers = [("if-match", tag.as_str()), ("prefer", prefer)];
            let reply = owner.send(Method::PATCH, &path, body, &headers).await;
            assert_eq!(reply.status, if age == 43 { 200 } else { 204 }, "{}", reply.text);
            assert_ne!(reply.header("etag"), tag);
            reply.header("etag").clone_into(&mut tag);
            assert_eq!(owner.get(&path).await.header("etag"), tag, "{roles} {prefer}");
        }
        // To know it costs a read where nothing is expected.
        let plain = owner.patch(&path, json!({ "age": 44 })).await;
        assert_eq!((plain.status.as_u16(), plain.header("etag")), (204, ""));
    }
}
