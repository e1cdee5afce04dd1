"""The registration contract: sign up, log in, renew, change the password, be banned."""

from usher import bearer, done, guest, of
from usher_client.api.registration import (
    registration_ban,
    registration_change_password,
    registration_lift_ban,
    registration_login,
    registration_register,
    registration_renew_token,
    registration_verify_token,
)
from usher_client.models import (
    RegistrationChangePassword,
    RegistrationDataLoggedIn,
    RegistrationDataRegistered,
    RegistrationDataString,
    RegistrationError,
    RegistrationLogin,
    RegistrationRegister,
    RegistrationToken,
)

NAME = "py-registers"


def register(confirmed: str, status: int) -> object:
    email = "py.registers@example.org"
    body = RegistrationRegister(username=NAME, email=email, password="secret-7", confirm_password=confirmed)
    return done(registration_register.sync_detailed(client=guest(), body=body), status)


def login(name: str, password: str, status: int = 200) -> object:
    body = RegistrationLogin(login=name, password=password)
    return done(registration_login.sync_detailed(client=guest(), body=body), status)


def verdict(token: str) -> str:
    answer = registration_verify_token.sync_detailed(client=guest(), body=RegistrationToken(token=token))
    return of(RegistrationDataString, done(answer)).data


of(RegistrationError, register("secret-8", 400))
assert of(RegistrationDataRegistered, register("secret-7", 200)).data.user_id
of(RegistrationError, register("secret-7", 400))
assert of(RegistrationError, login(NAME, "secret-8", 403)).error == "Invalid username/email or password"
data = of(RegistrationDataLoggedIn, login(NAME, "secret-7")).data
assert (data.username, data.admin) == (NAME, False)
assert verdict(data.token) == "Token is valid."
renewed = registration_renew_token.sync_detailed(client=guest(), body=RegistrationToken(token=data.token))
assert of(RegistrationDataLoggedIn, done(renewed)).data.token == data.token

jane = bearer(data.token)
change = RegistrationChangePassword(current_password="secret-7", password="secret-9", confirm_password="secret-9")
changed = of(RegistrationDataString, done(registration_change_password.sync_detailed(NAME, client=jane, body=change)))
assert changed.data.startswith("Password changed for user with ID: ")
of(RegistrationError, done(registration_ban.sync_detailed(NAME, client=jane), 403))

owner = of(RegistrationDataLoggedIn, login("owner", "Owner@12345")).data
assert owner.admin
banning = bearer(owner.token)
banned = of(RegistrationDataString, done(registration_ban.sync_detailed(NAME, client=banning)))
assert banned.data == f"Banned user: {NAME}"
assert verdict(data.token) == "Token invalid."
done(registration_lift_ban.sync_detailed(NAME, client=banning))
of(RegistrationDataLoggedIn, login(NAME, "secret-9"))
