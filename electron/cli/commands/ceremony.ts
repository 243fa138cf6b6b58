import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type OnlineKey, type Plan, planSchema } from '../../../shared/ceremony/plan.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { parseJson } from '../../../shared/tuf/json.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { type Answers, driveCeremony } from '../ceremony-driver.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, readArguments, readNamedFile, required, wrongUsage } from '../output.ts';

/** `rootward ceremony PLAN.json --vault DIR --out DIR --passphrases FILE [--json]` */
export const ceremonyCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    out: { type: 'string' },
    passphrases: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [planFile, ...more] = positionals;
  if (planFile === undefined || more.length > 0) throw wrongUsage('Name one plan file.');
  const vaultPath = path.resolve(required(values.vault, '--vault'));
  const destination = path.resolve(required(values.out, '--out'));
  const plan = readJsonFile(planFile, planSchema, 'plan');
  if (plan.ceremony === 'genesis' && !plan.online) throw missingOnline(planFile);
  const answers: Answers = {
    passphrases: new Map(
      Object.entries(
        readJsonFile(required(values.passphrases, '--passphrases'), passphrasesSchema, 'passphrase file'),
      ),
    ),
    online: plan.online && {
      snapshot: readOnlineKey(planFile, plan.online.snapshot),
      timestamp: readOnlineKey(planFile, plan.online.timestamp),
    },
    destination,
  };
  const custodian = createCustodian(cliCustodian(vaultPath));
  try {
    const { vault } = answered(await custodian.handle('describeApplication', {}));
    if (vault.state === 'absent') answered(await custodian.handle('createVault', {}));
    const opened = answered(
      await custodian.handle('openCeremony', {
        plan,
        rehearsal: false,
        resume: true,
        ...currentTargets(planFile, plan),
      }),
    );
    // The export wants a parent folder; asking people to make it first would help nobody.
    mkdirSync(path.dirname(destination), { recursive: true });
    const finished = await driveCeremony(custodian, opened.id, answers, step =>
      output.error(`${step.time}  ${step.initials?.padEnd(4)}  ${step.title}\n`),
    );
    output.out(
      values.json ? `${JSON.stringify(await result(custodian, finished))}\n` : plainResult(finished),
    );
    return 0;
  } finally {
    await custodian.close();
  }
};

/** The published targets a change goes on from, where its plan names a file. */
function currentTargets(planFile: string, plan: Plan): { currentTargets?: FileInput } {
  const file = plan.ceremony === 'rotation' ? plan.targets?.current : undefined;
  return file === undefined
    ? {}
    : { currentTargets: readNamedFile(path.resolve(path.dirname(planFile), file)) };
}

const passphrasesSchema = z.record(z.string(), z.string().min(1));

/** @throws RootwardError `plan-invalid` with a place, and what `parseJson` throws */
export function readJsonFile<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  what: string,
): z.infer<Schema> {
  const { bytes } = readNamedFile(file);
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.');
  throw new RootwardError('plan-invalid', {
    message: `The ${what} ${file} cannot be used: ${place ? `${place}: ` : ''}${issue?.message ?? 'unknown fault'}.`,
    remedy: 'Correct what is named. README.md shows a whole plan.',
    place,
  });
}

/** @param file the key file, relative to the plan that names it */
export function readOnlineKey(planFile: string, file: string): OnlineKey {
  const { bytes } = readNamedFile(path.resolve(path.dirname(planFile), file));
  // A DER file is no text: base64 of it is a form the importer reads.
  const isText = bytes.every(
    byte => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f),
  );
  const text = isText ? new TextDecoder().decode(bytes) : Buffer.from(bytes).toString('base64');
  return { text, source: path.basename(file) };
}

const missingOnline = (planFile: string): RootwardError =>
  new RootwardError('plan-invalid', {
    message: `The plan ${planFile} names no online keys.`,
    remedy: 'Add "online": {"snapshot": FILE, "timestamp": FILE} with the public keys of the online service.',
    place: 'online',
  });

async function result(custodian: Custodian, ceremony: CeremonyView): Promise<Record<string, unknown>> {
  const { text } = answered(await custodian.handle('readTranscript', { ceremonyId: ceremony.id }));
  return {
    ok: true,
    ceremony: ceremony.id,
    dialect: ceremony.dialect,
    repository: ceremony.repository,
    rehearsal: ceremony.rehearsal,
    version: ceremony.version,
    planHash: ceremony.plan.hex,
    out: ceremony.export?.destination,
    files: ceremony.export?.files,
    keys: ceremony.keys,
    signatures: ceremony.signatures,
    journal: ceremony.journal,
    transcript: text,
  };
}

export function plainResult(ceremony: CeremonyView): string {
  const lines = [
    ceremony.sentence,
    `Exported to ${ceremony.export?.destination}, read back and compared.`,
    ...(ceremony.export?.files ?? []).map(file => `  ${file.sha256}  ${file.name}`),
    `Journal entry ${ceremony.journal.entries}, head ${ceremony.journal.head}`,
  ];
  return `${lines.join('\n')}\n`;
}
