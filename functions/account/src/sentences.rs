//! What the contract answers in words, in its two languages: English and Bulgarian. A sentence without its Bulgarian does
//! not compile. What is wrong with single fields (`Errors`) is in English alone.

use std::borrow::Cow;

use usher::domain::role::Rank;
use usher::domain::user::Status;
use usher::error::{Conflict, Error, Forbidden, Noun};

/// What was done.
#[derive(Debug, Clone, Copy)]
pub struct Sentence {
    pub en: &'static str,
    pub bg: &'static str,
}

const fn sentence(en: &'static str, bg: &'static str) -> Sentence {
    Sentence { en, bg }
}

pub const REGISTERED: Sentence = sentence("the account was made: log in", "акаунтът е създаден: влезте в него");
pub const LOGGED_IN: Sentence = sentence("you are logged in", "влязохте в акаунта си");
pub const LOGGED_OUT: Sentence = sentence("you are logged out", "излязохте от акаунта си");
pub const MAIL_IF_KNOWN: Sentence = sentence(
    "if an account has this address, a mail with a link is on its way",
    "ако има акаунт с този адрес, изпратихме му писмо с връзка",
);
pub const MAIL_SENT: Sentence = sentence("a mail with a link is on its way", "изпратихме ви писмо с връзка");
pub const PASSWORD_SET: Sentence = sentence(
    "the password was changed: log in",
    "паролата е сменена: влезте с новата парола",
);
pub const PASSWORD_CHANGED: Sentence = sentence("the password was changed", "паролата е сменена");
pub const EMAIL_CHANGED: Sentence = sentence("the e-mail address was changed", "имейл адресът е сменен");
pub const USERNAME_CHANGED: Sentence = sentence("the username was changed", "потребителското име е сменено");
pub const UPDATED: Sentence = sentence("the account was updated", "данните на акаунта са обновени");
pub const OWN_DELETED: Sentence = sentence("your account was deleted", "акаунтът ви е изтрит");
pub const OWN_ERASED: Sentence = sentence("your account was erased", "акаунтът ви е заличен с всичките му данни");
pub const DELETED: Sentence = sentence("the account was deleted", "акаунтът е изтрит");
pub const ERASED: Sentence = sentence("the account was erased", "акаунтът е заличен с всичките му данни");
pub const ROLE_GIVEN: Sentence = sentence("the role was given", "ролята е дадена");
pub const LIMIT_SET: Sentence = sentence("the limit was set", "ограничението е зададено");

/// A refusal in Bulgarian; `fields` are those that are at fault. Total: a new error does not compile without its words.
pub fn bulgarian(error: &Error, fields: &[&str]) -> Cow<'static, str> {
    match error {
        Error::Invalid(_) if fields.is_empty() => "заявката не е валидна".into(),
        Error::Invalid(_) => format!("невалидна стойност: {}", fields.join(", ")).into(),
        Error::Malformed(_) => "тялото на заявката не е валиден JSON".into(),
        Error::UnsupportedMediaType => "тялото трябва да е JSON: изпратете `content-type: application/json`".into(),
        Error::UnsupportedEncoding => "изпратете тялото некомпресирано, без `content-encoding`".into(),
        Error::BodyTooLarge(bytes) => format!("тялото е над {bytes} байта").into(),
        Error::NoCredentials => "първо влезте в акаунта си: нужен е токен (Bearer)".into(),
        Error::InvalidToken => "токенът не е валиден".into(),
        Error::WrongCredentials => "грешно име или парола".into(),
        Error::AccountNotActive(status) => format!("акаунтът е {}", state(*status)).into(),
        Error::Locked { until: Some(at), .. } => format!("акаунтът е заключен до {at:.3}").into(),
        Error::Locked { until: None, .. } => "акаунтът е заключен".into(),
        Error::EmailNotVerified => "потвърдете имейл адреса си, преди да влезете".into(),
        Error::InvalidApiKey => "нужен е валиден API ключ: изпратете го като `X-Api-Key`".into(),
        Error::AlreadySignedIn => "първо излезте от акаунта си".into(),
        Error::InvalidLink => "връзката не е валидна: използвана е, изтекла е или никога не е издавана".into(),
        Error::Forbidden(why) => forbidden(why),
        Error::NotFound(what) => unknown(*what).into(),
        Error::NoSuchRoute => "на този адрес няма нищо".into(),
        Error::MethodNotAllowed => "този адрес не приема този метод".into(),
        Error::Conflict(why) => conflict(why),
        Error::InFlight(_) => "заявка с този Idempotency-Key още се изпълнява: изпратете я отново след това".into(),
        Error::KeyReused => "този Idempotency-Key е използван за друга заявка: изберете нов".into(),
        Error::RateLimited(over) => format!("твърде много заявки: опитайте пак след {} с", over.retry_after).into(),
        Error::NotKept => "данните за този момент вече не се пазят".into(),
        Error::PreconditionFailed => "има промяна след последното прочитане: прочетете отново".into(),
        Error::Unavailable(_) => "услугата е заета; опитайте отново след малко".into(),
        Error::NotSetUp => "услугата още не е настроена: настройката не е стартирала или не е завършила".into(),
        Error::Fault(_) => "възникна грешка при нас".into(),
    }
}

fn forbidden(why: &Forbidden) -> Cow<'static, str> {
    match why {
        Forbidden::MissingPermission(permission) => format!("нужно е правото {permission}").into(),
        Forbidden::AboveOwnRank => "акаунтът е с по-висок ранг от вашия".into(),
        Forbidden::RoleAboveOwnRank => "ролята е с по-висок ранг от вашия".into(),
        Forbidden::NotHeld(what) => format!("не можете да давате права, които нямате: {what}").into(),
        Forbidden::HeldForLess(what) => {
            format!("имате {what} за по-кратък срок или за друг отдел от този, за който се дава").into()
        }
        Forbidden::WrongPassword => "текущата парола е грешна".into(),
        Forbidden::MustChangePassword => "първо сменете паролата си".into(),
        Forbidden::BelowRank(rank) => format!("този адрес е само за {}", of_rank(*rank)).into(),
        Forbidden::NotBelowOwnRank => "акаунтът не е с по-нисък ранг от вашия".into(),
        Forbidden::AnothersAccount => "това е чужд акаунт".into(),
        Forbidden::RegistrationClosed => "регистрацията е затворена".into(),
        Forbidden::PastTheEdge => "това не е адресът на услугата: използвайте нейния домейн".into(),
        Forbidden::NoSession => "ключът на служебен акаунт няма сесия: това е за влезлите с парола".into(),
    }
}

fn conflict(why: &Conflict) -> Cow<'static, str> {
    match why {
        Conflict::EmailTaken => "имейл адресът е зает".into(),
        Conflict::UsernameTaken => "потребителското име е заето".into(),
        Conflict::SamePassword => "акаунтът вече има тази парола".into(),
        Conflict::NothingToVerify(_) => "на този акаунт не може да се изпрати писмо за потвърждение".into(),
        Conflict::RoleNameTaken => "името на ролята е заето".into(),
        Conflict::GrantStands => "ролята вече е дадена на акаунта".into(),
        Conflict::RoleFull => "ролята е запълнена".into(),
        Conflict::BelowMemberCount => "ролята вече има повече членове от това".into(),
        Conflict::LastAdministrator => "това е последният акаунт, който може да управлява потребители".into(),
        Conflict::SystemRole(_) => "системна роля не може да се променя така".into(),
        Conflict::RoleHasMembers => "ролята има членове: първо им я отнемете".into(),
        Conflict::TooManyGrants(most) => format!("един акаунт може да има най-много {most} роли").into(),
        Conflict::TooManyMembers(most) => {
            format!("ролята има твърде много членове за тази промяна: най-много {most}").into()
        }
        Conflict::TenantTaken => "идентификаторът на организацията е зает".into(),
        Conflict::PermissionTaken => "това право вече е в каталога".into(),
        Conflict::PermissionInUse => "има роли с това право: първо им го отнемете".into(),
        Conflict::SystemPermission => "това е право на системата".into(),
        Conflict::OwnAccount => "не можете да изтриете собствения си акаунт".into(),
        Conflict::ServiceAccount => "служебният акаунт няма парола и имейл адрес".into(),
        Conflict::NotServiceAccount => "само служебен акаунт има ключове".into(),
        Conflict::TooManyKeys(most) => {
            format!("един акаунт може да има най-много {most} ключа: първо отменете някой").into()
        }
    }
}

fn unknown(what: Noun) -> &'static str {
    match what {
        Noun::User => "няма такъв потребител",
        Noun::Role => "няма такава роля",
        Noun::Grant => "няма такава дадена роля",
        Noun::Session => "няма такава сесия",
        Noun::ApiKey => "няма такъв API ключ",
        Noun::ServiceKey => "потребителят няма такъв ключ",
        Noun::Tenant => "няма такава организация",
        Noun::Permission => "няма такова право",
        Noun::Ban => "потребителят не е блокиран",
    }
}

fn state(status: Status) -> &'static str {
    match status {
        Status::Active => "активен",
        Status::Inactive => "неактивен",
        Status::Locked => "заключен",
        Status::Banned => "блокиран",
        Status::Deleted => "изтрит",
    }
}

fn of_rank(rank: Rank) -> &'static str {
    match rank {
        Rank::User => "потребители",
        Rank::Member => "членове",
        Rank::Admin => "администратори",
        Rank::Owner => "собственици",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_not_called_a_time_and_a_comparison_names_both_sides() {
        for (error, bg) in [
            (Error::NoSuchRoute, "на този адрес няма нищо"),
            (Error::MethodNotAllowed, "този адрес не приема този метод"),
            (
                Forbidden::BelowRank(Rank::Admin).into(),
                "този адрес е само за администратори",
            ),
            (Forbidden::RoleAboveOwnRank.into(), "ролята е с по-висок ранг от вашия"),
            (
                Conflict::BelowMemberCount.into(),
                "ролята вече има повече членове от това",
            ),
        ] {
            assert_eq!(bulgarian(&error, &[]), bg);
        }
    }
}
