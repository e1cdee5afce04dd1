//! Logins, refreshes, uses and ends at random, and a small model of which tokens open.

use reqwest::Method;
use serde_json::json;

use crate::auth::{Pair, opens, pair, refresh};
use crate::me::sessions::{all_of, at, own_id};
use crate::support::{Client, World, steps};

const JANE: &str = "jane@example.org";
/// Thirty days, as a login by `/token` lasts.
const LASTS: i64 = 30 * 24 * 3_600;
const STEPS: usize = 400;

/// Numbers that are another sequence for each seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

/// A session as the model has it.
struct Known {
    id: String,
    tokens: Pair,
    /// The refresh token before, which is spent as soon as its successor is used.
    spent: Option<String>,
    opened: i64,
    issued: i64,
    is_open: bool,
}

struct Model {
    world: World,
    owner: Client,
    user: String,
    chance: Chance,
    known: Vec<Known>,
    /// What was done, for whoever reads of a failure.
    done: Vec<String>,
}

impl Model {
    async fn new(seed: u64) -> Self {
        let world = World::new().await;
        let user = world.user(JANE).await;
        Self {
            owner: world.owner().await,
            world,
            user,
            chance: Chance(seed),
            known: Vec::new(),
            done: Vec::new(),
        }
    }

    fn now(&self) -> i64 {
        self.world.now().as_second()
    }

    /// One of those that are open and whose access token has not expired.
    fn any_open(&mut self) -> Option<usize> {
        let now = self.now();
        let open: Vec<usize> = (0..self.known.len())
            .filter(|n| self.known[*n].is_open && now < self.known[*n].issued + 3_600)
            .collect();
        (!open.is_empty()).then(|| open[self.chance.below(open.len())])
    }

    fn any(&mut self) -> Option<usize> {
        let many = self.known.len();
        (many > 0).then(|| self.chance.below(many))
    }

    fn client(&self, n: usize) -> Client {
        self.world.with_token(&self.known[n].tokens.access)
    }

    async fn step(&mut self) {
        match self.chance.below(12) {
            0..=3 => self.login().await,
            4 | 5 => self.refresh().await,
            6 => self.end_one().await,
            7 => self.end_others().await,
            8 if self.chance.below(3) == 0 => self.end_all().await,
            9 => self.reuse().await,
            10 => self.logout().await,
            _ => {
                let seconds = [1, 61, 1_800, 9 * 24 * 3_600][self.chance.below(4)];
                self.done.push(format!("{seconds} s go by"));
                self.world.clock.advance(seconds);
            }
        }
        let now = self.now();
        for known in &mut self.known {
            known.is_open &= now < known.opened + LASTS;
        }
        self.owner = self.world.owner().await;
    }

    async fn login(&mut self) {
        let tokens = pair(&self.world, JANE).await;
        let id = own_id(&self.world.with_token(&tokens.access)).await;
        self.done.push(format!("login {}", self.known.len()));
        let now = self.now();
        self.known.push(Known {
            id,
            tokens,
            spent: None,
            opened: now,
            issued: now,
            is_open: true,
        });
    }

    async fn refresh(&mut self) {
        let Some(n) = self.any() else { return };
        let reply = refresh(&self.world, &self.known[n].tokens.refresh).await;
        self.done.push(format!("refresh {n}: {}", reply.status));
        let now = self.now();
        let known = &mut self.known[n];
        assert_eq!(reply.status == 200, known.is_open, "{:?}", self.done);
        if known.is_open {
            known.spent = Some(known.tokens.refresh.clone());
            known.tokens = Pair::of(&reply);
            known.issued = now;
            assert_eq!(opens(&self.world, &self.known[n].tokens.access).await, 200);
        }
    }

    /// A spent token, whose successor was used, ends its session.
    async fn reuse(&mut self) {
        let Some(n) = self.any() else { return };
        let Some(spent) = self.known[n].spent.clone() else {
            return;
        };
        assert_eq!(refresh(&self.world, &spent).await.status, 401);
        self.done.push(format!("reuse of {n}"));
        self.known[n].is_open = false;
    }

    async fn logout(&mut self) {
        let Some(n) = self.any_open() else { return };
        assert_eq!(self.client(n).post_empty("/api/auth/logout").await.status, 204);
        self.done.push(format!("logout {n}"));
        self.known[n].is_open = false;
    }

    async fn end_one(&mut self) {
        let Some(n) = self.any() else { return };
        let by = if self.chance.below(2) == 0 {
            self.any_open()
        } else {
            None
        };
        let id = &self.known[n].id;
        let (client, path) = match by {
            Some(by) => (self.client(by), at(id)),
            None => (self.owner.clone(), format!("/api/users/{}/sessions/{id}", self.user)),
        };
        let reply = client.delete(&path).await;
        self.done.push(format!("end {n} by {by:?}: {}", reply.status));
        let expected = if self.known[n].is_open { 204 } else { 404 };
        assert_eq!(reply.status, expected, "{:?}", self.done);
        self.known[n].is_open = false;
    }

    async fn end_others(&mut self) {
        let Some(n) = self.any_open() else { return };
        let reply = self.client(n).delete("/api/me/sessions?except=current").await;
        assert_eq!(reply.status, 204, "{:?}", self.done);
        self.done.push(format!("end all but {n}"));
        for (other, known) in self.known.iter_mut().enumerate() {
            known.is_open &= other == n;
        }
    }

    async fn end_all(&mut self) {
        let by = if self.chance.below(2) == 0 {
            self.any_open()
        } else {
            None
        };
        let (client, path) = match by {
            Some(by) => (self.client(by), "/api/me/sessions".to_owned()),
            None => (self.owner.clone(), format!("/api/users/{}/sessions", self.user)),
        };
        assert_eq!(client.delete(&path).await.status, 204, "{:?}", self.done);
        self.done.push(format!("end all by {by:?}"));
        self.known.iter_mut().for_each(|known| known.is_open = false);
    }

    /// The tokens open, and the lists show, what the model has; the newest first.
    async fn agrees(&mut self) {
        let now = self.now();
        for (n, known) in self.known.iter().enumerate() {
            let expected = if known.is_open && now < known.issued + 3_600 {
                200
            } else {
                401
            };
            let opened = opens(&self.world, &known.tokens.access).await;
            assert_eq!(opened, expected, "session {n} after {:?}", self.done);
        }
        let mut expected: Vec<(&str, i64)> = self
            .known
            .iter()
            .filter(|known| known.is_open)
            .map(|known| (known.id.as_str(), known.opened))
            .collect();
        let path = format!("/api/users/{}/sessions", self.user);
        let shown = all_of(&self.owner.send(Method::GET, &path, None, &[]).await);
        let created: Vec<&str> = shown.iter().map(|one| one["createdAt"].as_str().unwrap()).collect();
        assert!(created.is_sorted_by(|a, b| a >= b), "newest first: {created:?}");
        let mut ids: Vec<&str> = shown.iter().map(|one| one["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(
            ids,
            expected.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            "{:?}",
            self.done
        );
        // Of those that have ended the latest ten are looked at again.
        let mut closed = self.known.iter().filter(|known| !known.is_open).count();
        self.known.retain(|known| {
            let goes = !known.is_open && closed > 10;
            closed -= usize::from(goes);
            !goes
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_random_logins_refreshes_and_ends_exactly_the_tokens_open_that_should() {
    for seed in [1, 2] {
        let mut model = Model::new(seed).await;
        for _ in steps(0..STEPS / 2) {
            model.step().await;
            model.agrees().await;
        }
        assert!(
            json!(model.done).to_string().contains("end all but"),
            "the walk does what it is for"
        );
    }
}
