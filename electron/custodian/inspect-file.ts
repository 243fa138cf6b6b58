import { RootwardError } from '../../shared/contract/errors.ts';
import type { RequestOf } from '../../shared/contract/requests.ts';
import type { Inspection } from '../../shared/contract/views.ts';
import { readMetadata } from '../../shared/tuf/metadata.ts';
import { summary } from '../../shared/tuf/verify-files.ts';
import type { Desk } from './desk.ts';
import { inspectFile } from './inspect.ts';

/** Says what a file is. A passphrase opens an encrypted key for this one look. */
export async function inspectHandedFile(
  desk: Desk,
  { file, passphrase }: RequestOf<'inspectFile'>,
): Promise<Inspection> {
  const now = desk.clock().getTime();
  return inspectFile(file, passphrase, { describeMetadata: bytes => describeMetadata(bytes, now), at: now });
}

/** @returns undefined when the bytes are no metadata; what is wrong with metadata is thrown */
function describeMetadata(bytes: Uint8Array, now: number): Inspection | undefined {
  try {
    const document = readMetadata(bytes);
    return {
      kind: document.type,
      dialect: document.dialect.name,
      form: `${document.dialect.title} ${document.type} metadata`,
      summary: summary(document, now),
      notices: [
        'Its signatures were not checked here. "rootward verify" does that.',
        ...document.notices.map(notice => notice.message),
      ],
    };
  } catch (error) {
    if (error instanceof RootwardError && error.code === 'unknown-format') return undefined;
    throw error;
  }
}
