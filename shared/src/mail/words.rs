//! What mails say. Each says who asked, what to do, and what to do if it was somebody else.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Link;
use crate::domain::mail::{Mail, MailKind};
use crate::error::{Error, Result};

/// Where lines of the text part are broken.
const WIDTH: usize = 76;

/// What a mail says, once for both of its parts.
pub(super) struct Words {
    pub subject: &'static str,
    greeting: String,
    first: Vec<String>,
    action: Option<Action>,
    last: Vec<String>,
}

struct Action {
    label: &'static str,
    url: String,
    life: String,
}

/// What a mail says.
///
/// # Errors
/// [`Error::Fault`] where a mail that needs a link has none, or one that is no web address: a defect.
pub(super) fn of(mail: &Mail, link: Option<&Link>) -> Result<Words> {
    let (subject, label) = match mail.kind {
        MailKind::VerifyEmail => ("Confirm your e-mail address", Some("Confirm this address")),
        MailKind::ResetPassword => ("Choose a new password", Some("Choose a new password")),
        MailKind::Invitation => ("You have an account: choose a password", Some("Choose a password")),
        MailKind::EmailChanged => ("The e-mail address of your account was changed", None),
        MailKind::PasswordChanged => ("The password of your account was changed", None),
    };
    let (first, last) = said(mail);
    Ok(Words {
        subject,
        greeting: greeting(mail.name.as_deref()),
        first,
        action: label.map(|label| action(label, link)).transpose()?,
        last,
    })
}

fn action(label: &'static str, link: Option<&Link>) -> Result<Action> {
    let link = link.ok_or_else(|| Error::fault("a mail that needs a link has none"))?;
    let is_web = link.url.starts_with("https://") || link.url.starts_with("http://");
    // Else it could break a line of the mail, or be something that a reader runs.
    if !is_web || link.url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Error::fault("the link of a mail is no web address"));
    }
    Ok(Action {
        label,
        url: link.url.clone(),
        life: format!("The link works once, until {}.", moment(link.until)),
    })
}

/// The paragraphs before the link, and those after it.
fn said(mail: &Mail) -> (Vec<String>, Vec<String>) {
    let (to, at, when) = (&mail.to, host(&mail.base), moment(mail.created_at));
    let (first, last): (&[String], &[String]) = match mail.kind {
        MailKind::VerifyEmail => (
            &[format!("The address {to} was given for an account at {at}. Please confirm that it is yours.")],
            &["If it was not you who gave it, you need not do anything: somebody may have mistyped theirs, and without \
               this link the address stays unconfirmed."
                .to_owned()],
        ),
        MailKind::ResetPassword => (
            &[format!("Somebody asked for a new password for the account with the address {to} at {at}.")],
            &["If it was not you, you need not do anything: your password stays as it is, and nobody else can use this \
               link unless you pass it on."
                .to_owned()],
        ),
        MailKind::Invitation => (
            &[format!("An administrator of {at} made an account for you, with the address {to}. Choose a password to use it.")],
            &["If you did not expect this, you need not do anything: nobody can sign in to the account before a password \
               is chosen."
                .to_owned()],
        ),
        MailKind::EmailChanged => (
            &[
                format!("On {when}, the account at {at} that had the address {to} was given another address, by its owner or by an administrator."),
                "This address no longer belongs to it, and no further mail about the account comes here.".to_owned(),
            ],
            &["If it was not you, somebody else may be using your account: tell the administrators right away.".to_owned()],
        ),
        MailKind::PasswordChanged => (
            &[format!("On {when}, the password of the account with the address {to} at {at} was changed, by its owner or by an administrator.")],
            &["If it was not you, somebody else may be using your account: ask for a new password where you sign in, and \
               tell the administrators."
                .to_owned()],
        ),
    };
    (first.to_vec(), last.to_vec())
}

impl Words {
    /// As text: lines of a readable length, the link on one of its own.
    pub fn text(&self) -> String {
        let mut parts = vec![self.greeting.clone()];
        parts.extend(self.first.iter().map(|text| wrapped(text)));
        if let Some(action) = &self.action {
            parts.push(format!("{}:\n{}", action.label, action.url));
            parts.push(wrapped(&action.life));
        }
        parts.extend(self.last.iter().map(|text| wrapped(text)));
        parts.push(FOOTER.to_owned());
        parts.join("\n\n") + "\n"
    }

    /// As HTML, without anything that is fetched from elsewhere.
    pub fn html(&self) -> String {
        let mut body = vec![paragraph(&self.greeting)];
        body.extend(self.first.iter().map(|text| paragraph(text)));
        if let Some(action) = &self.action {
            let (url, label) = (escaped(&action.url), escaped(action.label));
            body.push(format!("<p><a href=\"{url}\" style=\"{BUTTON}\">{label}</a></p>"));
            body.push(format!("<p style=\"{SMALL}\">Or open this address:<br>{url}</p>"));
            body.push(paragraph(&action.life));
        }
        body.extend(self.last.iter().map(|text| paragraph(text)));
        body.push(format!("<p style=\"{SMALL}\">{}</p>", escaped(FOOTER)));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"{PAGE}\">\n{}\n</body>\n</html>\n",
            escaped(self.subject),
            body.join("\n")
        )
    }
}

const FOOTER: &str = "This mail was sent by a machine. Nobody reads answers to it.";
const PAGE: &str = "font-family:sans-serif;line-height:1.5;max-width:36em;margin:2em auto;color:#222";
const BUTTON: &str =
    "display:inline-block;padding:.6em 1.2em;background:#1a56db;color:#fff;border-radius:.3em;text-decoration:none";
const SMALL: &str = "font-size:.85em;color:#555;word-break:break-all";

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

/// Text as HTML, in an element or in a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
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

/// The host of an address, for people.
fn host(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// A paragraph in lines of [`WIDTH`] characters, as far as its words let it.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
