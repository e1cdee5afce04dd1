//! Accounts by rank: `/{auth,user,member,admin,owner}/{action}` of the account contract (`docs/contracts/account.md`).
//! The table is made of the [`matrix`].
// The future of a handler is as deep as all layers under it.
#![recursion_limit = "256"]

use axum::handler::Handler;
use percent_encoding::percent_decode_str;
use usher::access::guard::Guard;
use usher::http::known;
use usher::http::openapi::Described;
use usher::http::routes::Routes;

mod answer;
mod case;
pub mod credentials;
pub mod error_format;
pub mod handlers;
pub mod matrix;
mod sentences;
pub mod wire;

use error_format::Message;
use matrix::{Action, MATRIX, Row, SIDES, Side, Verb};

pub fn routes() -> Routes {
    let table = Routes::new::<Message>("Account")
        .about(
            "Users by rank: the first segment of a path is the rank that the caller acts from, and a rank has all \
             actions of those below it. Paths and fields are case-insensitive.\n\nAnswers are spelled as their \
             client writes: in PascalCase, as shown here, or in camelCase where the first known field of a request's \
             body begins with a small letter, and for a session whose login did. Only names of fields change.",
        )
        .credential(credentials::api_key)
        .rewrite_path(in_one_spelling)
        .stricter(credentials::strictly_below)
        // API Gateway sends `ANY /{rank}/{action}` here, and so what is another function's.
        .known(|| known::listed(include_str!("../../../routes.txt")));
    let routes = SIDES.into_iter().flat_map(|side| {
        let rows = MATRIX
            .iter()
            .flat_map(|row| row.verbs.iter().map(move |verb| (row, *verb)));
        rows.filter_map(move |(row, verb)| AccountRoute::of(row, side, verb))
    });
    routes.fold(table, |table, route| {
        let (row, operation) = (route.row, route.operation());
        mount(table, &route)
            .summary(row.summary)
            .errors(row.errors(route.side))
            .called(operation)
    })
}

/// Paths of this contract are matched as the source's server does: in any letter case, with or without a slash at the
/// end, and with letters percent-encoded.
fn in_one_spelling(path: &str) -> Option<String> {
    let bare = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<String> = bare.split('/').map(segment).collect();
    let is_own = SIDES.iter().any(|side| segments.get(1) == Some(&side.to_string()));
    Some(segments.join("/")).filter(|spelled| is_own && spelled != path)
}

fn segment(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    // Any other character means something else where it is not encoded (RFC 3986, 2.3).
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    match decoded.bytes().all(is_unreserved) {
        true => decoded.to_ascii_lowercase(),
        false => text.to_ascii_lowercase(),
    }
}

struct AccountRoute {
    row: &'static Row,
    side: Side,
    verb: Verb,
    guard: Guard,
}

impl AccountRoute {
    fn of(row: &'static Row, side: Side, verb: Verb) -> Option<Self> {
        let guard = row.guard(side)?;
        Some(Self { row, side, verb, guard })
    }

    /// What the document calls it. Where both methods are taken, the second is the same operation once more.
    fn operation(&self) -> String {
        let second = self.row.verbs.first() != Some(&self.verb);
        let again = if second { "_post" } else { "" };
        format!("account_{}_{}{again}", self.side, self.row.action)
    }

    fn on<H, T>(&self, table: Routes, handler: H) -> Routes
    where
        H: Handler<T, ()> + Described<T>,
        T: 'static,
    {
        let path = format!("/{}/{}", self.side, self.row.action);
        match self.verb {
            Verb::Get => table.get(path, self.guard, handler),
            Verb::Post if self.row.makes() => table.make(path, self.guard, handler),
            Verb::Post => table.post(path, self.guard, handler),
        }
    }
}

fn mount(table: Routes, route: &AccountRoute) -> Routes {
    let admins = route.side.is_admins();
    match route.row.action {
        Action::Register => route.on(table, handlers::register),
        Action::Login => route.on(table, handlers::login),
        Action::ResetPassword if route.side == Side::Guest => route.on(table, handlers::forgotten_password),
        Action::ResetPassword => route.on(table, handlers::reset_password),
        Action::Profile if admins => route.on(table, handlers::profile_in_full),
        Action::Profile => route.on(table, handlers::profile),
        Action::Logout => route.on(table, handlers::logout),
        Action::Update if admins => route.on(table, handlers::update_any),
        Action::Update => route.on(table, handlers::update),
        Action::Change if admins => route.on(table, handlers::change_any),
        Action::Change => route.on(table, handlers::change),
        Action::Delete => route.on(table, handlers::delete),
        Action::DeleteAccount => route.on(table, handlers::delete_account),
        Action::DeleteUser => route.on(table, handlers::delete_user),
        Action::DeleteUserAccount => route.on(table, handlers::delete_user_account),
        Action::ChangeRole => route.on(table, handlers::change_role),
        Action::Users => route.on(table, handlers::users),
        Action::Roles => route.on(table, handlers::roles),
        Action::Entries => route.on(table, handlers::entries),
        Action::RightsChanges if route.verb == Verb::Post => route.on(table, handlers::rights_changes_posted),
        Action::RightsChanges => route.on(table, handlers::rights_changes),
        Action::SetMaxRoles | Action::SetRoleCounts => route.on(table, handlers::set_max_roles),
    }
}
