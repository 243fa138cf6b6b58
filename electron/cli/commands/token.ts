import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { generatedKeyTypeSchema } from '../../../shared/ceremony/plan.ts';
import { tokenInWords } from '../../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { TokenAction, TokenActionName, TokenView } from '../../../shared/contract/tokens.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { writeFileDurably } from '../../platform/durable-files.ts';
import { cliCustodian } from '../custodian-options.ts';
import { answered, type Command, type Output, readArguments, required, wrongUsage } from '../output.ts';
import { chooseToken, readTokens } from '../token-answers.ts';
import { readJsonFile } from './ceremony.ts';

/**
 * The file of `--secrets`. Never on the command line, where other users of the machine and the shell's history see it.
 * Management keys in hexadecimal digits.
 */
const secretsSchema = z.strictObject({
  pin: z.string().optional(),
  newPin: z.string().optional(),
  puk: z.string().optional(),
  newPuk: z.string().optional(),
  managementKey: z.string().optional(),
  newManagementKey: z.string().optional(),
  /** Of a key's file in the vault. */
  passphrase: z.string().optional(),
});
type Secrets = z.infer<typeof secretsSchema>;

const options = {
  vault: { type: 'string' },
  serial: { type: 'string' },
  slot: { type: 'string' },
  secrets: { type: 'string' },
  'new-key': { type: 'string' },
  keytype: { type: 'string' },
  'pin-policy': { type: 'string' },
  'touch-policy': { type: 'string' },
  'may-destroy': { type: 'boolean' },
  fingerprint: { type: 'string' },
  confirm: { type: 'string' },
  'pin-tries': { type: 'string' },
  'puk-tries': { type: 'string' },
  'pkcs11-module': { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>['values'];

/** `rootward token list|show|proof|<task> [--serial S] [--slot S] [--secrets FILE] …` */
export const tokenCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, options);
  const [what, ...more] = positionals;
  if (what === undefined || more.length > 0)
    throw wrongUsage('Say what to do: list, show, proof, or a task.');
  const vaultPath = values.vault === undefined ? '' : path.resolve(values.vault);
  const custodian = createCustodian(cliCustodian(vaultPath, values['pkcs11-module']));
  try {
    // Opens the vault, where one is named: its settings and records say which modules and whose keys.
    if (vaultPath !== '') answered(await custodian.handle('describeHome', {}));
    if (what === 'list') return await list(custodian, values, output);
    const token = chooseToken(await readTokens(custodian), { serial: values.serial });
    if (token.problem) throw new RootwardError(token.problem.code, token.problem);
    if (what === 'show') return show(token, values, output);
    if (what === 'proof') return await proof(custodian, token, values, output);
    return await manageByName(custodian, token, what, values, output);
  } finally {
    await custodian.close();
  }
};

async function list(custodian: Custodian, { json }: Values, output: Output): Promise<number> {
  const { tokens, unsupported } = await readTokens(custodian);
  if (json) {
    output.out(`${JSON.stringify({ ok: true, tokens, unsupported })}\n`);
    return 0;
  }
  for (const { custody, problem } of unsupported)
    output.error(`note: ${custody}: ${problem.message} ${problem.remedy}\n`);
  if (tokens.length === 0) output.out('No token is plugged in.\n');
  for (const token of tokens) {
    output.out(
      `${token.custody.padEnd(7)} ${tokenInWords(token)}${token.problem ? `: ${token.problem.message}` : ''}\n`,
    );
  }
  return 0;
}

function show(token: TokenView, { json }: Values, output: Output): number {
  if (json) {
    output.out(`${JSON.stringify({ ok: true, token })}\n`);
    return 0;
  }
  const firmware = token.firmware === undefined ? '' : `, firmware ${token.firmware}`;
  output.out(`${tokenInWords(token)}${firmware}\n`);
  for (const { name, triesLeft, triesTotal, isDefault } of token.secrets) {
    const tries =
      triesLeft === undefined
        ? ''
        : `${triesLeft}${triesTotal === undefined ? '' : ` of ${triesTotal}`} tries left`;
    const told = [tries, isDefault ? 'still the default' : ''].filter(Boolean).join(', ');
    if (told) output.out(`  ${name.padEnd(16)}${told}\n`);
  }
  for (const { id, name, key } of token.slots) {
    if (!key) continue;
    const owners = key.owners.map(({ holder, role, repository }) => `${holder}, ${role} of ${repository}`);
    output.out(
      `  ${id.padEnd(16)}${name}: ${key.algorithm}, PIN ${key.pinPolicy}, touch ${key.touchPolicy}\n`,
    );
    if (key.fingerprint) output.out(`${' '.repeat(18)}${key.fingerprint}\n`);
    for (const owner of owners) output.out(`${' '.repeat(18)}${owner}\n`);
  }
  for (const { message, severity } of token.advice) output.error(`${severity}: ${message}\n`);
  return 0;
}

async function proof(
  custodian: Custodian,
  token: TokenView,
  { slot, json }: Values,
  output: Output,
): Promise<number> {
  const read = answered(
    await custodian.handle('readTokenProof', {
      token: token.id,
      serial: token.serial,
      slot: required(slot, '--slot'),
    }),
  );
  const isProven = read.attestation.verdict === 'proven';
  output.out(json ? `${JSON.stringify({ ok: isProven, ...read })}\n` : `${read.sentence}\n`);
  return isProven ? 0 : 1;
}

/**
 * Does a task with a token. A management key that is drawn here stands in its file before the token gets it, and stays
 * there whatever happens then.
 * @throws RootwardError `destination-not-empty` (the file of a new management key), and what the task answers
 */
export async function manageByName(
  custodian: Custodian,
  token: TokenView,
  what: string,
  values: Values,
  output: Output,
): Promise<number> {
  const given = taskFor(what, values);
  const task =
    given.action === 'change-management-key' && values['new-key'] !== undefined
      ? { ...given, next: await drawManagementKey(path.resolve(values['new-key']), output) }
      : given;
  const { message, fingerprint } = answered(
    await custodian.handle('manageToken', { token: token.id, serial: token.serial, task }),
  );
  output.out(
    values.json
      ? `${JSON.stringify({ ok: true, message, ...(fingerprint ? { fingerprint } : {}) })}\n`
      : `${[message, fingerprint].filter(Boolean).join('\n')}\n`,
  );
  return 0;
}

/** Draws a management key, of the 24 bytes that every card takes, into a file that `--secrets` reads. */
async function drawManagementKey(file: string, output: Output): Promise<Uint8Array<ArrayBuffer>> {
  if (existsSync(file)) {
    throw new RootwardError('destination-not-empty', {
      message: `${file} is there already.`,
      remedy: 'Name another file for the new management key. The token was not changed.',
      place: file,
    });
  }
  const next = new Uint8Array(randomBytes(24));
  const content = `${JSON.stringify({ managementKey: Buffer.from(next).toString('hex') })}\n`;
  await writeFileDurably(file, new TextEncoder().encode(content), { mode: 0o600, readBack: true });
  output.error(
    `note: ${file} holds the new management key, and the token gets it now. Should that fail, keep this file and the present key until the token has taken one of them.\n`,
  );
  return next;
}

const policies = {
  pinPolicy: z.enum(['never', 'once', 'always']).optional(),
  touchPolicy: z.enum(['never', 'always', 'cached']).optional(),
};

function taskFor(what: string, values: Values): TokenAction {
  const secrets = values.secrets ? readJsonFile(values.secrets, secretsSchema, 'secrets file') : {};
  const bytes = (name: keyof Secrets): Uint8Array => {
    const text = secrets[name];
    if (text === undefined) throw wrongUsage(`The secrets file needs "${name}" for this.`);
    if (!/managementKey/i.test(name)) return new TextEncoder().encode(text);
    if (!/^([0-9a-f]{2})+$/i.test(text)) throw wrongUsage(`"${name}" is in hexadecimal digits.`);
    return new Uint8Array(Buffer.from(text, 'hex'));
  };
  const given = (name: keyof Secrets) => (secrets[name] === undefined ? undefined : bytes(name));
  const unlocking = () => ({ pin: given('pin'), managementKey: given('managementKey') });
  const slot = () => required(values.slot, '--slot');
  const meant = () => ({
    fingerprint: required(values.fingerprint, '--fingerprint'),
    confirmation: required(values.confirm, '--confirm'),
  });
  const asked = () => {
    const parsed = z.object(policies).safeParse({
      pinPolicy: values['pin-policy'],
      touchPolicy: values['touch-policy'],
    });
    if (!parsed.success) throw wrongUsage('--pin-policy or --touch-policy has no such value.');
    return parsed.data;
  };
  const tasks: { [Name in TokenActionName]?: () => unknown } = {
    'change-pin': () => ({ current: bytes('pin'), next: bytes('newPin') }),
    'change-puk': () => ({ current: bytes('puk'), next: bytes('newPuk') }),
    'unblock-pin': () => ({ puk: bytes('puk'), next: bytes('newPin') }),
    'set-tries': () => ({
      pinTries: Number(values['pin-tries']),
      pukTries: Number(values['puk-tries']),
      pin: bytes('pin'),
      managementKey: given('managementKey'),
    }),
    'change-management-key': () => {
      const drawn = values['new-key'] !== undefined;
      if (drawn === (secrets.newManagementKey !== undefined))
        throw wrongUsage('Give --new-key FILE to have one drawn, or "newManagementKey" in the secrets file.');
      return { ...unlocking(), ...(drawn ? {} : { next: bytes('newManagementKey') }) };
    },
    generate: () => {
      const keytype = generatedKeyTypeSchema.safeParse(values.keytype ?? 'ecdsa-p256');
      if (!keytype.success) throw wrongUsage('--keytype has no such value.');
      const mayDestroy = values['may-destroy'] ?? false;
      return {
        slot: slot(),
        keytype: keytype.data,
        ...asked(),
        mayDestroy,
        ...unlocking(),
        puk: given('puk'),
      };
    },
    'import-key': () => ({
      slot: slot(),
      fingerprint: required(values.fingerprint, '--fingerprint'),
      passphrase: bytes('passphrase'),
      ...asked(),
      ...unlocking(),
    }),
    'delete-key': () => ({ slot: slot(), ...meant(), ...unlocking() }),
    'destroy-key-file': () => ({ slot: slot(), ...meant(), pin: given('pin') }),
    'write-certificate': () => ({ slot: slot(), ...unlocking() }),
  };
  const make = Object.hasOwn(tasks, what) ? tasks[what as TokenActionName] : undefined;
  if (!make) throw wrongUsage(`There is no token command "${what}".`);
  // The custodian parses it by the contract's schema, and says what is not right.
  return { action: what, ...(make() as object) } as TokenAction;
}
