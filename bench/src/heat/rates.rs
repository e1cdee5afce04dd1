//! The requests that are played, and how many of each a second one large tenant sends.

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    Registration,
    Login,
    WrongPassword,
    Refresh,
    Logout,
    Authorised,
    Grant,
    Revocation,
    ForgottenPassword,
    Mail,
    Sweep,
    List,
    Search,
    Roles,
    Health,
    /// What a process reads again when what it keeps is ten seconds old.
    Caches,
}

pub const ALL: [Request; 16] = [
    Request::Registration,
    Request::Login,
    Request::WrongPassword,
    Request::Refresh,
    Request::Logout,
    Request::Authorised,
    Request::Grant,
    Request::Revocation,
    Request::ForgottenPassword,
    Request::Mail,
    Request::Sweep,
    Request::List,
    Request::Search,
    Request::Roles,
    Request::Health,
    Request::Caches,
];

/// How long what a process keeps is good, in seconds.
const KEPT: f64 = 10.0;

impl Request {
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Login => "login",
            Self::WrongPassword => "wrong password",
            Self::Refresh => "refresh",
            Self::Logout => "logout",
            Self::Authorised => "authorised request",
            Self::Grant => "grant of one role",
            Self::Revocation => "revocation of it",
            Self::ForgottenPassword => "forgotten password",
            Self::Mail => "mail sent",
            Self::Sweep => "sweep for mails",
            Self::List => "list",
            Self::Search => "search",
            Self::Roles => "roles",
            Self::Health => "health",
            Self::Caches => "caches of a process",
        }
    }

    /// What is sent.
    pub fn route(self) -> &'static str {
        match self {
            Self::Registration => "`POST /v1/user/register`, with an address",
            Self::Login | Self::WrongPassword => "`POST /api/auth/token`",
            Self::Refresh => "`POST /api/auth/refresh`",
            Self::Logout => "`POST /api/auth/logout`",
            Self::Authorised => "`GET /api/me/profile`",
            Self::Grant => "`POST /api/users/{user}/roles`",
            Self::Revocation => "`DELETE /api/users/{user}/roles/{grant}`",
            Self::ForgottenPassword => "`POST /api/auth/forgot-password`",
            Self::Mail => "the function `outbox`, by a record of the stream",
            Self::Sweep => "the function `outbox`, by the clock",
            Self::List => "`GET /api/users?limit=25`",
            Self::Search => "`GET /api/users?q=…`",
            Self::Roles => "`GET /api/roles`",
            Self::Health => "`GET /health`",
            Self::Caches => "settings and keys, every 10 s in each process",
        }
    }

    /// How many there are a second.
    pub fn rate(self) -> f64 {
        match self {
            Self::Registration => 1_000.0,
            Self::Login => 5_000.0,
            Self::WrongPassword => 250.0,
            // Each session lives on.
            Self::Refresh => 5_000.0,
            Self::Logout => 500.0,
            Self::Authorised => 20_000.0,
            Self::Grant => 500.0,
            Self::Revocation => 50.0,
            Self::ForgottenPassword => 50.0,
            // One for each registration, and for each forgotten password.
            Self::Mail => 1_050.0,
            Self::Sweep => 1.0 / 60.0,
            Self::List | Self::Search => 50.0,
            Self::Roles => 20.0,
            Self::Health => 10.0,
            Self::Caches => processes() / KEPT,
        }
    }

    /// How long one occupies a process, in milliseconds: round trips of 5 ms, and a hash of 60 ms at a full vCPU.
    pub fn lasts(self) -> f64 {
        match self {
            Self::Registration | Self::Login | Self::WrongPassword => 100.0,
            Self::Refresh | Self::Logout | Self::ForgottenPassword | Self::Roles => 25.0,
            Self::Authorised | Self::Health => 10.0,
            Self::Grant | Self::Revocation | Self::List | Self::Search => 40.0,
            // Beside DynamoDB it waits for SES.
            Self::Mail | Self::Sweep => 150.0,
            Self::Caches => 0.0,
        }
    }
}

/// How many processes there are: on Lambda each carries out one request at a time.
pub fn processes() -> f64 {
    let own = ALL.iter().filter(|request| **request != Request::Caches);
    own.map(|request| request.rate() * request.lasts() / 1_000.0).sum()
}
