"""The admin contract: an administrator's panel."""

from usher import bearer, done, guest, of, until
from usher_client.api.admin import (
    admin_assign_roles,
    admin_change_settings,
    admin_create,
    admin_delete,
    admin_list,
    admin_login,
    admin_logout,
    admin_remove_role,
    admin_search,
    admin_settings,
    admin_show,
    admin_update,
)
from usher_client.models import (
    AdminAssignRoles,
    AdminCreatedUser,
    AdminCredentials,
    AdminError,
    AdminLogin,
    AdminLogout,
    AdminMessage,
    AdminNewUser,
    AdminPatchSettings,
    AdminPutUser,
    AdminSettings,
    AdminUpdated,
    AdminUserDetail,
    AdminUserPage,
)

refusal = of(AdminError, done(admin_list.sync_detailed(client=bearer("nothing")), 401))
assert refusal.error == "Authentication required"
credentials = AdminCredentials(email="admin@gauth.local", password="Admin@123")
login = of(AdminLogin, done(admin_login.sync_detailed(client=guest(), body=credentials)))
assert login.user.user_name == "admin"
admin = bearer(login.access_token)

new = AdminNewUser(email="py.admin@example.org", password="secret-7", user_name="py-admin", email_verified=True)
made = of(AdminCreatedUser, done(admin_create.sync_detailed(client=admin, body=new), 201))
assert [role.name for role in made.roles] == ["user"]
of(AdminError, done(admin_create.sync_detailed(client=admin, body=new), 409))
short = AdminNewUser(email="py.short@example.org", password="short", user_name="py-short")
refusal = of(AdminError, done(admin_create.sync_detailed(client=admin, body=short), 400))
assert [detail.field for detail in refusal.details or []] == ["password"]

assert of(AdminUserDetail, done(admin_show.sync_detailed(made.id, client=admin))).social_accounts == []
page = until(
    lambda: of(AdminUserPage, done(admin_search.sync_detailed(client=admin, q="PY.ADMIN"))),
    lambda page: page.pagination.total == 1,
)
assert (page.users[0].id, page.pagination.total_pages) == (made.id, 1)
put = AdminPutUser(user_name="py-janet-admin")
assert of(AdminUpdated, done(admin_update.sync_detailed(made.id, client=admin, body=put))).user.username == "py-janet-admin"
more = AdminAssignRoles(roles=["member"])
assigned = of(AdminMessage, done(admin_assign_roles.sync_detailed(made.id, client=admin, body=more)))
assert assigned.message == "Roles assigned successfully"
done(admin_remove_role.sync_detailed(made.id, "member", client=admin))
done(admin_remove_role.sync_detailed(made.id, "member", client=admin), 404)

settings = of(AdminSettings, done(admin_settings.sync_detailed(client=admin)))
same = AdminPatchSettings(history_days=settings.history_days)
assert of(AdminSettings, done(admin_change_settings.sync_detailed(client=admin, body=same))) == settings
too_few = AdminPatchSettings(history_days=1)
refusal = of(AdminError, done(admin_change_settings.sync_detailed(client=admin, body=too_few), 400))
assert [detail.field for detail in refusal.details or []] == ["history_days"]
done(admin_delete.sync_detailed(made.id, client=admin))
done(admin_logout.sync_detailed(client=admin, body=AdminLogout(refresh_token=login.refresh_token)), 204)
done(admin_list.sync_detailed(client=admin), 401)
