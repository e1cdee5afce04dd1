//! Random steps: how often which.

use super::chance::Chance;
use super::step::{At, Name, Step, Who, Whom};

impl Chance {
    pub fn step(&mut self) -> Step {
        match self.0.u32(..100) {
            0..=5 => Step::Wait(self.seconds()),
            6..=17 => self.making(),
            18..=36 => self.login(),
            37..=49 => self.about_sessions(),
            50..=67 => self.about_an_account(),
            68..=80 => self.about_grants(),
            81..=88 => self.about_roles(),
            _ => self.question(),
        }
    }

    fn seconds(&mut self) -> u32 {
        const DAY: u32 = 86_400;
        const MANY: [u32; 10] = [1, 30, 61, 901, 1_800, 3_600, 9 * 3_600, DAY + 1, 8 * DAY, 31 * DAY];
        // The longest end every session: seldom.
        let place = self.below(26);
        MANY[usize::from(if place < 10 { place } else { place % 8 })]
    }

    fn making(&mut self) -> Step {
        match self.below(8) {
            0..=3 => Step::Create {
                by: self.who(),
                email: self.maybe(Self::free),
                username: self.maybe(Self::free),
                password: if self.one_in(8) { None } else { Some(self.password()) },
                roles: self.roles(),
                verified: self.one_in(2),
                must_change: self.one_in(6),
            },
            4 | 5 => Step::CreateAdmin {
                by: self.who(),
                email: self.free(),
                username: self.free(),
                password: self.password(),
                roles: self.roles(),
                verified: self.one_in(2),
            },
            other => Step::Register {
                at: if other == 6 { At::Account } else { At::Registration },
                email: if other == 6 {
                    Some(self.free())
                } else {
                    self.maybe(Self::free)
                },
                username: self.free(),
                password: self.password(),
            },
        }
    }

    fn login(&mut self) -> Step {
        let (at, name) = (self.at(), self.name());
        let name = match (at, name) {
            (At::Directory | At::Admin, Name::Username(number)) => Name::Email(number),
            (_, name) => name,
        };
        Step::Login {
            at,
            name,
            password: self.secret(),
        }
    }

    fn about_sessions(&mut self) -> Step {
        let session = self.below(24);
        match self.below(16) {
            0..=4 => Step::Refresh {
                session,
                back: [0, 0, 1, 1, 2][usize::from(self.below(5))],
            },
            5 => Step::Renew { session },
            6 => Step::VerifyToken { session },
            7 => Step::Revoke {
                session,
                by_refresh: self.one_in(2),
            },
            8 | 9 => Step::Logout {
                by: self.signed_in(),
                at: [At::Directory, At::Account, At::Admin][usize::from(self.below(3))],
            },
            10 => {
                let own = self.one_in(2);
                let by = if own { self.signed_in() } else { self.who() };
                Step::EndSession { by, session, own }
            }
            11 => {
                let whom = self.maybe(Self::whom);
                let by = if whom.is_some() { self.who() } else { self.signed_in() };
                Step::EndSessions {
                    by,
                    whom,
                    but_current: self.one_in(2),
                }
            }
            12..=14 => Step::ChangePassword {
                by: self.signed_in(),
                at: [At::Directory, At::Account, At::Registration][usize::from(self.below(3))],
                old: self.secret(),
                new: self.password(),
            },
            _ => Step::ChangeName {
                by: self.signed_in(),
                new: match self.name() {
                    Name::Email(number) => Name::Email(number % 6),
                    Name::Username(number) => Name::Username(number % 6),
                },
                old_is_right: !self.one_in(4),
            },
        }
    }

    fn about_an_account(&mut self) -> Step {
        let (by, whom) = (self.who(), self.whom());
        match self.below(16) {
            0 | 1 => Step::Reset {
                by,
                whom,
                new: self.maybe(Self::password),
            },
            2 | 3 => Step::Put {
                by,
                whom,
                admin: self.maybe(|chance| chance.one_in(2)),
                active: self.maybe(|chance| !chance.one_in(3)),
            },
            4..=6 => self.patch(by, whom),
            7 => Step::PutAdmin {
                by,
                whom,
                email: if self.one_in(4) { Some(self.free()) } else { None },
                username: if self.one_in(4) { Some(self.free()) } else { None },
                password: if self.one_in(4) { Some(self.password()) } else { None },
                verified: self.maybe(|chance| !chance.one_in(4)),
                roles: self.maybe(Self::roles),
            },
            8 | 9 => Step::Lock {
                by,
                whom,
                seconds: self.maybe(|chance| [60, 900, 86_400][usize::from(chance.below(3))]),
            },
            10 | 11 => Step::Unlock { by, whom },
            12 => Step::Ban { by, whom },
            13 => Step::Lift { by, whom },
            14 => Step::Delete {
                by,
                whom,
                at: [At::Directory, At::Admin, At::Account][usize::from(self.below(3))],
            },
            _ => Step::DeleteOwn { by: self.signed_in() },
        }
    }

    fn patch(&mut self, by: Who, whom: Whom) -> Step {
        Step::Patch {
            by,
            whom,
            email: if self.one_in(5) {
                Some(self.maybe(Self::free))
            } else {
                None
            },
            username: if self.one_in(5) {
                Some(self.maybe(Self::free))
            } else {
                None
            },
            verified: if self.one_in(4) { Some(self.one_in(2)) } else { None },
            status: if self.one_in(2) { Some(self.word()) } else { None },
            password: if self.one_in(4) { Some(self.password()) } else { None },
        }
    }

    fn about_grants(&mut self) -> Step {
        const BEGINS: [i32; 4] = [-60, 30, 900, 86_400];
        const ENDS: [i32; 5] = [-1, 60, 901, 3_600, 9 * 86_400];
        let (by, whom) = (self.who(), self.whom());
        match self.below(12) {
            0..=4 => Step::Give {
                by,
                whom,
                role: self.role(),
                department: if self.one_in(4) { Some(self.below(2)) } else { None },
                from: if self.one_in(3) {
                    Some(BEGINS[usize::from(self.below(4))])
                } else {
                    None
                },
                to: self.maybe(|chance| ENDS[usize::from(chance.below(5))]),
            },
            5..=7 => Step::Take {
                by,
                whom,
                place: self.below(6),
            },
            8 => Step::Assign {
                by,
                whom,
                roles: self.roles(),
            },
            9 => Step::RemoveRole {
                by,
                whom,
                role: self.role(),
            },
            _ => Step::ChangeRole {
                by,
                whom,
                role: self.role(),
            },
        }
    }

    fn about_roles(&mut self) -> Step {
        let by = self.who();
        match self.below(12) {
            0..=4 => Step::MakeRole {
                by,
                name: self.custom(),
                permissions: self.permissions(),
                limit: self.maybe(|chance| chance.below(4)),
            },
            5 | 6 => Step::EditRole {
                by,
                role: self.custom(),
                name: if self.one_in(5) { Some(self.custom()) } else { None },
                permissions: self.maybe(Self::permissions),
                limit: self.maybe(|chance| chance.maybe(|chance| chance.below(5))),
            },
            7 => Step::SetMax {
                by,
                role: [1, 2, 4, 5, 6, 7][usize::from(self.below(6))],
                limit: self.below(7),
            },
            8 => Step::DropRole {
                by,
                role: self.role(),
                force: self.one_in(2),
            },
            9 | 10 => Step::AddPermission {
                by,
                number: self.below(2),
            },
            _ => Step::DropPermission {
                by,
                number: self.below(2),
                force: self.one_in(3),
            },
        }
    }

    fn question(&mut self) -> Step {
        let by = self.who();
        match self.below(12) {
            0 | 1 => Step::Show { by, whom: self.whom() },
            2..=4 => Step::List {
                by,
                status: if self.one_in(3) { Some(self.word()) } else { None },
                role: if self.one_in(3) { Some(self.role()) } else { None },
                q: if self.one_in(3) { Some(self.below(5)) } else { None },
            },
            5 => Step::Search { by, q: self.below(5) },
            6 => Step::MyPermissions {
                by: self.signed_in(),
                department: self.maybe(|chance| chance.below(2)),
            },
            7 | 8 => Step::Check {
                by,
                whom: self.maybe(Self::whom),
                permission: self.below(9),
                department: self.maybe(|chance| chance.below(2)),
            },
            9 | 10 => Step::Sessions {
                by,
                whom: Some(self.whom()),
            },
            _ => Step::Grants { by, whom: self.whom() },
        }
    }
}
