/** SoftHSM2: a PKCS#11 token in a folder, behind the same module interface as a real one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerCommand } from './availability.ts';
import { bareEnvironment, type RunResult, runProgram, temporaryDirectory } from './run.ts';

export interface SoftHsm {
  /** The module to load. */
  readonly module: string;
  /** Makes a token and returns its serial number. */
  makeToken(label: string, pin: string): Promise<string>;
  /** Runs OpenSC's pkcs11-tool on it. */
  tool(...args: string[]): Promise<RunResult>;
}

/** The security officer's PIN of every token made here. */
const officerPin = '5678567856785678';

/**
 * Sets up an empty SoftHSM2 in a folder of its own, for this process too: its module reads SOFTHSM2_CONF when it
 * starts, so there is one at a time.
 */
export function softHsm(): SoftHsm {
  const module = peerCommand('softhsm2');
  const folder = temporaryDirectory('softhsm');
  const configuration = join(folder, 'softhsm2.conf');
  mkdirSync(join(folder, 'tokens'), { mode: 0o700 });
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env.SOFTHSM2_CONF = configuration;
  const environment = bareEnvironment({ SOFTHSM2_CONF: configuration });
  return {
    module,
    makeToken: async (label, pin) => {
      const args = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', officerPin];
      const made = await runProgram('softhsm2-util', args, { environment });
      if (made.code !== 0) throw new Error(`softhsm2-util: ${made.stdout}${made.stderr}`);
      const shown = await runProgram('softhsm2-util', ['--show-slots'], { environment });
      const slot = shown.stdout.split(/^Slot /m).find(part => part.includes(`Label:            ${label}`));
      const serial = /Serial number:\s+(\S+)/.exec(slot ?? '')?.[1];
      if (serial === undefined) throw new Error(`softhsm2-util does not show ${label}: ${shown.stdout}`);
      return serial;
    },
    tool: (...args) => runProgram('pkcs11-tool', ['--module', module, ...args], { environment }),
  };
}
