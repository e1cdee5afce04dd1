//! What a request makes of its answer depend on: `If-Match` and `If-None-Match` (RFC 9110, 13.1).
//!
//! Of each header all lines are one list. A list of tags that breaks the grammar has none: nothing is what it expects, so
//! a write is refused (`412`, as of any tag that is not the present one), and a body is sent whole.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{AsHeaderName, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;

use crate::actions::revisions::Expected;
use crate::error::{Error, Result};

/// The revisions that the client means to change; none that `If-None-Match` names.
#[derive(Debug, Clone)]
pub struct IfMatch(pub Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let known = match Listed::of(&parts.headers, IF_NONE_MATCH) {
            None => Vec::new(),
            // It is there.
            Some(Listed::Any) => return Ok(Self(Expected::OneOf(Vec::new()))),
            Some(Listed::Tags(tags)) => tags.into_iter().map(|tag| tag.text).collect(),
        };
        Ok(Self(match Listed::of(&parts.headers, IF_MATCH) {
            None | Some(Listed::Any) if known.is_empty() => Expected::Anything,
            None | Some(Listed::Any) => Expected::NoneOf(known),
            // A weak tag is none of these: the comparison is the strong one (8.8.3.2).
            Some(Listed::Tags(tags)) => {
                let strong = tags
                    .into_iter()
                    .filter(|tag| !tag.is_weak && !known.contains(&tag.text));
                Expected::OneOf(strong.map(|tag| tag.text).collect())
            }
        }))
    }
}

/// What the client has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IfNoneMatch(Listed);

impl IfNoneMatch {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Listed::of(headers, IF_NONE_MATCH).map(Self)
    }

    /// Whether it names the `ETag` of an answer: the comparison is the weak one.
    pub(super) fn names_tag_of(&self, answer: &HeaderMap) -> bool {
        match (&self.0, Listed::of(answer, ETAG)) {
            (_, None) => false,
            (Listed::Any, Some(_)) => true,
            (Listed::Tags(known), Some(Listed::Tags(own))) => {
                let has = |tag: &Tag| known.iter().any(|known| known.text == tag.text);
                own.iter().any(has)
            }
            (Listed::Tags(_), Some(Listed::Any)) => false,
        }
    }
}

/// What a list of entity tags names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    Any,
    Tags(Vec<Tag>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    text: String,
}

impl Listed {
    fn of(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Self> {
        let text = joined(headers, name)?;
        if text.trim_matches(WHITESPACE) == "*" {
            return Some(Self::Any);
        }
        Some(Self::Tags(tags(&text).unwrap_or_default()))
    }
}

/// The tags of a list; nothing where it is none.
fn tags(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches(BETWEEN);
    while !rest.is_empty() {
        let opaque = rest.strip_prefix("W/");
        let is_weak = opaque.is_some();
        let (tag, behind) = opaque.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(Tag {
            is_weak,
            text: tag.to_owned(),
        });
        rest = behind.trim_start_matches(WHITESPACE);
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start_matches(BETWEEN);
        }
    }
    Some(tags)
}

pub(super) const WHITESPACE: [char; 2] = [' ', '\t'];
/// A list can have empty elements.
const BETWEEN: [char; 3] = [' ', '\t', ','];

/// All lines of a header as the one list that they are (RFC 9110, 5.3). Other bytes than ASCII are in nothing that Usher
/// issued.
pub(super) fn joined(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use http::Request;

    fn read<T: FromRequestParts<(), Rejection = Error>>(name: &str, lines: &[&str]) -> T {
        let request = lines.iter().fold(Request::new(()), |mut request, line| {
            let name = http::HeaderName::try_from(name).unwrap();
            request.headers_mut().append(name, line.parse().unwrap());
            request
        });
        let (mut parts, ()) = request.into_parts();
        T::from_request_parts(&mut parts, &()).now_or_never().unwrap().unwrap()
    }

    fn expected(lines: &[&str]) -> Expected {
        read::<IfMatch>("if-match", lines).0
    }

    fn one_of(tags: &[&str]) -> Expected {
        Expected::OneOf(tags.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_list_of_tags_is_all_lines_and_strong_tags_alone_are_expected() {
        assert_eq!(expected(&[]), Expected::Anything);
        assert_eq!(expected(&[" * "]), Expected::Anything);
        for (lines, tags) in [
            (&[r#""1""#][..], &["1"][..]),
            (&[r#""1", "2""#], &["1", "2"]),
            (&[r#""1","2""#, r#""3""#], &["1", "2", "3"]),
            (&[r#"W/"1", "2""#], &["2"]),
            (&[r#" ,, "1" , ,"2",, "#], &["1", "2"]),
            (&[r#""a,b", "c\""#], &["a,b", "c\\"]),
            (&[r#""""#], &[""]),
            (&[""], &[]),
        ] {
            assert_eq!(expected(lines), one_of(tags), "{lines:?}");
        }
    }

    #[test]
    fn a_write_is_not_for_what_the_client_knows() {
        let expected = |known: &str, meant: Option<&str>| {
            let mut request = Request::new(());
            request.headers_mut().insert(IF_NONE_MATCH, known.parse().unwrap());
            if let Some(meant) = meant {
                request.headers_mut().insert(IF_MATCH, meant.parse().unwrap());
            }
            let (mut parts, ()) = request.into_parts();
            let read = IfMatch::from_request_parts(&mut parts, &()).now_or_never();
            read.unwrap().unwrap().0
        };
        let none_of = |tags: &[&str]| Expected::NoneOf(tags.iter().map(ToString::to_string).collect());
        assert_eq!(expected("*", None), one_of(&[]));
        assert_eq!(expected("*", Some(r#""1""#)), one_of(&[]));
        assert_eq!(expected(r#""1", W/"2""#, None), none_of(&["1", "2"]));
        assert_eq!(expected(r#""1""#, Some("*")), none_of(&["1"]));
        assert_eq!(expected(r#""1""#, Some(r#""1", "2""#)), one_of(&["2"]));
        assert_eq!(expected("1", None), Expected::Anything);
    }

    #[test]
    fn what_is_no_list_of_tags_expects_nothing_that_is_there() {
        for wrong in [
            "1",
            r#""1"#,
            r#"1""#,
            r#""1" "2""#,
            r#""1", 2"#,
            r#"w/"1""#,
            r#"*, "1""#,
            "**",
            r#""1";"2""#,
        ] {
            assert_eq!(expected(&[wrong]), one_of(&[]), "{wrong}");
        }
        assert_eq!(expected(&["*", "*"]), one_of(&[]));
    }

    #[test]
    fn what_the_client_has_is_named_by_the_opaque_part_of_a_tag_weak_or_not() {
        let has = |known: &str, own: Option<&str>| {
            let headers = |name, value: &str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
            let condition = IfNoneMatch::of(&headers(IF_NONE_MATCH, known)).unwrap();
            condition.names_tag_of(&own.map(|own| headers(ETAG, own)).unwrap_or_default())
        };
        for own in [r#""1""#, r#"W/"1""#] {
            for known in [r#""1""#, r#"W/"1""#, r#""0", W/"1""#, "*"] {
                assert!(has(known, Some(own)), "{known} {own}");
            }
            for known in [r#""11""#, "1", "", r#""0""#, r#""1" "2""#] {
                assert!(!has(known, Some(own)), "{known} {own}");
            }
        }
        assert!(!has("*", None));
        assert_eq!(IfNoneMatch::of(&HeaderMap::new()), None);
    }
}
