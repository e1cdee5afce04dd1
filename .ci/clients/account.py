"""The account contract: register, log in, look, change, administer, erase."""

import datetime

from usher import bearer, done, of, program, until
from usher_client.api.account import (
    account_admin_users,
    account_auth_login,
    account_auth_register,
    account_member_logout,
    account_member_profile,
    account_owner_changerole,
    account_owner_deleteuseraccount,
    account_owner_rightschanges_post,
    account_owner_users,
    account_user_change,
    account_user_profile,
    account_user_update,
)
from usher_client.models import (
    AccountAddress,
    AccountChange,
    AccountChangeKey,
    AccountCredentials,
    AccountFullProfile,
    AccountFullProfileRoleName,
    AccountId,
    AccountLogin,
    AccountMessage,
    AccountProfile,
    AccountProperties,
    AccountRefusal,
    AccountRegistration,
    AccountRightsFilter,
    AccountRoleChange,
)

credentials = AccountCredentials(username="py-account", password="correct horse")
of(AccountRefusal, done(account_auth_login.sync_detailed(client=program("none"), body=credentials), 401))
new = AccountRegistration(
    username="py-account", password="correct horse", email="py.account@example.org", first_name="Jane"
)
client = program()
assert of(AccountMessage, done(account_auth_register.sync_detailed(client=client, body=new))).message
assert of(AccountRefusal, done(account_auth_register.sync_detailed(client=client, body=new), 409)).message
login = of(AccountLogin, done(account_auth_login.sync_detailed(client=client, body=credentials)))
assert login.expires_on > datetime.datetime.now(datetime.UTC)

jane = bearer(login.token)
changes = AccountProperties(last_name="Doe", address=AccountAddress(city="Sofia"))
done(account_user_update.sync_detailed(client=jane, body=changes))
change = AccountChange(key=AccountChangeKey.USERNAME, old="py-account", new="py-janet")
done(account_user_change.sync_detailed(client=jane, body=change))
profile = of(AccountProfile, done(account_user_profile.sync_detailed(client=jane)))
assert (profile.username, profile.last_name, profile.address.city) == ("py-janet", "Doe", "Sofia")
of(AccountRefusal, done(account_admin_users.sync_detailed(client=jane), 403))

above = AccountCredentials(username="owner", password="Owner@12345")
owner = bearer(of(AccountLogin, done(account_auth_login.sync_detailed(client=client, body=above))).token)


def named() -> list[AccountFullProfile]:
    users = of(list, done(account_owner_users.sync_detailed(client=owner)))
    return [of(AccountFullProfile, user) for user in users if user.username == "py-janet"]


found = until(named, bool)[0]
assert found.role_name == AccountFullProfileRoleName.USER
promotion = AccountRoleChange(id=found.id, role_name="Member")
done(account_owner_changerole.sync_detailed(client=owner, body=promotion))
asked = AccountRightsFilter(to=found.id)
changed = of(list, done(account_owner_rightschanges_post.sync_detailed(client=owner, body=asked)))
assert changed[0].to == found.id
done(account_member_logout.sync_detailed(client=jane))
of(AccountRefusal, done(account_member_profile.sync_detailed(client=jane), 401))
whose = AccountId(id=found.id)
done(account_owner_deleteuseraccount.sync_detailed(client=owner, body=whose))
done(account_owner_deleteuseraccount.sync_detailed(client=owner, body=whose), 404)
