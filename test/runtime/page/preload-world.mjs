/**
 * The isolated world of a window's main frame: gives the preload script its `require('electron')` with
 * ipcRenderer and contextBridge. The page cannot reach anything here but what the preload exposes.
 *
 * Its source text is run inside the page: no outside references but the parameters.
 *
 * @param settings names shared with the other parts, what `process` shows
 * @param binding the name of the global function that carries text to Node
 */
export function runInPreloadWorld(settings, makeValueCodec, makeCrossWorldLink, preload) {
  if (
    window !== window.top ||
    location.href.startsWith(settings.initialPage) ||
    location.protocol === 'chrome-error:'
  )
    return;

  const { encode, decode } = makeValueCodec();
  const sendToNode = globalThis[settings.bindingName];
  const pendingCalls = new Map();
  const listeners = new Map();
  let nextCall = 1;

  const post = message => sendToNode(encode(message));

  function call(kind, content) {
    return new Promise((resolve, reject) => {
      const number = nextCall++;
      post({ kind, number, ...content });
      pendingCalls.set(number, { resolve, reject });
    });
  }

  function strict(name, members) {
    return new Proxy(members, {
      get(target, property) {
        if (
          property in target ||
          typeof property === 'symbol' ||
          ['then', '__esModule', 'default'].includes(property)
        )
          return target[property];
        throw new Error(`stand-in: ${name}.${property} is not provided here. It needs real Electron.`);
      },
    });
  }

  /** Node calls this with what it has to say. */
  globalThis[settings.receiverName] = text => {
    const message = decode(text);
    if (message.kind === 'reply') {
      const { resolve, reject } = pendingCalls.get(message.number) ?? {};
      pendingCalls.delete(message.number);
      if (message.error === undefined) resolve?.(message.value);
      else reject?.(new Error(message.error));
      return;
    }
    const event = strict('IpcRendererEvent', { sender: ipcRenderer, ports: [], preventDefault() {} });
    for (const listener of [...(listeners.get(message.channel) ?? [])])
      listener(event, ...message.parameters);
  };

  function addListener(channel, listener) {
    if (!listeners.has(channel)) listeners.set(channel, []);
    listeners.get(channel).push(listener);
    return ipcRenderer;
  }

  function removeListener(channel, listener) {
    const remaining = listeners.get(channel) ?? [];
    const position = remaining.findIndex(entry => entry === listener || entry.original === listener);
    if (position !== -1) remaining.splice(position, 1);
    return ipcRenderer;
  }

  const ipcRenderer = strict('ipcRenderer', {
    invoke: (channel, ...parameters) =>
      new Promise(resolve => resolve(call('invoke', { channel, parameters }))),
    send: (channel, ...parameters) => post({ kind: 'send', channel, parameters }),
    on: addListener,
    addListener,
    once(channel, listener) {
      const single = (...parameters) => {
        removeListener(channel, single);
        listener(...parameters);
      };
      single.original = listener;
      return addListener(channel, single);
    },
    off: removeListener,
    removeListener,
    removeAllListeners(channel) {
      if (channel === undefined) listeners.clear();
      else listeners.delete(channel);
      return ipcRenderer;
    },
    listenerCount: channel => listeners.get(channel)?.length ?? 0,
  });

  const element = document.createElement('span');
  window.dispatchEvent(new MouseEvent(settings.handshakeName, { relatedTarget: element }));
  const link = makeCrossWorldLink(element, 'to-preload', 'to-page', {
    permission: question => call('permission', { question }),
    openWindow: wish => post({ kind: 'openWindow', wish }),
  });

  const electron = strict('electron (in a preload)', {
    ipcRenderer,
    contextBridge: strict('contextBridge', {
      exposeInMainWorld: (key, value) => link.request('expose', key, value),
    }),
    webUtils: strict('webUtils', {}),
  });

  function require(name) {
    if (name === 'electron' || name === 'electron/renderer') return electron;
    throw new Error(`module not found: ${name} (a sandboxed preload can require only 'electron')`);
  }

  const process = strict('process (in a preload)', {
    platform: settings.platform,
    arch: settings.arch,
    type: 'renderer',
    sandboxed: true,
    contextIsolated: true,
    argv: settings.additionalArguments,
    versions: settings.versions,
    env: {},
  });

  // Chromium's debugging protocol does not report when a title changes.
  function watchTitle() {
    const report = () => post({ kind: 'title', title: document.title });
    const observer = new MutationObserver(report);
    const title = document.querySelector('title');
    if (title) observer.observe(title, { childList: true, characterData: true, subtree: true });
    else if (document.head) observer.observe(document.head, { childList: true });
    report();
  }
  document.addEventListener('DOMContentLoaded', watchTitle, { once: true });

  const module = { exports: {} };
  preload(require, process, module, module.exports);
}
