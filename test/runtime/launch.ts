/** Starts the app for a test, on official Electron when ELECTRON_PATH names it, else on the stand-in. */
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication } from 'playwright';
import { findProgram, hasDisplay, virtualDisplayMissing } from './display.ts';

export const standInPath = fileURLToPath(new URL('electron', import.meta.url));

export interface LaunchOptions {
  /** The folder whose package.json names the main script. */
  readonly appDirectory: string;
  /** Arguments for the app, after its folder. */
  readonly args?: readonly string[];
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** `electron` throws when ELECTRON_PATH is not set. Default: whichever is there, Electron first. */
  readonly runtime?: 'electron' | 'stand-in';
  readonly timeout?: number;
}

/** Whether and why not the stand-in can run here. Tests skip with the reason. */
export function standInAvailable():
  | { readonly available: true }
  | { readonly available: false; readonly reason: string } {
  const named = process.env.CHROMIUM_PATH;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const installed = named
    ? isExecutable(named)
    : process.platform !== 'linux' || names.some(name => findProgram(name) !== undefined);
  if (!installed) {
    return {
      available: false,
      reason: 'no Chromium is installed (Debian: apt-get install chromium; or set CHROMIUM_PATH)',
    };
  }
  if (!hasDisplay() && findProgram('Xvfb') === undefined)
    return { available: false, reason: virtualDisplayMissing };
  return { available: true };
}

/** Which runtime `launchApplication` would use. */
export function chosenRuntime(): 'electron' | 'stand-in' {
  return process.env.ELECTRON_PATH ? 'electron' : 'stand-in';
}

export function launchApplication(options: LaunchOptions): Promise<ElectronApplication> {
  const runtime = options.runtime ?? chosenRuntime();
  const executablePath = runtime === 'electron' ? process.env.ELECTRON_PATH : standInPath;
  if (!executablePath) throw new Error('ELECTRON_PATH is not set');
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return _electron.launch({
    executablePath,
    args: [options.appDirectory, ...(options.args ?? [])],
    env: { ...environment, ...options.env },
    // Tests decide what the page looks like through the app; Playwright shall not emulate a light scheme.
    colorScheme: null,
    timeout: options.timeout ?? 30_000,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
