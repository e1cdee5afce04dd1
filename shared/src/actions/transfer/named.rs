//! Roles and permissions: what accounts name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Imported;
use crate::actions::roles::{self as role_actions, NewRole};
use crate::actions::{Context, catalogue};
use crate::domain::history::{RightsKind, Target};
use crate::domain::permission::{self, Permission, is_system};
use crate::domain::role::SystemRole;
use crate::domain::text::{Description, PermissionName};
use crate::domain::trail;
use crate::domain::transfer::RoleLine;
use crate::error::{Error, Result};
use crate::id::RoleId;
use crate::store::unit::atomically;
use crate::store::{record, roles};

/// Makes a role as the line has it. One of this name that is there already must be the same.
pub async fn role(cx: &Context, line: &RoleLine) -> Result<Imported<RoleId>> {
    let description = line.description.as_deref().map(Description::parse).transpose();
    let description = &description.map_err(|why| Error::invalid("/description", why))?;
    atomically(cx, |unit| async move {
        if let Some(known) = roles::find(&cx.app.table, &cx.tenant, line.name.as_given()).await? {
            let is_same = known.permissions == line.permissions && known.max_count == line.max_count;
            return match is_same {
                true => Ok(Imported::Exists(known.id)),
                false => Err(Error::invalid(
                    "/name",
                    "a role of this name has other permissions, or another limit",
                )),
            };
        }
        if line.system || line.id.is_some_and(|id| SystemRole::by_id(id).is_some()) {
            return Err(Error::invalid("/name", "this tenant has no such role of the system"));
        }
        let new = NewRole {
            name: line.name.clone(),
            description: description.clone(),
            permissions: line.permissions.clone(),
            max_count: line.max_count,
        };
        let id = match line.id {
            // The seats of one that was deleted stay closed for whoever still knows it.
            Some(id) if !roles::was_deleted(&cx.app.table, &cx.tenant, id).await? => id,
            _ => RoleId::new(cx.now)?,
        };
        let mut new = role_actions::beginning(cx, id, new);
        catalogue::gains(cx, &unit, &BTreeSet::new(), &mut new).await?;
        unit.write(roles::create(&new)?);
        let (target, is) = (Target::Role(new.id), trail::of_role(&new));
        unit.write([record::rights(cx, RightsKind::RoleCreated, target, Value::Null, is)?]);
        Ok(Imported::Created(new.id))
    })
    .await
}

/// Puts a permission into the catalogue, from `main` alone: it is the whole stack's.
pub async fn permission(cx: &Context, new: &Permission) -> Result<Imported<String>> {
    PermissionName::parse(&new.name).map_err(|why| Error::invalid("/name", why))?;
    let description = new.description.as_deref().map(permission::description);
    description
        .transpose()
        .map_err(|why| Error::invalid("/description", why))?;
    let name = new.name.clone();
    let known = catalogue::list(cx).await?.into_iter().find(|known| known.name == name);
    match known {
        Some(known) if known == *new || is_system(&name) => Ok(Imported::Exists(name)),
        Some(_) => Err(Error::invalid(
            "/name",
            "the catalogue has this permission with another description",
        )),
        None => catalogue::add(cx, new).await.map(|()| Imported::Created(name)),
    }
}
