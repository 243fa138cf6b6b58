import type { App, CommandLine, MediaAccessPermissionRequest, Session, WebContents } from 'electron';
import type { CameraGate } from './camera-gate.ts';

/** A Chromium command-line switch, set before the app is ready, and why. */
interface Switch {
  readonly name: string;
  readonly value?: string;
  readonly why: string;
}

/** Background services of Chromium that would want a network, and are switched off by name. */
const disabledFeatures = [
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DialMediaRouteProvider',
  'DnsOverHttps',
  'FedCm',
  'InterestFeedContentSuggestions',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationGuideModelDownloading',
  'OptimizationHints',
  'SpareRendererForSitePerProcess',
  'Translate',
  // Hiding local addresses behind names would open a multicast socket (mDNS) for every peer connection.
  'WebRtcHideLocalIpsWithMdns',
];

/**
 * SECURITY: the layer of "no network" that Chromium itself keeps. None of these is trusted alone: the request
 * filter below, the content security policy and the operating system stand beside it, and
 * test/faults/trace.test.ts shows what the kernel sees.
 */
export const switches: readonly Switch[] = [
  {
    name: 'host-resolver-rules',
    value: 'MAP * ~NOTFOUND',
    why: 'no host is found, neither by name nor as a literal address, nor localhost',
  },
  {
    name: 'proxy-server',
    value: 'http://rootward.invalid:9',
    why: 'what gets past the resolver goes to a proxy whose name cannot be resolved',
  },
  { name: 'proxy-bypass-list', value: '<-loopback>', why: 'otherwise loopback would go around the proxy' },
  { name: 'disable-background-networking', why: 'no variations, no safe-browsing lists, no updates' },
  { name: 'disable-component-update', why: 'no component is fetched' },
  { name: 'disable-domain-reliability', why: 'no reports about failed requests' },
  { name: 'disable-sync', why: 'no account' },
  { name: 'disable-breakpad', why: 'no crash dumps: they are memory, and memory may hold what was typed' },
  { name: 'disable-crash-reporter', why: 'as above' },
  { name: 'disable-default-apps', why: 'nothing is installed' },
  { name: 'disable-quic', why: 'no UDP for HTTP/3' },
  { name: 'no-pings', why: 'no auditing pings of hyperlinks' },
  { name: 'no-first-run', why: 'no first-run services' },
  { name: 'metrics-recording-only', why: 'no usage reports leave' },
  {
    name: 'force-webrtc-ip-handling-policy',
    value: 'disable_non_proxied_udp',
    why: 'WebRTC ignores resolver and request filter; without a usable proxy it then opens no socket',
  },
  {
    name: 'disable-features',
    value: disabledFeatures.join(','),
    why: 'each is a service that wants a network',
  },
];

/** To be called before the app is ready; Chromium reads its switches once. */
export function applySwitches(commandLine: Pick<CommandLine, 'appendSwitch'>): void {
  for (const { name, value } of switches) {
    if (value === undefined) commandLine.appendSwitch(name);
    else commandLine.appendSwitch(name, value);
  }
}

/** Addresses the window may load at all. `devtools:` is let through in a checkout only. */
export function isAllowedAddress(address: string, isPackaged: boolean): boolean {
  const protocol = /^[a-z][a-z0-9+.-]*:/i.exec(address)?.[0].toLowerCase();
  return (
    protocol === 'app:' ||
    protocol === 'data:' ||
    protocol === 'blob:' ||
    (protocol === 'devtools:' && !isPackaged)
  );
}

/**
 * Closes a session: requests to anywhere, permissions, devices, downloads, dictionaries.
 * @param camera the one exception: the camera, while the scanner is open
 */
export function lockSession(session: Session, isPackaged: boolean, camera: Pick<CameraGate, 'allows'>): void {
  // SECURITY: one listener for the whole app (Electron keeps only the last); it sees ws: and wss: too.
  session.webRequest.onBeforeRequest((details, callback) => {
    callback({ cancel: !isAllowedAddress(details.url, isPackaged) });
  });
  // SECURITY: without a handler Electron approves every permission that is asked for.
  session.setPermissionRequestHandler((contents, permission, callback, details) => {
    const { isMainFrame, requestingUrl: address } = details;
    const { mediaTypes = [] } = details as MediaAccessPermissionRequest;
    callback(permission === 'media' && camera.allows({ contents, isMainFrame, address, mediaTypes }));
  });
  session.setPermissionCheckHandler((contents, permission, origin, { isMainFrame, mediaType }) => {
    // Electron gives some origins with a slash at the end, some without.
    const address = origin.replace(/\/$/, '');
    return (
      permission === 'media' && camera.allows({ contents, isMainFrame, address, mediaTypes: [mediaType] })
    );
  });
  session.setDevicePermissionHandler(() => false);
  // SECURITY: files leave through the custodian's export or the print dialog, never as a download.
  session.on('will-download', event => event.preventDefault());
  // SECURITY: the spell checker fetches its dictionaries from a server.
  session.setSpellCheckerEnabled(false);
}

/** Closes every web contents the app will ever have, whoever creates it. */
export function lockContents(app: Pick<App, 'on'>): void {
  app.on('web-contents-created', (_created, contents: WebContents) => {
    // SECURITY: the window shows one document from start to end. Links, forms and redirects lead nowhere.
    contents.on('will-navigate', event => event.preventDefault());
    contents.on('will-frame-navigate', event => event.preventDefault());
    contents.on('will-redirect', event => event.preventDefault());
    contents.on('will-attach-webview', event => event.preventDefault());
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  });
}
