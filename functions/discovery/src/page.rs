//! The pages that are served from the binary.

use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use usher::http::openapi::{Description, Output, text};
use usher::proof::opaque::Digest;

use crate::fixed::{Coding, Fixed};

/// For how long a page may be kept, in seconds.
const MAX_AGE: u32 = 300;

/// The browser of the OpenAPI document.
pub static DOCS: LazyLock<Page> = LazyLock::new(|| {
    Page::new(
        include_str!("docs/index.html")
            .replace("/* style.css */", include_str!("docs/style.css"))
            .replace("/* elements.js */", include_str!("docs/elements.js"))
            .replace("/* schemas.js */", include_str!("docs/schemas.js"))
            .replace("/* samples.js */", include_str!("docs/samples.js"))
            .replace("/* operation.js */", include_str!("docs/operation.js"))
            .replace("/* page.js */", include_str!("docs/page.js")),
    )
});

pub static SET_PASSWORD: LazyLock<Page> = LazyLock::new(|| Page::new(include_str!("set_password.html").to_owned()));

/// HTML that has its styles and scripts in it. They are all that its policy lets a browser run, each by its hash, so that
/// whatever else might find its way into the page stays text; and it may only connect to its own origin.
#[derive(Debug)]
pub struct Page {
    body: Fixed,
    policy: String,
}

impl Page {
    fn new(html: String) -> Self {
        Self {
            policy: policy(&html),
            body: Fixed::new("text/html; charset=utf-8", MAX_AGE, html),
        }
    }

    /// `200` with the page.
    pub fn answer(&self, coding: Coding) -> Html {
        let mut response = self.body.answer(coding);
        if let Ok(policy) = HeaderValue::from_str(&self.policy) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Html(response)
    }
}

/// The answer that a page is.
#[derive(Debug)]
pub struct Html(Response);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Output for Html {
    fn describe(description: &mut Description) {
        description.answer(StatusCode::OK, "A page", Some(("text/html", text().into())));
        description.kept();
    }
}

fn policy(html: &str) -> String {
    let (styles, scripts) = (hashes(html, "style"), hashes(html, "script"));
    format!(
        "default-src 'none'; connect-src 'self'; style-src {styles}; script-src {scripts}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// The sources (CSP 3, 2.3.1) of the elements of this name, which must have no attributes.
fn hashes(html: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let texts = html.split(&open).skip(1).filter_map(|rest| rest.split(&close).next());
    let sources: Vec<String> = texts
        .map(|text| format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes())))
        .collect();
    if sources.is_empty() {
        "'none'".to_owned()
    } else {
        sources.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_runs_its_own_scripts_and_styles_and_nothing_else() {
        let page = "<style>a{}</style><script>one()</script><p>…</p><script>two()</script>";
        let header = policy(page);
        // printf '%s' 'a{}' | openssl dgst -sha256 -binary | base64
        for source in [
            "style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk=';",
            "script-src 'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4=' 'sha256-iMrPAWirDC2X0OhZzLsM2MRIWSmepJGI4r7D8ZlwBOw=';",
            "default-src 'none';",
        ] {
            assert!(header.contains(source), "{header}");
        }
    }

    #[test]
    fn a_page_without_scripts_may_run_none() {
        assert!(policy("<style></style><p>").contains("script-src 'none';"));
    }
}
