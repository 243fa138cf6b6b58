/**
 * `npm start`: runs the app on official Electron where its binary is there or can be had, else on the stand-in.
 *
 * ROOTWARD_RUNTIME=electron insists on Electron, ROOTWARD_RUNTIME=stand-in on the stand-in.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumMissing, displayKind, displayMissing, findChromium } from './chromium.mjs';
import { fetchElectron, findElectron } from './electron-binary.mjs';

const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
const standIn = fileURLToPath(new URL('electron', import.meta.url));

/** Decides on the runtime: which program, and why. */
async function chooseRuntime(wish) {
  if (wish === 'stand-in')
    return { name: 'the stand-in', path: standIn, why: 'ROOTWARD_RUNTIME asks for it' };
  if (wish !== '' && wish !== 'electron')
    throw new Error(`ROOTWARD_RUNTIME must be electron or stand-in, not ${wish}`);
  const electron =
    findElectron(checkout) ??
    (await fetchElectron(checkout, { evenIfItFailedRecently: wish === 'electron' }));
  if (electron.path !== undefined) return { name: 'Electron', ...electron };
  if (wish === 'electron') throw new Error(`Electron is not there: ${electron.reason}`);
  return { name: 'the stand-in', path: standIn, why: `Electron is not there: ${electron.reason}` };
}

function checkStandIn() {
  if (process.platform === 'win32')
    throw new Error('the stand-in runs on Linux and macOS only; Windows needs Electron');
  if (findChromium() === undefined) throw new Error(chromiumMissing);
  if (displayKind() === 'none') throw new Error(displayMissing);
}

function checkBuild() {
  const { main } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  if (!existsSync(join(checkout, main))) throw new Error(`${main} is missing; build first: npm run build`);
}

try {
  checkBuild();
  const runtime = await chooseRuntime(process.env.ROOTWARD_RUNTIME ?? '');
  process.stderr.write(`rootward: running on ${runtime.name} (${runtime.why})\n`);
  if (runtime.path === standIn) checkStandIn();
  const application = spawn(runtime.path, [checkout, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => application.kill(signal));
  application.on('error', error => {
    process.stderr.write(`rootward: ${dirname(runtime.path)}: ${error.message}\n`);
    process.exit(1);
  });
  application.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
} catch (error) {
  process.stderr.write(`rootward: ${error.message}\n`);
  process.exit(1);
}
