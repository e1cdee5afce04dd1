//! The text of mails: the templates under `templates/mail`, and what is filled into them.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use textwrap::WordSplitter;

use super::Link;
use crate::domain::mail::{Mail, MailKind};
use crate::error::{Error, Result};

/// Where lines of the text part are broken.
const WIDTH: usize = 76;

pub(super) struct Words {
    pub subject: String,
    /// Lines of a readable length, a link on one of its own.
    pub text: String,
    /// Without anything that is fetched from elsewhere.
    pub html: String,
}

#[derive(Template)]
#[template(path = "mail/subject.txt")]
struct Subject<'a> {
    mail: &'a Fields<'a>,
}

#[derive(Template)]
#[template(path = "mail/mail.txt")]
struct Text<'a> {
    mail: &'a Fields<'a>,
}

#[derive(Template)]
#[template(path = "mail/mail.html")]
struct Html<'a> {
    mail: &'a Fields<'a>,
    subject: &'a str,
}

struct Fields<'a> {
    kind: MailKind,
    greeting: String,
    to: &'a str,
    host: &'a str,
    when: String,
    /// Empty where the kind has no link.
    url: &'a str,
    until: String,
}

pub(super) fn of(mail: &Mail, link: Option<&Link>) -> Result<Words> {
    let link = mail.kind.link().map(|_| web_address(link)).transpose()?;
    let fields = Fields {
        kind: mail.kind,
        greeting: greeting(mail.name.as_deref()),
        to: &mail.to,
        host: host(&mail.base),
        when: moment(mail.created_at),
        url: link.map_or("", |link| &link.url),
        until: link.map(|link| moment(link.until)).unwrap_or_default(),
    };
    let subject = Subject { mail: &fields }.render().map_err(Error::fault)?;
    let text = Text { mail: &fields }.render().map_err(Error::fault)?;
    let html = Html {
        mail: &fields,
        subject: &subject,
    }
    .render()
    .map_err(Error::fault)?;
    let lines = textwrap::Options::new(WIDTH)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    Ok(Words {
        text: textwrap::fill(&text, lines) + "\n",
        html: html + "\n",
        subject,
    })
}

fn web_address(link: Option<&Link>) -> Result<&Link> {
    let link = link.ok_or_else(|| Error::fault("a mail that needs a link has none"))?;
    let is_web = link.url.starts_with("https://") || link.url.starts_with("http://");
    // Else it could break a line of the mail, or be something that a reader runs.
    if !is_web || link.url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Error::fault("the link of a mail is no web address"));
    }
    Ok(link)
}

/// Whoever registers chooses the name, and perhaps another's address: what could be read as an advertisement or a link,
/// or turns the line around, is left out.
fn greeting(name: Option<&str>) -> String {
    match name.map(str::trim).filter(|name| is_a_name(name)) {
        Some(name) => format!("Hello {name},"),
        None => "Hello,".to_owned(),
    }
}

/// At most 40 letters and digits with spaces, hyphens, apostrophes and full stops between them, and no full stop before
/// two letters or more, as in a domain.
fn is_a_name(name: &str) -> bool {
    let may = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '\u{2019}' | '.' | '_');
    let like_a_domain = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric()).count() > 1;
    let mut after_stops = name.split('.').skip(1);
    !name.is_empty() && name.chars().take(41).count() <= 40 && name.chars().all(may) && !after_stops.any(like_a_domain)
}

fn host(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}
