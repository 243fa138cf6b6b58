/**
 * The one table of everything the stand-in accepts without doing it, each with the reason why that is
 * harmless here. A call or event that is not listed either works or throws. `README.md` shows the same table;
 * the conformance suite checks that the two agree.
 */

/** Calls and options that do nothing, because there is nothing here for them to do. */
export const harmlessCalls = new Map([
  [
    'app.enableSandbox',
    'Chromium sandboxes every renderer by itself; only root cannot have it, which is said on stderr',
  ],
  ['app.disableHardwareAcceleration', 'the stand-in always starts Chromium with --disable-gpu'],
  ['app.setAppUserModelId', 'means something on Windows only'],
  ['BrowserWindow.show', 'a Chromium window is visible from the start; show() brings it to the front'],
  ['BrowserWindow.setContentProtection', 'Electron does nothing on Linux either'],
  ['BrowserWindow.setMenuBarVisibility', 'no menu bar is ever drawn'],
  ['BrowserWindow.setAutoHideMenuBar', 'no menu bar is ever drawn'],
  ['BrowserWindow.removeMenu', 'no menu bar is ever drawn'],
  ['BrowserWindow option show', 'a Chromium window is visible from the start'],
  ['BrowserWindow option minWidth', 'the debugging protocol cannot limit how a person resizes a window'],
  ['BrowserWindow option minHeight', 'as minWidth'],
  ['BrowserWindow option maxWidth', 'as minWidth'],
  ['BrowserWindow option maxHeight', 'as minWidth'],
  ['BrowserWindow option autoHideMenuBar', 'no menu bar is ever drawn'],
  ['BrowserWindow option icon', 'Chromium draws its own'],
  ['webPreferences.spellcheck', 'spell checking is off in the stand-in; true throws'],
  ['webPreferences.devTools', 'openDevTools throws in any case'],
  [
    'Menu.setApplicationMenu',
    'no menu bar is drawn; items and their click functions can be reached through Menu.getApplicationMenu()',
  ],
  ['session.setSpellCheckerEnabled(false)', 'spell checking is off in the stand-in; true throws'],
  [
    'session.setDevicePermissionHandler',
    'never asked: USB, HID and serial are always refused, by Permissions-Policy',
  ],
  [
    'session.setPermissionRequestHandler for what cannot be asked',
    'only media, notifications, geolocation and clipboard-read are asked; everything else is always refused',
  ],
  ['webContents.setWebRTCIPHandlingPolicy', "'disable_non_proxied_udp' is always on; any other value throws"],
  ['webContents.setZoomFactor(1)', 'it is always 1; any other value throws'],
  ['webContents.setVisualZoomLevelLimits(1, 1)', 'as setZoomFactor'],
  [
    'protocol privileges',
    'standard and secure are required; a mapped page has the rest whether asked for or not; bypassCSP throws',
  ],
  ['powerMonitor', 'no power events reach the stand-in'],
]);

/** Events that may be listened to although they never come, as `object event`. */
const silentEvents = new Map([
  ['app activate', 'macOS only'],
  ['app child-process-gone', "Chromium's helper processes are not reported"],
  ['app certificate-error', 'Chromium refuses bad certificates itself'],
  ['app select-client-certificate', 'Chromium offers none'],
  ['app login', 'Chromium asks for no password: the app has no network'],
  ['app gpu-info-update', 'there is no GPU process'],
  ['app open-file', 'macOS only'],
  ['app open-url', 'macOS only'],
  ['webContents will-attach-webview', 'there is no <webview> element'],
  ['webContents did-attach-webview', 'there is no <webview> element'],
  ['webContents unresponsive', 'Chromium does not report it'],
  ['webContents responsive', 'Chromium does not report it'],
  ['webContents before-input-event', 'keys go from the display server straight to Chromium'],
  ['webContents before-mouse-event', 'as before-input-event'],
  ['webContents context-menu', 'Chromium shows its own menu, or none where the page prevents it'],
  ['webContents select-bluetooth-device', 'Bluetooth is always refused'],
  ['webContents devtools-opened', 'openDevTools throws'],
  ['webContents preload-error', 'an error in the preload is printed on stderr'],
  ['BrowserWindow unresponsive', 'Chromium does not report it'],
  ['BrowserWindow responsive', 'Chromium does not report it'],
  ['BrowserWindow show', 'a Chromium window is visible from the start'],
  ['BrowserWindow hide', 'a Chromium window is visible until it is closed'],
  ['BrowserWindow focus', 'the debugging protocol does not report it'],
  ['BrowserWindow blur', 'the debugging protocol does not report it'],
  ['BrowserWindow resize', 'the debugging protocol does not report it'],
  ['BrowserWindow move', 'the debugging protocol does not report it'],
  ['BrowserWindow minimize', 'the debugging protocol does not report it'],
  ['BrowserWindow maximize', 'the debugging protocol does not report it'],
  ['BrowserWindow unmaximize', 'the debugging protocol does not report it'],
  ['BrowserWindow restore', 'the debugging protocol does not report it'],
  ['BrowserWindow enter-full-screen', 'the debugging protocol does not report it'],
  ['BrowserWindow leave-full-screen', 'the debugging protocol does not report it'],
  ['BrowserWindow session-end', 'Windows only'],
  ['session will-download', 'downloads are always refused'],
  ['session select-usb-device', 'USB is always refused'],
  ['session select-hid-device', 'HID is always refused'],
  ['session select-serial-port', 'serial ports are always refused'],
  ['session usb-device-added', 'USB is always refused'],
  ['session hid-device-added', 'HID is always refused'],
  ['session serial-port-added', 'serial ports are always refused'],
  ['session spellcheck-dictionary-download-begin', 'spell checking is off'],
  ['powerMonitor suspend', 'no power events reach the stand-in'],
  ['powerMonitor resume', 'no power events reach the stand-in'],
  ['powerMonitor lock-screen', 'no power events reach the stand-in'],
  ['powerMonitor unlock-screen', 'no power events reach the stand-in'],
  ['powerMonitor shutdown', 'no power events reach the stand-in'],
  ['powerMonitor on-ac', 'no power events reach the stand-in'],
  ['powerMonitor on-battery', 'no power events reach the stand-in'],
  ['UtilityProcess error', 'a V8 fatal error shows as exit'],
]);

export function neverFires(objectName, event) {
  return silentEvents.has(`${objectName} ${event}`);
}

/** Both tables as one list, for the README and its check. */
export function listDifferences() {
  return [...harmlessCalls, ...[...silentEvents].map(([name, reason]) => [`${name} (event)`, reason])];
}
