import { dateInWords } from '../display/dates.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { holderKeys, rehearsalNotice, rehearsalTarget } from './genesis.ts';
import type { CeremonyState } from './state.ts';
import { rehearsalBand, wrap } from './transcript.ts';

/**
 * The page for the courier: how to publish what the folder holds, on a networked machine, with stock tools.
 * The Notary part was shown with Debian's notary-server 0.7.0 (test/interop), the TUF part with python-tuf and
 * tuf-js.
 */
export function courierPage(ceremony: CeremonyState): string {
  const { plan } = ceremony;
  const lines = [
    ...(plan.rehearsal ? rehearsalBand : []),
    `HOW TO PUBLISH THE FIRST ROOT OF ${plan.repository}`,
    '',
    ...wrap(
      'Nothing in this folder is secret. Everything in it must arrive unchanged. Before anything else, in this folder:',
    ),
    '',
    '    sha256sum --check SHA256SUMS',
    '',
    ...wrap('Compare the first line of SHA256SUMS with the transcript that was signed in the ceremony.'),
    '',
    ...(plan.dialect === 'notary-v1' ? notaryPublishing(ceremony) : tufPublishing(ceremony)),
    '',
    ...wrap(
      `The root is valid until ${dateInWords(plan.expires.root)}, the targets until ${dateInWords(plan.expires.targets)}. Both must be renewed in a ceremony before then.`,
    ),
    '',
    ...(plan.rehearsal ? rehearsalBand : []),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function notaryPublishing(ceremony: CeremonyState): string[] {
  const { plan } = ceremony;
  const pins = holderKeys(ceremony)
    .filter(key => key.role === 'root')
    .map(key => key.keyId);
  return [
    ...wrap('1. UPLOAD both files in one request. NOTARY is the address of your Notary server:'),
    '',
    `    curl --fail -X POST "$NOTARY/v2/${plan.repository}/_trust/tuf/" \\`,
    "      -F 'files=@root.json;filename=root' \\",
    "      -F 'files=@targets.json;filename=targets'",
    '',
    ...wrap(
      'The file names in the request are "root" and "targets", without an ending. Send the files byte for byte: the server hashes its own form of them, and these files are in that form. Add the authorisation your server asks for. The server makes snapshot and timestamp itself, with the keys that went into this root.',
    ),
    '',
    ...wrap('2. CHECK with a fresh client. An answer of 200 to the upload is no proof; only this is:'),
    '',
    `    notary -s "$NOTARY" -d "$(mktemp -d)" list ${plan.repository}`,
    '',
    ...wrap(
      '3. PIN the root in the configuration of every client, so that no other first root is ever believed:',
    ),
    '',
    '    "trust_pinning": { "certs": {',
    `      "${plan.repository}": [`,
    ...pins.map((pin, index) => `        "${pin}"${index < pins.length - 1 ? ',' : ''}`),
    '      ] } }',
    '',
    ...wrap(
      'If the server answers 401 or 404, the name of the repository or your rights are wrong. If it answers 400 and speaks of a version, it already has a root for this name. If it answers 400 and speaks of the root or the snapshot, its snapshot and timestamp keys are not those that went into this root: a server makes new ones each time it is asked before the first upload. Fetch them once more, keep them, and hold the ceremony again.',
    ),
  ];
}

function tufPublishing({ plan }: CeremonyState): string[] {
  return [
    '1. PUT these files where clients fetch metadata:',
    '',
    '    1.root.json      as it is. It must stay published for ever.',
    '    1.targets.json   as it is.',
    '    root.json        the same as 1.root.json, for tools that ask for it by that name.',
    '    targets.json     the same as 1.targets.json, likewise.',
    // With consistent snapshots clients ask for a target by its hash.
    ...(plan.rehearsal
      ? [
          '',
          `  and ${rehearsalTarget} where clients fetch targets, as`,
          `    ${sha256Hex(new TextEncoder().encode(rehearsalNotice))}.${rehearsalTarget}.`,
        ]
      : []),
    '',
    ...wrap(
      '2. LET THE REPOSITORY SERVICE SIGN snapshot (version 1, listing targets.json version 1; published as 1.snapshot.json) and timestamp (version 1; published as timestamp.json) with the keys that went into this root. The repository uses consistent snapshots.',
    ),
    '',
    ...wrap(
      '3. SHIP root.json with every client, as the root it trusts from the start. It is the anchor: clients believe it because they were given it, so give it to them by a way you trust.',
    ),
    '',
    '4. CHECK with a client, for example python-tuf:',
    '',
    '    from tuf.ngclient import Updater',
    '    Updater(CACHE, METADATA_ADDRESS, bootstrap=open("root.json", "rb").read()).refresh()',
  ];
}
