//! Rights that no request of these tests needs.

/// What takes days or a full role to need, and other tests of the suite do: a lock that is over, a seat that is free again
/// because a grant has ended, a preview or a role deleted by force that asks who else is in charge, a name that set-up still
/// has to move, a page that is thousands of accounts down.
pub const RARE: [(&str, &str); 17] = [
    ("AccessFunction", "T#*#TALLY#*"),
    ("AdminFunction", "T#*#GUESS#*"),
    ("RegistrationFunction", "T#*#GUESS#*"),
    ("AdminFunction", "T#*#LEFT"),
    ("SetupFunction", "T#*#LEFT"),
    ("AuthFunction", "T#*#TALLY#*"),
    ("RolesFunction", "T#*#TALLY#*"),
    ("RolesFunction", "T#*#ROLENAME#*"),
    ("AdminFunction", "T#*#ROLE#*"),
    ("AdminFunction", "T#*#SEATS#*"),
    ("RegistrationFunction", "T#*#SEATS#*"),
    ("RolesFunction", "T#*#SEATS#*"),
    ("RolesFunction", "T#*#USERS#*"),
    ("AccessFunction", "T#*#USERS#*"),
    ("AccessFunction", "T#*#SEATS#*"),
    ("AccountFunction", "T#*#ROLE#*"),
    ("AccountFunction", "dynamodb:ConditionCheckItem"),
];
