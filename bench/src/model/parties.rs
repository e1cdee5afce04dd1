//! Who asks in a step, whom it is about, and whether it can be sent beside others.

use super::step::{Step, Who, Whom};

impl Step {
    /// Whether it can be sent while others are. Those that are left out are more than one transaction on purpose, or read
    /// more than one item: what they answer is no one moment's.
    pub fn may_be_parallel(&self) -> bool {
        !matches!(
            self,
            Self::Wait(_)
                | Self::DropRole { .. }
                | Self::DropPermission { .. }
                | Self::AddPermission { .. }
                | Self::Show { .. }
                | Self::List { .. }
                | Self::Search { .. }
                | Self::Check { .. }
                | Self::MyPermissions { .. }
                | Self::Sessions { .. }
                | Self::Grants { .. }
        )
    }

    /// Whether it has an effect also where it is refused: a password that is compared counts, or clears what was counted, and
    /// a refresh token that is shown again ends its session.
    pub fn is_an_attempt(&self) -> bool {
        matches!(
            self,
            Self::Login { .. }
                | Self::ChangePassword { .. }
                | Self::Refresh { .. }
                | Self::Reset { new: Some(_), .. }
                | Self::Patch { password: Some(_), .. }
                | Self::PutAdmin { password: Some(_), .. }
        )
    }

    /// Whether it is about the caller's own account or session.
    pub fn is_about_oneself(&self) -> bool {
        matches!(
            self,
            Self::Logout { .. }
                | Self::EndSession { own: true, .. }
                | Self::EndSessions { whom: None, .. }
                | Self::Sessions { whom: None, .. }
                | Self::ChangePassword { .. }
                | Self::ChangeName { .. }
                | Self::DeleteOwn { .. }
        )
    }

    pub fn who(&self) -> Option<Who> {
        match self {
            Self::Wait(_)
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::Refresh { .. }
            | Self::Renew { .. }
            | Self::VerifyToken { .. }
            | Self::Revoke { .. } => None,
            Self::Create { by, .. }
            | Self::CreateAdmin { by, .. }
            | Self::Logout { by, .. }
            | Self::EndSession { by, .. }
            | Self::EndSessions { by, .. }
            | Self::ChangePassword { by, .. }
            | Self::ChangeName { by, .. }
            | Self::Reset { by, .. }
            | Self::Put { by, .. }
            | Self::Patch { by, .. }
            | Self::PutAdmin { by, .. }
            | Self::Lock { by, .. }
            | Self::Unlock { by, .. }
            | Self::Ban { by, .. }
            | Self::Lift { by, .. }
            | Self::Delete { by, .. }
            | Self::DeleteOwn { by }
            | Self::Give { by, .. }
            | Self::Take { by, .. }
            | Self::Assign { by, .. }
            | Self::RemoveRole { by, .. }
            | Self::ChangeRole { by, .. }
            | Self::MakeRole { by, .. }
            | Self::EditRole { by, .. }
            | Self::SetMax { by, .. }
            | Self::DropRole { by, .. }
            | Self::AddPermission { by, .. }
            | Self::DropPermission { by, .. }
            | Self::Show { by, .. }
            | Self::List { by, .. }
            | Self::Search { by, .. }
            | Self::MyPermissions { by, .. }
            | Self::Check { by, .. }
            | Self::Sessions { by, .. }
            | Self::Grants { by, .. } => Some(*by),
        }
    }

    pub fn whom(&self) -> Option<Whom> {
        match self {
            Self::EndSessions { whom, .. } | Self::Check { whom, .. } | Self::Sessions { whom, .. } => *whom,
            Self::Reset { whom, .. }
            | Self::Put { whom, .. }
            | Self::Patch { whom, .. }
            | Self::PutAdmin { whom, .. }
            | Self::Lock { whom, .. }
            | Self::Unlock { whom, .. }
            | Self::Ban { whom, .. }
            | Self::Lift { whom, .. }
            | Self::Delete { whom, .. }
            | Self::Give { whom, .. }
            | Self::Take { whom, .. }
            | Self::Assign { whom, .. }
            | Self::RemoveRole { whom, .. }
            | Self::ChangeRole { whom, .. }
            | Self::Show { whom, .. }
            | Self::Grants { whom, .. } => Some(*whom),
            _ => None,
        }
    }
}
