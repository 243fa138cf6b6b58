/** What the tests of ceremonies share: the built command line, plans, and a vault of rehearsals in this process. */
import { createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Answers, driveCeremony } from '../../electron/cli/ceremony-driver.ts';
import { answered } from '../../electron/cli/output.ts';
import { type CustodianOptions, createCustodian } from '../../electron/custodian/custodian.ts';
import type { GenesisPlanInput, OnlineKey } from '../../shared/ceremony/plan.ts';
import type { CeremonyView, NetworkStatus } from '../../shared/contract/views.ts';
import { withoutBackups } from '../unit/build-ceremony.ts';
import { generateOnlineKey, type OnlineKey as OnlineKeyPair } from './peers/online-roles.ts';
import { checkout, type RunOptions, type RunResult, runProgram } from './peers/run.ts';

/** The bundle that people run; `npm test` builds it when a source is newer. */
export const program = path.join(checkout, 'dist/electron/rootward.cjs');

/** Runs the command line to its end. */
export function rootward(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (!existsSync(program)) throw new Error(`${program} is not built: run "node build.mjs"`);
  return runProgram(process.execPath, [program, ...args], { timeoutMilliseconds: 240_000, ...options });
}

/** A plan without fault: 2 of 3 root holders, one targets holder. */
export const plainPlan = (changes: Partial<GenesisPlanInput> = {}): GenesisPlanInput => ({
  ceremony: 'genesis',
  dialect: 'tuf-1.0',
  repository: 'registry.example.com/payments',
  threshold: 2,
  holders: [1, 2, 3].map(number => ({ name: `holder-${number}`, keytype: 'ecdsa-p256' })),
  targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ecdsa-p256' }] },
  participants: [
    { name: 'Ada Lovelace', role: 'administrator' },
    { name: 'Wim Witness', role: 'witness' },
  ],
  // The machines that run tests have networks; the gate has its own tests.
  policy: { network: 'warn', ...withoutBackups },
  ...changes,
});

/** One passphrase a holder; every one of them is found by looking for `passphrase-of-`. */
export function passphrasesOf(plan: GenesisPlanInput): Record<string, string> {
  const holders = [...plan.holders, ...plan.targets.holders];
  return Object.fromEntries(holders.map(({ name }) => [name, `passphrase-of-${name} é`]));
}

/** A public key as PEM. */
export const pemOf = (key: OnlineKeyPair): string =>
  createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }).toString();

export interface CeremonyFiles {
  /** All files lie below it. */
  readonly folder: string;
  readonly plan: string;
  readonly passphrases: string;
  readonly vault: string;
  readonly out: string;
  /** The arguments of `rootward ceremony`. */
  readonly command: string[];
}

/**
 * Writes what `rootward ceremony` is given.
 * @param online the content of the two key files; fresh keys when left out
 */
export function ceremonyFiles(
  folder: string,
  plan: GenesisPlanInput,
  online: { snapshot: string | Uint8Array; timestamp: string | Uint8Array } = {
    snapshot: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')),
    timestamp: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')),
  },
): CeremonyFiles {
  mkdirSync(folder, { recursive: true });
  const place = (name: string) => path.join(folder, name);
  writeFileSync(place('snapshot.key'), online.snapshot);
  writeFileSync(place('timestamp.key'), online.timestamp);
  const whole = { online: { snapshot: 'snapshot.key', timestamp: 'timestamp.key' }, ...plan };
  writeFileSync(place('plan.json'), JSON.stringify(whole));
  writeFileSync(place('passphrases.json'), JSON.stringify(passphrasesOf(plan)));
  const files = {
    folder,
    plan: place('plan.json'),
    passphrases: place('passphrases.json'),
    vault: place('vault'),
    out: place('out'),
  };
  const { vault, out, passphrases } = files;
  const command = ['ceremony', files.plan, '--vault', vault, '--out', out, '--passphrases', passphrases];
  return { ...files, command };
}

/** A machine without any network, as the network guard would tell it. */
export const isolated: NetworkStatus = { state: 'isolated', interfaces: [], summary: 'No network' };

/** The custodian in this process. */
export const custodianAt = (vaultPath: string, options: Partial<CustodianOptions> = {}) =>
  createCustodian({
    vaultPath,
    runtime: 'stand-in',
    version: '0',
    describeNetwork: () => isolated,
    ...options,
  });

/** Answers for every step of a ceremony by this plan. */
export function answersFor(
  plan: GenesisPlanInput,
  destination: string,
  online: { snapshot: OnlineKey; timestamp: OnlineKey } = {
    snapshot: { text: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')) },
    timestamp: { text: pemOf(generateOnlineKey('ecdsa-sha2-nistp256')) },
  },
): Answers {
  return {
    passphrases: new Map(Object.entries(passphrasesOf(plan))),
    online,
    keyFiles: new Map(),
    destination,
  };
}

/** A whole rehearsal in this process: quick, and the same code as a real ceremony but for its scrypt. */
export async function rehearse(
  vaultPath: string,
  plan: GenesisPlanInput,
  answers: Answers,
): Promise<CeremonyView> {
  const custodian = custodianAt(vaultPath);
  try {
    const { id } = answered(await custodian.handle('openCeremony', { plan, rehearsal: true }));
    return await driveCeremony(custodian, id, answers, () => {});
  } finally {
    await custodian.close();
  }
}

/** The `rootward ceremony --json` result, checked to be one line of JSON and nothing else. */
export function jsonLine(result: RunResult): Record<string, unknown> {
  if (!/^\{.*\}\n$/.test(result.stdout)) throw new Error(`not one line of JSON: ${result.output}`);
  return JSON.parse(result.stdout);
}

/** The indented blocks of COURIER.txt: what it gives people to copy. */
export function courierBlocks(out: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  for (const line of [...readFileSync(path.join(out, 'COURIER.txt'), 'utf8').split('\n'), '']) {
    if (line.startsWith('    ')) block.push(line.slice(4));
    else if (block.length > 0) {
      blocks.push(block.join('\n'));
      block = [];
    }
  }
  return blocks;
}

/** The one block of COURIER.txt that begins like this. */
export function courierBlock(out: string, beginning: string): string {
  const found = courierBlocks(out).filter(block => block.startsWith(beginning));
  if (found.length !== 1) throw new Error(`${found.length} blocks of COURIER.txt begin with "${beginning}"`);
  return found[0] as string;
}
