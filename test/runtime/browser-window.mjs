/** `BrowserWindow`: one window that Chromium draws. */

import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkOptions, ElectronEvent, refuse, refuseLater, StrictEmitter } from './strict.mjs';
import { initialPage, WebContents } from './web-contents.mjs';

const knownOptions = new Set([
  'show',
  'width',
  'height',
  'minWidth',
  'minHeight',
  'maxWidth',
  'maxHeight',
  'x',
  'y',
  'title',
  'backgroundColor',
  'autoHideMenuBar',
  'icon',
  'webPreferences',
]);
const knownPreferences = new Set([
  'preload',
  'sandbox',
  'contextIsolation',
  'nodeIntegration',
  'nodeIntegrationInWorker',
  'nodeIntegrationInSubFrames',
  'webSecurity',
  'allowRunningInsecureContent',
  'experimentalFeatures',
  'webviewTag',
  'navigateOnDragDrop',
  'safeDialogs',
  'disableDialogs',
  'spellcheck',
  'devTools',
  'additionalArguments',
  'session',
]);
/** Preferences that must have this value where they are given: the stand-in knows no other. */
const requiredPreferences = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  safeDialogs: false,
  disableDialogs: false,
  spellcheck: false,
};

const windows = new Set();
let nextId = 1;

/** Set by boot.mjs: how windows come to be, and whom to tell. */
const host = { application: undefined, browser: undefined };
export function connectWindows(application, browser) {
  Object.assign(host, { application, browser });
}

function checkPreferences(preferences) {
  checkOptions('webPreferences', preferences, knownPreferences);
  for (const [name, value] of Object.entries(requiredPreferences)) {
    if (preferences[name] !== undefined && preferences[name] !== value)
      refuse(`webPreferences.${name}: ${preferences[name]}`);
  }
  if (preferences.preload !== undefined && !isAbsolute(preferences.preload))
    throw new Error(`preload must be an absolute path: ${preferences.preload}`);
}

export class BrowserWindow extends StrictEmitter {
  static electronName = 'BrowserWindow';
  static events = new Set(['close', 'closed', 'ready-to-show', 'page-title-updated']);

  id = nextId++;
  webContents;

  #options;
  #destroyed = false;
  #closing = false;
  #shown;
  #painted = false;

  constructor(options = {}) {
    super();
    if (!host.application.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    checkOptions('BrowserWindow', options, knownOptions);
    checkPreferences(options.webPreferences ?? {});
    this.#options = options;
    this.#shown = options.show !== false;
    this.webContents = new WebContents(this, options.webPreferences ?? {});
    windows.add(this);
    host.application.emit('browser-window-created', new ElectronEvent(), this);
    host.application.emit('web-contents-created', new ElectronEvent(), this.webContents);
    this.#open();
  }

  static getAllWindows() {
    return [...windows];
  }

  static fromWebContents(contents) {
    return [...windows].find(window => window.webContents === contents) ?? null;
  }

  static fromId(id) {
    return [...windows].find(window => window.id === id) ?? null;
  }

  static getFocusedWindow() {
    refuse('BrowserWindow.getFocusedWindow', 'the debugging protocol does not tell');
  }

  async #open() {
    const {
      title = host.application.getName(),
      backgroundColor,
      width = 800,
      height = 600,
      x,
      y,
    } = this.#options;
    const colour = /^[#\w(),.% -]*$/.test(backgroundColor ?? '')
      ? (backgroundColor ?? '#fff')
      : refuse(`the colour ${backgroundColor}`);
    const escapeText = text =>
      encodeURIComponent(text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`));
    const token = crypto.randomUUID();
    const url = `${initialPage}${token}--><title>${escapeText(title)}</title><body style="background:${escapeText(colour)}">`;
    try {
      await host.browser.openPage(this.webContents, url, token);
      if (this.#destroyed) return;
      const { windowId } = await this.webContents.command('Browser.getWindowForTarget');
      const place = x === undefined || y === undefined ? {} : { left: x, top: y };
      await this.webContents.command('Browser.setWindowBounds', {
        windowId,
        bounds: { width, height, ...place },
      });
    } catch (error) {
      // Closed while it was being opened: nothing to report. Anything else must not pass unseen.
      if (!this.#destroyed) throw error;
    }
  }

  async #setBounds(bounds) {
    const { windowId } = await this.webContents.command('Browser.getWindowForTarget');
    await this.webContents.command('Browser.setWindowBounds', { windowId, bounds });
  }

  #changeBounds(bounds) {
    // Electron's methods do not wait, and a window may close at any time.
    this.#setBounds(bounds).catch(error => {
      if (!this.#destroyed) throw error;
    });
  }

  /** The page has drawn its first document. */
  painted() {
    if (this.#painted) return;
    this.#painted = true;
    this.emit('ready-to-show', new ElectronEvent());
  }

  loadURL(url, options) {
    return this.webContents.loadURL(url, options);
  }

  loadFile(path) {
    return this.loadURL(pathToFileURL(resolve(host.application.getAppPath(), path)).href);
  }

  reload() {
    this.webContents.reload();
  }

  show() {
    this.#shown = true;
    this.focus();
  }

  hide() {
    refuse('BrowserWindow.hide');
  }

  /** What the app asked for; Chromium shows the window in any case. */
  isVisible() {
    return this.#shown && !this.#destroyed;
  }

  focus() {
    this.webContents.focus();
  }

  minimize() {
    this.#changeBounds({ windowState: 'minimized' });
  }

  maximize() {
    this.#changeBounds({ windowState: 'maximized' });
  }

  restore() {
    this.#changeBounds({ windowState: 'normal' });
  }

  setSize(width, height) {
    this.#changeBounds({ width, height });
  }

  setBounds({ x: left, y: top, width, height }) {
    this.#changeBounds({ left, top, width, height });
  }

  isMinimized() {
    refuse('BrowserWindow.isMinimized');
  }

  isMaximized() {
    refuse('BrowserWindow.isMaximized');
  }

  isFocused() {
    refuse('BrowserWindow.isFocused');
  }

  getTitle() {
    return this.webContents.getTitle() || (this.#options.title ?? host.application.getName());
  }

  setTitle() {
    refuse('BrowserWindow.setTitle', "set the page's title");
  }

  setMenu(menu) {
    if (menu !== null) refuse('BrowserWindow.setMenu');
  }

  removeMenu() {}

  setMenuBarVisibility(_visible) {}

  setAutoHideMenuBar(_hide) {}

  setContentProtection(_enable) {}

  capturePage(rectangle) {
    return this.webContents.capturePage(rectangle);
  }

  isDestroyed() {
    return this.#destroyed;
  }

  /** Asks the 'close' listeners, then the page (beforeunload); either can keep the window. Resolves to nothing. */
  close() {
    if (this.#destroyed || this.#closing) return;
    const event = new ElectronEvent();
    this.emit('close', event);
    if (event.defaultPrevented) {
      host.application.windowStays();
      return;
    }
    this.#closing = true;
    this.webContents.command('Page.close').catch(() => this.gone());
  }

  /** The page wants to stay (beforeunload). */
  kept() {
    this.#closing = false;
    host.application.windowStays();
  }

  /** Closes without asking anyone. */
  destroy() {
    if (this.#destroyed) return;
    const { targetId } = this.webContents;
    this.#closing = true;
    if (targetId !== undefined) host.browser.closeTarget(targetId);
    this.gone();
  }

  /** Chromium has closed the window. */
  gone() {
    if (this.#destroyed) return;
    if (!this.#closing) this.#closedByPerson();
    this.#destroyed = true;
    windows.delete(this);
    this.webContents.destroyed();
    this.emit('closed', new ElectronEvent());
    if (windows.size === 0) host.application.lastWindowClosed();
  }

  /** The person closed the window by its own button: the app is told, but can no longer keep it. */
  #closedByPerson() {
    const event = new ElectronEvent();
    this.emit('close', event);
    if (event.defaultPrevented) refuseLater('keeping a window that was closed by its own button');
  }
}
