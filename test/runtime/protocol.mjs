/**
 * Custom schemes (`protocol.handle`). Chromium has no switch to register a scheme of one's own, and the
 * debugging protocol cannot answer requests of unknown schemes. So app://host/path is shown to Chromium as
 * https://host.app.stand-in.invalid/path (a name that can never exist), answered completely by the app's
 * handler through request interception, and every address the main process sees is mapped back.
 */
import { checkOptions, refuse, strictObject } from './strict.mjs';

const internalSuffix = '.stand-in.invalid';
const knownPrivileges = new Set([
  'standard',
  'secure',
  'bypassCSP',
  'allowServiceWorkers',
  'supportFetchAPI',
  'corsEnabled',
  'stream',
  'codeCache',
]);
const registeredSchemes = new Set();
const handlers = new Map();
let registrationClosed = false;

/** app://host/path -> https://host.app.stand-in.invalid/path; other addresses stay as they are. */
export function toInternalAddress(address) {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)(.*)$/is.exec(address);
  if (!parts || !registeredSchemes.has(parts[1].toLowerCase())) return address;
  const [, scheme, host, rest] = parts;
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) refuse(`the host ${host} of a custom scheme`);
  return new URL(`https://${host}.${scheme.toLowerCase()}${internalSuffix}${rest}`).href;
}

/** The way back, exactly. */
export function toExternalAddress(address) {
  if (address.startsWith('blob:')) return `blob:${toExternalAddress(address.slice(5))}`;
  const parts = /^https:\/\/([^/?#]+)\.([a-z0-9+-]+)\.stand-in\.invalid(.*)$/s.exec(address);
  return parts && registeredSchemes.has(parts[2]) ? `${parts[2]}://${parts[1]}${parts[3]}` : address;
}

/** The origin as Electron shows it for a standard scheme: scheme://host, without a slash. */
export function externalOrigin(address) {
  const external = toExternalAddress(address);
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)/i.exec(external);
  if (parts && registeredSchemes.has(parts[1])) return `${parts[1]}://${parts[2]}`;
  try {
    return new URL(external).origin;
  } catch {
    return 'null';
  }
}

export function isCustomScheme(address) {
  return registeredSchemes.has(/^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1].toLowerCase());
}

/** Source expressions of a Content-Security-Policy name the scheme too; Chromium must see the mapped form. */
export function toInternalPolicy(policy) {
  return policy.replace(
    /(^|[\s;,])([a-z][a-z0-9+.-]*):(\/\/[^\s;,]+)?(?=$|[\s;,])/gi,
    (whole, before, scheme, host) => {
      if (!registeredSchemes.has(scheme.toLowerCase())) return whole;
      if (host === undefined) return `${before}https://*.${scheme.toLowerCase()}${internalSuffix}`;
      return before + toInternalAddress(`${scheme}:${host}`);
    },
  );
}

/** Asks the app's handler; resolves with undefined where the scheme has none. */
export async function answerRequest(address, { method, headers, body }) {
  const handler = handlers.get(/^([^:]+):/.exec(address)[1]);
  if (handler === undefined) return undefined;
  const options = { method, headers };
  if (body !== undefined) Object.assign(options, { body, duplex: 'half' });
  return handler(new Request(address, options));
}

/** Called when the ready event is near: from then on registering throws, as in Electron. */
export function closeSchemeRegistration() {
  registrationClosed = true;
}

export const protocol = strictObject('protocol', {
  registerSchemesAsPrivileged(schemes) {
    if (registrationClosed)
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const { scheme, privileges = {} } of schemes) {
      checkOptions('protocol.registerSchemesAsPrivileged', privileges, knownPrivileges);
      if (!privileges.standard || !privileges.secure)
        refuse(`a scheme (${scheme}) that is not standard and secure`);
      if (privileges.bypassCSP) refuse('bypassCSP');
      if (privileges.allowServiceWorkers) refuse('allowServiceWorkers');
      registeredSchemes.add(scheme.toLowerCase());
    }
  },
  handle(scheme, handler) {
    if (!registeredSchemes.has(scheme))
      refuse(`protocol.handle('${scheme}')`, 'only schemes registered as privileged');
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`);
    handlers.set(scheme, handler);
  },
  unhandle(scheme) {
    if (!handlers.delete(scheme)) throw new Error(`Failed to unregister protocol: ${scheme}`);
  },
  isProtocolHandled: scheme => handlers.has(scheme) || ['http', 'https', 'file'].includes(scheme),
});
