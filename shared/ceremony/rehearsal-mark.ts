import type { Root } from '../tuf/metadata.ts';

/** Stands in everything a rehearsal makes: a field of its TUF root, the organizational unit of Notary's certificates. */
export const rehearsalMark = 'REHEARSAL, NOT FOR USE';
/** The field of TUF metadata that holds the mark. */
export const rehearsalField = 'x-rootward-rehearsal';

/** @returns whether a root says that it was made in a rehearsal: by its own field, or in a certificate of its root keys */
export function isRehearsalRoot(root: Root): boolean {
  if (Object.hasOwn(root.signed, rehearsalField)) return true;
  const certificates = (root.roles.get('root')?.keyIds ?? []).flatMap(
    keyId => root.keys.get(keyId)?.certificates ?? [],
  );
  // The names of a certificate are read with their commas escaped.
  const unit = `OU=${rehearsalMark.replace(',', '\\,')}, `;
  return certificates.some(({ subjectText }) => subjectText.startsWith(unit));
}
