//! The same for the account contract. The first request of a minute writes down that its API key was used; here an
//! account logs in before, so that only the route that is about this does so.

use serde_json::{Value, json};
use usher::domain::mail::Purpose;

use super::diff::{Diff, between, dump};
use super::routes::{FROM_HERE_ON, ONCE, Scenario, Somebody, harmful, under_faults};
use crate::account::{done, signed_in};
use crate::backstage::one_time;
use crate::proxy::Fault;
use crate::reconcile::assert_reconciled;
use crate::support::{Client, PASSWORD, Reply, World};

type Asked = (Client, String, Option<Value>, u16);

/// Whether the route is one of this contract's.
pub(super) fn knows(route: &str) -> bool {
    [" /auth/", " /user/", " /admin/", " /owner/"]
        .iter()
        .any(|path| route.contains(path))
}

/// As `routes::ready`: who sends what where, and what it is answered with on a good day.
pub(super) async fn ready(world: &World, owner: &Client, some: &Somebody, route: &str, n: usize) -> Asked {
    let user = match route == "GET /user/profile" {
        // A minute after the last use of the key, with a session that is new.
        true => {
            world.clock.advance(60);
            world.signed_in(&some.name, PASSWORD).await
        }
        false => signed_in(world, &some.name, PASSWORD).await,
    };
    let (_, path) = route.split_once(' ').unwrap();
    let (path, _case) = path.split_once(' ').unwrap_or((path, ""));
    let body = if path.starts_with("/user/") {
        of_one_s_own(some, route, n)
    } else if path.starts_with("/auth/") {
        of_a_guest(world, some, route, n).await
    } else {
        of_another(owner, some, route, n).await
    };
    let who = match path.split('/').nth(1).unwrap() {
        "auth" => world.nobody(),
        "user" => user,
        _ => owner.clone(),
    };
    if path.contains("account") {
        mail_to(world, some).await;
    }
    (who, path.to_owned(), body, 200)
}

async fn of_a_guest(world: &World, some: &Somebody, route: &str, n: usize) -> Option<Value> {
    let body = match route {
        "POST /auth/register" => {
            let name = format!("new-{n:04}");
            json!({ "Email": format!("{name}@example.org"), "Username": name, "Password": PASSWORD, "FirstName": "New" })
        }
        "POST /auth/login" => json!({ "Username": some.name, "Password": PASSWORD }),
        "POST /auth/resetpassword asking" => json!({ "Email": format!("{}@example.org", some.name) }),
        "POST /auth/resetpassword choosing" => {
            let token = one_time(world, &some.id, Purpose::SetPassword).await;
            json!({ "Token": token, "New": "battery staple" })
        }
        other => panic!("{other} is not known here"),
    };
    Some(body)
}

fn of_one_s_own(some: &Somebody, route: &str, n: usize) -> Option<Value> {
    match route {
        "POST /user/update" => Some(json!({ "FirstName": "Jane", "Address": { "Str": "Bryggen 1" } })),
        "POST /user/change Email" => {
            let (old, new) = (
                format!("{}@example.org", some.name),
                format!("moved-{n:04}@example.org"),
            );
            Some(json!({ "Key": "Email", "Old": old, "New": new }))
        }
        "POST /user/change Username" => {
            Some(json!({ "Key": "Username", "Old": some.name, "New": format!("moved-{n:04}") }))
        }
        "POST /user/change Password" => Some(json!({ "Key": "Password", "Old": PASSWORD, "New": "battery staple" })),
        _ => None,
    }
}

async fn of_another(owner: &Client, some: &Somebody, route: &str, n: usize) -> Option<Value> {
    let id = &some.id;
    let own_role = format!("role-{n:04}");
    let body = match route {
        "POST /admin/update" => json!({ "Id": id, "LastName": "Doe" }),
        "POST /admin/change Email" => {
            let (old, new) = (
                format!("{}@example.org", some.name),
                format!("moved-{n:04}@example.org"),
            );
            json!({ "Id": id, "Key": "Email", "Old": old, "New": new })
        }
        "POST /admin/change Password" => json!({ "Id": id, "Key": "Password", "New": "battery staple" }),
        "POST /admin/deleteuser" => json!({ "Id": id }),
        "POST /admin/deleteuseraccount" => {
            // An administrator, so that there is one fewer.
            change_role(owner, id, "Admin").await;
            json!({ "Id": id })
        }
        "POST /admin/changerole ladder" => {
            change_role(owner, id, "Member").await;
            json!({ "Id": id, "RoleName": "Admin" })
        }
        "POST /admin/changerole" => json!({ "Id": id, "RoleName": own_role }),
        "POST /owner/setmaxroles" | "POST /owner/setrolecounts" => json!({ "Name": own_role, "MaxCount": 7 }),
        other => panic!("{other} is not known here"),
    };
    Some(body)
}

async fn change_role(owner: &Client, id: &str, role: &str) {
    let body = json!({ "Id": id, "RoleName": role });
    done(&owner.post("/admin/changerole", body).await);
}

async fn mail_to(world: &World, some: &Somebody) {
    let body = json!({ "Email": format!("{}@example.org", some.name) });
    done(&world.nobody().post("/auth/resetpassword", body).await);
}

/// The answer where the store does not answer, in this contract's own words.
pub(super) fn busy() -> Value {
    let message = "the service is busy; try again shortly";
    json!({ "Message": message, "En": message, "Bg": "услугата е заета; опитайте отново след малко" })
}

/// What an erasure of one's own account that broke off may have done: it cleans up before it decides.
fn only_cleaned(diff: &Diff) -> bool {
    let steps = ["USER/LOGIN changed", "USER/SESSION changed", "MAIL/MAIL went"];
    diff.keys().all(|what| steps.contains(&what.as_str()))
}

/// The status of an account that is there.
fn status(world: &World, id: &str) -> Option<String> {
    let items = world.items();
    let is = |item: &&Value| item["SK"]["S"] == "USER" && item["id"]["S"] == id;
    let own = items.iter().find(is)?;
    Some(own["status"]["S"].as_str().unwrap_or("active").to_owned())
}

fn assert_busy(reply: &Reply, context: &str) {
    assert_eq!(
        (reply.status.as_u16(), reply.header("retry-after"), &reply.body),
        (503, "1", &busy()),
        "{context}"
    );
}

/// Erasures take several steps. Before the last one the account is there, as it was or (another's) deleted, the answer is
/// 503, and the same request once more does all that is left; after it nothing of the account is left, and the answer is that.
async fn erasure_under_faults(route: &'static str) {
    let mut day = Scenario::of(route).await;
    let (good, calls) = day.good().await;
    for what in ["USER/USER went", "USER/SESSION changed", "MAIL/MAIL went"] {
        assert!(good.contains_key(what), "{what}: {good:?}");
    }
    let mut kept = 0;
    for k in 1..=calls {
        day.endures(ONCE[k % 5], k, &good).await;
        day.endures(Fault::DroppedAfter, k, &good).await;
        kept += usize::from(breaks_off(&mut day, k, &good).await);
    }
    assert!(kept > 4 && kept < calls, "{kept} of {calls}");
    assert_reconciled(&day.world);
    every_answer_is_lost(&mut day, good).await;
}

/// A fault that begins at this call and lasts, and what is left once it is over. Whether the account was.
async fn breaks_off(day: &mut Scenario, k: usize, good: &Diff) -> bool {
    let fault = FROM_HERE_ON[k % 4];
    let (request, context) = (day.ready().await, format!("{fault:?} from call {k} on"));
    let before = dump(&day.world);
    day.proxy.plan(move |call| (call.number >= k).then_some(fault));
    let reply = request.send().await;
    day.proxy.calm();
    let left = status(&day.world, &request.whose);
    let kept = left.is_some();
    if kept {
        assert_busy(&reply, &context);
        let diff = between(&before, &dump(&day.world));
        let is_deleted = left.as_deref() == Some("deleted");
        assert!(is_deleted || only_cleaned(&diff), "{context}: {diff:?}");
        if !is_deleted {
            // Search entries of a deleted account may be left, and find nothing.
            assert_reconciled(&day.world);
        }
        assert_eq!(request.send().await.status, 200, "{context}, and then well");
    } else {
        assert_eq!(reply.status, 200, "{context}: {}", reply.text);
    }
    assert_eq!(&between(&before, &dump(&day.world)), good, "{context}");
    kept
}

/// Whoever is answered 503 finds it done when asking again: no such account exists.
async fn every_answer_is_lost(day: &mut Scenario, good: Diff) {
    let request = day.ready().await;
    let before = dump(&day.world);
    day.proxy
        .plan(|call| (call.operation == "TransactWriteItems").then_some(Fault::DroppedAfter));
    assert_busy(&request.send().await, "every answer is lost");
    day.proxy.calm();
    if status(&day.world, &request.whose).as_deref() == Some("deleted") {
        // The first of its two transactions was done.
        assert_eq!(request.send().await.status, 200);
    }
    assert_eq!(between(&before, &dump(&day.world)), good);
    let again = request.send().await.status.as_u16();
    assert!([401, 404].contains(&again), "{again}");
    assert_eq!(between(&before, &dump(&day.world)), good);
    assert_reconciled(&day.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_f2_f3_one_s_own_account_is_erased_to_the_end_or_once_more() {
    erasure_under_faults("GET /user/deleteaccount").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_f2_f3_another_s_account_is_erased_to_the_end_or_once_more() {
    erasure_under_faults("POST /admin/deleteuseraccount").await;
}

/// That an API key was used stays written down, whatever becomes of the request.
#[tokio::test(flavor = "multi_thread")]
async fn f1_a_key_s_first_use_of_a_minute_is_all_that_is_left_of_a_refused_request() {
    let mut day = Scenario::of("POST /auth/register").await;
    let request = day.ready().await;
    day.world.clock.advance(60);
    day.proxy.cost();
    assert_eq!(request.send().await.status, 200);
    let operations = day.proxy.cost().operations;
    let (calls, use_at) = (
        operations.len(),
        operations.iter().position(|name| name == "UpdateItem"),
    );
    let mut used = 0;
    for k in 1..=calls {
        let (request, context) = (day.ready().await, format!("from call {k} on"));
        day.world.clock.advance(60);
        let before = dump(&day.world);
        day.proxy.plan(move |call| (call.number >= k).then_some(Fault::Busy));
        assert_busy(&request.send().await, &context);
        day.proxy.calm();
        let diff = harmful(between(&before, &dump(&day.world)));
        let what: Vec<&str> = diff.keys().map(String::as_str).collect();
        used += diff.len();
        assert!(what.is_empty() || what == ["APIKEY/KEY changed"], "{context}: {diff:?}");
        assert_eq!(request.send().await.status, 200, "{context}, and then well");
    }
    assert_eq!(Some(calls - 1 - used), use_at, "{operations:?}");
    assert!(used > 0);
    assert_reconciled(&day.world);
}

under_faults! {
    f1_f2_f3_that_an_api_key_was_used_is_written_down_once_or_not_at_all: "GET /user/profile",
    f1_f2_f3_a_registration_by_this_contract_makes_one_account_or_none: "POST /auth/register",
    f1_f2_f3_a_login_for_thirty_days_opens_one_session_or_none: "POST /auth/login",
    f1_f2_f3_a_guest_s_mail_is_asked_for_once_or_not_at_all: "POST /auth/resetpassword asking",
    f1_f2_f3_a_guest_chooses_a_password_once_or_not_at_all: "POST /auth/resetpassword choosing",
    f1_f2_f3_one_s_own_mail_is_asked_for_once_or_not_at_all: "GET /user/resetpassword",
    f1_f2_f3_a_logout_by_get_ends_one_session_or_none: "GET /user/logout",
    f1_f2_f3_one_s_own_properties_change_together_or_not_at_all: "POST /user/update",
    f1_f2_f3_one_s_own_address_changes_whole_or_not_at_all: "POST /user/change Email",
    f1_f2_f3_one_s_own_name_changes_whole_or_not_at_all: "POST /user/change Username",
    f1_f2_f3_one_s_own_password_changes_by_this_contract_once_or_not_at_all: "POST /user/change Password",
    f1_f2_f3_one_s_own_account_is_deleted_whole_or_not_at_all: "GET /user/delete",
    f1_f2_f3_another_s_properties_change_once_or_not_at_all: "POST /admin/update",
    f1_f2_f3_another_s_address_changes_whole_or_not_at_all: "POST /admin/change Email",
    f1_f2_f3_another_s_password_changes_once_or_not_at_all: "POST /admin/change Password",
    f1_f2_f3_an_account_is_deleted_by_its_id_whole_or_not_at_all: "POST /admin/deleteuser",
    f1_f2_f3_a_role_of_the_ladder_takes_another_s_place_once_or_not_at_all: "POST /admin/changerole ladder",
    f1_f2_f3_a_role_is_added_once_or_not_at_all: "POST /admin/changerole",
    f1_f2_f3_a_role_s_limit_is_set_once_or_not_at_all: "POST /owner/setmaxroles",
    f1_f2_f3_a_role_s_count_is_set_once_or_not_at_all: "POST /owner/setrolecounts",
}
