use serde_json::json;

use super::seal::Part;
use super::*;
use crate::store::bulk;
use crate::store::table::{Key, to_item};

fn row() -> Item {
    let row = json!({
        "id": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "tenant": "main", "kind": "emailChanged", "at": 1_795_334_400_123_i64,
        "actor": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c", "ip": "203.0.113.7",
        "target": { "user": "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d" },
        "before": { "email": "jane@example.org", "emailVerified": true }, "after": { "email": null, "emailVerified": false },
        "ttl": 1_795_334_400 + 400 * 24 * 3_600,
    });
    to_item(
        &Key::new("T#main#RIGHTS#2026-11#0", "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        &row,
    )
    .unwrap()
}

fn linked() -> (Item, Head) {
    let mut item = row();
    let head = append(&mut item, &Head::of_nothing("400-7")).unwrap();
    (item, head)
}

#[test]
fn a_row_is_of_the_chains_of_its_tenant_and_retention() {
    let (group, size) = group(&row()).unwrap().unwrap();
    assert_eq!(
        (group.tenant.as_str(), group.days, size),
        ("main", 400, TenantSize::Small)
    );
    let mut further = row();
    further.insert("PK".to_owned(), text("T#main#RIGHTS#2026-11#3"));
    assert_eq!(super::group(&further).unwrap().unwrap().1, TenantSize::Large);
    let other = to_item(&Key::new("T#main#USER#x", "USER"), &json!({})).unwrap();
    assert!(super::group(&other).unwrap().is_none());
}

#[test]
fn a_row_is_sound_until_anything_in_it_is_another() {
    let (item, head) = linked();
    assert!(is_sound(&item).unwrap());
    assert_eq!((head.seq, position(&item).unwrap().hash), (1, head.hash));
    for name in item.keys().filter(|name| *name != LINK) {
        let (mut gone, mut other) = (item.clone(), item.clone());
        gone.remove(name);
        assert!(!is_sound(&gone).unwrap(), "{name} is gone");
        other.insert(name.clone(), text("x"));
        assert!(!is_sound(&other).unwrap(), "{name} is another");
    }
    let Some(Value::M(link)) = item.get(LINK) else { panic!() };
    for name in link.keys() {
        let mut other = item.clone();
        let Some(Value::M(link)) = other.get_mut(LINK) else {
            panic!()
        };
        link.remove(name);
        assert!(!is_sound(&other).unwrap(), "{name} of the link is gone");
    }
    let mut more = item.clone();
    more.insert("note".to_owned(), text("x"));
    assert!(!is_sound(&more).unwrap());
}

#[test]
fn what_an_erasure_empties_leaves_a_row_sound_without_a_trace_of_it() {
    let (mut item, _) = linked();
    assert_eq!(seal::emptied_by(&item), Vec::<String>::new());
    Part::Actor.empty(&mut item);
    assert!(is_sound(&item).unwrap() && string(&item, "ip") == Some(""));
    assert_eq!(seal::emptied_by(&item), ["0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c"]);
    Part::Target.empty(&mut item);
    assert!(is_sound(&item).unwrap());
    assert_eq!(seal::emptied_by(&item).len(), 2);
    let left = bulk::json(&item).unwrap().to_string();
    assert!(
        !left.contains("jane") && !left.contains("203.0") && !left.contains("salt"),
        "{left}"
    );
    item.insert("ip".to_owned(), text("203.0.113.7"));
    assert!(!is_sound(&item).unwrap(), "what is empty cannot be filled again");
}

#[test]
fn equal_texts_have_other_digests_in_every_row() {
    let digest = |(item, _): (Item, Head)| {
        let Some(Value::M(link)) = item.get(LINK) else { panic!() };
        json_of(&link["ofActor"]).unwrap()["M"]["digest"].clone()
    };
    assert_ne!(digest(linked()), digest(linked()));
}

#[test]
fn no_row_expires_before_the_one_ahead_of_it() {
    let (_, head) = linked();
    let mut item = row();
    item.insert("ttl".to_owned(), number(head.expires - 30));
    let next = append(&mut item, &head).unwrap();
    assert_eq!(
        (next.expires, integer(&item, "ttl")),
        (head.expires, Some(head.expires))
    );
    assert_eq!(position(&item).unwrap().prev, head.hash);
}
