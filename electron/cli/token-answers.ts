import { z } from 'zod';
import { tokenInWords } from '../../shared/ceremony/token-facts.ts';
import { RootwardError } from '../../shared/contract/errors.ts';
import type { TokenKeyInput, TokensView, TokenView } from '../../shared/contract/tokens.ts';
import type { StepView } from '../../shared/contract/views.ts';
import type { Custodian } from '../custodian/custodian.ts';
import { answered } from './output.ts';

/** Which place on which token a holder's key is to have. The PIN stands with the passphrases. */
const tokenAnswerSchema = z.strictObject({
  /** Needed where several tokens of the kind are plugged in. */
  serial: z.string().max(255).optional(),
  slot: z.string().min(1).max(255),
  make: z.enum(['generate', 'existing']).default('generate'),
  pinPolicy: z.enum(['never', 'once', 'always']).optional(),
  touchPolicy: z.enum(['never', 'always', 'cached']).optional(),
  /** A key that the token does not show may be destroyed by the new one. */
  mayDestroy: z.boolean().optional(),
  /** Hexadecimal digits. */
  managementKey: z
    .string()
    .regex(/^([0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})$/, '32, 48 or 64 hexadecimal digits')
    .optional(),
  /** The PUK, or a Ledger's admin PIN, where making a key needs it. */
  puk: z.string().max(255).optional(),
});
export type TokenAnswer = z.infer<typeof tokenAnswerSchema>;

/** The file of `--tokens`: by the holder's name, or "root NAME" and "targets NAME" where one person has two keys. */
export const tokenAnswersSchema = z.record(z.string(), tokenAnswerSchema);

/** How long a token that was just plugged in may take to be read, in surveys of about a second. */
const mostSurveys = 60;

/** @returns the tokens that are plugged in, all of them read */
export async function readTokens(custodian: Custodian): Promise<TokensView> {
  for (let survey = 1; ; survey += 1) {
    const view = answered(await custodian.handle('describeTokens', {}));
    if (survey === mostSurveys || view.tokens.every(token => token.state !== 'reading')) return view;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

/** @returns the one token that is meant. @throws RootwardError `token-not-found`, `token-wrong` when it must be said which */
export function chooseToken(
  { tokens, unsupported }: TokensView,
  { custody, serial }: { readonly custody?: string | undefined; readonly serial?: string | undefined },
): TokenView {
  const ofKind = tokens.filter(token => custody === undefined || token.custody === custody);
  const matching = ofKind.filter(token => serial === undefined || token.serial === serial);
  // One that cannot be used (not set up, held by another program) is meant only where there is no other.
  const usable = matching.filter(token => !token.problem);
  const found = usable.length > 0 ? usable : matching;
  const [token, second] = found;
  if (token && !second) return token;
  const names = ofKind.map(tokenInWords).join('; ') || 'none';
  if (second) {
    throw new RootwardError('token-wrong', {
      message: `Several tokens are plugged in: ${names}.`,
      remedy: 'Say which by its serial, or leave only that one plugged in.',
    });
  }
  const missing = unsupported.find(kind => custody === undefined || kind.custody === custody);
  throw new RootwardError('token-not-found', {
    message: `${serial === undefined ? 'No token' : `No token with serial ${serial}`} is plugged in. There is: ${names}.`,
    remedy: missing ? missing.problem.remedy : 'Plug it in and run the same command again.',
  });
}

/** @returns what a step that makes a key on a token takes */
export async function tokenKeyInput(
  custodian: Custodian,
  step: StepView,
  answers: ReadonlyMap<string, TokenAnswer>,
  pin: Uint8Array<ArrayBuffer>,
): Promise<TokenKeyInput> {
  const chosen = answers.get(`${step.role} ${step.who}`) ?? answers.get(step.who);
  if (!chosen) {
    throw new RootwardError('plan-invalid', {
      message: `The plan keeps the key of ${step.who} on a token, and nothing says on which.`,
      remedy: `Name a file with --tokens, and in it "${step.who}": {"slot": "9c"}.`,
    });
  }
  const { serial, managementKey, puk, slot, make, pinPolicy, touchPolicy, mayDestroy } = chosen;
  const token = chooseToken(await readTokens(custodian), { custody: step.place?.custody, serial });
  return {
    token: token.id,
    serial: token.serial,
    slot,
    make,
    ...(pinPolicy ? { pinPolicy } : {}),
    ...(touchPolicy ? { touchPolicy } : {}),
    ...(mayDestroy ? { mayDestroy } : {}),
    ...(pin.length > 0 ? { pin } : {}),
    ...(puk === undefined ? {} : { puk: new TextEncoder().encode(puk) }),
    ...(managementKey ? { managementKey: new Uint8Array(Buffer.from(managementKey, 'hex')) } : {}),
  };
}
