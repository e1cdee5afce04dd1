//! A path on its way from API Gateway, which hands it on decoded and with the stage before it, back to what the client sent.
//! The input is the stage, the path and the query, each in a line.

use http::Request;
use lambda_http::Body;
use percent_encoding::percent_decode_str;
use serde_json::json;
use usher::http::event::{Event, restore_path};

/// No path that is shorter is too long (`http::Uri`), encoded threefold.
const SHORT: usize = 20_000;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let [stage, path, query] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {},
        "requestContext": { "stage": stage, "http": { "method": "GET", "path": path }, "timeEpoch": 0 },
        "isBase64Encoded": false,
    });
    let event: Event = serde_json::from_str(&event.to_string()).unwrap();
    let (mut parts, _) = Request::<Body>::from(event).into_parts();
    let restored = restore_path(&mut parts);
    if let Err(error) = restored {
        assert!(text.len() > SHORT, "{error:?}");
        return;
    }
    let (now, sent) = (parts.uri.path(), without_stage(path, stage));
    assert_eq!(decoded(now), sent.as_bytes(), "{now:?}");
    assert_eq!(segments(now), segments(&sent), "{now:?} has other segments");
    let (now, sent) = (parts.uri.query().unwrap_or_default(), query);
    assert_eq!(decoded(now), decoded(sent), "{now:?}");
    assert_eq!(
        now.split('&').count(),
        sent.split('&').count(),
        "{now:?} has other parameters"
    );
    assert!(
        parts.uri.scheme().is_none() && parts.uri.authority().is_none(),
        "{}",
        parts.uri
    );
}

/// What the client asked for, as it was handed on.
fn without_stage(path: &str, stage: &str) -> String {
    let rest = match stage {
        "$default" => path,
        // No stage of API Gateway's is longer.
        long if long.len() > 128 => path,
        stage => match path.strip_prefix(&format!("/{stage}")) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => path,
        },
    };
    if rest.starts_with('/') {
        rest.to_owned()
    } else {
        format!("/{rest}")
    }
}

fn segments(path: &str) -> usize {
    path.split('/').count()
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}
