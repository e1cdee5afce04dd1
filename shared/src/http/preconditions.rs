//! What a request makes of its answer depend on: `If-Match` and `If-None-Match` (RFC 9110, 13.1), `Prefer` (RFC 7240).
//!
//! Of each header all lines are one list. A list of tags that breaks the grammar has none: nothing is what it expects, so
//! a write is refused (`412`, as of any tag that is not the present one), and a body is sent whole.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{AsHeaderName, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;

use crate::actions::revisions::Expected;
use crate::error::{Error, Result};

/// The revisions that the client means to change.
#[derive(Debug, Clone)]
pub struct IfMatch(pub Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(Self(match Listed::of(&parts.headers, IF_MATCH) {
            None | Some(Listed::Any) => Expected::Anything,
            // A weak tag is none of these: the comparison is the strong one (8.8.3.2).
            Some(Listed::Tags(tags)) => {
                let strong = tags.into_iter().filter(|tag| !tag.is_weak);
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

const WHITESPACE: [char; 2] = [' ', '\t'];
/// A list can have empty elements.
const BETWEEN: [char; 3] = [' ', '\t', ','];

/// All lines of a header as the one list that they are (RFC 9110, 5.3). Other bytes than ASCII are in nothing that Usher
/// issued.
fn joined(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// How much of what it changed the client wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    Minimal,
    Representation,
}

/// `Prefer: return=…`, where the client has such a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefer(pub Option<Return>);

impl<S: Send + Sync> FromRequestParts<S> for Prefer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let text = joined(&parts.headers, "prefer").unwrap_or_default();
        let mut preferences = outside_quotes(&text, ',').into_iter().map(preference);
        // Of one that is repeated the first counts, whatever its value is (RFC 7240, 2).
        let first = preferences.find(|(name, _)| name.eq_ignore_ascii_case("return"));
        Ok(Self(first.and_then(|(_, value)| {
            let known = [("minimal", Return::Minimal), ("representation", Return::Representation)];
            let of_name = |(name, _): &(&str, Return)| value.eq_ignore_ascii_case(name);
            known.into_iter().find(of_name).map(|(_, meant)| meant)
        })))
    }
}

/// A preference's name and value, without its parameters.
fn preference(text: &str) -> (&str, String) {
    let own = outside_quotes(text, ';').first().copied().unwrap_or_default();
    let (name, value) = own.split_once('=').unwrap_or((own, ""));
    (name.trim_matches(WHITESPACE), word(value.trim_matches(WHITESPACE)))
}

/// A token as it is, a quoted string without its quotes and escapes.
fn word(text: &str) -> String {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return text.to_owned() };
    let mut letters = quoted.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

/// The parts between separators, those in quoted strings (RFC 9110, 5.6.4) left alone.
fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|letter| {
        let literal = std::mem::take(&mut escaped);
        match letter {
            '\\' if quoted && !literal => escaped = true,
            '"' if !literal => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    })
    .collect()
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

    #[test]
    fn of_preferences_the_first_return_counts_in_any_spelling() {
        let (minimal, whole) = (Some(Return::Minimal), Some(Return::Representation));
        for (lines, wish) in [
            (&[][..], None),
            (&["return=representation"][..], whole),
            (&["return=representation; wait=5"], whole),
            (&["return=\"representation\""], whole),
            (&["return=\"repre\\sentation\""], whole),
            (&["RETURN = Representation ;x=\"a,return=minimal\""], whole),
            (&["respond-async, wait=10", "return=representation"], whole),
            (&["foo=\"a, return=minimal\", return=representation"], whole),
            (&["foo=\"\\\", return=minimal\", return=representation"], whole),
            (&["return=minimal"], minimal),
            (&["return=minimal, return=representation"], minimal),
            (&["return=other, return=representation"], None),
            (&["return", "return=representation"], None),
            (&["return=representation5"], None),
            (&["x-return=representation"], None),
            (&["foo; return=representation"], None),
            (&["foo=\"return=representation"], None),
        ] {
            assert_eq!(read::<Prefer>("prefer", lines).0, wish, "{lines:?}");
        }
    }
}
