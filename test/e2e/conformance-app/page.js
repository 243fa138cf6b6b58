document.documentElement.dataset.script = 'ran';
try {
  new Function('return 1')();
  document.documentElement.dataset.evaluated = 'ran';
} catch {
  document.documentElement.dataset.evaluated = 'refused';
}
globalThis.seenAtStart = {
  require: typeof require,
  process: typeof process,
  module: typeof module,
  ipcRenderer: typeof ipcRenderer,
  preloadSecret: typeof preloadSecret,
};
