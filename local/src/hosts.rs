//! By which names a server of this process is called. A web page whose own name is made to lead to this machine (DNS
//! rebinding) is of the server's origin for the browser; what gives it away is the name, in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// Names that lead to this machine and that nobody can make lead elsewhere: loopback, and the host as containers know it.
const OURS: [&str; 3] = ["localhost", ".localhost", "host.docker.internal"];

/// The names of a server that listens on this address. One with a dot in front stands for all names under it.
#[derive(Debug, Clone)]
pub struct Hosts {
    bound: IpAddr,
    names: Arc<[String]>,
}

impl Hosts {
    pub fn new(bound: IpAddr, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { bound, names }
    }

    /// Answers 421 to whoever calls the server by another name.
    pub fn guard(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, check))
    }

    fn include(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.bound.is_unspecified() || ip == self.bound || ip.is_loopback() && self.bound.is_loopback();
        }
        let mut names = OURS.into_iter().chain(self.names.iter().map(String::as_str));
        names.any(|name| host == name || name.starts_with('.') && host.ends_with(name))
    }
}

async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut given = request.headers().get_all(HOST).iter();
    let authority = match (given.next(), given.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    };
    let Some(authority) = authority else {
        return (StatusCode::BAD_REQUEST, "The request needs one Host.\n").into_response();
    };
    let host = authority.host();
    if hosts.include(host) {
        return next.run(request).await;
    }
    let sentence =
        format!("No server here is called {host}. If that is this one's name, start it with --host-name {host}\n");
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_goes_by_its_address_its_machine_s_names_and_those_that_it_was_given() {
        let names = ["Box.lan".to_owned(), ".usher.test".to_owned()];
        for (bound, host, included) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "[::1]", true),
            ("127.0.0.1", "localhost", true),
            ("127.0.0.1", "LOCALHOST.", true),
            ("127.0.0.1", "acme.usher.localhost", true),
            ("127.0.0.1", "host.docker.internal", true),
            ("127.0.0.1", "box.lan", true),
            ("127.0.0.1", "acme.usher.test", true),
            ("127.0.0.1", "usher.test", false),
            ("127.0.0.1", "evil.example", false),
            ("127.0.0.1", "127.0.0.1.evil.example", false),
            ("127.0.0.1", "notlocalhost", false),
            ("127.0.0.1", "localhost.evil.example", false),
            ("127.0.0.1", "192.0.2.7", false),
            ("127.0.0.1", "", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "127.0.0.1", false),
            ("0.0.0.0", "192.0.2.7", true),
            ("::", "[2001:db8::1]", true),
            ("0.0.0.0", "evil.example", false),
        ] {
            let hosts = Hosts::new(bound.parse().unwrap(), &names);
            assert_eq!(hosts.include(host), included, "{host} at {bound}");
        }
    }
}
