//! Accounts by rung: `/{auth,user,member,admin,owner}/{action}` of the account contract (`account.md`). The table is made
//! of the [`matrix`].

use axum::handler::Handler;
use usher::access::guard::Guard;
use usher::http::known;
use usher::http::openapi::Described;
use usher::http::routes::Routes;

pub mod handlers;
pub mod matrix;
pub mod speech;
pub mod wire;

use matrix::{Action, MATRIX, Row, SIDES, Side, Verb};
use speech::Message;

/// The document as it is committed: API Gateway sends `ANY /{rung}/{action}` here, and so what is another function's.
const OPENAPI: &str = include_str!("../../../openapi.json");

/// The route table.
pub fn routes() -> Routes {
    let table = Routes::new::<Message>("Account")
        .about(
            "Accounts by rung: the first segment of a path is the rung that the caller acts from, and a rung has all \
             actions of those below it. Paths and fields are known in any letter case.",
        )
        .with_api_key()
        .in_any_letter_case()
        .strictly_below()
        .known(|| known::documented(OPENAPI));
    let doors = SIDES.into_iter().flat_map(|side| {
        let rows = MATRIX
            .iter()
            .flat_map(|row| row.verbs.iter().map(move |verb| (row, *verb)));
        rows.filter_map(move |(row, verb)| Door::of(row, side, verb))
    });
    doors.fold(table, |table, door| {
        let (row, operation) = (door.row, door.operation());
        mount(table, &door).says(row.says, row.refusals).called(operation)
    })
}

/// One route.
struct Door {
    row: &'static Row,
    side: Side,
    verb: Verb,
    guard: Guard,
}

impl Door {
    fn of(row: &'static Row, side: Side, verb: Verb) -> Option<Self> {
        let guard = row.guard(side)?;
        Some(Self { row, side, verb, guard })
    }

    /// What the document calls it. Where both methods are taken, the second is the same operation once more.
    fn operation(&self) -> String {
        let again = if self.row.verbs.first() == Some(&self.verb) {
            ""
        } else {
            "_post"
        };
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
            Verb::Post => table.post(path, self.guard, handler),
        }
    }
}

fn mount(table: Routes, door: &Door) -> Routes {
    let admins = door.side.is_admins();
    match door.row.action {
        Action::Register => door.on(table, handlers::register),
        Action::Login => door.on(table, handlers::login),
        Action::ResetPassword if door.side == Side::Guest => door.on(table, handlers::forgotten_password),
        Action::ResetPassword => door.on(table, handlers::reset_password),
        Action::Profile if admins => door.on(table, handlers::profile_in_full),
        Action::Profile => door.on(table, handlers::profile),
        Action::Logout => door.on(table, handlers::logout),
        Action::Update if admins => door.on(table, handlers::update_any),
        Action::Update => door.on(table, handlers::update),
        Action::Change if admins => door.on(table, handlers::change_any),
        Action::Change => door.on(table, handlers::change),
        Action::Delete => door.on(table, handlers::delete),
        Action::DeleteAccount => door.on(table, handlers::delete_account),
        Action::DeleteUser => door.on(table, handlers::delete_user),
        Action::DeleteUserAccount => door.on(table, handlers::delete_user_account),
        Action::ChangeRole => door.on(table, handlers::change_role),
        Action::Users => door.on(table, handlers::users),
        Action::Roles => door.on(table, handlers::roles),
        Action::Entries => door.on(table, handlers::entries),
        Action::RightsChanges if door.verb == Verb::Post => door.on(table, handlers::rights_changes_posted),
        Action::RightsChanges => door.on(table, handlers::rights_changes),
        Action::SetMaxRoles | Action::SetRoleCounts => door.on(table, handlers::set_max_roles),
    }
}
