//! What somebody may do, until when, and why: one fold over grants (rule 18). The guard's rights, a check, its explanation,
//! a preview and the list of permissions are views of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::grant::Grant;
use crate::domain::role::Role;
use crate::domain::text::Department;
use crate::domain::user::{Status, User};

/// A grant, with the role that it gives.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    pub grant: &'a Grant,
    pub role: &'a Role,
}

/// An account, as far as decisions go: at the moment that is asked about, however long ago that is.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The status that was set.
    pub status: Status,
    /// When the administrator's lock ends by itself.
    pub lock_ends: Option<Timestamp>,
    pub grants: &'a [Grant],
    /// The roles of the grants; one that is not among them is gone and gives nothing.
    pub roles: &'a [Role],
}

/// An account with the roles of all its grants, as it was, or is, at a moment.
pub struct Known {
    pub user: User,
    pub roles: Vec<Role>,
}

impl Known {
    pub fn subject(&self) -> Subject<'_> {
        Subject::of(&self.user, &self.roles)
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub permission: &'a str,
    /// The department that the request is about; none where absent.
    pub department: Option<&'a Department>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    /// The first moment at which the answer is another one, where nobody changes anything.
    pub until: Option<Timestamp>,
}

/// What keeps a grant from allowing what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    NotYet,
    Ended,
    Department,
    Status,
    Permission,
}

#[derive(Debug)]
pub struct Explanation<'a> {
    pub verdict: Verdict,
    /// The grants that allow it, each by itself.
    pub because: Vec<Reason<'a>>,
    /// Where it is not allowed, the grants that lack the least.
    pub nearly: Vec<(Reason<'a>, Missing)>,
}

/// The grants whose roles exist, and which concern this department (`None`: requests about no department).
pub fn reasons<'a, 'd>(
    grants: &'a [Grant],
    roles: &'a [Role],
    department: Option<&'d Department>,
) -> impl Iterator<Item = Reason<'a>> + Clone + use<'a, 'd> {
    let concerning = grants.iter().filter(move |grant| grant.concerns(department));
    concerning.filter_map(|grant| Reason::of(grant, roles))
}

impl<'a> Reason<'a> {
    fn of(grant: &'a Grant, roles: &'a [Role]) -> Option<Self> {
        let role = roles.iter().find(|role| role.id == grant.role)?;
        Some(Self { grant, role })
    }

    fn gives(&self, permission: &str) -> bool {
        self.role.gives().any(|name| name == permission)
    }
}

impl<'a> Subject<'a> {
    pub fn of(user: &'a User, roles: &'a [Role]) -> Self {
        Self {
            status: user.status,
            lock_ends: user.admin_lock_ends(),
            grants: &user.grants,
            roles,
        }
    }

    /// The status in force at this moment, without regard to failed logins (rule 6).
    pub fn status_at(&self, now: Timestamp) -> Status {
        self.status.after_lock(self.lock_ends, now)
    }

    fn is_active(&self, now: Timestamp) -> bool {
        self.status_at(now) == Status::Active
    }

    pub fn check(&self, question: Question<'_>, now: Timestamp) -> Verdict {
        let giving = self.giving(question).collect::<Vec<_>>();
        self.verdict(&giving, now)
    }

    pub fn explain(&self, question: Question<'_>, now: Timestamp) -> Explanation<'a> {
        let giving = self.giving(question).collect::<Vec<_>>();
        let verdict = self.verdict(&giving, now);
        let mut because = Vec::new();
        let mut nearly = Vec::new();
        if verdict.allowed {
            because = self
                .all()
                .filter(|reason| self.missing(*reason, question, now).is_empty())
                .collect();
        } else {
            let lacking = self.all().map(|reason| (reason, self.missing(reason, question, now)));
            let lacking: Vec<(Reason<'a>, Vec<Missing>)> = lacking.collect();
            // Of two that lack as much, a role that does not give it is further away: most grants are of such.
            let distance = |missing: &[Missing]| (missing.len(), missing.contains(&Missing::Permission));
            let least = lacking.iter().map(|(_, missing)| distance(missing)).min();
            let nearest = lacking
                .into_iter()
                .filter(|(_, missing)| Some(distance(missing)) == least);
            nearly.extend(nearest.filter_map(|(reason, missing)| Some((reason, *missing.first()?))));
        }
        Explanation {
            verdict,
            because,
            nearly,
        }
    }

    /// All that it may do in requests about a department, and each until when.
    pub fn permissions(&self, now: Timestamp, department: Option<&Department>) -> BTreeMap<&'a str, Option<Timestamp>> {
        let held: BTreeSet<&str> = match self.is_active(now) {
            true => self
                .effective(now, department)
                .flat_map(|reason| reason.role.gives())
                .map(String::as_str)
                .collect(),
            false => BTreeSet::new(),
        };
        let until = |permission| self.check(Question { permission, department }, now).until;
        held.into_iter().map(|name| (name, until(name))).collect()
    }

    /// The roles that count in requests about a department, each with the department of its grants, and until when.
    pub fn held_roles(&self, now: Timestamp, department: Option<&Department>) -> Vec<(Reason<'a>, Option<Timestamp>)> {
        let mut held: Vec<(Reason<'a>, Option<Timestamp>)> = Vec::new();
        for reason in self.effective(now, department).filter(|_| self.is_active(now)) {
            let is_alike = |grant: &Grant| grant.role == reason.role.id && grant.department == reason.grant.department;
            if !held.iter().any(|(known, _)| is_alike(known.grant)) {
                let alike: Vec<&Grant> = self.grants.iter().filter(|grant| is_alike(grant)).collect();
                held.push((reason, self.verdict(&alike, now).until));
            }
        }
        held
    }

    fn effective(&self, now: Timestamp, department: Option<&Department>) -> impl Iterator<Item = Reason<'a>> {
        reasons(self.grants, self.roles, department).filter(move |reason| reason.grant.is_effective(now))
    }

    fn all(&self) -> impl Iterator<Item = Reason<'a>> {
        let roles = self.roles;
        self.grants.iter().filter_map(|grant| Reason::of(grant, roles))
    }

    /// The grants that allow it at some time.
    fn giving(&self, question: Question<'_>) -> impl Iterator<Item = &'a Grant> {
        reasons(self.grants, self.roles, question.department)
            .filter(move |reason| reason.gives(question.permission))
            .map(|reason| reason.grant)
    }

    /// Whether one of these grants counts, and the first moment at which that is otherwise.
    fn verdict(&self, grants: &[&Grant], now: Timestamp) -> Verdict {
        let is_allowed = |at: Timestamp| self.is_active(at) && grants.iter().any(|grant| grant.is_effective(at));
        let allowed = is_allowed(now);
        let dates = grants
            .iter()
            .flat_map(|grant| [grant.effective_from, grant.effective_to]);
        let mut moments: Vec<Timestamp> = dates.chain([self.lock_ends]).flatten().filter(|at| *at > now).collect();
        moments.sort_unstable();
        Verdict {
            allowed,
            until: moments.into_iter().find(|at| is_allowed(*at) != allowed),
        }
    }

    /// All that keeps this grant from allowing it.
    fn missing(&self, reason: Reason<'_>, question: Question<'_>, now: Timestamp) -> Vec<Missing> {
        let grant = reason.grant;
        let checks = [
            (Missing::Permission, !reason.gives(question.permission)),
            (Missing::Department, !grant.concerns(question.department)),
            (Missing::Ended, !grant.stands(now)),
            (Missing::NotYet, !grant.has_begun(now)),
            (Missing::Status, !self.is_active(now)),
        ];
        checks
            .into_iter()
            .filter_map(|(missing, is)| is.then_some(missing))
            .collect()
    }
}

#[cfg(test)]
mod tests;
