/** Small parts around the windows: nativeTheme, Menu, powerMonitor. */
import { refuse, StrictEmitter, strictObject } from './strict.mjs';
import { WebContents } from './web-contents.mjs';

class NativeTheme extends StrictEmitter {
  static electronName = 'nativeTheme';
  static events = new Set(['updated']);

  #source = 'system';

  get themeSource() {
    return this.#source;
  }

  set themeSource(source) {
    if (!['system', 'light', 'dark'].includes(source))
      throw new TypeError(`themeSource must be system, light or dark, not ${source}`);
    if (source === this.#source) return;
    this.#source = source;
    for (const contents of WebContents.getAllWebContents()) applyAppearance(contents).catch(() => {});
    this.emit('updated');
  }

  /** What the system wants is not known to the stand-in; it counts as light unless the app decides. */
  get shouldUseDarkColors() {
    return this.#source === 'dark';
  }
}

export const nativeTheme = new NativeTheme();

/** Tells a page the colour scheme. 'system' leaves the choice to Chromium. */
export function applyAppearance(contents) {
  const value = nativeTheme.themeSource === 'system' ? '' : nativeTheme.themeSource;
  return contents.commandNow('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value }],
  });
}

class PowerMonitor extends StrictEmitter {
  static electronName = 'powerMonitor';

  getSystemIdleTime() {
    refuse('powerMonitor.getSystemIdleTime', "watch the page's own input instead");
  }

  getSystemIdleState() {
    refuse('powerMonitor.getSystemIdleState');
  }
}

export const powerMonitor = new PowerMonitor();

class MenuItem {
  constructor(options) {
    Object.assign(
      this,
      {
        type: options.submenu ? 'submenu' : 'normal',
        label: '',
        enabled: true,
        visible: true,
        checked: false,
      },
      options,
    );
    if (options.submenu)
      this.submenu =
        options.submenu instanceof Menu ? options.submenu : Menu.buildFromTemplate(options.submenu);
  }
}

let applicationMenu = null;

class Menu extends StrictEmitter {
  static electronName = 'Menu';

  items = [];

  static setApplicationMenu(menu) {
    applicationMenu = menu;
  }

  static getApplicationMenu() {
    return applicationMenu;
  }

  static buildFromTemplate(template) {
    const menu = new Menu();
    for (const options of template) menu.append(new MenuItem(options));
    return menu;
  }

  append(item) {
    this.items.push(item);
  }

  getMenuItemById(id) {
    for (const item of this.items) {
      if (item.id === id) return item;
      const found = item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }

  popup() {
    refuse('Menu.popup');
  }
}

export const menuModule = strictObject('menu', { Menu, MenuItem });
