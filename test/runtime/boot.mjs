/**
 * The stand-in's start: puts together the `electron` module, runs the app's main script with it, and starts
 * Chromium afterwards, so that switches which the main script appends still count.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Application } from './app.mjs';
import { menuModule, nativeTheme, powerMonitor } from './appearance.mjs';
import { Browser } from './browser.mjs';
import { BrowserWindow, connectWindows } from './browser-window.mjs';
import { Chromium } from './chromium.mjs';
import { CommandLine } from './command-line.mjs';
import { dialog } from './dialog.mjs';
import { ipcMain } from './ipc.mjs';
import { closeSchemeRegistration, protocol } from './protocol.mjs';
import { defaultSession, session } from './session.mjs';
import { absentModule, strictObject } from './strict.mjs';
import { makeTemporaryFolder } from './temporary-folder.mjs';
import { killUtilityProcesses, utilityProcess } from './utility-process.mjs';
import { WebContents } from './web-contents.mjs';

/** The parts of Electron that are absent as a whole, with the reason. Naming them is fine, using them throws. */
const absentParts = {
  BaseWindow: '',
  WebContentsView: '',
  View: '',
  Tray: '',
  Notification: '',
  TouchBar: '',
  ShareMenu: '',
  ImageView: '',
  MessageChannelMain: 'utility processes and pages have no MessagePorts here',
  autoUpdater: '',
  clipboard: '',
  contentTracing: '',
  crashReporter: '',
  desktopCapturer: '',
  globalShortcut: '',
  inAppPurchase: '',
  nativeImage: '',
  net: 'the app has no network',
  netLog: '',
  parentPort: '',
  powerSaveBlocker: '',
  pushNotifications: '',
  safeStorage: 'there is no key ring',
  screen: '',
  serviceWorkerMain: '',
  shell: '',
  systemPreferences: '',
  webFrameMain: '',
};

function findApplication(path) {
  if (path === undefined)
    throw new Error('usage: electron [switches] APPLICATION_FOLDER_OR_MAIN_SCRIPT [arguments]');
  const absolute = resolve(path);
  const folder = statSync(absolute).isDirectory() ? absolute : dirname(absolute);
  const descriptionFile = join(folder, 'package.json');
  const packageDescription = existsSync(descriptionFile)
    ? JSON.parse(readFileSync(descriptionFile, 'utf8'))
    : {};
  const mainScript = folder === absolute ? join(folder, packageDescription.main ?? 'index.js') : absolute;
  return { folder, packageDescription, mainScript };
}

function boot() {
  const commandArguments = process.argv.slice(2);
  const commandLine = new CommandLine(commandArguments);
  const { folder, packageDescription, mainScript } = findApplication(commandLine.applicationPath);
  const temporary = makeTemporaryFolder();
  const browser = new Browser();
  let chromium;
  let ending = false;
  let askedToEnd;

  async function end(code) {
    if (ending) return;
    ending = true;
    killUtilityProcesses();
    await chromium?.close();
    process.exit(code);
  }

  const app = new Application({
    packageDescription,
    applicationPath: folder,
    commandLine: commandLine.forApplication(),
    userData: commandLine.userDataDirectory ?? join(temporary.path, 'user-data'),
    end,
  });
  connectWindows(app, browser);

  const electron = strictObject('electron', {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu: menuModule.Menu,
    MenuItem: menuModule.MenuItem,
    nativeTheme,
    powerMonitor,
    protocol,
    session,
    utilityProcess,
    webContents: WebContents,
    ...Object.fromEntries(Object.entries(absentParts).map(([name, why]) => [name, absentModule(name, why)])),
  });
  const originalLoad = Module._load;
  Module._load = function load(request, ...rest) {
    return /^electron(\/main|\/common)?$/.test(request)
      ? electron
      : originalLoad.call(this, request, ...rest);
  };

  // However the process ends, Chromium, the lock and the temporary folder go with it.
  process.on('exit', () => {
    killUtilityProcesses();
    app.releaseEverything();
    chromium?.kill();
    temporary.remove();
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // Asked again, or before there is anybody to ask, the end comes at once. (Ctrl-C in a terminal reaches
      // this process two or three times: directly, and passed on by npm and start.mjs.)
      const now = Date.now();
      if (!app.isReady() || (askedToEnd !== undefined && now - askedToEnd > 1000)) process.exit(1);
      if (askedToEnd !== undefined) return;
      askedToEnd = now;
      app.quit();
    });
  }

  process.argv.splice(1, 1);
  process.type = 'browser';
  process.defaultApp = true;
  Object.defineProperty(process.versions, 'electron', { value: '0.0.0-stand-in', enumerable: true });
  createRequire(mainScript)(mainScript);

  setImmediate(async () => {
    // The main script may have decided to end already (no lock, wrong arguments).
    if (ending) return;
    closeSchemeRegistration();
    try {
      chromium = new Chromium(temporary.path, commandLine.takeChromiumSwitches());
      await browser.start(chromium, code => {
        if (ending) return;
        // Ended by itself, after its last window; anything else is a crash.
        if (code === 0) for (const window of BrowserWindow.getAllWindows()) window.gone();
        if (ending) return;
        process.stderr.write('stand-in: Chromium ended unexpectedly\n');
        app.exit(1);
      });
      await defaultSession.lock(browser.pipe);
    } catch (error) {
      if (ending) return;
      process.stderr.write(`stand-in: ${error.message}\n`);
      app.exit(1);
      return;
    }
    Object.defineProperty(process.versions, 'chrome', { value: chromium.version, enumerable: true });
    app.becomeReady();
  });
}

try {
  boot();
} catch (error) {
  process.stderr.write(`stand-in: ${error.stack ?? error}\n`);
  process.exit(1);
}
