/** `session.defaultSession`: permissions and webRequest. There is one session; partitions throw. */
import { externalOrigin, protocol, toInternalAddress } from './protocol.mjs';
import { refuse, StrictEmitter, strictObject } from './strict.mjs';

/** Chromium's names for what Electron calls a permission; only these are ever granted. */
const chromiumNames = {
  notifications: ['notifications'],
  geolocation: ['geolocation'],
  'clipboard-read': ['clipboard-read'],
};
const mediaNames = { video: 'camera', audio: 'microphone' };

/** Everything that Chromium might otherwise ask the person about, or grant by itself. */
const deniedFromTheStart = [
  'accelerometer',
  'background-fetch',
  'background-sync',
  'camera',
  'clipboard-read',
  'display-capture',
  'geolocation',
  'idle-detection',
  'keyboard-lock',
  'local-fonts',
  'local-network-access',
  'microphone',
  'midi',
  'nfc',
  'notifications',
  'payment-handler',
  'periodic-background-sync',
  'persistent-storage',
  'pointer-lock',
  'screen-wake-lock',
  'speaker-selection',
  'storage-access',
  'top-level-storage-access',
  'window-management',
];

/** Features with a chooser of their own, which no permission setting stops: refused for mapped pages by header. */
export const refusedFeatures = [
  'bluetooth',
  'hid',
  'serial',
  'usb',
  'midi',
  'display-capture',
  'payment',
  'publickey-credentials-get',
  'xr-spatial-tracking',
];

function compilePattern(pattern) {
  if (pattern === '<all_urls>') return () => true;
  const expression = new RegExp(
    `^${pattern
      .split('*')
      .map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    'i',
  );
  return address => expression.test(address);
}

/** One webRequest event: the last attached listener wins, null detaches, as in Electron. */
class RequestHook {
  #listener = null;
  #included = [];
  #excluded = [];

  attach(filterOrListener, listener) {
    if (filterOrListener === null || typeof filterOrListener === 'function') {
      this.#listener = filterOrListener;
      this.#included = [() => true];
      this.#excluded = [];
      return;
    }
    if (filterOrListener.types !== undefined) refuse('the option types of a webRequest filter');
    this.#listener = listener ?? null;
    this.#included = (filterOrListener.urls?.length ? filterOrListener.urls : ['<all_urls>']).map(
      compilePattern,
    );
    this.#excluded = (filterOrListener.excludeUrls ?? []).map(compilePattern);
  }

  wants(address) {
    return (
      this.#listener !== null &&
      this.#included.some(matches => matches(address)) &&
      !this.#excluded.some(matches => matches(address))
    );
  }

  /** Asks the listener; without one the answer is empty. */
  ask(details) {
    if (!this.wants(details.url)) return Promise.resolve({});
    return new Promise(resolve => this.#listener(details, (answer = {}) => resolve(answer)));
  }
}

class Session extends StrictEmitter {
  static electronName = 'session';
  static events = new Set();

  #permissionRequestHandler = null;
  #permissionCheckHandler = null;
  #pipe;
  beforeRequest = new RequestHook();
  headersReceived = new RequestHook();

  protocol = protocol;
  webRequest = strictObject('webRequest', {
    onBeforeRequest: (...parameters) => this.beforeRequest.attach(...parameters),
    onHeadersReceived: (...parameters) => this.headersReceived.attach(...parameters),
  });

  /** Denies everything in Chromium, so that nothing is open before a handler has said so. */
  async lock(pipe) {
    this.#pipe = pipe;
    await Promise.all([
      ...deniedFromTheStart.map(name =>
        pipe.send('Browser.setPermission', { permission: { name }, setting: 'denied' }).catch(error => {
          // Chromium knows fewer or other names in other versions; what it does not know it cannot grant.
          if (!/Invalid PermissionDescriptor|Unknown|not supported/i.test(error.message)) throw error;
        }),
      ),
      pipe.send('Browser.setDownloadBehavior', { behavior: 'deny' }),
    ]);
  }

  setPermissionRequestHandler(handler) {
    this.#permissionRequestHandler = handler;
  }

  setPermissionCheckHandler(handler) {
    this.#permissionCheckHandler = handler;
  }

  setDevicePermissionHandler(_handler) {}

  setDisplayMediaRequestHandler(handler) {
    if (handler !== null) refuse('session.setDisplayMediaRequestHandler', 'screen capture is always refused');
  }

  setSpellCheckerEnabled(enabled) {
    if (enabled) refuse('the spell checker');
  }

  isSpellCheckerEnabled() {
    return false;
  }

  isPersistent() {
    return false;
  }

  async clearStorageData() {
    refuse('session.clearStorageData', 'nothing outlives the process anyway');
  }

  /**
   * A page is about to use a web function that needs a permission: asks the app's handlers and sets Chromium's
   * permission for the page's origin to the answer, before the page's call goes on.
   */
  async decidePermission(contents, { kind, permission, details = {} }) {
    const names =
      permission === 'media'
        ? (details.mediaTypes ?? []).map(type => mediaNames[type])
        : chromiumNames[permission];
    // Permissions that are always refused stay so, whatever the handler would say: it is not asked.
    if (names === undefined || names.length === 0 || names.includes(undefined)) return;
    const frame = contents.mainFrame;
    const origin = externalOrigin(frame.url);
    const asked = { requestingUrl: frame.url, isMainFrame: true, ...details };
    if (permission === 'media') asked.securityOrigin = `${origin}/`;
    let granted = false;
    if (kind === 'check' && this.#permissionCheckHandler) {
      granted = this.#permissionCheckHandler(contents, permission, origin, asked) === true;
    } else if (kind === 'request' && this.#permissionRequestHandler) {
      granted = await new Promise(resolve =>
        this.#permissionRequestHandler(contents, permission, answer => resolve(answer === true), asked),
      );
    }
    const internalOrigin = new URL(toInternalAddress(frame.url)).origin;
    for (const name of names) {
      await this.#pipe.send('Browser.setPermission', {
        permission: { name },
        setting: granted ? 'granted' : 'denied',
        origin: internalOrigin,
      });
    }
  }
}

export const defaultSession = new Session();

export const session = strictObject('session', {
  defaultSession,
  fromPartition: () => refuse('session.fromPartition'),
  fromPath: () => refuse('session.fromPath'),
});
