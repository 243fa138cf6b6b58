/** `app`: the life of the application from its start to its end. */
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrowserWindow } from './browser-window.mjs';
import { InstanceLock } from './instance-lock.mjs';
import { ElectronEvent, refuse, StrictEmitter } from './strict.mjs';

const userFolders = {
  desktop: 'Desktop',
  documents: 'Documents',
  downloads: 'Downloads',
  music: 'Music',
  pictures: 'Pictures',
  videos: 'Videos',
};

export class Application extends StrictEmitter {
  static electronName = 'app';
  static events = new Set([
    'will-finish-launching',
    'ready',
    'window-all-closed',
    'before-quit',
    'will-quit',
    'quit',
    'web-contents-created',
    'browser-window-created',
    'second-instance',
  ]);

  isPackaged = false;
  commandLine;
  name;

  #package;
  #applicationPath;
  #paths = new Map();
  #ready = false;
  #resolveReady;
  #whenReady;
  #quitting = false;
  #ended = false;
  #end;
  #lock = new InstanceLock(({ argv, workingDirectory, additionalData }) =>
    this.emit('second-instance', new ElectronEvent(), argv, workingDirectory, additionalData),
  );

  /** @param end ends Chromium and the process, with an exit code */
  constructor({ packageDescription, applicationPath, commandLine, userData, end }) {
    super();
    this.#package = packageDescription;
    this.#applicationPath = applicationPath;
    this.#end = end;
    this.commandLine = commandLine;
    this.name = packageDescription.productName ?? packageDescription.name ?? 'Electron';
    this.#paths.set('userData', userData);
    this.#whenReady = new Promise(resolve => {
      this.#resolveReady = resolve;
    });
  }

  /** Called by boot.mjs when Chromium runs. */
  becomeReady() {
    this.#ready = true;
    this.emit('will-finish-launching');
    this.emit('ready', new ElectronEvent(), {});
    this.#resolveReady();
  }

  isReady() {
    return this.#ready;
  }

  whenReady() {
    return this.#whenReady;
  }

  getName() {
    return this.name;
  }

  setName(name) {
    this.name = name;
  }

  getVersion() {
    return this.#package.version ?? '0.0.0';
  }

  getAppPath() {
    return this.#applicationPath;
  }

  getLocale() {
    return Intl.DateTimeFormat().resolvedOptions().locale;
  }

  getPath(name) {
    if (this.#paths.has(name)) return this.#paths.get(name);
    if (name === 'home') return homedir();
    if (name === 'temp') return tmpdir();
    if (name === 'exe') return process.execPath;
    if (name === 'appData') return process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');
    if (name === 'sessionData') return this.getPath('userData');
    if (name === 'logs') return join(this.getPath('userData'), 'logs');
    if (name === 'crashDumps') return join(this.getPath('userData'), 'Crashpad');
    if (name in userFolders) return join(homedir(), userFolders[name]);
    return refuse(`app.getPath('${name}')`);
  }

  setPath(name, path) {
    this.getPath(name);
    this.#paths.set(name, path);
  }

  enableSandbox() {}

  setAppUserModelId(_id) {}

  disableHardwareAcceleration() {
    if (this.#ready)
      throw new Error('app.disableHardwareAcceleration() can only be called before app is ready');
  }

  requestSingleInstanceLock(additionalData) {
    return this.#lock.request(this.getPath('userData'), additionalData);
  }

  hasSingleInstanceLock() {
    return this.#lock.has();
  }

  releaseSingleInstanceLock() {
    this.#lock.release();
  }

  focus() {
    BrowserWindow.getAllWindows()[0]?.focus();
  }

  relaunch() {
    refuse('app.relaunch');
  }

  /** Asks everybody; any 'before-quit' or 'close' listener or page can keep the application. */
  quit() {
    if (this.#quitting || this.#ended) return;
    const event = new ElectronEvent();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    this.#quitting = true;
    const windows = BrowserWindow.getAllWindows();
    if (windows.length === 0) this.#finishQuitting();
    for (const window of windows) window.close();
  }

  /** A window was kept: the application stays, too. */
  windowStays() {
    this.#quitting = false;
  }

  lastWindowClosed() {
    if (this.#ended) return;
    if (this.#quitting) this.#finishQuitting();
    else if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed');
    else this.quit();
  }

  #finishQuitting() {
    const event = new ElectronEvent();
    this.emit('will-quit', event);
    if (event.defaultPrevented) {
      this.#quitting = false;
      return;
    }
    this.exit(0);
  }

  /** Ends without asking. */
  exit(code = 0) {
    if (this.#ended) return;
    this.#ended = true;
    for (const window of BrowserWindow.getAllWindows()) window.destroy();
    this.emit('quit', new ElectronEvent(), code);
    this.#lock.release();
    this.#end(code);
  }

  /** The process is ending in some other way; only what must not stay behind is removed. */
  releaseEverything() {
    this.#lock.release();
  }
}
