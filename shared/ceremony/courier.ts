import { dateInWords } from '../display/dates.ts';
import { sha256Hex } from '../display/fingerprint.ts';
import { listNames } from '../display/list-names.ts';
import { holderKeys, rehearsalNotice, rehearsalTarget } from './documents.ts';
import { type LackingRoot, lacksInWords } from './published.ts';
import type { SettledPlan } from './settled-plan.ts';
import type { CeremonyState } from './state.ts';
import { rehearsalBand, wrap } from './transcript.ts';

/**
 * The page for the courier: how to publish what the folder holds, on a networked machine, with stock tools.
 * The Notary part was shown with Debian's notary-server 0.7.0 (test/interop), the TUF part with python-tuf and
 * tuf-js.
 * @param lacking the earlier roots that are not in the folder, oldest first
 */
export function courierPage(ceremony: CeremonyState, lacking: readonly LackingRoot[] = []): string {
  const { plan } = ceremony;
  const what = plan.base ? `ROOT VERSION ${plan.version}` : 'THE FIRST ROOT';
  const lines = [
    ...(plan.rehearsal ? rehearsalBand : []),
    `HOW TO PUBLISH ${what} OF ${plan.repository}`,
    '',
    ...urgency(plan).flatMap(text => [...wrap(text), '']),
    ...wrap(
      'Nothing in this folder is secret. Everything in it must arrive unchanged. Before anything else, in this folder:',
    ),
    '',
    '    sha256sum --check SHA256SUMS',
    '',
    ...wrap('Compare the first line of SHA256SUMS with the transcript that was signed in the ceremony.'),
    '',
    ...lacksInWords(plan.dialect, lacking).flatMap(({ problem, remedy }) => [
      ...wrap(`NOT HERE: ${problem} ${remedy}`),
      '',
    ]),
    ...(plan.dialect === 'notary-v1' ? notaryPublishing(ceremony) : tufPublishing(ceremony, lacking)),
    '',
    ...wrap(validity(plan)),
    '',
    ...(plan.rehearsal ? rehearsalBand : []),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What must be done at once, where a key may be in the wrong hands. */
function urgency({ compromised = [], compromisedTargets = [], dialect }: SettledPlan): string[] {
  const keys = (names: readonly string[], kind = ''): string =>
    `${kind}${names.length === 1 ? 'key' : 'keys'} of ${listNames(names)}`;
  const root = `URGENT. The ${keys(compromised)} may be in the wrong hands. Publish this at once, and tell every user to update before they trust anything new. Until a client has this root it still believes the old keys.`;
  const targets = `URGENT. The ${keys(compromisedTargets, 'targets ')} may be in the wrong hands. Publish all of this at once: until a client has it, it believes what the old key releases.`;
  const afterwards =
    dialect === 'notary-v1'
      ? 'Then compare what "notary list" shows with what was really released, look in the log of the server for uploads nobody made, and tell everybody who pulled since the key was lost. Delegations are not changed by this: look at who signs for them.'
      : 'The service must sign a new snapshot and timestamp with it; old ones keep the old targets alive. Then compare every published file with what was really released, take away what was not, and tell everybody who fetched since the key was lost.';
  return [
    ...(compromised.length > 0 ? [root] : []),
    ...(compromisedTargets.length > 0 ? [targets, afterwards] : []),
  ];
}

function validity(plan: SettledPlan): string {
  const root = `The root is valid until ${dateInWords(plan.expires.root)}`;
  if (plan.targetsVersion === 0)
    return `${root}. It must be renewed in a ceremony before then. The targets are unchanged.`;
  return `${root}, the targets until ${dateInWords(plan.expires.targets)}. Both must be renewed in a ceremony before then.`;
}

function notaryPublishing(ceremony: CeremonyState): string[] {
  const { plan } = ceremony;
  const pins = holderKeys(ceremony)
    .filter(key => key.role === 'root')
    .map(key => key.keyId);
  const hasTargets = plan.targetsVersion !== 0;
  const version = plan.version ?? 1;
  return [
    ...wrap(
      `1. UPLOAD ${hasTargets ? 'both files in one request' : 'the root'}. NOTARY is the address of your Notary server:`,
    ),
    '',
    `    curl --fail -X POST "$NOTARY/v2/${plan.repository}/_trust/tuf/" \\`,
    `      -F 'files=@root.json;filename=root'${hasTargets ? ' \\' : ''}`,
    ...(hasTargets ? ["      -F 'files=@targets.json;filename=targets'"] : []),
    '',
    ...wrap(
      `The file ${hasTargets ? 'names in the request are "root" and "targets"' : 'name in the request is "root"'}, without an ending. Send ${hasTargets ? 'the files' : 'the file'} byte for byte: the server hashes its own form of ${hasTargets ? 'them, and these files are' : 'it, and this file is'} in that form. Add the authorisation your server asks for. The server makes snapshot and timestamp itself${plan.base && !plan.replacesOnlineKeys ? '' : ', with the keys that went into this root'}.`,
    ),
    '',
    ...(plan.base
      ? wrap(
          `2. CHECK with a client that knew an earlier version, and with a fresh one. An answer of 200 to the upload is no proof; only these are:`,
        )
      : wrap('2. CHECK with a fresh client. An answer of 200 to the upload is no proof; only this is:')),
    '',
    `    notary -s "$NOTARY" -d "$(mktemp -d)" list ${plan.repository}`,
    '',
    ...wrap(
      plan.base
        ? '3. PIN the new root in the configuration of every client that is set up from now on. A fresh client whose pin names a key that left is refused:'
        : '3. PIN the root in the configuration of every client, so that no other first root is ever believed:',
    ),
    '',
    '    "trust_pinning": { "certs": {',
    `      "${plan.repository}": [`,
    ...pins.map((pin, index) => `        "${pin}"${index < pins.length - 1 ? ',' : ''}`),
    '      ] } }',
    '',
    ...wrap(
      plan.base
        ? `If the server answers 400 and speaks of a version, it does not have root version ${version - 1} as its last one: find out who published another, and do not publish this one over it.`
        : 'If the server answers 401 or 404, the name of the repository or your rights are wrong. If it answers 400 and speaks of a version, it already has a root for this name. If it answers 400 and speaks of the root or the snapshot, its snapshot and timestamp keys are not those that went into this root: a server makes new ones each time it is asked before the first upload. Fetch them once more, keep them, and hold the ceremony again.',
    ),
  ];
}

function tufPublishing({ plan }: CeremonyState, lacking: readonly LackingRoot[]): string[] {
  const version = plan.version ?? 1;
  const hasTargets = plan.targetsVersion !== 0;
  const targetsVersion = plan.targetsVersion ?? 1;
  const file = (name: string, text: string): string => `    ${name.padEnd(17)}${text}`;
  return [
    '1. PUT these files where clients fetch metadata:',
    '',
    file(`${version}.root.json`, 'as it is. It must stay published for ever.'),
    ...(plan.base
      ? [
          file(
            '',
            `So must 1.root.json to ${version - 1}.root.json${lacking.length === 0 ? ', which are here too.' : '; not all are here: see above.'}`,
          ),
        ]
      : []),
    ...(hasTargets ? [file(`${targetsVersion}.targets.json`, 'as it is.')] : []),
    file('root.json', `the same as ${version}.root.json, for tools that ask for it by that name.`),
    ...(hasTargets ? [file('targets.json', `the same as ${targetsVersion}.targets.json, likewise.`)] : []),
    // With consistent snapshots clients ask for a target by its hash.
    ...(plan.rehearsal && hasTargets
      ? [
          '',
          `  and ${rehearsalTarget} where clients fetch targets, as`,
          `    ${sha256Hex(new TextEncoder().encode(rehearsalNotice))}.${rehearsalTarget}.`,
        ]
      : []),
    '',
    ...wrap(tufOnlineRoles(plan)),
    '',
    ...wrap(
      plan.base
        ? '3. SHIP root.json with new clients from now on. Clients that have an earlier version find their way here by themselves, one version at a time.'
        : '3. SHIP root.json with every client, as the root it trusts from the start. It is the anchor: clients believe it because they were given it, so give it to them by a way you trust.',
    ),
    '',
    '4. CHECK with a client, for example python-tuf:',
    '',
    '    from tuf.ngclient import Updater',
    '    Updater(CACHE, METADATA_ADDRESS, bootstrap=open("root.json", "rb").read()).refresh()',
  ];
}

function tufOnlineRoles(plan: SettledPlan): string {
  if (!plan.base) {
    return '2. LET THE REPOSITORY SERVICE SIGN snapshot (version 1, listing targets.json version 1; published as 1.snapshot.json) and timestamp (version 1; published as timestamp.json) with the keys that went into this root. The repository uses consistent snapshots.';
  }
  const targets = plan.targetsVersion === 0 ? '' : ` that lists targets.json version ${plan.targetsVersion}`;
  if (plan.replacesOnlineKeys) {
    return `2. LET THE REPOSITORY SERVICE SIGN a new snapshot${targets} and a new timestamp with its NEW keys, and publish them together with this root: clients that have it refuse what the old keys signed.`;
  }
  if (targets !== '')
    return `2. LET THE REPOSITORY SERVICE SIGN a new snapshot${targets}, and a new timestamp.`;
  return '2. Snapshot and timestamp stay as they are; their keys have not changed.';
}
