//! Answers whose JSON depends on how their request was written, where a contract has that (`Dialect::REWRITE`): such as
//! names spelled as the client spells them.

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use futures::stream::{self, BoxStream, StreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, Collected};
use serde_json::Value;

use super::body::LIMIT;

/// Looks at a request before it is routed: at its head, which it may add extensions to, and at its body, as far as it is
/// within the limit. What becomes of the JSON that is answered, a refusal's as well; nothing where it stays as it is.
pub type ChooseRewrite = fn(&mut Parts, &[u8]) -> Option<Rewrite>;

pub type Rewrite = fn(Value) -> Value;

/// The body, to be read from its beginning, and what becomes of the answer.
pub async fn chosen(choose: Option<ChooseRewrite>, parts: &mut Parts, body: Body) -> (Body, Option<Rewrite>) {
    let Some(choose) = choose else { return (body, None) };
    let (start, body) = beginning(body).await;
    (body, choose(parts, &start))
}

/// The beginning of a body, and the whole of it once more.
async fn beginning(mut body: Body) -> (Vec<u8>, Body) {
    let mut start = Vec::new();
    let rest: BoxStream<'static, _> = loop {
        if start.len() > LIMIT {
            break Box::pin(body.into_data_stream());
        }
        match body.frame().await {
            None => return (start.clone(), Body::from(start)),
            Some(Ok(frame)) => start.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(broken)) => break Box::pin(stream::iter([Err(broken)])),
        }
    };
    let read = stream::iter([Ok(Bytes::from(start.clone()))]);
    (start, Body::from_stream(read.chain(rest)))
}

/// The answer with its JSON rewritten. What is not JSON stays as it is.
pub async fn applied(rewrite: Option<Rewrite>, response: Response) -> Response {
    let Some(rewrite) = rewrite.filter(|_| is_plain_json(&response)) else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    // In memory, as every JSON that is answered.
    let bytes = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let Ok(json) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(rewrite(json).to_string()))
}

fn is_plain_json(response: &Response) -> bool {
    let headers = response.headers();
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    is_json && !headers.contains_key(CONTENT_ENCODING) && !response.body().is_end_stream()
}
