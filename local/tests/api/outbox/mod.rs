//! Mail: asked for by requests, sent by the outbox. Worlds have no stream, so the events that Lambda would make of it are
//! made from the table's items.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use outbox::handlers::handle;
use outbox::wire::{Answer, Event};
use serde_json::{Value, json};
use usher::actions::Context;
use usher::actions::outbox::{Outbox, Outcome};
use usher::app::App;
use usher::id::MailId;
use usher::mail::memory::Memory;
use usher::mail::{Letter, Mailer};
use usher::{Error, Result};

use crate::support::{PASSWORD, World};

mod failures;
mod limits;
mod links;
mod once;
mod requests;
mod watched;
mod wire;

/// A mailer that keeps letters in memory, counts how often it is asked, and fails as it is set to.
#[derive(Debug, Clone, Default)]
pub struct Post {
    pub memory: Memory,
    asked: Arc<Mutex<Vec<MailId>>>,
    mishaps: Arc<Mutex<VecDeque<Mishap>>>,
}

/// What goes wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It is refused.
    Refused,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and there is never an answer.
    SilentBefore,
    /// It is done, and there is never an answer.
    SilentAfter,
}

impl Post {
    /// The next deliveries go wrong in these ways.
    pub fn expect(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.mishaps.lock().unwrap().extend(mishaps);
    }

    /// The mails that it was asked to deliver, once for each time.
    pub fn asked(&self) -> Vec<MailId> {
        self.asked.lock().unwrap().clone()
    }

    /// The letters that arrived, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.memory.letters()
    }

    /// The only letter that arrived, its message.
    pub fn only(&self) -> String {
        let letters = self.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        message(&letters[0])
    }

    /// An outbox of this application that sends by it.
    pub fn outbox(&self, app: &Arc<App>) -> Arc<Outbox> {
        Arc::new(::outbox::outbox(app.clone(), Arc::new(self.clone())).unwrap())
    }
}

impl Mailer for Post {
    fn deliver<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<()>> {
        async move {
            self.asked.lock().unwrap().push(letter.id);
            let mishap = self.mishaps.lock().unwrap().pop_front();
            if let Some(Mishap::SilentBefore) = mishap {
                std::future::pending::<()>().await;
            }
            if mishap != Some(Mishap::Refused) {
                self.memory.deliver(letter).await?;
            }
            match mishap {
                None => Ok(()),
                Some(Mishap::SilentAfter) => std::future::pending().await,
                Some(_) => Err(Error::unavailable("the mailer is down")),
            }
        }
        .boxed()
    }
}

/// The text of a letter's message.
pub fn message(letter: &Letter) -> String {
    String::from_utf8(letter.message.clone()).unwrap()
}

/// The token in the link of a message.
pub fn token(message: &str) -> String {
    let (_, token) = message.split_once("usher_ot_").unwrap();
    let end = token
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
        .unwrap();
    format!("usher_ot_{}", &token[..end])
}

/// The items of mails.
pub fn mails(world: &World) -> Vec<Value> {
    let mut items = world.items();
    items.retain(|item| item["PK"]["S"].as_str().unwrap().starts_with("MAIL#"));
    items.sort_by_key(|item| item["PK"]["S"].as_str().unwrap().to_owned());
    items
}

/// The state of the only mail.
pub fn state(world: &World) -> String {
    let mails = mails(world);
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails[0]["state"]["S"].as_str().unwrap().to_owned()
}

/// What Lambda makes of the insertion of these items.
pub fn inserted(items: &[Value]) -> Value {
    let record = |(n, item): (usize, &Value)| {
        json!({
            "eventID": format!("{n}"), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "eu-central-1", "eventSourceARN": "arn:aws:dynamodb:eu-central-1:0:table/usher/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_334_400.0,
                "Keys": { "PK": item["PK"], "SK": item["SK"] },
                "NewImage": item,
                "SequenceNumber": sequence_number(n), "SizeBytes": 500, "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        })
    };
    json!({ "Records": items.iter().enumerate().map(record).collect::<Vec<_>>() })
}

pub fn sequence_number(n: usize) -> String {
    format!("1000000000000000000{n:02}")
}

/// Hands over the insertion of every mail.
pub async fn follow(world: &World, outbox: &Outbox) -> Answer {
    let event = Event::of(inserted(&mails(world))).unwrap();
    world.watch.over("outbox", handle(outbox, event)).await.unwrap()
}

/// Sweeps.
pub async fn sweep(outbox: &Outbox) -> Vec<Outcome> {
    outbox.sweep().await.unwrap()
}

/// A request to the actions, about the tenant `main`.
pub fn context(world: &World) -> Context {
    let mut cx = setup::context(&world.app);
    cx.origin.surface.min_password = 6;
    cx
}

/// Invites somebody: an account without a password, made by the owner; its id.
pub async fn invite(world: &World, email: &str) -> String {
    let reply = world.owner().await.post("/api/users", json!({ "email": email })).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}

/// Somebody with the password `correct horse` whose address is verified, made by the owner; its id.
pub async fn verified(world: &World, email: &str) -> String {
    let body = json!({ "email": email, "emailVerified": true, "password": PASSWORD });
    let reply = world.owner().await.post("/api/users", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.str("id").to_owned()
}
