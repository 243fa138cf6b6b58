import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { type OnlineKey, type Plan, planSchema } from '../../../shared/ceremony/plan.ts';
import { errorFromReport, RootwardError } from '../../../shared/contract/errors.ts';
import type { FileInput } from '../../../shared/contract/requests.ts';
import type { CeremonyView } from '../../../shared/contract/views.ts';
import { dateInWords } from '../../../shared/display/dates.ts';
import { visible } from '../../../shared/display/visible.ts';
import { parseJson } from '../../../shared/tuf/json.ts';
import { readRoot } from '../../../shared/tuf/metadata.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { checkPassphrase } from '../../custodian/steps/holder-key-file.ts';
import { readOnlinePublicKey } from '../../custodian/steps/online-keys.ts';
import { makeFolderDurably, storageError } from '../../platform/durable-files.ts';
import type { ScriptedBackup } from '../backup-by-bundle.ts';
import { type Answers, driveCeremony } from '../ceremony-driver.ts';
import { cliCustodian } from '../custodian-options.ts';
import {
  answered,
  type Command,
  type Output,
  readArguments,
  readNamedFile,
  required,
  wrongUsage,
} from '../output.ts';
import { bundleName, type Passphrases, passphraseFor, passphrasesSchema } from '../passphrases.ts';
import { tokenAnswersSchema } from '../token-answers.ts';

/** `rootward ceremony PLAN.json --vault DIR --out DIR --passphrases FILE [--tokens FILE] [--pkcs11-module FILE]… [--backup DIR] [--reason TEXT] [--published no|maybe] [--json]` */
export const ceremonyCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    out: { type: 'string' },
    passphrases: { type: 'string' },
    tokens: { type: 'string' },
    'pkcs11-module': { type: 'string', multiple: true },
    backup: { type: 'string' },
    reason: { type: 'string' },
    published: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [planFile, ...more] = positionals;
  if (planFile === undefined || more.length > 0) throw wrongUsage('Name one plan file.');
  if (values.published !== undefined && values.published !== 'no' && values.published !== 'maybe')
    throw wrongUsage('--published is "no" or "maybe".');
  const vaultPath = path.resolve(required(values.vault, '--vault'));
  const plan = readJsonFile(planFile, planSchema, 'plan');
  // Taking over exports nothing.
  const destination = plan.ceremony === 'adoption' ? undefined : path.resolve(required(values.out, '--out'));
  if ((plan.ceremony === 'genesis' || plan.ceremony === 'migration') && !plan.online)
    throw missingOnline(planFile);
  const passphrases = readJsonFile(
    required(values.passphrases, '--passphrases'),
    passphrasesSchema,
    'passphrase file',
  );
  const answers: Answers = {
    passphrases: new Map(Object.entries(passphrases)),
    backup: values.backup === undefined ? undefined : scriptedBackup(values.backup, passphrases, output),
    tokens: new Map(
      Object.entries(values.tokens ? readJsonFile(values.tokens, tokenAnswersSchema, 'token file') : {}),
    ),
    online: onlineKeys(planFile, plan),
    keyFiles: keyFiles(planFile, plan),
    destination: destination ?? '',
    reason: values.reason,
  };
  const custodian = createCustodian(cliCustodian(vaultPath, values['pkcs11-module']));
  try {
    const { vault } = answered(await custodian.handle('describeApplication', {}));
    if (vault.problem) throw errorFromReport(vault.problem);
    for (const notice of vault.notices) output.error(`note: ${notice}\n`);
    const request = { plan, rehearsal: false, ...handedIn(planFile, plan) } as const;
    const again = vault.state === 'absent' ? undefined : await finishedBefore(custodian, request, answers);
    if (again) {
      output.error(
        `note: This ceremony was finished on ${dateInWords(again.steps.at(-1)?.time ?? '')}. Its result is told again; nothing was made. For another change, name another folder.\n`,
      );
      output.out(values.json ? `${JSON.stringify(await result(custodian, again))}\n` : plainResult(again));
      return 0;
    }
    await refuseBeforehand(custodian, request, answers, output);
    if (answers.backup) await makeFolderDurably(answers.backup.folder);
    // The export wants a parent folder; asking people to make it first would help nobody.
    if (destination) await prepareParent(destination);
    if (vault.state === 'absent') answered(await custodian.handle('createVault', {}));
    const opened = answered(await custodian.handle('openCeremony', { ...request, resume: true }));
    if (opened.state === 'finished' && destination) requireSameExport(opened, destination);
    if (opened.restored !== undefined && values.published !== undefined) {
      const ended = await answerRestored(custodian, opened, values.published);
      if (ended) {
        output.out(values.json ? `${JSON.stringify(await result(custodian, ended))}\n` : endedResult(ended));
        return 0;
      }
    }
    const finished = await driveCeremony(custodian, opened.id, answers, step =>
      output.error(`${step.time}  ${step.initials?.padEnd(4)}  ${step.title}\n`),
    );
    if (finished.state === 'open') throw waiting(finished);
    output.out(
      values.json ? `${JSON.stringify(await result(custodian, finished))}\n` : plainResult(finished),
    );
    return 0;
  } finally {
    await custodian.close();
  }
};

/**
 * Says of a ceremony that was open when the vault was restored whether its root was published since.
 * @returns the ceremony, where it was ended
 */
async function answerRestored(
  custodian: Custodian,
  { id: ceremonyId, repository, people }: CeremonyView,
  published: 'no' | 'maybe',
): Promise<CeremonyView | undefined> {
  const by = (people.find(person => person.role === 'administrator') ?? people[0])?.name ?? '';
  if (published === 'no') {
    answered(await custodian.handle('confirmUnpublished', { ceremonyId, by }));
    return undefined;
  }
  const ending = { by, reason: 'The vault was restored', root: 'perhaps-published' } as const;
  return answered(
    await custodian.handle('abandonCeremony', { ceremonyId, confirmation: repository, ...ending }),
  );
}

const endedResult = ({ id, repository }: CeremonyView): string =>
  `Ceremony ${id} was ended: its root may have been published. Take over what is published of ${repository} with a plan of "ceremony": "adoption" next.\n`;

/** The bundle's passphrase stands in the passphrase file as "bundle". */
function scriptedBackup(folder: string, passphrases: Passphrases, output: Output): ScriptedBackup {
  const passphrase = new TextDecoder().decode(passphraseFor(passphrases, bundleName));
  return { folder: path.resolve(folder), passphrase, tell: line => output.error(`${line}\n`) };
}

const besidePlan = (planFile: string, file: string): string => path.resolve(path.dirname(planFile), file);

function onlineKeys(planFile: string, plan: Plan): Answers['online'] {
  if (plan.ceremony === 'adoption' || !plan.online) return undefined;
  const { snapshot, timestamp } = plan.online;
  return { snapshot: readOnlineKey(planFile, snapshot), timestamp: readOnlineKey(planFile, timestamp) };
}

function keyFiles(planFile: string, plan: Plan): Answers['keyFiles'] {
  if (plan.ceremony !== 'adoption') return new Map();
  return new Map(
    plan.holders.flatMap(({ name, role, key }) =>
      key === undefined ? [] : [[`${role} ${name}`, readNamedFile(besidePlan(planFile, key)).bytes] as const],
    ),
  );
}

/** The metadata a plan names: what is published now, and the chain that is taken over. */
function handedIn(planFile: string, plan: Plan): { currentTargets?: FileInput; roots?: FileInput[] } {
  const read = (file: string): FileInput => readNamedFile(besidePlan(planFile, file));
  if (plan.ceremony === 'rotation' && plan.targets?.current)
    return { currentTargets: read(plan.targets.current) };
  if (plan.ceremony === 'migration' && plan.targets) return { currentTargets: read(plan.targets) };
  if (plan.ceremony !== 'adoption') return {};
  const folders = plan.roots.map(file => besidePlan(planFile, file));
  const roots = folders.flatMap(rootFilesIn).map(readNamedFile);
  const targets = plan.targets
    ? besidePlan(planFile, plan.targets)
    : folders.map(targetsFileIn).find(Boolean);
  return { roots, ...(targets ? { currentTargets: readNamedFile(targets) } : {}) };
}

/** @returns a root file itself, or the roots of a folder: numbered ones in order, or the one a Notary cache holds */
function rootFilesIn(place: string): string[] {
  if (!isFolder(place)) return [place];
  const numbered = readdirSync(place)
    .filter(name => /^\d+\.root\.json$/.test(name))
    .sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
  return (numbered.length > 0 ? numbered : ['root.json']).map(name => path.join(place, name));
}

const isFolder = (place: string): boolean =>
  statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;

function targetsFileIn(place: string): string | undefined {
  if (!isFolder(place)) return undefined;
  const file = path.join(place, 'targets.json');
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

interface PlanRequest {
  readonly plan: Plan;
  readonly rehearsal: false;
  readonly currentTargets?: FileInput;
  readonly roots?: FileInput[];
}

/**
 * The ceremony that this very command held, where it is finished: a crash may have swallowed its result. A plan may be
 * written once and meant many times ("renew"), so that the folder decides: only where it holds the export of this plan,
 * byte for byte, the same command is meant, since another change could not be written there.
 * @returns undefined where the command is to be carried out
 */
async function finishedBefore(
  custodian: Custodian,
  request: PlanRequest,
  { destination, online }: Answers,
): Promise<CeremonyView | undefined> {
  // A first root is one, wherever it was exported to; it is told by the way that goes on with an interrupted one.
  if (request.plan.ceremony === 'genesis') return undefined;
  if (destination !== '' && !isOccupied(destination)) return undefined;
  const { ceremony } = answered(await custodian.handle('findFinished', request));
  if (!ceremony || destination === '') return ceremony;
  const isThisExport = ceremony.export?.files.every(
    ({ name, sha256 }) => hashOf(path.join(destination, name)) === sha256,
  );
  return isThisExport && namesOnlineKeys(path.join(destination, 'root.json'), online) ? ceremony : undefined;
}

/** @returns undefined where there is no such file, or none that can be read */
function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}

/** A plan says only that online keys are replaced, not by which: the same plan with other keys is another change. */
function namesOnlineKeys(rootFile: string, online: Answers['online']): boolean {
  if (!online) return true;
  const root = readRoot(new Uint8Array(readFileSync(rootFile)));
  return (['snapshot', 'timestamp'] as const).every(role => {
    const { fingerprint } = readOnlinePublicKey(role, online[role]);
    const keyIds = root.roles.get(role)?.keyIds ?? [];
    return keyIds.some(keyId => root.keys.get(keyId)?.publicKey?.fingerprint === fingerprint);
  });
}

/**
 * Refuses whatever can be refused before anything is made: a ceremony that stops half-way for want of a line in a
 * file leaves keys behind and costs people their time.
 */
async function refuseBeforehand(
  custodian: Custodian,
  request: PlanRequest,
  answers: Answers,
  output: Output,
): Promise<void> {
  const { plan } = request;
  const { warnings, script } = answered(await custodian.handle('previewPlan', request));
  const blocking = warnings.filter(warning => warning.blocking);
  if (blocking.length > 0) {
    throw new RootwardError('plan-invalid', {
      message: blocking.map(warning => warning.message).join(' '),
      remedy: 'Change the plan as said and try again. Nothing has been made yet.',
    });
  }
  for (const warning of warnings) output.error(`note: ${warning.message}\n`);
  if (script.some(step => step.kind === 'prove-backup') && !answers.backup) {
    output.error(
      'note: The ceremony will wait before the signatures until each root key was restored from a backup. With --backup DIR it makes and proves a bundle by itself.\n',
    );
  }
  for (const { kind, who, custody = 'software' } of script) {
    if (kind !== 'generate-key' && kind !== 'certify-key' && kind !== 'import-key') continue;
    if (custody === 'software') requirePassphrase(who, answers.passphrases.get(who));
  }
  if (answers.online) {
    readOnlinePublicKey('snapshot', answers.online.snapshot);
    readOnlinePublicKey('timestamp', answers.online.timestamp);
  }
  const { ceremonies } = answered(await custodian.handle('describeHome', {}));
  // One that is being resumed may have written its export already; so may a first root that is finished.
  const isKnown = ceremonies.some(
    ({ repository, dialect, rehearsal, state }) =>
      !rehearsal &&
      (state === 'open' || (state === 'finished' && plan.ceremony === 'genesis')) &&
      repository === plan.repository &&
      (plan.dialect === undefined || dialect === plan.dialect),
  );
  if (!isKnown && answers.destination !== '') refuseOccupied(answers.destination);
}

function requirePassphrase(holder: string, passphrase: string | undefined): void {
  if (passphrase === undefined) {
    throw new RootwardError('passphrase-needed', {
      message: `There is no passphrase for ${holder}.`,
      remedy: `Add a line for "${holder}" to the passphrase file. Nothing has been made yet.`,
    });
  }
  try {
    checkPassphrase(new TextEncoder().encode(passphrase));
  } catch (error) {
    if (!(error instanceof RootwardError)) throw error;
    const { code, message, remedy } = error;
    throw new RootwardError(code, { message: `${holder}: ${message}`, remedy, cause: error });
  }
}

function isOccupied(destination: string): boolean {
  try {
    const found = statSync(destination, { throwIfNoEntry: false });
    return found !== undefined && !(found.isDirectory() && readdirSync(destination).length === 0);
  } catch (error) {
    throw storageError(error, destination, 'Looking at');
  }
}

function refuseOccupied(destination: string): void {
  if (!isOccupied(destination)) return;
  throw new RootwardError('destination-not-empty', {
    message: `${destination} is there already and is not an empty folder.`,
    remedy: 'Name a folder that does not exist yet, or an empty one. Nothing has been made yet.',
    place: destination,
  });
}

async function prepareParent(destination: string): Promise<void> {
  const parent = path.dirname(destination);
  await makeFolderDurably(parent, { mode: 0o755 });
  try {
    accessSync(statSync(destination, { throwIfNoEntry: false }) ? destination : parent, constants.W_OK);
  } catch (error) {
    throw storageError(error, destination, 'Writing to');
  }
}

/** The same command after a finished ceremony tells its result once more: a crash may have swallowed it. */
function requireSameExport(ceremony: CeremonyView, destination: string): void {
  if (ceremony.export?.destination === destination) return;
  throw new RootwardError('repository-exists', {
    message: `${ceremony.repository} has its first root already; it was exported to ${ceremony.export?.destination}.`,
    remedy: 'Take that export. A second first root would cut off every client.',
  });
}

function waiting(ceremony: CeremonyView): RootwardError {
  const missing = ceremony.steps.filter(step => step.canComplete).map(step => step.who);
  return new RootwardError('threshold-not-met', {
    message: `Ceremony ${ceremony.id} waits for the signature of ${[...new Set(missing)].join(', ')}.`,
    remedy:
      'Make a file for them with `rootward request`, take theirs in with `rootward combine`, and run the same command again.',
    place: ceremony.id,
  });
}

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
  return { text, source: visible(path.basename(file), 200) };
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
    ...(ceremony.export ? [`Exported to ${ceremony.export.destination}, read back and compared.`] : []),
    ...(ceremony.export?.files ?? []).map(file => `  ${file.sha256}  ${file.name}`),
    `Journal entry ${ceremony.journal.entries}, head ${ceremony.journal.head}`,
  ];
  return `${lines.join('\n')}\n`;
}
