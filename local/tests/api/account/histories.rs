//! `Users`, `Entries`, `RightsChanges`: listings, newest first, a page at a time.

use serde_json::{Value, json};
use usher::domain::tenant_settings::Chosen;

use super::{done, invalid, login, next, person, recorded, refused, signed_in, walk};
use crate::support::{Client, PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_newest_first_and_a_link_leads_to_the_next_page() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for n in 0..5 {
        world.clock.advance_ms(1);
        person(&world, &format!("u{n}"), if n == 1 { &["member"] } else { &[] }).await;
    }
    let first = owner.get("/admin/users?limit=1").await;
    let query = next(&first).unwrap();
    assert!(query.starts_with("?limit=1&cursor="), "{query}");
    let mut record = recorded("GET /admin/users?limit=1", &first);
    record["link"] = json!("<next>");
    insta::assert_json_snapshot!(record, @r#"
    {
      "asked": "GET /admin/users?limit=1",
      "status": 200,
      "link": "<next>",
      "body": [
        {
          "Id": "<id>",
          "RoleName": "User",
          "Email": "u4@example.org",
          "Username": "u4",
          "CreatedOn": "2026-11-22T08:00:00.009Z",
          "FirstName": null,
          "MiddleName": null,
          "LastName": null,
          "Gender": null,
          "Age": null,
          "Address": {
            "Country": null,
            "City": null,
            "Str": null
          },
          "Contact": {
            "Mobile": null,
            "Email": null,
            "Website": null,
            "Facebook": null,
            "Instagram": null,
            "TikTok": null,
            "Youtube": null,
            "Twitter": null
          },
          "ModifiedOn": "2026-11-22T08:00:00.009Z",
          "DeletedOn": null,
          "IsDeleted": false
        }
      ]
    }
    "#);
    let all = walk(&owner, "/admin/users", 3).await;
    assert_eq!(all.len(), 7);
    let shown: Vec<(&Value, &Value)> = all
        .iter()
        .map(|user| (&user["Username"], &user["RoleName"]))
        .take(5)
        .collect();
    let expected = [
        ("u4", "User"),
        ("u3", "User"),
        ("u2", "User"),
        ("u1", "Member"),
        ("u0", "User"),
    ];
    assert_eq!(json!(shown), json!(expected));
    let last = owner.get("/admin/users?limit=100").await;
    assert_eq!((last.body.as_array().unwrap().len(), next(&last)), (7, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn i06_a_limit_or_a_cursor_that_is_none_is_400_on_every_listing() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let other = signed_in(&world, "admin", "Admin@123").await;
    let cursor = next(&owner.get("/admin/users?limit=1").await).unwrap();
    for path in ["/admin/users", "/admin/roles", "/admin/entries", "/admin/rightschanges"] {
        for limit in ["0", "-1", "101", "1e9", "abc", ""] {
            invalid(&owner.get(&format!("{path}?limit={limit}")).await, &["limit"]);
        }
        invalid(&owner.get(&format!("{path}?limit=1&LIMIT=2")).await, &["limit"]);
        invalid(&owner.get(&format!("{path}?cursor=nonsense")).await, &["cursor"]);
        invalid(&other.get(&format!("{path}{cursor}")).await, &["cursor"]);
        let own = owner.get(&format!("{path}{cursor}")).await;
        assert_eq!(
            own.status.as_u16(),
            if path == "/admin/users" { 200 } else { 400 },
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_everyone_s_logins_and_logouts_and_nothing_else() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    world.clock.advance_ms(1);
    let jane = person(&world, "jane", &[]).await;
    world.clock.advance_ms(1);
    assert_eq!(login(&world, "jane", "not the password").await.status, 401);
    world.clock.advance_ms(1);
    done(&jane.client.get("/user/logout").await);
    let reply = owner.get("/admin/entries?limit=2").await;
    let mut record = recorded("GET /admin/entries?limit=2", &reply);
    record["link"] = json!("<next>");
    insta::assert_json_snapshot!(record, @r#"
    {
      "asked": "GET /admin/entries?limit=2",
      "status": 200,
      "link": "<next>",
      "body": [
        {
          "UserId": "<id>",
          "Username": "jane",
          "Login": false,
          "CreatedOn": "2026-11-22T08:00:00.004Z"
        },
        {
          "UserId": "<id>",
          "Username": "jane",
          "Login": true,
          "CreatedOn": "2026-11-22T08:00:00.002Z"
        }
      ]
    }
    "#);
    let all = walk(&owner, "/admin/entries", 1).await;
    let login = |row: &Value| (row["Username"].clone(), row["Login"].clone());
    let names: Vec<(Value, Value)> = all.iter().map(login).collect();
    let (yes, no) = (json!(true), json!(false));
    let (of_jane, of_owner) = (json!("jane"), json!("owner"));
    assert_eq!(names[..2], [(of_jane.clone(), no), (of_jane.clone(), yes.clone())]);
    assert!(
        names[2..].iter().all(|entry| *entry == (of_owner.clone(), yes.clone())),
        "{names:?}"
    );
    let own = walk(&owner, &format!("/admin/entries?userid={}", jane.id), 1).await;
    assert_eq!(own, all[..2]);
    invalid(&owner.get("/admin/entries?UserId=jane").await, &["UserId"]);
    let nobody = owner
        .get("/admin/entries?UserId=00000000-0000-7000-8000-000000000000")
        .await;
    assert_eq!(nobody.body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_go_back_through_the_months_as_far_as_the_histories_are_kept() {
    let world = World::with(&[("USHER_HISTORY_DAYS", "160")]).await;
    let months = 5;
    for _ in 0..months {
        signed_in(&world, "owner", "Owner@12345").await;
        world.clock.advance(31 * 24 * 3600);
    }
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for limit in [1, 2, 100] {
        let all = walk(&owner, "/admin/entries", limit).await;
        let dates: Vec<&str> = all.iter().map(|row| row["CreatedOn"].as_str().unwrap()).collect();
        assert_eq!(dates.len(), months + 1, "{dates:?}");
        assert!(dates.windows(2).all(|pair| pair[0] > pair[1]), "{dates:?}");
    }
    super::guests::set(
        &world,
        Chosen {
            history_days: Some(40),
            ..Chosen::default()
        },
    )
    .await;
    // Rows keep the retention that they were written under (rule 7).
    let still = walk(&owner, "/admin/entries", 100).await;
    assert_eq!(still.len(), months + 1, "{still:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_has_entries_without_a_name() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    done(&jane.client.get("/user/deleteaccount").await);
    let reply = owner.get(&format!("/admin/entries?UserId={}", jane.id)).await;
    let rows: Vec<(&Value, &Value)> = reply
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["Username"], &row["UserId"]))
        .collect();
    assert_eq!(rows, [(&json!(null), &json!(jane.id))]);
}

/// From, to and role of each change, with names for ids.
async fn changes(client: &Client, path: &str, names: &[(&str, &str)]) -> Vec<[String; 3]> {
    let named = |value: &Value| {
        let id = value.as_str().unwrap_or("-");
        let found = names.iter().find(|(_, known)| *known == id);
        found.map_or_else(|| id.to_owned(), |(name, _)| (*name).to_owned())
    };
    let all = walk(client, path, 2).await;
    all.iter()
        .map(|row| [named(&row["From"]), named(&row["To"]), named(&row["Role"])])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_rights_are_listed_with_who_made_them_to_whom_and_which_role() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let boss_of_all = owner.get("/owner/profile").await.str("Id").to_owned();
    world.clock.advance_ms(1);
    let boss = person(&world, "boss", &["admin"]).await;
    world.clock.advance_ms(1);
    let jane = person(&world, "jane", &[]).await;
    world.clock.advance_ms(1);
    done(
        &boss
            .client
            .post("/admin/changerole", json!({ "Id": jane.id, "RoleName": "Member" }))
            .await,
    );
    world.clock.advance_ms(1);
    done(
        &owner
            .post("/admin/changerole", json!({ "Id": jane.id, "RoleName": "User" }))
            .await,
    );
    world.clock.advance_ms(1);
    done(&boss.client.post("/admin/deleteuser", json!({ "Id": jane.id })).await);
    world.clock.advance_ms(1);
    done(
        &owner
            .post("/owner/setmaxroles", json!({ "Name": "Member", "MaxCount": 9 }))
            .await,
    );
    let member = "00000000-0000-8000-8000-000000000002";
    let names = [
        ("owner", boss_of_all.as_str()),
        ("boss", &boss.id),
        ("jane", &jane.id),
        ("members", member),
    ];
    let of = |path: &'static str| changes(&owner, path, &names);
    let rows = |rows: &[[&str; 3]]| -> Vec<[String; 3]> { rows.iter().map(|row| row.map(str::to_owned)).collect() };
    let all = of("/admin/rightschanges").await;
    let expected = rows(&[
        ["owner", "members", "Member"],
        ["boss", "jane", "-"],
        ["owner", "jane", "Member"],
        ["boss", "jane", "Member"],
        ["owner", "jane", "User"],
        ["owner", "boss", "Admin"],
    ]);
    assert_eq!(all[..6], expected);
    let by_boss = rows(&[["boss", "jane", "-"], ["boss", "jane", "Member"]]);
    assert_eq!(of("/admin/rightschanges?From=boss").await, by_boss);
    assert_eq!(
        of("/admin/rightschanges?from=BOSS@example.org&to=00000000-0000-7000-8000-000000000000").await,
        rows(&[])
    );
    assert_eq!(
        of("/admin/rightschanges?From=owner&Role=member").await,
        rows(&[["owner", "members", "Member"], ["owner", "jane", "Member"]])
    );
    assert_eq!(
        of("/admin/rightschanges?Role=admin").await[..1],
        rows(&[["owner", "boss", "Admin"]])
    );
    let to_jane = changes(&owner, &format!("/admin/rightschanges?To={}", jane.id), &names).await;
    assert_eq!(to_jane, expected[1..5]);
    let one = owner
        .post(
            "/admin/rightschanges",
            json!({ "TO": jane.id, "ROLE": "member", "from": boss.id }),
        )
        .await;
    insta::assert_json_snapshot!(recorded("POST /admin/rightschanges", &one), @r#"
    {
      "asked": "POST /admin/rightschanges",
      "status": 200,
      "body": [
        {
          "From": "<id>",
          "To": "<id>",
          "Role": "Member",
          "Date": "2026-11-22T08:00:00.005Z"
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_changes_goes_on_by_get_or_post_with_the_same_filters() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    for role in ["Member", "Admin", "Member"] {
        world.clock.advance_ms(1);
        done(
            &owner
                .post("/admin/changerole", json!({ "Id": jane.id, "RoleName": role }))
                .await,
        );
    }
    let filter = json!({ "To": "jane", "Role": "Member" });
    let first = owner.post("/admin/rightschanges?limit=1", filter.clone()).await;
    let query = next(&first).unwrap();
    let by_get = owner.get(&format!("/admin/rightschanges{query}")).await;
    let by_post = owner.post(&format!("/admin/rightschanges{query}"), filter).await;
    assert_eq!((by_get.status.as_u16(), &by_get.body), (200, &by_post.body));
    assert_ne!(by_get.body, first.body);
    let other = owner
        .post(&format!("/admin/rightschanges{query}"), json!({ "To": "owner" }))
        .await;
    invalid(&other, &["cursor"]);
    let bare = owner.post_empty(&format!("/admin/rightschanges{query}")).await;
    assert_eq!((bare.status.as_u16(), &bare.body), (200, &by_get.body));
    assert_eq!(
        walk(&owner, "/admin/rightschanges?To=jane&Role=Member", 1).await.len(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_rights_are_asked_for_without_a_body() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let by_get = owner.get("/admin/rightschanges").await;
    let by_post = owner.post_empty("/admin/rightschanges").await;
    assert_eq!((by_post.status.as_u16(), &by_post.body), (200, &by_get.body));
    assert!(!by_get.body.as_array().unwrap().is_empty());
    let json = [("content-type", "application/json")];
    let named = owner
        .send(reqwest::Method::POST, "/admin/rightschanges", None, &json)
        .await;
    assert_eq!((named.status.as_u16(), &named.body), (200, &by_get.body));
    let nulls = json!({ "From": null, "To": null, "Role": null });
    assert_eq!(owner.post("/admin/rightschanges", nulls).await.body, by_get.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_names_nobody_or_no_role_is_400_at_its_field() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let body = json!({ "From": "nobody", "To": "no body", "Role": "nothing" });
    invalid(&owner.post("/admin/rightschanges", body).await, &["From", "Role", "To"]);
    invalid(&owner.get("/admin/rightschanges?Role=nothing").await, &["Role"]);
    invalid(
        &owner.post("/admin/rightschanges", json!({ "From": 1 })).await,
        &["From"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn z05_listings_are_for_administrators() {
    let world = World::new().await;
    let member = person(&world, "member", &["member"]).await;
    for action in ["users", "roles", "entries", "rightschanges"] {
        refused(
            &member.client.get(&format!("/admin/{action}")).await,
            403,
            "this path is for admins",
        );
        refused(
            &member.client.get(&format!("/member/{action}")).await,
            404,
            "there is nothing at this path",
        );
    }
    signed_in(&world, "member", PASSWORD).await;
}
