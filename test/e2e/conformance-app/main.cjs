// The smallest app that uses everything Rootward needs of Electron. It runs unchanged on both runtimes; the
// suite (../runtime-conformance.test.ts) drives it through Playwright and keeps its notes in globalThis.notes.
const { readFileSync } = require('node:fs');
const path = require('node:path');
const electron = require('electron');

const { app, BrowserWindow, dialog, ipcMain, protocol, session, utilityProcess } = electron;

const notes = {
  requests: [],
  prevented: [],
  windowsWished: [],
  permissions: [],
  received: [],
  answers: {},
  children: [],
};
globalThis.notes = notes;
/** What the permission handler shall say. */
globalThis.allowed = new Set();

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; worker-src 'self'; base-uri 'none'";
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

app.enableSandbox();
app.commandLine.appendSwitch('host-resolver-rules', 'MAP * ~NOTFOUND');
app.commandLine.appendSwitch('use-fake-device-for-media-stream');
protocol.registerSchemesAsPrivileged([
  { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);

if (process.argv.includes('--single') && !app.requestSingleInstanceLock()) {
  process.stdout.write('second instance\n');
  app.exit(7);
}
app.on('second-instance', (_event, commandArguments) => {
  notes.secondInstance = commandArguments;
});

app.on('web-contents-created', (_event, contents) => {
  contents.on('will-navigate', (event, url) => {
    notes.prevented.push(url);
    event.preventDefault();
  });
  contents.on('will-attach-webview', event => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    notes.windowsWished.push(url);
    return { action: 'deny' };
  });
});

function answer(request) {
  const { host, pathname } = new URL(request.url);
  notes.requests.push(request.url);
  const name = path.basename(pathname) || 'index.html';
  if (host !== 'conformance') return new Response('not found', { status: 404 });
  if (name === 'echo') return request.text().then(text => new Response(`${request.method} ${text}`));
  let body;
  try {
    body = readFileSync(path.join(__dirname, name));
  } catch {
    return new Response('not found', { status: 404, headers: { 'content-type': 'text/plain' } });
  }
  const loosely = name === 'loose.html' ? "default-src * 'self' 'unsafe-inline'" : policy;
  return new Response(body, {
    headers: {
      'content-type': types[path.extname(name)] ?? 'text/plain',
      'content-security-policy': loosely,
    },
  });
}

function startUtility(parameters) {
  const child = utilityProcess.fork(path.join(__dirname, 'utility.cjs'), parameters, {
    serviceName: 'conformance utility',
  });
  const record = { messages: [], spawned: false, exit: undefined, child };
  notes.children.push(record);
  child.on('spawn', () => {
    record.spawned = true;
    record.pid = child.pid;
  });
  child.on('message', message => record.messages.push(message));
  child.on('exit', code => {
    record.exit = code;
  });
  return notes.children.length - 1;
}
globalThis.startUtility = startUtility;

ipcMain.handle('echo', (_event, value) => value);
ipcMain.handle('describe', (_event, value) => {
  notes.received.push(value);
  return `${Object.prototype.toString.call(value)} ${value?.constructor?.name}`;
});
ipcMain.handle('buffer', () => Buffer.from([1, 2, 3]));
ipcMain.handle('fail', () => {
  throw new RangeError('no such thing');
});
ipcMain.handle('uncloneable', () => () => {});
ipcMain.handle('sender', event => ({
  url: event.senderFrame.url,
  origin: event.senderFrame.origin,
  isTop: event.senderFrame.parent === null,
  isMainFrame: event.senderFrame === event.sender.mainFrame,
  isOurs: BrowserWindow.fromWebContents(event.sender) !== null,
  contentsUrl: event.sender.getURL(),
}));
ipcMain.handle(
  'ask-for-file',
  async () => (await dialog.showOpenDialog({ properties: ['openFile'] })).filePaths,
);
ipcMain.on('note', (_event, value) => notes.received.push(value));

app.on('window-all-closed', () => app.quit());
for (const name of ['before-quit', 'will-quit', 'quit'])
  app.on(name, () => process.stdout.write(`${name}\n`));

app.whenReady().then(async () => {
  const { defaultSession } = session;
  protocol.handle('app', answer);
  defaultSession.setPermissionRequestHandler((_contents, permission, callback) => {
    notes.permissions.push(permission);
    callback(globalThis.allowed.has(permission));
  });
  defaultSession.setPermissionCheckHandler((_contents, permission) => globalThis.allowed.has(permission));
  defaultSession.webRequest.onBeforeRequest((_details, callback) => callback({ cancel: true }));
  // The last attached wins; this one is the real rule.
  defaultSession.webRequest.onBeforeRequest((details, callback) => {
    const cancel = !details.url.startsWith('app:') || details.url.endsWith('/cancelled.js');
    callback({ cancel });
  });
  const window = new BrowserWindow({
    width: 900,
    height: 640,
    show: false,
    title: 'Conformance',
    backgroundColor: '#fafafa',
    webPreferences: {
      preload: path.join(__dirname, 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  globalThis.mainWindow = window;
  window.on('ready-to-show', () => {
    notes.readyToShow = true;
    window.show();
  });
  window.on('close', event => {
    notes.closeAsked = (notes.closeAsked ?? 0) + 1;
    if (globalThis.keepWindow) event.preventDefault();
  });
  await window.loadURL('app://conformance/index.html');
  notes.loaded = true;
});
