import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import {
  app,
  type BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  powerMonitor,
  protocol,
  session,
  utilityProcess,
} from 'electron';
import { RootwardError, reportError } from '../../shared/contract/errors.ts';
import { eventChannel, type RootwardEvent } from '../../shared/contract/requests.ts';
import { registerRequests } from '../ipc/register-requests.ts';
import { hardenProcess } from '../platform/process-hardening.ts';
import { answerFileRequest, origin, readServedFiles, scheme } from './app-protocol.ts';
import { CameraGate } from './camera-gate.ts';
import { type CustodianHost, createCustodianHost } from './custodian-host.ts';
import { confirmInDialog, dialogHandlers } from './dialogs.ts';
import { watchIdle } from './idle-lock.ts';
import { applySwitches, lockContents, lockSession } from './lockdown.ts';
import { withModuleConsent } from './module-consent.ts';
import { custodianEnvironment, profileFolder, vaultPathFrom } from './start-options.ts';
import { openWindow } from './window.ts';

// The shell, in the order it starts. Everything down to `whenReady` must be set before Chromium starts.

/** The stand-in for tests and previews (test/runtime) calls itself so in its version. */
const runtime = process.versions.electron.endsWith('stand-in') ? 'stand-in' : 'electron';
const distribution = path.resolve(__dirname, '..');

// SECURITY: first of all, for this process and, by inheritance, for those it starts.
hardenProcess();
applySwitches(app.commandLine);
app.enableSandbox();
lockContents(app);
protocol.registerSchemesAsPrivileged([
  // SECURITY: `standard` gives the scheme a real origin, `secure` makes it a trustworthy one. Nothing else:
  // no bypassCSP, no fetch API, no CORS, no service workers.
  { scheme, privileges: { standard: true, secure: true } },
]);

const userData = app.getPath('userData');
const chosenVault = vaultPathFrom(process.argv, process.env, process.cwd());
const vaultPath = chosenVault ?? path.join(app.getPath('appData'), 'rootward', 'vault');
// One instance a vault: the lock lives in Chromium's profile folder.
if (chosenVault !== undefined) {
  const profile = profileFolder(userData, chosenVault);
  mkdirSync(profile, { recursive: true });
  app.setPath('userData', profile);
}

let window: BrowserWindow | undefined;
let custodian: CustodianHost | undefined;
const camera = new CameraGate(origin);

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => {
    // What the stand-in cannot do throws there.
    if (runtime === 'electron' && window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', event => {
    // A ceremony that is open stays open: its journal says where it stands. Only the vault is let go.
    if (custodian === undefined) return;
    event.preventDefault();
    const closing = custodian;
    custodian = undefined;
    void closing.close().finally(() => app.quit());
  });
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      const report = reportError(error);
      dialog.showErrorBox('Rootward cannot start', `${report.message}\n\n${report.remedy}`);
      app.exit(1);
    });
} else app.quit();

async function start(): Promise<void> {
  // SECURITY: an AppImage adds this switch by itself where the system forbids unprivileged user namespaces.
  if (app.isPackaged && app.commandLine.hasSwitch('no-sandbox')) throw withoutSandbox();
  // SECURITY: Chromium's own resolver and DNS over HTTPS; the stand-in's browser has its switches alone.
  if (runtime === 'electron')
    app.configureHostResolver({ enableBuiltInResolver: false, secureDnsMode: 'off' });
  lockSession(session.defaultSession, app.isPackaged, camera);
  const files = readServedFiles(path.join(distribution, 'renderer'));
  session.defaultSession.protocol.handle(scheme, request => answerFileRequest(files, request));
  Menu.setApplicationMenu(
    // Without a menu, macOS has no copy and paste keys; elsewhere no menu is the calmer window.
    process.platform === 'darwin'
      ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }])
      : null,
  );

  custodian = createCustodianHost({
    start: () =>
      utilityProcess.fork(
        path.join(distribution, 'electron', 'custodian.cjs'),
        [`--vault=${vaultPath}`, `--runtime=${runtime}`],
        {
          serviceName: 'Rootward custodian',
          env: custodianEnvironment(process.env),
          // SECURITY: the default would hand on this process's own Node arguments, a debugger's among them.
          execArgv: [],
          cwd: homedir(),
        },
      ),
    onEvent: tellWindow,
  });
  registerRequests({
    ipcMain,
    allowedOrigin: origin,
    isOwnWindow: contents => window !== undefined && !window.isDestroyed() && contents === window.webContents,
    custodian: withModuleConsent(custodian, question => confirmInDialog(window, question)),
    shell: {
      ...dialogHandlers,
      openScanner: async (_request, asker) => {
        camera.open(asker);
        return {};
      },
      closeScanner: async () => {
        camera.close();
        return {};
      },
    },
  });
  window = openWindow({
    preload: path.join(distribution, 'electron', 'preload.cjs'),
    icon: path.resolve(distribution, '..', 'assets', 'icons', 'rootward-512.png'),
    isPackaged: app.isPackaged,
  });
  window.on('closed', () => {
    window = undefined;
    camera.close();
  });
  // The stand-in's browser does not tell how long the machine was left alone.
  if (runtime === 'electron')
    watchIdle(powerMonitor, () => {
      camera.close();
      tellWindow({ event: 'idle' });
    });
}

function withoutSandbox(): RootwardError {
  return new RootwardError('request-refused', {
    message: "Rootward was started without Chromium's sandbox and does not go on without it.",
    remedy:
      'Install the .deb package, which brings the AppArmor profile the sandbox needs, or allow unprivileged ' +
      'user namespaces on this machine; do not start with --no-sandbox.',
  });
}

function tellWindow(event: RootwardEvent): void {
  if (window !== undefined && !window.isDestroyed()) window.webContents.send(eventChannel, event);
}
