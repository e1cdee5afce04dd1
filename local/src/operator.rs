//! `local admin`: what only whoever runs the stack can do (`usher::actions::operator`), and what it prints. Secrets are
//! printed once, to the standard output, and logged nowhere.

use std::collections::HashMap;
use std::io::Write;

use serde_json::Value;
use usher::actions::revisions::Expected;
use usher::actions::{Context, locks, open_sessions, operator, rotation, users};
use usher::domain::history::RightsKind;
use usher::domain::tenant::TenantId;
use usher::domain::text::Email;
use usher::domain::time;
use usher::domain::user::UserRef;
use usher::id::MailId;
use usher::secrecy::ExposeSecret;

use crate::args::{Admin, Mail, Operation};
use crate::error::{Error, Result};
use crate::place::Opened;

/// `USHER_…` variables.
type Variables = HashMap<String, String>;

/// Does it, or prints what it would do.
pub async fn run(args: &Admin, variables: Variables, out: &mut impl Write) -> Result<()> {
    let operation = args.operation();
    let opened = operation.place.open(variables).await?;
    let done = on(args, &opened, out).await;
    opened.close().await?;
    done
}

/// The same on a table that is open already.
pub async fn on(args: &Admin, opened: &Opened, out: &mut impl Write) -> Result<()> {
    let cx = context(args.operation(), opened).await?;
    if cx.is_dry_run {
        writeln!(out, "dry run: nothing is written")?;
    }
    match args {
        Admin::Owner { email, user, url, .. } => {
            owner(&cx, email.as_deref(), user.as_deref(), url.as_deref(), out).await
        }
        Admin::Mail(mail) => mails(&cx, mail, out).await,
        Admin::Unlock { user, .. } => unlock(&cx, user, out).await,
        Admin::RevokeSessions { user, .. } => revoke_sessions(&cx, user, out).await,
        Admin::RotateKey {
            now,
            revoke,
            revoke_all,
            ..
        } => match (revoke, revoke_all) {
            (None, false) => rotate(&cx, *now, out).await,
            (kid, _) => revoke_keys(&cx, kid.as_deref(), out).await,
        },
    }
}

async fn context(operation: &Operation, opened: &Opened) -> Result<Context> {
    let tenant = TenantId::parse(&operation.tenant).map_err(Error::Tenant)?;
    let cx = operator::context(&opened.app, &tenant).await;
    let mut cx = cx.map_err(|cause| Error::NotSetUp {
        tenant: operation.tenant.clone(),
        cause,
    })?;
    cx.is_dry_run = operation.dry_run;
    Ok(cx)
}

fn named(text: &str) -> Result<UserRef> {
    UserRef::parse(text)
        .ok_or_else(|| Error::Argument(format!("{text} is neither an id nor an address nor a username")))
}

async fn owner(
    cx: &Context,
    email: Option<&str>,
    user: Option<&str>,
    url: Option<&str>,
    out: &mut impl Write,
) -> Result<()> {
    let who = if let Some(email) = email {
        UserRef::Email(Email::parse(email).map_err(|why| Error::Argument(format!("--email: {why}")))?)
    } else {
        let who = named(user.unwrap_or_default())?;
        // An address of no account is a mistake here, and makes none.
        UserRef::Id(users::find(cx, &who).await?.id)
    };
    let owner = operator::owner(cx, &who).await?;
    let what = if owner.is_new { "a new account" } else { "account" };
    writeln!(out, "owner: {what} {}", owner.id)?;
    print(&owner.changes, out)?;
    log(cx, "owner", &owner.id.to_string());
    if cx.is_dry_run {
        return Ok(writeln!(
            out,
            "and a link, or a temporary password, would be printed here"
        )?);
    }
    match &owner.way_in {
        operator::WayIn::Link { token, until } => {
            let base = url.unwrap_or_else(|| cx.app.settings.public_url.as_deref().unwrap_or(&cx.issuer));
            let page = format!("{}{}", base.trim_end_matches('/'), ::outbox::links::SET_PASSWORD);
            writeln!(out, "choose a password, once, until {}:", time::text(*until))?;
            writeln!(out, "{page}#{}", token.expose_secret())?;
        }
        operator::WayIn::TemporaryPassword(password) => {
            writeln!(out, "temporary password, to be changed at the first login:")?;
            writeln!(out, "{}", password.expose_secret())?;
        }
    }
    Ok(())
}

async fn mails(cx: &Context, mail: &Mail, out: &mut impl Write) -> Result<()> {
    let (id, fate) = match mail {
        Mail::List { .. } => return list(cx, out).await,
        Mail::Retry { id, .. } => (id, operator::MailFate::Retry),
        Mail::Drop { id, .. } => (id, operator::MailFate::Drop),
    };
    let id: MailId = id
        .trim_start_matches("MAIL#")
        .parse()
        .map_err(|_| Error::Argument(format!("{id} is no mail's id")))?;
    let dead = operator::settle_mail(cx, id, fate).await?;
    let what = match fate {
        operator::MailFate::Retry => "is sent within a minute",
        operator::MailFate::Drop => "is given up for good",
    };
    log(cx, "mail", &id.to_string());
    Ok(writeln!(
        out,
        "mail {id} ({:?}, account {}) {what}",
        dead.mail.kind, dead.mail.user
    )?)
}

async fn list(cx: &Context, out: &mut impl Write) -> Result<()> {
    let (dead, more) = operator::dead_mails(cx).await?;
    for mail in &dead {
        let at = mail.given_up_at.map(time::text).unwrap_or_default();
        let operator::DeadMail { mail, attempts, .. } = mail;
        writeln!(
            out,
            "{}  tenant {}  account {}  {:?}  given up {at} after {attempts} tries",
            mail.id, mail.tenant, mail.user, mail.kind
        )?;
    }
    let more = if more { ", and more" } else { "" };
    Ok(writeln!(out, "{} dead mails{more}", dead.len())?)
}

async fn unlock(cx: &Context, user: &str, out: &mut impl Write) -> Result<()> {
    let who = named(user)?;
    let before = users::find(cx, &who).await?;
    let was = before.status_at(cx.now);
    let after = locks::unlock(cx, &UserRef::Id(before.id), &Expected::Anything).await?;
    log(cx, "unlock", &before.id.to_string());
    let failed = before.attempts.failed_login_count();
    let is = after.status_at(cx.now);
    Ok(writeln!(
        out,
        "account {}: {was} with {failed} failed logins, now {is} with none",
        before.id
    )?)
}

async fn revoke_sessions(cx: &Context, user: &str, out: &mut impl Write) -> Result<()> {
    let who = named(user)?;
    let user = users::find(cx, &who).await?;
    open_sessions::end_all(cx, &UserRef::Id(user.id), &Expected::Anything, false).await?;
    log(cx, "revoke-sessions", &user.id.to_string());
    Ok(writeln!(out, "account {}: every session is ended", user.id)?)
}

async fn rotate(cx: &Context, at_once: bool, out: &mut impl Write) -> Result<()> {
    let (kid, signs_from) = rotation::publish(&of_the_stack(cx), at_once).await?;
    if cx.is_dry_run {
        return Ok(writeln!(out, "a new key would sign from {}", time::text(signs_from))?);
    }
    log(cx, "rotate-key", &kid);
    Ok(writeln!(
        out,
        "key {kid} is published, and signs from {}",
        time::text(signs_from)
    )?)
}

async fn revoke_keys(cx: &Context, kid: Option<&str>, out: &mut impl Write) -> Result<()> {
    let revoked = rotation::revoke(&of_the_stack(cx), kid).await?;
    for kid in &revoked.kids {
        log(cx, "revoke-key", kid);
        writeln!(out, "key {kid} is taken away: nothing that it signed is valid any more")?;
    }
    match &revoked.published {
        Some(_) if cx.is_dry_run => writeln!(out, "a new key would sign at once")?,
        Some(kid) => writeln!(out, "key {kid} is published, and signs at once")?,
        None => writeln!(out, "another key signs already")?,
    }
    Ok(())
}

/// Keys are the whole stack's, which is recorded in its first tenant.
fn of_the_stack(cx: &Context) -> Context {
    cx.within(&TenantId::main())
}

fn print(changes: &[(RightsKind, Value, Value)], out: &mut impl Write) -> Result<()> {
    for (kind, before, after) in changes {
        let name = serde_json::to_value(kind).unwrap_or_default();
        writeln!(out, "  {}: {before} -> {after}", name.as_str().unwrap_or_default())?;
    }
    Ok(())
}

/// The command's own log, beside the row in the rights history: never a secret.
fn log(cx: &Context, command: &str, about: &str) {
    if !cx.is_dry_run {
        tracing::info!(
            event = "admin",
            command,
            about,
            tenant = cx.tenant.as_str(),
            "done by the operator"
        );
    }
}
