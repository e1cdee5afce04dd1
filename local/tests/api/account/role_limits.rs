//! `ChangeRole`, `Roles`, `SetMaxRoles`: which roles there are, who gets them, and how many can have them.

use serde_json::{Value, json};

use super::{done, invalid, person, recorded, refused, signed_in, walk};
use crate::reconcile::assert_reconciled;
use crate::support::{Client, Reply, World};

async fn change_role(client: &Client, id: &str, role: &str) -> Reply {
    client
        .post("/admin/changerole", json!({ "Id": id, "RoleName": role }))
        .await
}

async fn roles_of(world: &World, name: &str) -> Value {
    world.owner().await.get(&format!("/api/users/{name}")).await.body["roles"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_ladder_takes_the_place_of_another_and_any_other_is_added() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    assert_eq!(owner.post("/api/roles", json!({ "name": "Editor" })).await.status, 201);
    let jane = person(&world, "jane", &[]).await;
    for (role, then) in [
        ("Member", json!(["member", "user"])),
        ("editor", json!(["Editor", "member", "user"])),
        ("ADMIN", json!(["Editor", "admin", "user"])),
        ("admin", json!(["Editor", "admin", "user"])),
        ("SYS_ADMIN", json!(["Editor", "SYS_ADMIN", "admin", "user"])),
        ("User", json!(["Editor", "SYS_ADMIN", "user"])),
        ("EDITOR", json!(["Editor", "SYS_ADMIN", "user"])),
    ] {
        let reply = change_role(&owner, &jane.id, role).await;
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(recorded("POST /admin/changerole", &reply), @r#"
            {
              "asked": "POST /admin/changerole",
              "status": 200,
              "body": {
                "Message": "the role was given"
              }
            }
            "#);
        }
        assert_eq!(roles_of(&world, "jane").await, then, "{role}");
        assert_reconciled(&world);
    }
    assert_eq!(jane.client.get("/user/profile").await.status, 200, "a token goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_ladder_takes_the_place_of_one_that_is_limited_to_a_department_or_a_time() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    let path = format!("/api/users/{}/roles", jane.id);
    for body in [
        json!({ "role": "admin", "effectiveFrom": "2027-01-01T00:00:00Z" }),
        json!({ "role": "member", "department": "sales" }),
    ] {
        assert_eq!(owner.post(&path, body).await.status, 201);
    }
    done(&change_role(&owner, &jane.id, "Member").await);
    let left = owner.get(&path).await.body;
    let left: Vec<(&Value, &Value)> = left
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (&g["role"], &g["department"]))
        .collect();
    assert_eq!(left, [(&json!("user"), &json!(null)), (&json!("member"), &json!(null))]);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_role_or_account_is_404_and_a_missing_field_400() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let jane = person(&world, "jane", &[]).await;
    refused(&change_role(&owner, &jane.id, "nothing").await, 404, "no such role");
    refused(&change_role(&owner, &jane.id, "\u{0}").await, 404, "no such role");
    refused(&change_role(&owner, "jane", "Member").await, 404, "no such user");
    invalid(
        &owner.post("/admin/changerole", json!({ "Id": jane.id })).await,
        &["RoleName"],
    );
    invalid(
        &owner.post("/admin/changerole", json!({ "RoleName": "Member" })).await,
        &["Id"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_a_full_role_is_409_and_the_account_keeps_what_it_has() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let (jane, john) = (
        person(&world, "jane", &[]).await,
        person(&world, "john", &["admin"]).await,
    );
    let limit = owner
        .post("/owner/setmaxroles", json!({ "Name": "Member", "MaxCount": 1 }))
        .await;
    insta::assert_json_snapshot!(recorded("POST /owner/setmaxroles", &limit), @r#"
    {
      "asked": "POST /owner/setmaxroles",
      "status": 200,
      "body": {
        "Message": "the limit was set"
      }
    }
    "#);
    done(&change_role(&owner, &jane.id, "Member").await);
    let full = change_role(&owner, &john.id, "Member").await;
    insta::assert_json_snapshot!(recorded("POST /admin/changerole", &full), @r#"
    {
      "asked": "POST /admin/changerole",
      "status": 409,
      "body": {
        "Message": "the role is full"
      }
    }
    "#);
    assert_eq!(roles_of(&world, "john").await, json!(["admin", "user"]));
    done(&change_role(&owner, &jane.id, "User").await);
    done(&change_role(&owner, &john.id, "Member").await);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_set_by_either_name_never_below_the_present_count_and_taken_away_by_null() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for name in ["jane", "john"] {
        person(&world, name, &["member"]).await;
    }
    for action in ["setmaxroles", "setrolecounts"] {
        let set = |name: &'static str, count: Value| {
            let owner = owner.clone();
            async move {
                owner
                    .post(&format!("/owner/{action}"), json!({ "Name": name, "MaxCount": count }))
                    .await
            }
        };
        refused(
            &set("Member", json!(1)).await,
            409,
            "the role has more members than that",
        );
        done(&set("member", json!(2)).await);
        done(&set("MEMBER", json!(null)).await);
        refused(&set("nothing", json!(3)).await, 404, "no such role");
        invalid(&set("Member", json!(-1)).await, &["MaxCount"]);
        invalid(&set("Member", json!("many")).await, &["MaxCount"]);
        let path = format!("/owner/{action}");
        invalid(&owner.post(&path, json!({ "Name": "Member" })).await, &["MaxCount"]);
        invalid(&owner.post(&path, json!({ "MaxCount": 3 })).await, &["Name"]);
        done(&set("Member", json!(3)).await);
    }
    let roles = owner.get("/owner/roles").await;
    let member = roles
        .body
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["Name"] == "Member")
        .unwrap();
    assert_eq!(member["MaxCount"], 3);
    assert_reconciled(&world);
}

/// The limits of the ladder's lower roles, as they are listed.
async fn limits(owner: &Client) -> Vec<Value> {
    let roles = owner.get("/owner/roles").await.body;
    let limit = |name: &str| {
        let role = roles.as_array().unwrap().iter().find(|role| role["Name"] == name);
        role.unwrap()["MaxCount"].clone()
    };
    ["User", "Member", "Admin"].map(limit).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_by_a_list_of_roles_all_of_them_or_none() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    for name in ["jane", "john"] {
        person(&world, name, &["member"]).await;
    }
    let set = |list: Value| {
        let owner = owner.clone();
        async move { owner.post("/owner/setmaxroles", list).await }
    };
    let of = |name: &str, count: Value| json!({ "Id": "x", "Name": name, "MaxCount": count, "IsDeleted": false });
    let (user, member) = (of("User", json!(100)), of("member", json!(5)));
    done(&set(json!([user, member, of("Admin", json!(null))])).await);
    assert_eq!(limits(&owner).await, [json!(100), json!(5), json!(null)]);
    done(&set(json!([])).await);
    let other = of("User", json!(50));
    for (list, fields) in [
        (json!([other, { "Name": "Member" }]), vec!["1.MaxCount"]),
        (
            json!([{ "MaxCount": 1 }, { "Name": 1, "MaxCount": "x" }]),
            vec!["0.Name", "1.MaxCount", "1.Name"],
        ),
        (json!([other, "Member"]), vec!["1"]),
        (json!([other, [other]]), vec!["1"]),
        (json!([other, { "Name": "Member", "MaxCount": -1 }]), vec!["1.MaxCount"]),
    ] {
        invalid(&set(list).await, &fields);
    }
    let long = set(json!(vec![other.clone(); 21])).await;
    refused(&long, 400, "the list has 20 items at most");
    let few = set(json!([other, of("Member", json!(1))])).await;
    refused(&few, 409, "the role has more members than that");
    refused(&set(json!([other, of("nothing", json!(1))])).await, 404, "no such role");
    assert_eq!(limits(&owner).await, [json!(100), json!(5), json!(null)]);
    // As many as one request takes.
    let mut many = Vec::new();
    for n in 0..20 {
        let name = format!("role {n}");
        assert_eq!(owner.post("/api/roles", json!({ "name": name })).await.status, 201);
        many.push(of(&name, json!(n)));
    }
    done(&set(json!(many)).await);
    let shown = owner.get("/api/roles/role%2019").await;
    assert_eq!(shown.body["maxCount"], 19, "{}", shown.text);
    assert_reconciled(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_answered_in_the_letter_case_of_its_first_element() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    let small = json!([{ "name": "Member", "maxCount": 5 }, { "Name": "User", "MaxCount": null }]);
    let reply = owner.post("/owner/setmaxroles", small).await;
    assert_eq!(
        (reply.status.as_u16(), reply.str("message")),
        (200, "the limit was set")
    );
    let capital = json!([{ "Name": "Member", "MaxCount": 5 }, { "name": "User", "maxCount": null }]);
    let reply = owner.post("/owner/setmaxroles", capital).await;
    assert_eq!(
        (reply.status.as_u16(), reply.str("Message")),
        (200, "the limit was set")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_listed_with_their_limits_those_of_the_system_first() {
    let world = World::new().await;
    let owner = signed_in(&world, "owner", "Owner@12345").await;
    world.clock.advance_ms(1);
    assert_eq!(
        owner
            .post("/api/roles", json!({ "name": "Editor", "maxCount": 7 }))
            .await
            .status,
        201
    );
    let reply = owner.get("/admin/roles").await;
    insta::assert_json_snapshot!(recorded("GET /admin/roles", &reply), @r#"
    {
      "asked": "GET /admin/roles",
      "status": 200,
      "body": [
        {
          "Id": "00000000-0000-8000-8000-000000000001",
          "Name": "User",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "00000000-0000-8000-8000-000000000002",
          "Name": "Member",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "00000000-0000-8000-8000-000000000003",
          "Name": "Admin",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "00000000-0000-8000-8000-000000000004",
          "Name": "Owner",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "00000000-0000-8000-8000-000000000005",
          "Name": "SYS_ADMIN",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "00000000-0000-8000-8000-000000000006",
          "Name": "SERVICE_ACCOUNT",
          "MaxCount": null,
          "CreatedOn": "2026-11-22T08:00:00.000Z",
          "ModifiedOn": "2026-11-22T08:00:00.000Z",
          "DeletedOn": null,
          "IsDeleted": false
        },
        {
          "Id": "<id>",
          "Name": "Editor",
          "MaxCount": 7,
          "CreatedOn": "2026-11-22T08:00:00.001Z",
          "ModifiedOn": "2026-11-22T08:00:00.001Z",
          "DeletedOn": null,
          "IsDeleted": false
        }
      ]
    }
    "#);
    assert_eq!(json!(walk(&owner, "/admin/roles", 2).await), reply.body);
}
