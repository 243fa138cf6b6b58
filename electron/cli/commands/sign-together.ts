import path from 'node:path';
import { RootwardError } from '../../../shared/contract/errors.ts';
import type { CeremonyView, SigningRequestView } from '../../../shared/contract/views.ts';
import { type Custodian, createCustodian } from '../../custodian/custodian.ts';
import { makeFolderDurably, writeFileDurably } from '../../platform/durable-files.ts';
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
import { credentialFor, opensKeyOf, passphrasesSchema } from '../passphrases.ts';
import { networkOf } from './backup.ts';
import { readJsonFile } from './ceremony.ts';

/** `rootward request --vault DIR --out FILE [--ceremony ID]` */
export const requestCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    out: { type: 'string' },
    ceremony: { type: 'string' },
  });
  if (positionals.length > 0) throw wrongUsage(`"${positionals[0]}" is one word too many.`);
  const out = path.resolve(required(values.out, '--out'));
  return withVault(required(values.vault, '--vault'), [], async custodian => {
    const ceremonyId = await openCeremonyId(custodian, values.ceremony);
    const { file } = answered(await custodian.handle('writeSigningRequest', { ceremonyId }));
    await writeFileDurably(out, file.bytes, { mode: 0o644, readBack: true });
    output.out(`${out}\n`);
    return 0;
  });
};

/** `rootward sign REQUEST --vault DIR --passphrases FILE --out DIR [--network warn] [--despite-earlier] [--json]` */
export const signCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    out: { type: 'string' },
    passphrases: { type: 'string' },
    'pkcs11-module': { type: 'string', multiple: true },
    network: { type: 'string' },
    'despite-earlier': { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const [requestFile, ...more] = positionals;
  if (requestFile === undefined || more.length > 0) throw wrongUsage('Name one signing request.');
  const out = path.resolve(required(values.out, '--out'));
  const passphrases = new Map(
    Object.entries(
      readJsonFile(required(values.passphrases, '--passphrases'), passphrasesSchema, 'passphrase file'),
    ),
  );
  const modules = values['pkcs11-module'] ?? [];
  const decided = {
    ...networkOf(values),
    ...(values['despite-earlier'] ? { despiteEarlier: true } : {}),
  };
  return withVault(required(values.vault, '--vault'), modules, async custodian => {
    const file = readNamedFile(requestFile);
    const view = answered(await custodian.handle('readSigningRequest', { file }));
    describe(view, output);
    const own = view.asked.filter(asked => asked.here && opensKeyOf(passphrases, asked.holder));
    if (own.length === 0) {
      throw new RootwardError('key-not-found', {
        message: 'None of the keys this request asks for can be opened here.',
        remedy: "Use the vault of a holder it asks, and a passphrase file with that holder's name.",
      });
    }
    await makeFolderDurably(out, { mode: 0o755 });
    const written: string[] = [];
    for (const { holder, role, fingerprint, place } of own) {
      const payload = view.payloads.find(candidate => candidate.role === role);
      const signed = answered(
        await custodian.handle('signRequest', {
          file: readNamedFile(requestFile),
          role,
          fingerprint,
          payloadHash: payload?.fingerprint.hex ?? '',
          ...decided,
          ...credentialFor(passphrases, holder, place),
        }),
      );
      const destination = path.join(out, signed.file.name);
      await writeFileDurably(destination, signed.file.bytes, { mode: 0o644, readBack: true });
      written.push(destination);
    }
    output.out(
      values.json
        ? `${JSON.stringify({ ok: true, trust: view.trust, notes: view.notes, files: written })}\n`
        : `${written.join('\n')}\n`,
    );
    return 0;
  });
};

/** `rootward combine SIGNATURE… --vault DIR [--ceremony ID] [--json]` */
export const combineCommand: Command = async (commandLine, output) => {
  const { values, positionals } = readArguments(commandLine, {
    vault: { type: 'string' },
    ceremony: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (positionals.length === 0) throw wrongUsage('Name at least one signature file.');
  return withVault(required(values.vault, '--vault'), [], async custodian => {
    const ceremonyId = await openCeremonyId(custodian, values.ceremony);
    let ceremony: CeremonyView | undefined;
    for (const file of positionals) {
      ceremony = answered(
        await custodian.handle('importSignature', { ceremonyId, file: readNamedFile(file) }),
      );
    }
    const missing = [
      ...new Set(
        (ceremony?.steps ?? [])
          .filter(step => step.kind === 'sign' && step.state !== 'done')
          .map(step => step.who),
      ),
    ];
    if (values.json) output.out(`${JSON.stringify({ ok: true, ceremony: ceremonyId, missing })}\n`);
    else
      output.out(
        missing.length === 0 ? 'Every signature is there.\n' : `Still missing: ${missing.join(', ')}.\n`,
      );
    return 0;
  });
};

async function withVault(
  vault: string,
  modules: readonly string[],
  work: (custodian: Custodian) => Promise<number>,
): Promise<number> {
  const custodian = createCustodian(cliCustodian(path.resolve(vault), modules));
  try {
    return await work(custodian);
  } finally {
    await custodian.close();
  }
}

/** @throws RootwardError `ceremony-not-found`, `wrong-usage` when it must be said which */
async function openCeremonyId(custodian: Custodian, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { ceremonies } = answered(await custodian.handle('describeHome', {}));
  const open = ceremonies.filter(ceremony => ceremony.state === 'open');
  if (open.length > 1)
    throw wrongUsage(
      `Several ceremonies are open. Say which with --ceremony: ${open.map(({ id, repository }) => `${id} (${repository})`).join(', ')}.`,
    );
  if (open[0]) return open[0].id;
  throw new RootwardError('ceremony-not-found', {
    message: 'No ceremony is open in this vault.',
    remedy: 'Open one with `rootward ceremony` or in the window.',
  });
}

/** What a holder should have read before their key is opened. To standard error: it is not the result. */
function describe(view: SigningRequestView, output: Output): void {
  const trust = {
    known: 'This vault knows the root it starts from.',
    follows: 'It starts from a root that follows the one this vault knows.',
    'first-sight':
      'This vault knows nothing of the repository: compare the words with the other machine before you trust it.',
  }[view.trust];
  output.error(
    `${view.repository}: ${view.title}\n${view.sentence}\n${trust}\nPlan: ${view.plan.words.join(' ')}\n`,
  );
  for (const note of view.notes) output.error(`Note: ${note} Ask about it by telephone.\n`);
  for (const { role, version, repository, holder, time, payload } of view.earlier)
    output.error(
      `Note: this vault signed another ${role} version ${version} of ${repository} before, with the key of ${holder}, at ${time}: SHA-256 ${payload.hex}.\n`,
    );
  const rows = (all: SigningRequestView['summary']): string =>
    all.map(({ label, value }) => `  ${label}: ${value}\n`).join('');
  output.error(`\n${rows(view.summary)}\nOnly the other machine says:\n${rows(view.said)}`);
  const marks = { same: ' ', added: '+', removed: '-', gap: ' ' } as const;
  for (const { role, fingerprint, difference } of view.payloads) {
    output.error(`\n${role}, SHA-256 ${fingerprint.hex}\n`);
    for (const line of difference) output.error(`${marks[line.kind]} ${line.text}\n`);
  }
}
