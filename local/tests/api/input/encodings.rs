//! Bodies that are compressed, and bodies that are sent in chunks and are not there.

use reqwest::Method;
use usher::error::Error;
use usher::http::dialect::{self, Asked};

use super::walk::{Walk, routes};
use crate::lambda_events::raw;
use crate::support::{API_KEY, PASSWORD, World, reply, tables};

#[tokio::test(flavor = "multi_thread")]
async fn a_content_encoding_is_415_on_every_route_in_the_words_of_its_contract() {
    let mut walk = Walk::new().await;
    for route in routes() {
        for coding in ["gzip", "br", "identity, gzip", "GZIP", "nonsense"] {
            let reply = walk
                .send(&route, Some(&route.example), &[("content-encoding", coding)])
                .await;
            let asked = Asked {
                path: reply.str("instance").to_owned(),
                with_token: route.guard.is_guarded(),
                ..Asked::default()
            };
            let example = dialect::example(&route.error_format, &asked, &Error::UnsupportedEncoding);
            let (status, _, body) = example.unwrap();
            assert_eq!((reply.status, &reply.body), (status, &body), "{route} {coding}");
            assert_eq!(
                (reply.status.as_u16(), reply.header("accept-encoding")),
                (415, "identity")
            );
        }
        let plain = walk
            .send(&route, Some(&route.example), &[("content-encoding", "Identity")])
            .await;
        assert_ne!(plain.status, 415, "{route}: {}", plain.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_in_chunks_is_no_body_where_one_can_be_left_out() {
    let world = World::new().await;
    world.user("jane@example.org").await;
    for (path, status) in [
        ("/api/users/jane@example.org/lock", 204),
        ("/api/users/jane@example.org/reset-password", 200),
        ("/api/auth/dev-token", 200),
        ("/v1/auth/logout", 204),
        ("/api/users", 415),
    ] {
        let bearer = format!("Bearer {}", world.owner().await.token);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let chunked = [header("authorization", &bearer), header("transfer-encoding", "chunked")];
        let reply = raw::send(&world.base, "POST", path, &chunked, b"0\r\n\r\n").await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        // With one that is there, its type is looked at.
        let bearer = format!("Bearer {}", world.owner().await.token);
        let chunked = [header("authorization", &bearer), header("transfer-encoding", "chunked")];
        let reply = raw::send(&world.base, "POST", path, &chunked, b"2\r\n{}\r\n0\r\n\r\n").await;
        assert_eq!(reply.status, 415, "{path}: {}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_its_route_does_not_read_is_held_to_the_same_in_the_words_of_its_contract() {
    let world = World::new().await;
    let (large, small) = ("x".repeat(65_537), "{}");
    let mut walked = 0;
    for table in tables() {
        for row in table.rows().iter().filter(|row| row.takes_no_body) {
            // As it is admitted: nothing is done to an account or a role that is not there.
            let path = row.path.replace(['{', '}'], "");
            let own = path.ends_with("/delete") || path.ends_with("/deleteaccount") || path.ends_with("/logout");
            let name = format!("owner{walked}@example.org");
            let caller = match own {
                true => {
                    let body = serde_json::json!({ "email": name, "password": PASSWORD, "roles": ["owner"] });
                    assert_eq!(world.owner().await.post("/api/users", body).await.status, 201);
                    world.signed_in(&name, PASSWORD).await
                }
                false => world.owner().await,
            };
            for (headers, body, error) in [
                (["application/json", "gzip"], small, Error::UnsupportedEncoding),
                (["application/json", "identity"], &large, Error::BodyTooLarge(65_536)),
                (["text/plain", "identity"], small, Error::UnsupportedMediaType),
            ] {
                let request = caller.http.request(row.method.clone(), format!("{}{path}", world.base));
                let request = request
                    .header("authorization", format!("Bearer {}", caller.token))
                    .header("x-api-key", API_KEY)
                    .header("content-type", headers[0])
                    .header("content-encoding", headers[1]);
                let sent = reply(request.body(body.to_owned())).await;
                let asked = Asked {
                    path: path.clone(),
                    with_form: false,
                    with_token: true,
                };
                let (status, _, expected) = dialect::example(&row.error_format, &asked, &error).unwrap();
                assert_eq!(
                    (sent.status, &sent.body),
                    (status, &expected),
                    "{} {}",
                    row.method,
                    row.path
                );
            }
            // Without one, headers about it are about nothing.
            let headers = [("content-encoding", "gzip"), ("content-type", "text/plain")];
            let none = caller.send(row.method.clone(), &path, None, &headers).await;
            assert!(
                ![413, 415].contains(&none.status.as_u16()),
                "{} {}",
                row.method,
                row.path
            );
            walked += 1;
        }
    }
    assert!(walked > 20, "the walk has lost its routes: {walked}");
    // A read ignores it.
    let owner = world.owner().await;
    let request = owner.http.request(Method::GET, format!("{}/api/users", world.base));
    let request = request.header("authorization", format!("Bearer {}", owner.token));
    assert_eq!(reply(request.body("x")).await.status, 200);
}
