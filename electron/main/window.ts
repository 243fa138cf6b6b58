import { existsSync } from 'node:fs';
import { BrowserWindow, nativeTheme } from 'electron';
import { startPage } from './app-protocol.ts';

/** What is painted before the page is: the page's own background, so that nothing flashes. */
const backgrounds = { light: '#faf8f4', dark: '#14161a' } as const;

export interface WindowOptions {
  readonly preload: string;
  readonly icon: string;
  readonly isPackaged: boolean;
}

/** Opens the one window and loads the one page. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    title: 'Rootward',
    width: 1360,
    height: 900,
    minWidth: 1100,
    minHeight: 720,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light,
    ...(existsSync(options.icon) ? { icon: options.icon } : {}),
    webPreferences: {
      preload: options.preload,
      // SECURITY: the defaults of today, written down so that they stay.
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      // SECURITY: spell checking fetches dictionaries and looks at what is typed.
      spellcheck: false,
      // SECURITY: the page never runs code that was not shipped, not even by hand.
      devTools: !options.isPackaged,
      navigateOnDragDrop: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(startPage);
  return window;
}
