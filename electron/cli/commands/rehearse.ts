import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dialectNameSchema, genesisPlanSchema, type OnlineKey } from '../../../shared/ceremony/plan.ts';
import { createCustodian } from '../../custodian/custodian.ts';
import { readOnlinePublicKey } from '../../custodian/steps/online-keys.ts';
import { makeFolderDurably } from '../../platform/durable-files.ts';
import { driveCeremony } from '../ceremony-driver.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, wrongUsage } from '../output.ts';
import { plainResult, readOnlineKey } from './ceremony.ts';

/**
 * `rootward rehearse [--dialect D] [--keys N] [--threshold M] [--repository NAME] [--snapshot-key F
 * --timestamp-key F] [--out DIR]`; without DIR into a new folder among the system's temporary ones
 */
export const rehearseCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    dialect: { type: 'string', default: 'tuf-1.0' },
    keys: { type: 'string', default: '3' },
    threshold: { type: 'string' },
    repository: { type: 'string', default: 'registry.example.com/rehearsal' },
    'snapshot-key': { type: 'string' },
    'timestamp-key': { type: 'string' },
    out: { type: 'string' },
  });
  if (positionals.length > 0) throw wrongUsage(`"${positionals[0]}" is one word too many.`);
  const dialect = dialectNameSchema.safeParse(values.dialect);
  if (!dialect.success) throw wrongUsage('--dialect is notary-v1 or tuf-1.0.');
  const keys = wholeNumber(values.keys, '--keys');
  const threshold =
    values.threshold === undefined ? Math.floor(keys / 2) + 1 : wholeNumber(values.threshold, '--threshold');
  const { 'snapshot-key': snapshotFile, 'timestamp-key': timestampFile } = values;
  if ((snapshotFile === undefined) !== (timestampFile === undefined)) {
    throw wrongUsage('--snapshot-key and --timestamp-key go together.');
  }
  const names = Array.from({ length: keys }, (_, index) => `holder-${index + 1}`);
  const plan = genesisPlanSchema.safeParse({
    ceremony: 'genesis',
    dialect: dialect.data,
    repository: values.repository,
    threshold,
    ...(threshold === keys ? { thresholdReason: 'A rehearsal: nothing depends on these keys.' } : {}),
    holders: names.map(name => ({ name, keytype: 'ecdsa-p256' })),
    targets: { threshold: 1, holders: [{ name: 'release-desk', keytype: 'ecdsa-p256' }] },
    participants: [
      { name: 'Administrator', role: 'administrator' },
      { name: 'Witness', role: 'witness' },
    ],
    policy: { network: 'warn' },
  });
  if (!plan.success)
    throw wrongUsage(`${plan.error.issues[0]?.path.join('.')}: ${plan.error.issues[0]?.message}.`);
  const online =
    snapshotFile === undefined || timestampFile === undefined
      ? { snapshot: nobodysKey(), timestamp: nobodysKey() }
      : {
          snapshot: readOnlineKey('./plan', snapshotFile),
          timestamp: readOnlineKey('./plan', timestampFile),
        };
  readOnlinePublicKey('snapshot', online.snapshot);
  readOnlinePublicKey('timestamp', online.timestamp);

  // A rehearsal leaves nothing behind but its export: the keys go with the folder they were made in.
  const scratch = mkdtempSync(path.join(tmpdir(), 'rootward-rehearsal-'));
  const custodian = createCustodian(cliCustodian(path.join(scratch, 'vault')));
  try {
    const opened = answered(await custodian.handle('openCeremony', { plan: plan.data, rehearsal: true }));
    output.out('REHEARSAL. Throwaway keys. Nothing made here may be published or trusted.\n\n');
    const passphrases = new Map<string, string>();
    for (const { holder } of opened.keys) {
      passphrases.set(holder, answered(await custodian.handle('suggestPassphrase', {})).passphrase);
    }
    // Only now, when nothing can be refused any more: a command that was wrong leaves no folder behind.
    const destination = path.resolve(values.out ?? mkdtempSync(path.join(tmpdir(), 'rootward-rehearsed-')));
    await makeFolderDurably(path.dirname(destination), { mode: 0o755 });
    const finished = await driveCeremony(
      custodian,
      opened.id,
      {
        passphrases,
        online,
        keyFiles: new Map(),
        destination,
        // A throwaway bundle of throwaway keys: made, restored, and gone with them.
        backup: {
          folder: scratch,
          passphrase: answered(await custodian.handle('suggestPassphrase', {})).passphrase,
          tell: line => output.out(`              ${line.replace(`${scratch}/`, '')}\n`),
        },
      },
      (step, ceremony) => {
        output.out(
          `${String(step.number).padStart(2)} of ${ceremony.steps.length}  ${(step.initials ?? '').padEnd(4)} ${step.title}\n`,
        );
        for (const row of step.outcome ?? []) output.out(`              ${row.label}: ${row.value}\n`);
      },
    );
    output.out(`\n${plainResult(finished)}`);
    return 0;
  } finally {
    await custodian.close();
    rmSync(scratch, { recursive: true, force: true });
  }
};

function wholeNumber(text: string, option: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw wrongUsage(`${option} is a whole number from 1 to 99.`);
  return Number(text);
}

/** The public half of a key whose private half is forgotten at once: it can never sign anything. */
function nobodysKey(): OnlineKey {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    text: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    source: 'a key made for this rehearsal',
  };
}
