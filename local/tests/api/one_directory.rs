//! One directory: an account made through any contract is the same account in all of them, and what is done to it
//! through one is seen at once through the rest, with the tokens that were issued before.

use reqwest::Method;
use serde_json::{Value, json};

use crate::reconcile::assert_reconciled;
use crate::support::{PASSWORD, Reply, World};

mod changes;

/// The five contracts, by what signs in with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// `docs/contracts/directory.md`, §A.
    Token,
    /// `docs/contracts/directory.md`, §B.
    Identity,
    Account,
    Admin,
    Registration,
}

use Contract::{Account, Admin, Identity, Registration, Token};

pub const ALL: [Contract; 5] = [Token, Identity, Account, Admin, Registration];

/// What a token opens through one contract.
#[derive(Debug, PartialEq, Eq)]
pub enum Access {
    /// The token is not valid.
    Refused,
    /// It is, and its account is no administrator.
    Open,
    /// It is an administrator's.
    Administers,
}

impl Contract {
    /// Makes an account; its id as every contract knows it.
    pub async fn make(self, world: &World, name: &str) -> String {
        let email = format!("{name}@example.org");
        let owner = world.owner().await;
        let reply = match self {
            Token => {
                owner
                    .post("/api/users", json!({ "email": email, "password": PASSWORD }))
                    .await
            }
            Identity => {
                let body = json!({ "username": name, "email": email, "password": PASSWORD });
                owner.post("/api/users", body).await
            }
            Account => {
                let body = json!({ "Email": email, "Username": name, "Password": PASSWORD });
                world.nobody().post("/auth/register", body).await
            }
            Admin => {
                let body = json!({ "email": email, "user_name": name, "password": PASSWORD });
                owner.post("/v1/admin/users", body).await
            }
            Registration => {
                let body =
                    json!({ "username": name, "email": email, "password": PASSWORD, "confirm_password": PASSWORD });
                world.nobody().post("/v1/user/register", body).await
            }
        };
        assert!(reply.status.is_success(), "{self:?}: {}", reply.text);
        let found = owner.get(&format!("/api/users/{email}")).await;
        found.str("id").to_owned()
    }

    /// Logs in by e-mail address.
    pub async fn login(self, world: &World, email: &str, password: &str) -> Reply {
        let (path, body) = match self {
            Token => ("/api/auth/token", json!({ "email": email, "password": password })),
            Identity => ("/api/auth/login", json!({ "username": email, "password": password })),
            Account => ("/auth/login", json!({ "Username": email, "Password": password })),
            Admin => ("/v1/auth/login", json!({ "email": email, "password": password })),
            Registration => ("/v1/user/login", json!({ "login": email, "password": password })),
        };
        world.nobody().post(path, body).await
    }

    /// The token of a login.
    pub fn token(self, reply: &Reply) -> String {
        assert_eq!(reply.status, 200, "{self:?}: {}", reply.text);
        let token = match self {
            Token => &reply.body["accessToken"],
            Identity => &reply.body["token"],
            Account => &reply.body["Token"],
            Admin => &reply.body["access_token"],
            Registration => &reply.body["data"]["token"],
        };
        token.as_str().unwrap().to_owned()
    }

    /// What a token opens through this contract.
    pub async fn access(self, world: &World, token: &str) -> Access {
        let who = world.with_token(token);
        let by_status = |reply: Reply| match reply.status.as_u16() {
            401 => Access::Refused,
            403 => Access::Open,
            200 => Access::Administers,
            other => panic!("{self:?}: {other} {}", reply.text),
        };
        match self {
            Token => by_status(who.get("/api/users").await),
            Identity => match who.get("/api/me/profile").await {
                reply if reply.status == 401 => Access::Refused,
                reply => administers(
                    reply.body["permissions"]
                        .as_array()
                        .unwrap()
                        .contains(&json!("admin.users")),
                ),
            },
            Account => match who.get("/user/profile").await {
                reply if reply.status == 401 => Access::Refused,
                _ => by_status(who.get("/admin/users").await),
            },
            Admin => by_status(who.get("/v1/admin/users").await),
            Registration => {
                let verified = who.post("/v1/user/token/verify", json!({ "token": token })).await;
                // A ban of nobody: `404` is for whoever may ban.
                match who.delete("/v1/user/ban/nobody-of-this-name").await.status.as_u16() {
                    401 => {
                        assert_eq!(verified.str("data"), "Token invalid.");
                        Access::Refused
                    }
                    status => {
                        assert_eq!(verified.str("data"), "Token is valid.");
                        administers(status == 404)
                    }
                }
            }
        }
    }
}

fn administers(does: bool) -> Access {
    if does { Access::Administers } else { Access::Open }
}

/// An administrator marks that the account's address is verified: the admin contract lets nobody else in.
async fn verified(world: &World, id: &str) {
    let patch = json!({ "emailVerified": true });
    let reply = world.owner().await.patch(&format!("/api/users/{id}"), patch).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

#[tokio::test]
async fn an_account_made_through_each_contract_signs_in_through_every_other_and_its_tokens_pass_in_all() {
    let world = World::new().await;
    for (n, maker) in ALL.into_iter().enumerate() {
        let name = format!("jane{n}");
        let id = maker.make(&world, &name).await;
        verified(&world, &id).await;
        for surface in ALL {
            let reply = surface.login(&world, &format!("{name}@example.org"), PASSWORD).await;
            let token = surface.token(&reply);
            for contract in ALL {
                let opens = contract.access(&world, &token).await;
                assert_eq!(
                    opens,
                    Access::Open,
                    "made by {maker:?}, token of {surface:?}, used by {contract:?}"
                );
            }
        }
    }
    assert_reconciled(&world);
}

#[tokio::test]
async fn c01_an_address_taken_through_one_contract_is_taken_in_all() {
    let world = World::new().await;
    for maker in ALL {
        // `admin` has been there from the start.
        let name = format!("by-{maker:?}").to_lowercase();
        maker.make(&world, &name).await;
        let (email, owner, nobody) = (format!("{name}@EXAMPLE.org"), world.owner().await, world.nobody());
        let again: [(_, &str, Value, u16); 4] = [
            (
                &owner,
                "/api/users",
                json!({ "email": email, "password": PASSWORD }),
                409,
            ),
            (
                &nobody,
                "/auth/register",
                json!({ "Email": email, "Username": "other", "Password": PASSWORD }),
                409,
            ),
            (
                &owner,
                "/v1/admin/users",
                json!({ "email": email, "user_name": "other", "password": PASSWORD }),
                409,
            ),
            (
                &nobody,
                "/v1/user/register",
                json!({ "username": "other", "email": email, "password": PASSWORD, "confirm_password": PASSWORD }),
                400,
            ),
        ];
        for (who, path, body, status) in again {
            let reply = who.send(Method::POST, path, Some(body), &[]).await;
            assert_eq!(reply.status.as_u16(), status, "{maker:?} then {path}: {}", reply.text);
        }
    }
    assert_reconciled(&world);
}
