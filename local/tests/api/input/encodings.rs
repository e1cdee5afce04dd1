//! Bodies that are compressed, and bodies that are sent in chunks and are not there.

use usher::error::Error;
use usher::http::dialect::{self, Asked};

use super::walk::{Walk, routes};
use crate::lambda_events::raw;
use crate::support::World;

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
