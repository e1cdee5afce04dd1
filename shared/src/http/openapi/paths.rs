//! The parts of paths, as the document has them.

use utoipa::openapi::path::ParameterIn;

use super::{Description, Input};
use crate::error::{Error, Noun};
use crate::http::call::{
    GrantPath, KeyPath, OneTimePath, PermissionPath, RolePath, ServiceKeyPath, SessionPath, UserPath, not_utf_8,
};

impl Input for UserPath {
    fn describe(description: &mut Description) {
        let text = "The account's id, its e-mail address, or its username";
        description.parameter("user", ParameterIn::Path, text, "jane@example.org");
        description
            .errors
            .extend([UserPath::refused(), Error::NotFound(Noun::User)]);
    }
}

impl Input for RolePath {
    fn describe(description: &mut Description) {
        description.parameter("role", ParameterIn::Path, "The role's id, or its name", "admin");
        description
            .errors
            .extend([not_utf_8("role"), Error::NotFound(Noun::Role)]);
    }
}

impl Input for GrantPath {
    fn describe(description: &mut Description) {
        description.parameter("grant", ParameterIn::Path, "The grant's id (`userRoleId`)", ID);
        description
            .errors
            .extend([not_utf_8("grant"), Error::NotFound(Noun::Grant)]);
    }
}

impl Input for SessionPath {
    fn describe(description: &mut Description) {
        description.parameter("session", ParameterIn::Path, "The session's id", ID);
        description
            .errors
            .extend([not_utf_8("session"), SessionPath::refused(), Error::NotFound(Noun::Session)]);
    }
}

impl Input for KeyPath {
    fn describe(description: &mut Description) {
        description.parameter("key", ParameterIn::Path, "The API key's id", ID);
        description
            .errors
            .extend([not_utf_8("key"), Error::NotFound(Noun::ApiKey)]);
    }
}

impl Input for ServiceKeyPath {
    fn describe(description: &mut Description) {
        description.parameter("key", ParameterIn::Path, "The key's id", ID);
        description
            .errors
            .extend([not_utf_8("key"), Error::NotFound(Noun::ServiceKey)]);
    }
}

const ID: &str = "0192a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

impl Input for OneTimePath {
    fn describe(description: &mut Description) {
        let text = "The one-time token of a mail";
        description.parameter("token", ParameterIn::Path, text, "usher_ot_…");
    }
}

impl Input for PermissionPath {
    fn describe(description: &mut Description) {
        description.parameter(
            "permission",
            ParameterIn::Path,
            "The permission's name",
            "invoices.read",
        );
        description
            .errors
            .extend([not_utf_8("permission"), Error::NotFound(Noun::Permission)]);
    }
}
