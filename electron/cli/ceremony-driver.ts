import type { OnlineKey } from '../../shared/ceremony/plan.ts';
import { isolationChecklist, planConfirmation, type StepInput } from '../../shared/ceremony/steps.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { CeremonyView, StepView } from '../../shared/contract/views.ts';
import type { Custodian } from '../custodian/custodian.ts';
import { proveByBundle, type ScriptedBackup } from './backup-by-bundle.ts';
import { answered } from './output.ts';
import { credentialFor, opensKeyOf, pinOf } from './passphrases.ts';
import { type TokenAnswer, tokenKeyInput } from './token-answers.ts';

/** What a scripted ceremony needs to answer every step. */
export interface Answers {
  /**
   * Passphrases, and PINs of tokens, by the holder's name. Who has both has the PIN under "NAME (PIN)". An empty one: the
   * token asks for none.
   */
  readonly passphrases: ReadonlyMap<string, string>;
  /** Where keys on tokens go, by the holder's name or "root NAME". */
  readonly tokens?: ReadonlyMap<string, TokenAnswer>;
  readonly online: { readonly snapshot: OnlineKey; readonly timestamp: OnlineKey } | undefined;
  /** Private key files that come in (adoption), by the key's role and the holder's name: "root Alice". */
  readonly keyFiles: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Absolute path of the export folder. */
  readonly destination: string;
  /** Where the backups of root keys are made and proven; without it a ceremony that wants them waits for them. */
  readonly backup?: ScriptedBackup | undefined;
  /** Why the export goes on where the gate would stop it. */
  readonly reason?: string | undefined;
}

/**
 * Carries a ceremony from its present step to its end, through the same requests as the window.
 * @param onStep told after each step
 * @returns the finished ceremony
 * @throws RootwardError what a step is refused for; the ceremony then waits at that step
 */
export async function driveCeremony(
  custodian: Custodian,
  ceremonyId: string,
  answers: Answers,
  onStep: (step: StepView, ceremony: CeremonyView) => void,
): Promise<CeremonyView> {
  let ceremony = answered(await custodian.handle('readCeremony', { ceremonyId }));
  requirePassphrases(ceremony, answers);
  for (;;) {
    const step = nextStep(ceremony, answers);
    if (!step) return ceremony;
    if (step.kind === 'prove-backup' && answers.backup)
      await proveByBundle(custodian, ceremony, answers.passphrases, answers.backup);
    const input = await answer(custodian, ceremony, step, answers);
    ceremony = answered(
      await custodian.handle('completeStep', {
        ceremonyId,
        stepId: step.id,
        by: actor(ceremony, step),
        input,
      }),
    );
    const done = ceremony.steps.find(candidate => candidate.id === step.id);
    if (done) onStep(done, ceremony);
  }
}

/** @returns the next step that can be done here; undefined at the end, or when only absent holders are waited for */
const nextStep = (ceremony: CeremonyView, answers: Answers): StepView | undefined =>
  ceremony.steps.find(
    step => step.canComplete && (step.kind !== 'sign' || opensKeyOf(answers.passphrases, step.who)),
  );

/** Asked for before the first step: a ceremony should not stop half-way for want of a line in a file. */
function requirePassphrases(ceremony: CeremonyView, { passphrases }: Answers): void {
  const missing = ceremony.steps.find(
    step =>
      opensKey(step) && step.kind !== 'sign' && step.state !== 'done' && !opensKeyOf(passphrases, step.who),
  );
  if (!missing) return;
  throw new RootwardError('passphrase-needed', {
    message: `There is no passphrase for ${missing.who}.`,
    remedy: `Add a line for "${missing.who}" to the passphrase file and run the same command again.`,
  });
}

function actor(ceremony: CeremonyView, step: StepView): string {
  if (isHolderStep(step)) return step.who;
  const administrator = ceremony.people.find(person => person.role === 'administrator');
  return (administrator ?? ceremony.people[0])?.name ?? '';
}

async function answer(
  custodian: Custodian,
  ceremony: CeremonyView,
  step: StepView,
  answers: Answers,
): Promise<StepInput> {
  const isOnToken = step.place !== undefined && step.place.custody !== 'software';
  const passphrase = () => new TextEncoder().encode(answers.passphrases.get(step.who));
  const credential = () => credentialFor(answers.passphrases, step.who, step.place);
  switch (step.kind) {
    case 'attendance':
      // A holder whose passphrase is not here signs on another machine and is not in the room.
      return {
        kind: step.kind,
        people: ceremony.people.filter(
          person => person.role !== 'holder' || opensKeyOf(answers.passphrases, person.name),
        ),
      };
    case 'isolation':
      return { kind: step.kind, confirmed: isolationChecklist.map(item => item.id) };
    case 'read-plan':
      return { kind: step.kind, planHash: ceremony.plan.hex, confirmation: planConfirmation };
    case 'generate-key':
      return isOnToken
        ? {
            kind: step.kind,
            token: await tokenKeyInput(
              custodian,
              step,
              answers.tokens ?? new Map(),
              new TextEncoder().encode(pinOf(answers.passphrases, step.who)),
            ),
          }
        : { kind: step.kind, passphrase: passphrase() };
    case 'certify-key':
      return { kind: step.kind, ...credential() };
    case 'import-key': {
      if (isOnToken) return { kind: step.kind, ...credential() };
      const file = answers.keyFiles.get(`${step.role} ${step.who}`);
      if (!file) throw missingKeyFile(step.who);
      // A file of another passphrase than the one for this vault is named "holder-1 (file)"; where the files of one
      // person differ too, "holder-1 (root file)" and "holder-1 (targets file)".
      const filePassphrase = [`${step.who} (${step.role} file)`, `${step.who} (file)`, step.who]
        .map(name => answers.passphrases.get(name))
        .find(found => found !== undefined);
      return {
        kind: step.kind,
        file: new Uint8Array(file),
        filePassphrase: new TextEncoder().encode(filePassphrase),
        passphrase: passphrase(),
      };
    }
    case 'online-keys':
      if (!answers.online) throw missingOnlineKeys();
      return { kind: step.kind, ...answers.online };
    case 'sign': {
      const payload = ceremony.payloads.find(candidate => candidate.role === step.role);
      return { kind: step.kind, payloadHash: payload?.fingerprint.hex ?? '', ...credential() };
    }
    case 'export':
      return {
        kind: step.kind,
        destination: answers.destination,
        ...(answers.reason === undefined ? {} : { reason: answers.reason }),
      };
    case 'prove-backup':
    case 'prove':
    case 'read-back':
    case 'transcript':
      return { kind: step.kind };
  }
}

const opensKey = (step: StepView): boolean =>
  step.kind === 'generate-key' ||
  step.kind === 'certify-key' ||
  step.kind === 'import-key' ||
  step.kind === 'sign';

/** Steps that only their holder completes. */
const isHolderStep = (step: StepView): boolean => opensKey(step) || step.kind === 'prove-backup';

const missingOnlineKeys = (): RootwardError =>
  new RootwardError('plan-invalid', {
    message: 'The plan names no online keys.',
    remedy: 'Add "online": {"snapshot": FILE, "timestamp": FILE} with the public keys of the online service.',
    place: 'online',
  });

const missingKeyFile = (holder: string): RootwardError =>
  new RootwardError('plan-invalid', {
    message: `The plan names no key file for ${holder}.`,
    remedy: 'Add "key": FILE to that holder.',
    place: 'holders',
  });
