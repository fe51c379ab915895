// Panva's certified oidc-provider on the paths of Pagero's authorization server. Nothing of ours decides anything here.
// Prints one line per grant, so that a test can count them.
//
// Settings: PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URIS (space separated), AUTH_METHOD, REQUIRE_PKCE,
// ACCESS_TOKEN_SECONDS, API (the resource the JWT access tokens are for).

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";

const { PORT, CLIENT_ID, CLIENT_SECRET, REDIRECT_URIS, AUTH_METHOD, REQUIRE_PKCE, ACCESS_TOKEN_SECONDS, API } = process.env;
const base = `http://127.0.0.1:${PORT}`;
const seconds = Number(ACCESS_TOKEN_SECONDS);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(`${base}/oauth/v2/oauth-anonymous`, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: REDIRECT_URIS.split(" "),
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: AUTH_METHOD,
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "peer-1", use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  routes: {
    authorization: "/oauth/v2/oauth-authorize",
    token: "/oauth/v2/oauth-token",
    revocation: "/oauth/v2/oauth-revoke",
    userinfo: "/oauth/v2/oauth-userinfo",
    jwks: "/oauth/v2/oauth-anonymous/jwks",
  },
  scopes: ["openid", "all"],
  pkce: { required: () => REQUIRE_PKCE === "true" },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: seconds, IdToken: 600, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, AuthorizationCode: 60 },
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: "all", audience: API, accessTokenTTL: seconds, accessTokenFormat: "jwt" }),
    },
  },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

for (const event of ["grant.success", "grant.error", "grant.revoked", "authorization.error", "revocation.error", "server_error"]) {
  provider.on(event, (context, error) => {
    const cause = error instanceof Error ? `${error.message} ${error.error_description ?? ""}` : "";
    console.log(`peer: ${event} ${context?.oidc?.params?.grant_type ?? ""} ${cause}`);
  });
}

provider.listen(Number(PORT), "127.0.0.1");
