const { contextBridge, ipcRenderer } = require('electron');

const listeners = new Set();
ipcRenderer.on('event', (_event, ...values) => {
  for (const listener of listeners) listener(...values);
});
globalThis.preloadSecret = 'not for the page';

contextBridge.exposeInMainWorld('bridge', {
  echo: value => ipcRenderer.invoke('echo', value),
  describe: value => ipcRenderer.invoke('describe', value),
  buffer: () => ipcRenderer.invoke('buffer'),
  fail: () => ipcRenderer.invoke('fail'),
  uncloneable: () => ipcRenderer.invoke('uncloneable'),
  missing: () => ipcRenderer.invoke('no such channel'),
  sender: () => ipcRenderer.invoke('sender'),
  askForFile: () => ipcRenderer.invoke('ask-for-file'),
  note: value => ipcRenderer.send('note', value),
  add: (a, b) => a + b,
  throwAtOnce: () => {
    throw new TypeError('at once');
  },
  bytes: bytes => ({
    isBytes: bytes instanceof Uint8Array,
    sum: bytes.reduce((total, byte) => total + byte, 0),
    back: new Uint8Array([7, 8]),
  }),
  onEvent: listener => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  nested: { list: [1, { two: 2 }], platform: process.platform },
});
