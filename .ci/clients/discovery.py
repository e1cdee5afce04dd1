"""What any client can read: health, where things are, the keys."""

from usher import done, guest, of
from usher_client.api.discovery import discovery_health, discovery_jwks, discovery_openid_configuration
from usher_client.models import Health, HealthStatus, KeySet, OpenIdConfiguration

client = guest()
assert of(Health, done(discovery_health.sync_detailed(client=client))).status == HealthStatus.OK
where = of(OpenIdConfiguration, done(discovery_openid_configuration.sync_detailed(client=client)))
assert where.jwks_uri.startswith(where.issuer)
assert where.id_token_signing_alg_values_supported
assert len(of(KeySet, done(discovery_jwks.sync_detailed(client=client))).keys) >= 2
