// SECURITY: the content security policy forbids eval. zod probes for it unless told not to, which the policy
// would report as a violation; this must run before any schema of shared/ is made, so main.tsx imports it first.
const scope = globalThis as { __zod_globalConfig?: { jitless?: boolean } };
scope.__zod_globalConfig = { ...scope.__zod_globalConfig, jitless: true };
