/** Finds the installed Chromium, starts it quietly, opens its windows, and ends it without leaving traces. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DebuggingPipe } from './debugging-pipe.mjs';

const programNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const macPrograms = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const chromiumMissing =
  'No Chromium was found. Install one (Debian: apt-get install chromium; Fedora: dnf install chromium) or name it in CHROMIUM_PATH.';
export const displayMissing =
  'There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set). Start from a desktop session, or under a virtual display ' +
  '(Debian: apt-get install xvfb xauth; then xvfb-run -a npm start), or set ROOTWARD_STANDIN_HEADLESS=1 to draw no window.';

/** The path of an installed Chromium, or undefined. */
export function findChromium(environment = process.env) {
  if (environment.CHROMIUM_PATH)
    return existsSync(environment.CHROMIUM_PATH) ? environment.CHROMIUM_PATH : undefined;
  const candidates = (environment.PATH ?? '')
    .split(delimiter)
    .flatMap(folder => programNames.map(name => join(folder, name)));
  return [...candidates, ...macPrograms].find(path => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export function displayKind(environment = process.env) {
  if (environment.DISPLAY || environment.WAYLAND_DISPLAY || process.platform !== 'linux') return 'window';
  return environment.ROOTWARD_STANDIN_HEADLESS === '1' ? 'headless' : 'none';
}

/** Switches that keep Chromium from talking, asking, syncing and writing to key rings. */
const quietSwitches = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-component-extensions-with-background-pages',
  '--disable-domain-reliability',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--disable-search-engine-choice-screen',
  '--disable-field-trial-config',
  '--disable-back-forward-cache',
  '--disable-session-crashed-bubble',
  '--disable-spell-checking',
  '--hide-crash-restore-bubble',
  '--metrics-recording-only',
  '--no-pings',
  '--no-service-autorun',
  '--password-store=basic',
  '--use-mock-keychain',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  // Silences the bar that warns of --no-sandbox, which would cover the top of the app's window.
  '--test-type',
];

const quietFeatures = [
  'Translate',
  'OptimizationHints',
  'MediaRouter',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'GlobalMediaControls',
  'PaintHolding',
];

/** Joins a list-valued switch of the app with the stand-in's own value; given twice, Chromium takes only the last. */
function mergeListSwitch(switches, name, ownValue) {
  const prefix = `--${name}=`;
  const given = switches.find(argument => argument.startsWith(prefix))?.slice(prefix.length);
  const others = switches.filter(argument => !argument.startsWith(prefix));
  return [...others, prefix + (given === undefined ? ownValue : `${given},${ownValue}`)];
}

export class Chromium {
  #program;
  #baseArguments;
  #environment;
  #process;

  /**
   * @param folder a temporary folder for the profile and everything else Chromium writes
   * @param switches the switches of the command line and of `app.commandLine`
   */
  constructor(folder, switches) {
    const program = findChromium();
    if (program === undefined) throw new Error(chromiumMissing);
    const display = displayKind();
    if (display === 'none') throw new Error(displayMissing);
    this.headless = display === 'headless';
    this.#program = program;

    const profile = join(folder, 'profile');
    const temporary = join(folder, 'tmp');
    mkdirSync(profile);
    mkdirSync(temporary);
    // Chromium also writes below the home folder (certificate database, font caches) and into the temporary
    // folder; both are given to it inside ours.
    this.#environment = {
      ...process.env,
      HOME: folder,
      TMPDIR: temporary,
      XAUTHORITY: process.env.XAUTHORITY ?? join(homedir(), '.Xauthority'),
    };
    for (const name of ['XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'NODE_OPTIONS'])
      delete this.#environment[name];

    let all = mergeListSwitch(switches, 'disable-features', quietFeatures.join(','));
    // Mapped addresses are always answered by the stand-in itself; should one slip through, it must not be
    // looked up in the DNS either. An app that maps everything away already covers this.
    if (!switches.some(argument => argument.startsWith('--host-resolver-rules=MAP * ')))
      all = mergeListSwitch(all, 'host-resolver-rules', 'MAP *.stand-in.invalid ~NOTFOUND');
    if (process.getuid?.() === 0) {
      process.stderr.write("stand-in: running as root, Chromium's own sandbox is off\n");
      if (!all.includes('--no-sandbox')) all.push('--no-sandbox');
    }
    if (this.headless) all.push('--headless=new');
    this.#baseArguments = [...quietSwitches, ...all, `--user-data-dir=${profile}`];
  }

  /** Starts the browser without a window and resolves once it answers on the pipe. */
  async start(onExit) {
    // In its own process group, so that Ctrl-C in a terminal reaches only the stand-in, which then ends it.
    const started = spawn(
      this.#program,
      [...this.#baseArguments, '--remote-debugging-pipe', '--no-startup-window'],
      {
        env: this.#environment,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      },
    );
    this.#process = started;
    this.#passOnMessages(started.stderr);
    const failed = new Promise((_resolve, reject) => {
      started.on('error', reject);
      started.on('exit', (code, signal) => {
        reject(
          new Error(
            `stand-in: Chromium ended while starting (${signal ?? code}); set ROOTWARD_STANDIN_VERBOSE=1 to see why`,
          ),
        );
        onExit(code, signal);
      });
    });
    this.pipe = new DebuggingPipe(started.stdio[3], started.stdio[4]);
    const version = await Promise.race([this.pipe.send('Browser.getVersion'), failed]);
    failed.catch(() => {});
    this.version = version.product.replace(/^.*\//, '');
  }

  /** Of what Chromium says, only the line Playwright waits for is passed on; all of it with ROOTWARD_STANDIN_VERBOSE. */
  #passOnMessages(stream) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', text => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (process.env.ROOTWARD_STANDIN_VERBOSE || line.startsWith('DevTools listening on '))
          process.stderr.write(`${line}\n`);
      }
    });
    stream.on('error', () => {});
  }

  /**
   * Opens a window that shows `url`. The debugging protocol can only open windows with tabs and an address
   * bar; a second start of Chromium with --app hands the wish over to the running one, which opens a bare one.
   */
  async openWindow(url) {
    if (this.headless) {
      await this.pipe.send('Target.createTarget', { url, newWindow: true });
      return;
    }
    const messenger = spawn(this.#program, [...this.#baseArguments, `--app=${url}`], {
      env: this.#environment,
      stdio: 'ignore',
    });
    await new Promise((resolve, reject) => {
      messenger.on('error', reject);
      messenger.on('exit', code =>
        code === 0 ? resolve() : reject(new Error(`stand-in: Chromium did not open a window (${code})`)),
      );
    });
  }

  /** Asks Chromium to end and waits for it, at most a few seconds. */
  async close() {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise(resolve => running.once('exit', resolve));
    this.pipe?.send('Browser.close').catch(() => {});
    const timer = setTimeout(() => this.kill(), 3000);
    await gone;
    clearTimeout(timer);
  }

  /** Ends Chromium and all its helper processes at once. */
  kill() {
    if (!this.#process?.pid || this.#process.exitCode !== null) return;
    try {
      process.kill(-this.#process.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  }
}
