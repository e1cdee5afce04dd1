//! Paths that name nobody, and such as could.

use reqwest::Method;
use serde_json::json;
use usher::http::call::{UserPath, not_utf_8};
use usher::http::dialect::{self, Asked};

use crate::support::{World, tables};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_can_be_nobody_is_400_on_every_path_in_the_words_of_its_contract() {
    let world = World::new().await;
    let owner = world.owner().await;
    let mut walked = 0;
    for table in tables() {
        for row in table.rows().iter().filter(|row| row.path.contains("{user}")) {
            for nobody in ["a@b@c", "%20", "@", "%00", "%ff", "a%20%20b", "jane%40"] {
                let path = row.path.replace("{user}", nobody).replace(['{', '}'], "");
                let body = (row.method != Method::GET).then(|| json!({ "role": "member" }));
                let reply = owner.send(row.method.clone(), &path, body, &[]).await;
                let asked = Asked {
                    path,
                    with_token: true,
                    ..Asked::default()
                };
                let example = dialect::example(&row.error_format, &asked, &UserPath::refused());
                let (_, _, expected) = example.unwrap();
                assert_eq!(
                    (reply.status.as_u16(), &reply.body),
                    (400, &expected),
                    "{} {}",
                    row.method,
                    row.path
                );
            }
            walked += 1;
        }
    }
    assert!(walked > 15, "the walk has lost its routes");
    // Whoever may not ask learns nothing of it.
    assert_eq!(world.nobody().get("/api/users/a@b@c").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_not_utf_8_is_400_on_every_path_in_the_words_of_its_contract() {
    let world = World::new().await;
    let owner = world.owner().await;
    world.user("jane@example.org").await;
    let mut walked = 0;
    for row in tables().iter().flat_map(|table| table.rows()) {
        let names = row
            .path
            .split('/')
            .filter_map(|one| one.strip_prefix('{')?.strip_suffix('}'));
        for name in names.filter(|name| !["user", "token"].contains(name)) {
            let path = row.path.replace(&format!("{{{name}}}"), "%FF");
            let path = path.replace("{user}", "jane@example.org").replace(['{', '}'], "");
            let body = (row.method == Method::PATCH).then(|| json!({ "description": "x" }));
            let reply = owner.send(row.method.clone(), &path, body, &[]).await;
            let asked = Asked {
                path,
                with_token: true,
                with_form: false,
            };
            let example = dialect::example(&row.error_format, &asked, &not_utf_8(name));
            let (status, _, expected) = example.unwrap();
            assert_eq!(
                (reply.status, &reply.body),
                (status, &expected),
                "{} {}",
                row.method,
                row.path
            );
            assert_eq!(status, 400);
            walked += 1;
        }
    }
    assert!(walked > 5, "the walk has lost its routes");
    // A link that was cut in a mail.
    let link = world.nobody().get("/v1/user/email/verify/%FF").await;
    assert_eq!((link.status.as_u16(), link.text.as_str()), (400, "Token invalid."));
}
