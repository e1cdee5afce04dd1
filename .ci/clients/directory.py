"""The directory contract: a token, an account, a role, a grant, a search, a profile, and the end of it."""

from usher import bearer, done, guest, of, until
from usher_client.api.auth import auth_login, auth_token
from usher_client.api.me import me_login_history, me_patch, me_profile
from usher_client.api.roles import roles_create, roles_delete
from usher_client.api.users import users_create, users_delete, users_grant, users_list, users_put, users_revoke
from usher_client.models import (
    Address,
    Credentials,
    Grant,
    GrantRole,
    Login,
    NewRole,
    NewUser,
    PageLoginView,
    PageUserView,
    ProblemDetails,
    Profile,
    PutUser,
    PutUserStatus,
    Role,
    SignIn,
    TokenPair,
    User,
)

credentials = Credentials(email="admin@gauth.local", password="Admin@123")
pair = of(TokenPair, done(auth_token.sync_detailed(client=guest(), body=credentials)))
admin = bearer(pair.access_token)

new = NewUser(email="py@example.org", username="py-directory", password="correct horse", first_name="Jane")
jane = of(User, done(users_create.sync_detailed(client=admin, body=new), 201))
assert (jane.email, jane.first_name, jane.status.value, jane.roles) == ("py@example.org", "Jane", "active", ["user"])
taken = of(ProblemDetails, done(users_create.sync_detailed(client=admin, body=new), 409))
assert taken.type_.value == "/problems/email-taken"
wrong = NewUser(email="nobody", password="short")
refusal = of(ProblemDetails, done(users_create.sync_detailed(client=admin, body=wrong), 400))
assert [place.pointer for place in refusal.errors or []] == ["/email", "/password"]

desk = NewRole(name="py-desk", permissions=["admin.users"], max_count=1)
role = of(Role, done(roles_create.sync_detailed(client=admin, body=desk), 201))
grant = of(Grant, done(users_grant.sync_detailed(jane.id, client=admin, body=GrantRole(role=role.name)), 201))
assert grant.effective

found = until(
    lambda: of(PageUserView, done(users_list.sync_detailed(client=admin, q="PY-DIRECT", limit=1))),
    lambda page: len(page.items) == 1,
)
assert found.items[0].id == jane.id

signed_in = SignIn(username="py-directory", password="correct horse")
login = of(Login, done(auth_login.sync_detailed(client=guest(), body=signed_in)))
herself = bearer(login.token)
patch = Profile(display_name="J.", address=Address(city="Sofia"))
profile = of(User, done(me_patch.sync_detailed(client=herself, body=patch)))
assert (profile.display_name, profile.address.city, profile.permissions) == ("J.", "Sofia", ["admin.users"])
history = of(PageLoginView, done(me_login_history.sync_detailed(client=herself)))
assert history.items[0].kind.value == "login"

done(users_revoke.sync_detailed(jane.id, grant.user_role_id, client=admin), 204)
refusal = of(ProblemDetails, done(users_list.sync_detailed(client=herself), 403))
assert refusal.type_.value == "/problems/missing-permission"
done(users_put.sync_detailed(jane.id, client=admin, body=PutUser(status=PutUserStatus.INACTIVE)), 204)
done(me_profile.sync_detailed(client=herself), 401)
done(users_delete.sync_detailed(jane.id, client=admin), 204)
done(roles_delete.sync_detailed(role.id, client=admin), 204)
