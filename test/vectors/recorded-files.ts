/** The recorded vectors (test/vectors/recorded/README.md), typed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'recorded');

export const readRecorded = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const parse = <Value>(name: string): Value => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Value;

export interface RecordedFile {
  readonly file: string;
  readonly kind: string;
  readonly form: string;
  readonly label?: string;
  readonly gun?: string;
  readonly role?: string;
  readonly passphrase?: string;
  readonly notaryKeyId?: string;
  readonly notaryTufKeyId?: string;
  readonly notaryAccepts?: boolean;
  readonly tufKeyId?: string;
  readonly tufKey?: {
    readonly keytype: string;
    readonly scheme: string;
    readonly keyval: { public: string };
  };
}
export interface RecordedChain {
  readonly name: string;
  readonly files: readonly string[];
  readonly specification: { readonly verdict: 'accept' | 'refuse' | 'open'; readonly why: string };
  readonly pythonTuf: {
    readonly accepted: boolean;
    readonly steps: readonly (
      | { readonly version: number; readonly bySelf: { readonly signed: readonly string[] } }
      | { readonly error: string }
    )[];
  };
  readonly tufJs: { readonly accepted: boolean };
}
export interface RecordedCanonicalForm {
  readonly name: string;
  readonly input: string;
  readonly canonicalHex?: string;
  readonly error?: string;
}

export const recordedIndex = parse<{ recordedAt: string; files: RecordedFile[] }>('index.json');
export const recordedChains = parse<RecordedChain[]>('tuf-chains.json');
export const recordedCanonicalForms = parse<RecordedCanonicalForm[]>('canonical-json.json');
