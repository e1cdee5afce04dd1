//! A man in the middle: an HTTP proxy between Usher and its DynamoDB that counts what is asked, reports what it costs, and
//! on demand does what a network and a busy service do when they fail. It is written on sockets, because a library would
//! not let go of a connection in the middle of an answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused for want of capacity.
    Throttled,
    /// Refused because there are too many requests.
    Throttling,
    /// 500, and not done.
    Broken,
    /// 503, and not done.
    Busy,
    /// The connection ends before the call is done.
    DroppedBefore,
    /// The call is done and the connection ends before the answer.
    DroppedAfter,
    /// The call is done and its answer takes longer than anybody waits.
    SlowAfter,
    /// Writes lose to somebody else's transaction; reads go on.
    Conflict,
    /// Batches answer that they got to nothing; other calls go on.
    Unprocessed,
    /// `Query` answers an empty page that is not the last; other calls go on.
    EmptyPage,
}

/// A call, as a plan sees it.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GetItem`, `TransactWriteItems`, …
    pub operation: String,
    /// Its number since the plan was made, from 1.
    pub number: usize,
    /// What it asks for.
    pub body: Value,
}

/// What calls cost that were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cost {
    /// The operations, in the order received.
    pub operations: Vec<String>,
    /// Read capacity units.
    pub read: f64,
    /// Write capacity units.
    pub written: f64,
}

type Plan = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    number: usize,
    cost: Cost,
    transactions: Vec<Value>,
    weak_reads: Vec<Value>,
}

/// The proxy.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    to: String,
    http: reqwest::Client,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    /// Begins to stand before this DynamoDB.
    pub async fn before(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            to: to.to_owned(),
            http: reqwest::Client::new(),
            state: Arc::default(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let proxy = serving.clone();
                tokio::spawn(async move { proxy.connection(socket).await });
            }
        });
        proxy
    }

    /// From now on this decides what happens to calls.
    pub fn plan(&self, plan: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        state.plan = Some(Box::new(plan));
        state.number = 0;
    }

    /// From now on nothing happens to calls.
    pub fn calm(&self) {
        self.plan(|_| None);
    }

    /// What the calls since the last asking cost.
    pub fn cost(&self) -> Cost {
        std::mem::take(&mut self.state.lock().unwrap().cost)
    }

    /// The bodies of the transactions since the last asking.
    pub fn transactions(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().transactions)
    }

    /// The bodies of reads of the table itself that may have answered with what it was before.
    pub fn weak_reads(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().unwrap().weak_reads)
    }

    async fn connection(self, mut socket: TcpStream) -> Option<()> {
        let mut waiting = Vec::new();
        loop {
            let request = Request::read(&mut socket, &mut waiting).await?;
            let fault = self.note(&request);
            let (status, body) = match fault.and_then(|fault| refusal(fault, &request.operation, &request.body)) {
                Some(answer) => answer,
                None if fault == Some(Fault::DroppedBefore) => return None,
                None => self.forward(&request).await,
            };
            match fault {
                Some(Fault::DroppedAfter) => return None,
                Some(Fault::SlowAfter) => tokio::time::sleep(Duration::from_secs(3)).await,
                _ => {}
            }
            let head = format!(
                "HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            socket.write_all(&[head.as_bytes(), &body].concat()).await.ok()?;
        }
    }

    fn note(&self, request: &Request) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.number += 1;
        let call = Call {
            operation: request.operation.clone(),
            number: state.number,
            body: request.body.clone(),
        };
        state.cost.operations.push(request.operation.clone());
        if request.operation == "TransactWriteItems" {
            state.transactions.push(request.body.clone());
        }
        if request.is_weak_read() {
            state.weak_reads.push(request.body.clone());
        }
        state.plan.as_mut().and_then(|plan| plan(&call))
    }

    async fn forward(&self, request: &Request) -> (u16, Vec<u8>) {
        let mut body = request.body.clone();
        body["ReturnConsumedCapacity"] = json!("TOTAL");
        begin_again(&mut body);
        let forwarded = request
            .headers
            .iter()
            .fold(self.http.post(&self.to), |post, (name, value)| post.header(name, value));
        let answer = forwarded.body(body.to_string()).send().await.unwrap();
        let (status, bytes) = (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec());
        let consumed: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        self.bill(&request.operation, &consumed["ConsumedCapacity"]);
        (status, bytes)
    }

    fn bill(&self, operation: &str, consumed: &Value) {
        let each = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed.clone()]);
        let units: f64 = each.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let cost = &mut self.state.lock().unwrap().cost;
        match operation {
            "GetItem" | "BatchGetItem" | "Query" => cost.read += units,
            _ => cost.written += units,
        }
    }
}

/// The position that an injected empty page names: where the request began.
fn no_further(body: &Value) -> Value {
    match &body["ExclusiveStartKey"] {
        Value::Null => again(),
        began => began.clone(),
    }
}

/// The beginning, as a position.
fn again() -> Value {
    json!({ "PK": { "S": "again" }, "SK": { "S": "again" } })
}

/// Takes the position out of a request that goes on where an injected empty page ended: at the beginning.
pub fn begin_again(body: &mut Value) {
    if body["ExclusiveStartKey"] == again() {
        body.as_object_mut().unwrap().remove("ExclusiveStartKey");
    }
}

/// The answer of a fault that answers this operation by itself.
pub fn refusal(fault: Fault, operation: &str, asked: &Value) -> Option<(u16, Vec<u8>)> {
    let error = |status, name: &str| Some((status, json!({ "__type": name, "message": "injected" })));
    let answer = match (fault, operation) {
        (Fault::Throttled, _) => error(
            400,
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        ),
        (Fault::Throttling, _) => error(400, "com.amazon.coral.availability#ThrottlingException"),
        (Fault::Broken, _) => error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
        (Fault::Busy, _) => error(503, "com.amazon.coral.service#ServiceUnavailableException"),
        (Fault::Conflict, "UpdateItem") => error(400, "com.amazonaws.dynamodb.v20120810#TransactionConflictException"),
        (Fault::Conflict, "TransactWriteItems") => Some((400, cancelled(asked))),
        (Fault::Unprocessed, "BatchGetItem") => Some((
            200,
            json!({ "Responses": {}, "UnprocessedKeys": asked["RequestItems"] }),
        )),
        (Fault::Unprocessed, "BatchWriteItem") => Some((200, json!({ "UnprocessedItems": asked["RequestItems"] }))),
        (Fault::EmptyPage, "Query") => Some((
            200,
            json!({ "Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": no_further(asked) }),
        )),
        _ => None,
    };
    answer.map(|(status, body)| (status, body.to_string().into_bytes()))
}

fn cancelled(asked: &Value) -> Value {
    let writes = asked["TransactItems"].as_array().map_or(0, Vec::len);
    let reason = |n| match n {
        0 => json!({ "Code": "TransactionConflict", "Message": "injected" }),
        _ => json!({ "Code": "None" }),
    };
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "Transaction cancelled",
        "CancellationReasons": (0..writes).map(reason).collect::<Vec<_>>(),
    })
}

struct Request {
    operation: String,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Request {
    /// The next request of a connection; what came behind it stays in `waiting`.
    async fn read(socket: &mut TcpStream, waiting: &mut Vec<u8>) -> Option<Self> {
        let end = loop {
            if let Some(at) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            more(socket, waiting).await?;
        };
        let head = String::from_utf8(waiting[..end].to_vec()).ok()?;
        let headers: Vec<(String, String)> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let header = |wanted: &str| {
            headers
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        while waiting.len() < end + 4 + length {
            more(socket, waiting).await?;
        }
        let body = serde_json::from_slice(&waiting[end + 4..end + 4 + length]).ok()?;
        waiting.drain(..end + 4 + length);
        let operation = header("x-amz-target")?.rsplit('.').next()?.to_owned();
        Some(Self {
            operation,
            headers: headers
                .into_iter()
                .filter(|(name, _)| !["host", "content-length", "connection"].contains(&name.as_str()))
                .collect(),
            body,
        })
    }
}

impl Request {
    fn is_weak_read(&self) -> bool {
        self.body["IndexName"].is_null() && may_be_stale(&self.operation, &self.body)
    }
}

/// Whether this may answer with what the table was before: a read of an index, or one that does not ask for more.
pub fn may_be_stale(operation: &str, asked: &Value) -> bool {
    let strong = |body: &Value| body["ConsistentRead"] == json!(true);
    match operation {
        "GetItem" | "Query" => !strong(asked),
        "BatchGetItem" => !asked["RequestItems"].as_object().unwrap().values().all(strong),
        _ => false,
    }
}

async fn more(socket: &mut TcpStream, waiting: &mut Vec<u8>) -> Option<()> {
    match socket.read_buf(waiting).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}
