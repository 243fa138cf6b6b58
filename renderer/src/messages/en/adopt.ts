import type { Custody } from '../../../../shared/ceremony/custody.ts';

/** Repositories that were made elsewhere, and the way from Notary v1 to TUF 1.0. */
export const adopt = {
  title: 'Take over a repository',
  pages: {
    files: {
      nav: 'Published files',
      title: 'What is published?',
      lead: 'The root metadata, every version of it that there is, and the targets. All of it is verified before anything is taken over.',
    },
    keys: {
      nav: 'Keys',
      title: 'Whose keys are these?',
      lead: 'These keys are listed in the last root. Name whoever holds each. Where the private key is at hand, its file comes into this vault in the ceremony, or its token is recognised by the key.',
    },
  },
  drop: 'Root and targets metadata',
  dialogTitle: 'Choose the published metadata',
  roots: 'Roots, oldest first',
  targets: 'Targets',
  noTargets: 'None. They will be asked for when they have to be signed anew.',
  rootOf: (version: number) => `version ${version}`,
  remove: (name: string) => `Take out ${name}`,
  ignored: (names: string) => `Neither root nor targets metadata, and left out: ${names}.`,
  needed: 'Hand in at least the last root.',
  name: 'Repository name',
  nameHint: {
    'notary-v1': 'The GUN, exactly as clients use it. It stands in the certificates.',
    'tuf-1.0': 'A name people will recognise. Clients do not see it.',
  },
  keyName: (role: string, id: string) => `Name for the ${role} key ${id}`,
  atHand: 'private key at hand',
  atHandOf: (role: string, id: string) => `The private key of the ${role} key ${id} is at hand`,
  where: (role: string, id: string) => `Where the ${role} key ${id} is`,
  place: {
    software: 'as a file, which comes into this vault',
    piv: 'on a PIV card (YubiKey or another), and stays there',
    ledger: 'on a Ledger, and stays there',
    pkcs11: 'on a PKCS#11 token, and stays there',
  } satisfies Record<Custody, string>,
  column: { key: 'Key', name: 'Who holds it', atHand: 'At hand' },
  roleKeys: { root: 'Root keys', targets: 'Targets keys' },
  rule: (threshold: number, count: number) =>
    count === 1
      ? 'This one alone signs.'
      : threshold === count
        ? `All ${count} must sign.`
        : `Any ${threshold} of ${count} must sign.`,
  nameNeeded: 'Name whoever brings this key.',
  nameTwice: 'This name is there already.',
  fixed: 'Nothing changes outside this vault: what is published stays as it is.',
  move: {
    title: 'Move to TUF 1.0',
    pages: {
      repository: {
        nav: 'Repository',
        title: 'A TUF repository under the same holders',
        lead: 'The same people hold the same keys. The new repository begins with the collection’s targets; both journals say which succeeds which.',
      },
      threshold: {
        nav: 'Root threshold',
        title: 'How many of them must sign?',
        lead: 'This many root holders together can change the root of the new repository.',
      },
      validity: {
        nav: 'Validity',
        title: 'How long is it valid?',
        lead: 'After this date clients no longer accept it. A new version must be signed before then.',
      },
    },
    from: 'Notary collection',
    name: 'Name of the TUF repository',
    nameHint: 'Often the same. Clients do not see it.',
    signers: 'Who can come, or sign on another machine',
    fixed: 'The Notary collection stays as it is. Retire it once every client has moved.',
  },
};
