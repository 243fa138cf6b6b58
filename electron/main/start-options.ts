import { createHash } from 'node:crypto';
import path from 'node:path';

/** @returns the vault the app was started with (`--vault DIR`, `--vault=DIR` or ROOTWARD_VAULT), absolute. */
export function vaultPathFrom(
  commandLine: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  workingFolder: string,
): string | undefined {
  const at = commandLine.indexOf('--vault');
  const chosen =
    (at === -1 ? undefined : commandLine[at + 1]) ??
    commandLine.find(argument => argument.startsWith('--vault='))?.slice('--vault='.length) ??
    environment.ROOTWARD_VAULT;
  return chosen === undefined || chosen === '' ? undefined : path.resolve(workingFolder, chosen);
}

/** @returns Chromium's profile folder for a vault that is not the default one, so that each has its own lock. */
export function profileFolder(userData: string, vaultPath: string): string {
  return path.join(userData, 'profiles', createHash('sha256').update(vaultPath).digest('hex').slice(0, 16));
}

/** What the custodian gets of this process's environment. */
const passedOn = ['HOME', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'PATH', 'TMPDIR', 'SystemRoot', 'TEMP'];
/** Where a PKCS#11 module finds its own configuration: data about its tokens, no code to load (docs/tokens.md). */
const moduleSettings = ['SOFTHSM2_CONF', 'YUBIHSM_PKCS11_CONF'];

/**
 * SECURITY: only what is listed, and Rootward's own variables, so that neither NODE_OPTIONS nor a preloaded
 * library gets into the process that sees secrets.
 */
export function custodianEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        ([...passedOn, ...moduleSettings].includes(entry[0]) || entry[0].startsWith('ROOTWARD_')),
    ),
  );
}
