/**
 * The stand-in's part in the page's own world, run before any script of the page. It receives what the
 * preload exposes, and stands before the few web functions whose permission the main process is asked for.
 *
 * Its source text is run inside the page: no outside references but the parameters.
 */
export function runInPageWorld({ handshakeName, initialPage }, makeCrossWorldLink) {
  if (location.href.startsWith(initialPage)) return;

  if (window !== window.top) {
    // Chromium creates the window and the stand-in closes it at once; Electron gives the frame null.
    const openWindow = window.open;
    window.open = function open(...parameters) {
      openWindow.apply(window, parameters);
      return null;
    };
    return;
  }

  function deepFreeze(value) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
    if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
    Object.freeze(value);
    for (const key of Object.getOwnPropertyNames(value)) deepFreeze(value[key]);
    return value;
  }

  let link;
  window.addEventListener(
    handshakeName,
    event => {
      link = makeCrossWorldLink(event.relatedTarget, 'to-page', 'to-preload', {
        expose(key, value) {
          if (key in window)
            throw new Error('Cannot bind an API on top of an existing property on the window object');
          Object.defineProperty(window, key, {
            value: deepFreeze(value),
            enumerable: true,
            writable: false,
            configurable: false,
          });
        },
      });
    },
    { once: true },
  );

  // Electron refuses in the main process, before there is a window. Chromium would make it in the page's own process,
  // paused for two debuggers, and on a busy machine the page may then wait for it for ever.
  window.open = function open(url = '', target = '_blank', features = '') {
    const address = url === '' ? 'about:blank' : new URL(url, document.baseURI).href;
    link.request('openWindow', { url: address, windowName: String(target), features: String(features) });
    return null;
  };

  /** Puts a question to the main process in front of a method: it answers by setting Chromium's permission. */
  function askBefore(owner, method, describe) {
    const original = owner?.[method];
    if (typeof original !== 'function') return;
    Object.defineProperty(owner, method, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: {
        async [method](...parameters) {
          const question = describe(...parameters);
          if (question) await link.request('permission', question);
          return original.apply(this, parameters);
        },
      }[method],
    });
  }

  /** The same for methods that report through callbacks and return at once. */
  function askBeforeCallback(owner, method, permission) {
    const original = owner?.[method];
    if (typeof original !== 'function') return;
    owner[method] = function (...parameters) {
      link
        .request('permission', { kind: 'request', permission, details: {} })
        .then(() => original.apply(this, parameters));
      return 0;
    };
  }

  askBefore(window.MediaDevices?.prototype, 'getUserMedia', constraints => ({
    kind: 'request',
    permission: 'media',
    details: { mediaTypes: ['video', 'audio'].filter(type => constraints?.[type]) },
  }));
  askBefore(window.Notification, 'requestPermission', () => ({
    kind: 'request',
    permission: 'notifications',
    details: {},
  }));
  for (const method of ['read', 'readText']) {
    askBefore(window.Clipboard?.prototype, method, () => ({
      kind: 'request',
      permission: 'clipboard-read',
      details: {},
    }));
  }
  askBeforeCallback(window.Geolocation?.prototype, 'getCurrentPosition', 'geolocation');
  // watchPosition would have to return its number at once; it stays refused by Chromium.
  askBefore(window.Permissions?.prototype, 'query', descriptor => ({
    kind: 'check',
    permission: String(descriptor?.name),
    details: {},
  }));
}
