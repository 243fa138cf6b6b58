document.documentElement.dataset.script = 'ran';
globalThis.seenAtStart = {
  require: typeof require,
  process: typeof process,
  module: typeof module,
  ipcRenderer: typeof ipcRenderer,
  preloadSecret: typeof preloadSecret,
};
