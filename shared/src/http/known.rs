//! Paths that are served elsewhere. API Gateway sends whatever no route takes to one function; it can only distinguish an
//! unknown path from a method that a path does not take if it knows the others' routes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};

use super::routes::{Route, Routes};
use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub method: Method,
    pub path: String,
    pub dev_only: bool,
}

/// The routes of a list as [`list`] writes it: `GET /path`, and `dev` behind those of development stages.
pub fn listed(list: &str) -> Vec<Known> {
    let known = |line: &str| {
        let mut words = line.split(' ');
        Some(Known {
            method: words.next()?.parse().ok()?,
            path: words.next()?.to_owned(),
            dev_only: words.next().is_some(),
        })
    };
    list.lines().filter_map(known).collect()
}

/// The list of these tables' routes, a line each.
pub fn list(tables: &[Routes]) -> String {
    let lines = |row: &Route| {
        let dev = if row.dev_only { " dev" } else { "" };
        row.keys()
            .into_iter()
            .map(move |key| format!("{key}{dev}\n"))
            .collect::<String>()
    };
    tables.iter().flat_map(Routes::rows).map(lines).collect()
}

/// The methods of each path that is served here.
#[derive(Debug)]
pub struct Served(BTreeMap<String, Vec<Method>>);

impl Served {
    pub(super) fn of(tables: &[Routes], dev: bool) -> Self {
        let mut methods = BTreeMap::<String, Vec<Method>>::new();
        let rows = tables.iter().flat_map(Routes::rows);
        for row in rows.filter(|row| dev || !row.dev_only) {
            methods.entry(row.path.to_string()).or_default().extend(row.methods());
        }
        for (path, _) in tables.iter().flat_map(Routes::redirects) {
            methods
                .entry((*path).to_owned())
                .or_default()
                .extend([Method::GET, Method::HEAD]);
        }
        Self(methods)
    }

    /// Whether a path takes `GET`, and not `HEAD`.
    pub(super) fn refuses_head(&self, path: &str) -> bool {
        let methods = self.0.get(path);
        methods.is_some_and(|methods| methods.contains(&Method::GET) && !methods.contains(&Method::HEAD))
    }

    /// The refusal of a method that this path does not take.
    pub(super) fn refuse(&self, path: &str) -> Response {
        method_not_allowed(self.0.get(path).into_iter().flatten())
    }
}

/// The routes that tables know of, on this stage. Read when a request is first refused for want of a route: most
/// processes never do.
#[derive(Debug)]
pub(super) struct Elsewhere {
    sources: Vec<fn() -> Vec<Known>>,
    dev: bool,
    read: OnceLock<Vec<Known>>,
}

impl Elsewhere {
    pub(super) fn of(tables: &[Routes], dev: bool) -> Self {
        Self {
            sources: tables.iter().map(|table| table.known).collect(),
            dev,
            read: OnceLock::new(),
        }
    }

    fn routes(&self) -> &[Known] {
        self.read.get_or_init(|| {
            let all = self.sources.iter().flat_map(|source| source());
            all.filter(|known| self.dev || !known.dev_only).collect()
        })
    }

    /// The answer to a request that no route here takes: that it has the wrong method, where its path is known with
    /// others. With its own method it should have gone elsewhere, so there is nothing here.
    pub(super) fn refuse(&self, method: &Method, path: &str) -> Response {
        let methods = self.methods(path);
        if methods.is_empty() || methods.contains(&method) {
            return Error::NoSuchRoute.into_response();
        }
        method_not_allowed(methods)
    }

    /// The methods of the route that a path takes: of several that fit, the one with the fewest parameters.
    fn methods(&self, path: &str) -> Vec<&Method> {
        let fitting = self.routes().iter().filter(|known| fits(&known.path, path));
        let Some(taken) = fitting.min_by_key(|known| known.path.matches('{').count()) else {
            return Vec::new();
        };
        let same = self.routes().iter().filter(|known| known.path == taken.path);
        same.map(|known| &known.method).collect()
    }
}

/// The refusal of a method, with those that the path takes.
fn method_not_allowed<'a>(methods: impl IntoIterator<Item = &'a Method>) -> Response {
    let mut names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
    names.sort_unstable();
    // Several tables may know of the same routes.
    names.dedup();
    let mut response = Error::MethodNotAllowed.into_response();
    if let Ok(allow) = HeaderValue::from_str(&names.join(",")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn fits(route: &str, path: &str) -> bool {
    let one = |(known, asked): (&str, &str)| known == asked || (known.starts_with('{') && !asked.is_empty());
    route.split('/').count() == path.split('/').count() && route.split('/').zip(path.split('/')).all(one)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::body::Body;
    use axum::extract::Request;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::app::App;
    use crate::http::problem::Problem;
    use crate::http::serve;
    use crate::settings::Settings;

    fn table() -> Routes {
        Routes::new::<Problem>("Others").known(others)
    }

    fn others() -> Vec<Known> {
        let known = |method: Method, path: &str, dev_only| Known {
            method,
            path: path.to_owned(),
            dev_only,
        };
        vec![
            known(Method::GET, "/api/users", false),
            known(Method::POST, "/api/users", false),
            known(Method::GET, "/api/users/{user}", false),
            known(Method::DELETE, "/api/users/{user}", false),
            known(Method::PUT, "/api/users/me", false),
            known(Method::POST, "/api/auth/login-dev", true),
        ]
    }

    /// Status, `Allow` and Problem Details of an answer. The store is not there, and is not asked.
    async fn answer(method: &str, path: &str, dev: bool) -> (u16, Option<String>, Value) {
        let vars = [
            ("USHER_TABLE", "usher".to_owned()),
            ("USHER_DYNAMODB_ENDPOINT", "http://127.0.0.1:9".to_owned()),
            ("USHER_STAGE", "dev".to_owned()),
            ("USHER_DEV_ENDPOINTS", dev.to_string()),
        ];
        let vars: HashMap<String, String> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let app = App::new(Settings::from_map(vars).unwrap()).unwrap();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = serve::service(app, vec![table()]).oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let allow = response.headers().get(header::ALLOW);
        let allow = allow.map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, allow, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_route_of_a_list_is_known_with_its_stage() {
        let shown = |k: &Known| format!("{} {} {}", k.method, k.path, k.dev_only);
        let known: Vec<String> = listed("GET /a/{b}\nPOST /a/{b} dev\n").iter().map(shown).collect();
        assert_eq!(known, ["GET /a/{b} false", "POST /a/{b} true"]);
        assert_eq!(listed("nothing\n"), []);
    }

    #[tokio::test]
    async fn a_known_path_with_another_method_is_405_with_the_methods_that_it_takes() {
        for (method, path, allowed) in [
            ("PATCH", "/api/users", "GET,POST"),
            ("OPTIONS", "/api/users", "GET,POST"),
            ("POST", "/api/users/jane@example.org", "DELETE,GET"),
            ("POST", "/api/users/jane%40example.org?x=y", "DELETE,GET"),
            ("GET", "/api/users/me", "PUT"),
        ] {
            let (status, allow, problem) = answer(method, path, false).await;
            assert_eq!((status, allow.as_deref()), (405, Some(allowed)), "{method} {path}");
            assert_eq!(problem["type"], "/problems/method-not-allowed");
        }
    }

    #[tokio::test]
    async fn an_unknown_path_is_404_and_so_is_a_route_that_should_have_gone_elsewhere() {
        for (method, path) in [
            ("GET", "/"),
            ("PATCH", "/api"),
            ("PATCH", "/api/users/"),
            ("PATCH", "/api//users"),
            ("PATCH", "/api/users/a/b"),
            ("PATCH", "/API/users"),
            ("GET", "/api/users"),
        ] {
            let (status, allow, problem) = answer(method, path, false).await;
            assert_eq!((status, allow), (404, None), "{method} {path}");
            assert_eq!(problem["type"], "/problems/no-such-route");
        }
    }

    #[tokio::test]
    async fn a_route_of_development_stages_is_known_on_them_alone() {
        assert_eq!(answer("GET", "/api/auth/login-dev", true).await.0, 405);
        assert_eq!(answer("GET", "/api/auth/login-dev", false).await.0, 404);
    }
}
