import type { DialectName } from '../ceremony/plan.ts';
import { wrap } from '../ceremony/transcript.ts';
import { dialects } from '../dialects/dialects.ts';
import { dateInWords } from '../display/dates.ts';
import { fingerprintFromHex } from '../display/fingerprint.ts';
import { visible } from '../display/visible.ts';
import type { KeyAlgorithm } from '../tuf/public-key.ts';
import { type ShareFields, setNameOf } from './share.ts';
import { shareableSecret } from './shareable.ts';
import type { GroupPlan } from './slip39.ts';

// One share on paper: what somebody needs who finds it in a safe in ten years and has never heard of Rootward. The
// model says what is on the form; the window lays it out, and `paperFormText` is the same for any printer.

/** What of a key stands on the form. */
export interface FormKey {
  /** `root`, `targets`, or a delegation's name. */
  readonly role: string;
  readonly holder: string;
  readonly repository: string;
  readonly dialect: DialectName;
  readonly algorithm: KeyAlgorithm;
  /** As the repository's metadata has it. */
  readonly keyId: string;
  /** SHA-256 of the public key's SubjectPublicKeyInfo, 64 hexadecimal digits. */
  readonly fingerprint: string;
}

export interface PaperFormInput {
  readonly fields: ShareFields;
  /** The share's words. Never in a journal, a log or a clipboard. */
  readonly words: readonly string[];
  /** As the set was planned, and with a name each where there are several. */
  readonly groups: readonly (GroupPlan & { readonly name?: string })[];
  readonly key: FormKey;
  /** Who keeps this share. */
  readonly custodian: string;
  /** When the set was made, RFC 3339. */
  readonly made: string;
  readonly rehearsal: boolean;
  /** Whether the words are on the form as a QR code, too: only when somebody asked for it. */
  readonly withCode: boolean;
}

export interface FormRow {
  readonly label: string;
  readonly value: string;
}

export interface PaperForm {
  /** "Share 2 of 3", "Share 2 of 3, group Operations (1 of 2)". */
  readonly title: string;
  /** What it opens, as a sentence. */
  readonly of: string;
  /** How many are needed, in words. */
  readonly rule: string;
  /** Printed in every band of the page when the key is for a rehearsal. */
  readonly rehearsal: string | undefined;
  /** The two words by which the set is called. */
  readonly setName: string;
  readonly facts: readonly FormRow[];
  readonly words: readonly { readonly number: number; readonly word: string }[];
  readonly warnings: readonly string[];
  /** Lines to fill in by hand. */
  readonly blanks: readonly string[];
  readonly recovery: { readonly title: string; readonly before: string; readonly steps: readonly string[] };
  /** The QR code's text. */
  readonly code: string | undefined;
}

/** Which version of Trezor's program the form names: the one that test/interop recovers with. */
export const recoveryProgram = 'shamir-mnemonic 0.3.0';

/** @returns the form of one share. Whatever a holder or repository is called, it cannot write a line of its own. */
export function paperForm(input: PaperFormInput): PaperForm {
  const { fields, key } = input;
  const group = input.groups[fields.groupIndex];
  const count = group?.count ?? 0;
  const fingerprint = fingerprintFromHex(key.fingerprint);
  const setName = setNameOf(fields);
  const holder = clean(key.holder);
  const repository = clean(key.repository);
  return {
    title: titleOf(input),
    of: `One part of the private ${clean(key.role)} key of ${holder} for ${repository}.`,
    rule: ruleOf(input, count),
    rehearsal: input.rehearsal ? 'REHEARSAL. A throwaway key: nothing depends on this paper.' : undefined,
    setName,
    facts: [
      {
        label: 'Set',
        value: `${setName} (${fields.identifier}); all shares of it begin with these two words`,
      },
      { label: 'Repository', value: `${repository}, ${dialects[key.dialect].title}` },
      { label: 'Key', value: `${clean(key.role)} key of ${holder}, ${algorithmNames[key.algorithm]}` },
      { label: 'Key ID', value: key.keyId },
      { label: 'SHA-256 of its public key', value: fingerprint.hex },
      { label: 'Read aloud as', value: fingerprint.words.join(' ') },
      { label: 'Made', value: dateInWords(input.made) },
      { label: 'Kept by', value: clean(input.custodian) },
    ],
    words: input.words.map((word, index) => ({ number: index + 1, word })),
    warnings: [
      'Never type or read these words into a computer or a telephone that is on a network or will be. Make no photograph and no copy.',
      input.withCode ? 'The QR code holds the same words: what goes for them goes for it.' : '',
    ].filter(line => line !== ''),
    blanks: ['Sealed bag number', 'Custodian (name in capitals)', 'Signature', 'Date sealed'],
    recovery: recoveryOf(key, group?.threshold ?? fields.memberThreshold, fields),
    code: input.withCode ? shareCode(input.words) : undefined,
  };
}

/**
 * @returns the words as the text of a QR code. Capitals, since QR codes pack those more tightly (ISO/IEC 18004,
 * alphanumeric mode); every reader of SLIP-0039 words, Trezor's and this one, ignores the case.
 */
export const shareCode = (words: readonly string[]): string => words.join(' ').toUpperCase();

const algorithmNames: Record<KeyAlgorithm, string> = {
  'ecdsa-p256': 'ECDSA on P-256',
  'ecdsa-p384': 'ECDSA on P-384',
  ed25519: 'Ed25519',
  rsa: 'RSA',
};

const clean = (text: string): string => visible(text.replace(/\s+/gu, ' '));

function titleOf({ fields, groups }: PaperFormInput): string {
  const group = groups[fields.groupIndex];
  const share = `Share ${fields.memberIndex + 1} of ${group?.count ?? 0}`;
  if (groups.length === 1) return share;
  const name = group?.name === undefined ? '' : ` ${clean(group.name)}`;
  return `${share}, group${name} (${fields.groupIndex + 1} of ${groups.length})`;
}

const numbers = [
  'none',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
] as const;

/** @returns "Any two of these three shares" and the like, for thresholds of 1 to 16 */
function quorum(threshold: number, count: number, noun: string): string {
  if (count === 1) return `This one ${noun} alone`;
  if (threshold === count) return `All ${numbers[count]} ${noun}s together`;
  return `Any ${numbers[threshold]} of the ${numbers[count]} ${noun}s`;
}

function ruleOf({ fields, groups }: PaperFormInput, count: number): string {
  const ofGroup = quorum(fields.memberThreshold, count, 'share');
  const gives = count === 1 ? 'gives' : 'give';
  const fewer = count === 1 ? '' : ' Fewer tell nothing about it.';
  if (groups.length === 1) return `${ofGroup} ${gives} the key back.${fewer}`;
  const neededGroups =
    fields.groupThreshold === groups.length
      ? `all ${numbers[groups.length]} groups are needed`
      : `${numbers[fields.groupThreshold]} of the ${numbers[groups.length]} groups ${fields.groupThreshold === 1 ? 'is' : 'are'} needed`;
  return `${ofGroup} of this group ${gives} the group's part; to give the key back, ${neededGroups}.${fewer}`;
}

/** Four lines that work with stock tools; test/interop/slip39.test.ts does what they say. */
function recoveryOf(key: FormKey, threshold: number, fields: ShareFields): PaperForm['recovery'] {
  const prefix = shareableSecret(key.algorithm)?.pkcs8Prefix ?? '';
  const shares =
    fields.groupCount === 1
      ? `the words of ${numbers[threshold]} share${threshold === 1 ? '' : 's'}`
      : 'the words of enough shares';
  return {
    title: 'Without Rootward',
    before: `On a computer that has never been on a network and never will be, with Python 3, openssl and xxd, and with Trezor’s ${recoveryProgram} and click, brought there on a medium:`,
    steps: [
      `shamir recover     asks for ${shares}, and shows 64 digits`,
      `Into a file key.hex, write ${prefix} and then the 64 digits.`,
      'xxd -r -p key.hex | openssl pkey -inform DER -out key.pem',
      'openssl pkey -in key.pem -pubout -outform DER | sha256sum     must show the SHA-256 above. key.pem is the key.',
    ],
  };
}

const width = 78;
const rule = '-'.repeat(width);
const wordColumns = 3;

/** How the words stand on a page: numbered down each column. */
export function wordGrid<Item>(items: readonly Item[], columns = wordColumns): Item[][] {
  const rows = Math.ceil(items.length / columns);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => items[column * rows + row]).filter(
      (item): item is Item => item !== undefined,
    ),
  );
}

/**
 * @returns the form as plain text of lines of at most 78 characters, but for hashes and names that are longer. The QR
 * code is not part of it.
 */
export function paperFormText(form: PaperForm): string {
  const lines: string[] = [];
  const add = (...added: string[]): void => void lines.push(...added);
  if (form.rehearsal) add('#'.repeat(width), ...wrap(form.rehearsal, width), '#'.repeat(width), '');
  add(form.title.toUpperCase(), rule, ...wrap(form.of, width), ...wrap(form.rule, width), '');
  for (const { label, value } of form.facts) add(...row(label, value));
  add('', 'WORDS', rule);
  for (const cells of wordGrid(form.words))
    add(
      cells
        .map(({ number, word }) => `${String(number).padStart(4)}  ${word.padEnd(18)}`)
        .join('  ')
        .trimEnd(),
    );
  add('');
  for (const warning of form.warnings) add(...wrap(warning, width));
  add('', form.recovery.title.toUpperCase(), rule, ...wrap(form.recovery.before, width));
  form.recovery.steps.forEach((step, index) => {
    const [first = '', ...more] = wrapKeepingSpaces(step, width - 5);
    add(`  ${index + 1}. ${first}`, ...more.map(line => `     ${line}`));
  });
  add('');
  for (const blank of form.blanks) add('', `${blank} `.padEnd(width, '_'));
  if (form.rehearsal) add('', '#'.repeat(width), ...wrap(form.rehearsal, width), '#'.repeat(width));
  return `${lines.join('\n')}\n`;
}

const labelWidth = 27;

function row(label: string, value: string): string[] {
  const [first = '', ...more] = wrap(value, width - labelWidth);
  if (first.length > width - labelWidth) return [label, ...wrap(value, width).map(line => `    ${line}`)];
  return [`${label.padEnd(labelWidth)}${first}`, ...more.map(line => `${' '.repeat(labelWidth)}${line}`)];
}

/** Breaks between a command and what is said about it rather than within the command. */
function wrapKeepingSpaces(step: string, columns: number): string[] {
  if (step.length <= columns) return [step];
  const [command, remark] = step.split(/ {5}/);
  return remark === undefined ? wrap(step, columns) : [command as string, ...wrap(remark, columns)];
}
