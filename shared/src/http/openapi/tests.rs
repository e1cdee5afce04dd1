//! The document of a sample table with everything in it that a handler can take and answer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{check, document};
use crate::Result;
use crate::access::guard::{Guard, needs};
use crate::actions::Context;
use crate::error::{Conflict, Error};
use crate::http::answer::{Created, Json, Maybe, NoContent, Sentence, Tagged};
use crate::http::body::{Body, MergePatch};
use crate::http::call::{GrantPath, Query, RolePath, UserPath};
use crate::http::preconditions::IfMatch;
use crate::http::prefer::Prefer;
use crate::http::problem::Problem;
use crate::http::routes::Routes;

/// A thing.
#[derive(Serialize, Deserialize, ToSchema)]
struct Thing {
    #[schema(example = "jane@example.org")]
    email: String,
    size: u32,
    colour: Option<Colour>,
    #[schema(no_recursion)]
    part: Option<Box<Thing>>,
    unshown: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Blue,
}

#[derive(Serialize, ToSchema)]
struct Page<T> {
    #[schema(inline)]
    items: Vec<T>,
}

#[derive(Serialize, ToSchema)]
struct Bare<T> {
    items: Vec<T>,
}

#[derive(Serialize, ToSchema)]
struct Pair {
    left: Colour,
}

#[derive(Deserialize, IntoParams)]
struct Limit {
    /// How many.
    #[expect(dead_code, reason = "only read by serde")]
    limit: Option<u16>,
}

mod other {
    #[derive(serde::Serialize, utoipa::ToSchema)]
    pub struct Thing {
        pub another: bool,
    }
}

fn no<T>() -> Result<T> {
    Err(Error::NoSuchRoute)
}

async fn list(_: Context, _: Query<Limit>) -> Result<Json<Page<Thing>>> {
    no()
}
async fn pairs(_: Context) -> Result<Json<Page<Pair>>> {
    no()
}
async fn colours(_: Context) -> Result<Json<Vec<Pair>>> {
    no()
}
async fn create(_: Context, _: Body<Thing>) -> Result<Created<Thing>> {
    no()
}
async fn change(_: Context, _: UserPath, _: IfMatch, _: Prefer, _: MergePatch<Thing>) -> Result<Maybe<Thing>> {
    no()
}
async fn role(_: Context, _: RolePath) -> Result<Tagged<Thing>> {
    no()
}
async fn revoke(_: Context, _: UserPath, _: GrantPath) -> Result<NoContent> {
    no()
}
async fn page() -> Result<Sentence> {
    no()
}
async fn namesake(_: Context) -> Result<Json<other::Thing>> {
    no()
}

fn things() -> Routes {
    const THINGS: Guard = needs("admin.users");
    Routes::new::<Problem>("Things")
        .about("All about things.")
        .get("/things", THINGS, list)
        .summary("Lists them")
        .post("/things", Guard::Anyone, create)
        .summary("Makes one")
        .errors(&[
            Error::WrongCredentials,
            Error::Conflict(Conflict::EmailTaken),
            Error::Conflict(Conflict::RoleFull),
        ])
        .patch("/things/{user}", THINGS, change)
        .summary("Changes one")
        .get("/roles/{role}", Guard::SignedIn, role)
        .summary("Shows one")
        .delete("/things/{user}/roles/{grant}", THINGS, revoke)
        .summary("Takes one away")
        .errors(&[Error::Conflict(Conflict::LastAdministrator)])
        .on_dev_stages()
}

fn pages() -> Routes {
    Routes::new::<Problem>("Pages")
        .get("/pairs", Guard::Anyone, pairs)
        .summary("Lists pairs")
        .get("/colours", Guard::Anyone, colours)
        .summary("Lists colours")
        .get("/page", Guard::Anyone, page)
        .summary("A page")
}

fn made(tables: &[Routes]) -> Value {
    document("1.2.3", "About it.", tables).unwrap()
}

fn refused(table: Routes) -> String {
    match document("1", "", &[table]) {
        Err(Error::Fault(cause)) => cause.0,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the document was made"),
    }
}

#[test]
fn all_that_the_document_refers_to_is_in_it() {
    let mut document = made(&[things(), pages()]);
    assert_eq!(check::complaints(&document), Vec::<String>::new());
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for name in [
        "Thing",
        "Colour",
        "Page_Thing",
        "Page_Pair",
        "ProblemDetails",
        "ProblemPlace",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
    schemas.remove("Colour");
    let complaints = check::complaints(&document);
    assert!(
        complaints.iter().any(|one| one
            == "there is nothing at #/components/schemas/Colour: a type parameter's field needs `#[schema(inline)]`"),
        "{complaints:?}"
    );
}

#[test]
fn a_list_stands_where_it_is_used() {
    let document = made(&[pages()]);
    let schema = &document["paths"]["/colours"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["type"], "array");
    assert_eq!(
        schema["items"]["properties"]["left"]["$ref"],
        "#/components/schemas/Colour"
    );
}

#[test]
fn an_example_shows_what_is_required_and_what_has_an_example_of_its_own() {
    let document = made(&[things()]);
    let create = &document["paths"]["/things"]["post"];
    let thing = json!({
        "email": "jane@example.org", "size": 1, "colour": "red",
        "part": example_parts(&create["requestBody"]["content"]["application/json"]["example"]["part"]),
    });
    assert_eq!(create["requestBody"]["content"]["application/json"]["example"], thing);
    assert_eq!(
        create["responses"]["201"]["content"]["application/json"]["example"],
        thing
    );
    assert_eq!(create["responses"]["201"]["description"], "A thing.");
}

/// A thing within a thing within …: the example comes to an end.
fn example_parts(part: &Value) -> Value {
    assert_eq!(part["email"], "jane@example.org");
    assert!(part["part"]["part"]["part"]["part"]["part"]["part"]["part"]["part"].is_null());
    part.clone()
}

#[test]
fn a_refusal_is_what_the_dialect_answers_to_an_error_of_the_route() {
    let document = made(&[things()]);
    let content = |path: &str, method: &str, status: &str| {
        let refusal = &document["paths"][path][method]["responses"][status];
        refusal["content"]["application/problem+json"].clone()
    };
    let several = |path: &str, method: &str, status: &str| {
        let examples = content(path, method, status)["examples"].as_object().unwrap().clone();
        let kinds: Vec<String> = examples.keys().cloned().collect();
        for (name, example) in examples {
            let problem = example["value"]["type"].as_str().unwrap();
            let kind = problem.trim_start_matches("/problems/");
            assert!(name.starts_with(kind), "{name}: {problem}");
        }
        kinds
    };
    let broken = content("/things", "post", "400")["examples"]["validation"]["value"].clone();
    let place = json!([{ "pointer": "/email", "detail": "missing field `email`" }]);
    assert_eq!(broken["errors"], place);
    assert_eq!(several("/things", "post", "400"), ["malformed-body", "validation"]);
    assert_eq!(
        content("/things", "get", "400")["example"]["errors"][0]["pointer"],
        "?limit"
    );
    let wrong = &content("/things", "post", "401")["example"];
    assert_eq!(wrong["type"], "/problems/wrong-credentials");
    assert_eq!(several("/things", "get", "401"), ["invalid-token", "no-credentials"]);
    assert_eq!(
        several("/things", "get", "403"),
        ["missing-permission", "must-change-password"]
    );
    assert_eq!(several("/things", "post", "409"), ["email-taken", "role-full"]);
    let description = &document["paths"]["/things"]["post"]["responses"]["409"]["description"];
    assert_eq!(description, "The e-mail address is taken; the role is full");
    assert_eq!(several("/roles/{role}", "get", "404"), ["not-found", "not-found-2"]);
    let stale = &content("/things/{user}", "patch", "412")["example"];
    let instance = json!("/things/jane@example.org");
    assert_eq!((&stale["status"], &stale["instance"]), (&json!(412), &instance));
    let headers = &document["paths"]["/things"]["get"]["responses"]["401"]["headers"];
    assert!(headers["WWW-Authenticate"].is_object(), "{headers}");
    assert!(document["paths"]["/things"]["post"]["responses"].get("403").is_none());
}

#[derive(Serialize, ToSchema)]
struct Wrapped<T> {
    /// What it is.
    #[schema(inline)]
    data: T,
}

async fn wrapped(_: Context) -> Result<Json<Wrapped<String>>> {
    no()
}

#[test]
fn a_field_that_is_inlined_for_a_type_parameter_is_what_stands_for_it_and_nothing_more() {
    let table = Routes::new::<Problem>("Things")
        .get("/a", Guard::Anyone, wrapped)
        .summary("…");
    let document = made(&[table]);
    assert_eq!(
        document["components"]["schemas"]["Wrapped_String"]["properties"]["data"],
        json!({ "type": "string" })
    );
}

#[test]
fn a_body_has_one_media_type_and_names_the_others_in_words() {
    let document = made(&[things(), pages()]);
    let body = &document["paths"]["/things/{user}"]["patch"]["requestBody"];
    let types: Vec<&String> = body["content"].as_object().unwrap().keys().collect();
    assert_eq!(types, ["application/json"]);
    assert_eq!(body["description"], "Taken as `application/merge-patch+json` as well.");
}

#[test]
fn a_schema_that_has_a_name_is_referred_to_wherever_it_stands() {
    let document = made(&[things(), pages()]);
    let items = &document["components"]["schemas"]["Page_Thing"]["properties"]["items"];
    assert_eq!(items["items"], json!({ "$ref": "#/components/schemas/Thing" }));
    // No answer is a pair alone: it has no name to be referred to by.
    let pairs = &document["components"]["schemas"]["Page_Pair"]["properties"]["items"];
    assert!(pairs["items"]["properties"].is_object(), "{pairs}");
}

#[test]
fn guards_stages_and_headings_are_documented() {
    let document = made(&[things(), pages()]);
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    assert_eq!(operation("/things", "post")["security"], json!([]));
    assert_eq!(
        operation("/things", "get")["security"],
        json!([{ "bearer": ["admin.users"] }])
    );
    assert_eq!(operation("/roles/{role}", "get")["security"], json!([{ "bearer": [] }]));
    assert_eq!(operation("/things/{user}/roles/{grant}", "delete")["x-dev-only"], true);
    assert!(operation("/things", "get").get("x-dev-only").is_none());
    assert_eq!(
        document["tags"],
        json!([{ "name": "Things", "description": "All about things." }, { "name": "Pages" }])
    );
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn a_document_that_would_be_wrong_is_not_made() {
    let table = || Routes::new::<Problem>("Things");
    let namesakes = table().get("/a", Guard::Anyone, role_of_nobody).summary("…");
    assert!(refused(namesakes).contains(r#"the path names {} and the handler takes {"role"}"#));
    let silent = table().get("/a", Guard::Anyone, pairs);
    assert!(refused(silent).contains("get /a: it has no summary"));
    let twice = table().get("/a", Guard::Anyone, pairs).summary("…");
    let twice = twice.get("/b", Guard::Anyone, pairs).summary("…");
    assert!(refused(twice).contains("get /b: the operationId `usher_pairs` is missing or not its own"));
    let same = table().post("/a", Guard::Anyone, create).summary("…");
    let same = same.get("/b", Guard::Anyone, namesake).summary("…");
    assert!(refused(same).contains("two schemas are called Thing"));
    // utoipa does not carry along what a type parameter stands for.
    let parameter = table().get("/a", Guard::Anyone, bare).summary("…");
    assert!(refused(parameter).contains("there is nothing at #/components/schemas/Pair"));
}

async fn bare(_: Context) -> Result<Json<Bare<Pair>>> {
    no()
}
async fn role_of_nobody(_: Context, _: RolePath) -> Result<NoContent> {
    no()
}
