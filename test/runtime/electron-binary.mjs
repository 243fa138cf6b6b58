/**
 * Finds the official Electron binary, or fetches it once with the electron package's own installer. A failed
 * try is remembered for an hour, so that start stays quick on a machine that cannot reach the download host.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const failureCountsFor = 60 * 60 * 1000;
const silenceLimit = 20 * 1000;

function cacheFolder() {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'rootward');
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'rootward', 'cache');
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rootward');
}

const failureFile = () => join(cacheFolder(), 'electron-fetch-failed.json');

/** Looks, without fetching: `{ path, why }`, or undefined. */
export function findElectron(checkout) {
  const named = process.env.ELECTRON_PATH;
  if (named) {
    if (!existsSync(named)) throw new Error(`ELECTRON_PATH names ${named}, which does not exist`);
    return { path: named, why: 'named by ELECTRON_PATH' };
  }
  const folder = join(checkout, 'node_modules', 'electron');
  try {
    const wanted = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
    const present = readFileSync(join(folder, 'dist', 'version'), 'utf8')
      .trim()
      .replace(/^v/, '');
    const path = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8').trim());
    if (present === wanted && existsSync(path)) return { path, why: `version ${present} is installed` };
  } catch {
    // Not installed, or only in part.
  }
  return undefined;
}

/** The reason of a try that failed within the last hour, or undefined. */
function rememberedFailure(version) {
  try {
    const failure = JSON.parse(readFileSync(failureFile(), 'utf8'));
    const age = Date.now() - failure.time;
    if (failure.version === version && age >= 0 && age < failureCountsFor) return failure.reason;
  } catch {
    // None, or unreadable: then it does not count.
  }
  return undefined;
}

function rememberFailure(version, reason) {
  try {
    mkdirSync(cacheFolder(), { recursive: true });
    writeFileSync(failureFile(), JSON.stringify({ time: Date.now(), version, reason }));
  } catch {
    // Then the next start tries again.
  }
}

function folderSize(folder) {
  let size = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile())
        size +=
          statSync(join(entry.parentPath ?? entry.path, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch {
    // Not there yet, or changing under our eyes.
  }
  return size;
}

/** Runs the package's installer, as long as bytes arrive; resolves with the reason of failure, or undefined. */
function runInstaller(folder) {
  const temporary = mkdtempSync(join(tmpdir(), 'rootward-electron-fetch-'));
  const installer = spawn(process.execPath, [join(folder, 'install.js')], {
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise(resolve => {
    let messages = '';
    let gaveUp = false;
    let lastSize = 0;
    let lastGrowth = Date.now();
    installer.stderr.setEncoding('utf8').on('data', text => {
      messages += text;
    });
    const timer = setInterval(() => {
      // The download grows in our temporary folder, what is unpacked from it in dist.
      const size = folderSize(temporary) + folderSize(join(folder, 'dist'));
      if (size !== lastSize) {
        lastSize = size;
        lastGrowth = Date.now();
      } else if (Date.now() - lastGrowth > silenceLimit) {
        gaveUp = true;
        installer.kill('SIGKILL');
      }
    }, 1000);
    const finish = reason => {
      clearInterval(timer);
      rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
      resolve(reason);
    };
    const stop = () => installer.kill('SIGKILL');
    process.once('exit', stop);
    installer.on('error', error => finish(error.message));
    installer.on('close', code => {
      process.removeListener('exit', stop);
      if (code === 0) finish(undefined);
      else if (gaveUp) finish(`nothing arrived within ${silenceLimit / 1000} seconds`);
      else
        finish(
          messages
            .split('\n')
            .find(line => /Error/.test(line))
            ?.trim() ?? `its installer ended with ${code}`,
        );
    });
  });
}

/** Fetches the binary: `{ path, why }` as findElectron, or `{ reason }`. */
export async function fetchElectron(checkout, { evenIfItFailedRecently }) {
  const folder = join(checkout, 'node_modules', 'electron');
  if (!existsSync(join(folder, 'install.js')))
    return { reason: 'the electron package is not installed (npm ci)' };
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!evenIfItFailedRecently) {
    const reason = rememberedFailure(version);
    if (reason !== undefined) return { reason: `fetching it failed less than an hour ago: ${reason}` };
  }
  process.stderr.write(
    `rootward: fetching Electron ${version} (once; ROOTWARD_RUNTIME=stand-in skips this)\n`,
  );
  const reason =
    (await runInstaller(folder)) ?? (findElectron(checkout) ? undefined : 'its installer left no binary');
  if (reason !== undefined) {
    rememberFailure(version, reason);
    return { reason: `fetching it failed: ${reason}` };
  }
  rmSync(failureFile(), { force: true });
  return findElectron(checkout);
}
