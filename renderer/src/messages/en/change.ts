/** A change of a root that is there: renew, rotate, revoke. */
export const change = {
  title: 'Change the root',
  titleTo: (version: number) => `Change to version ${version}`,
  revising: 'Change the plan',
  leaveRevision: 'Leave the plan as it is',
  pages: {
    what: {
      nav: 'What changes',
      title: 'What is to change?',
      lead: 'Several things may change in one new version. Choose nothing, and the root is renewed as it is, with a new date.',
    },
    holders: {
      nav: 'Root holders',
      title: 'Who holds a root key from now on?',
      lead: 'Somebody who gets another key signs with the old one a last time, so that clients follow.',
    },
    threshold: {
      nav: 'Root threshold',
      title: 'How many of them must sign?',
      lead: 'This many root holders together can change the root from the new version on.',
    },
    targets: {
      nav: 'Targets keys',
      title: 'Who signs what is released?',
      lead: 'The list of targets is signed anew with the keys that are to count.',
    },
    online: {
      nav: 'Online keys',
      title: 'The online keys are replaced',
      lead: 'The public keys of snapshot and timestamp are handed in during the ceremony, in a step of their own.',
    },
    validity: {
      nav: 'Validity',
      title: 'How long is the new version valid?',
      lead: 'After this date clients no longer accept it. The next version must be signed before then.',
    },
    signers: {
      nav: 'Who can sign',
      title: 'Who can sign?',
      lead: 'Holders of the last root and of the new one must sign. Take away whoever cannot; they need not be in one room, or here on one day.',
    },
  },
  parts: {
    label: 'What changes',
    holders: {
      name: 'Root holders',
      text: 'Somebody joins, leaves, or gets another key.',
    },
    compromise: {
      name: 'A root key may be in the wrong hands',
      text: 'It leaves the root at once. Rootward says what could have been signed with it.',
    },
    threshold: { name: 'How many must sign', text: 'The root threshold.' },
    targets: { name: 'Targets keys', text: 'Who signs what is released, or how many of them must.' },
    targetsCompromise: {
      name: 'A targets key may be in the wrong hands',
      text: 'It answers for no release any more. Rootward says what could have been released with it.',
    },
    online: { name: 'Online keys', text: 'The snapshot and timestamp keys of the server or service.' },
  },
  holders: {
    present: 'Holders now',
    fateOf: (name: string) => `What becomes of the key of ${name}`,
    fate: { stays: 'Stays', replaced: 'Gets another key', leaves: 'Leaves' },
    keytypeOf: (name: string) => `Kind of the new key of ${name}`,
    compromised: (name: string) => `The key of ${name} may be in the wrong hands`,
    whoseKey: 'Say whose key may be in the wrong hands.',
    joining: 'Who joins',
    nobodyJoins: 'Nobody yet.',
    joiningRole: 'joining',
    addRoot: 'Add a root holder',
    addTargets: 'Add a targets holder',
    nobody: 'Nobody would be left. Somebody must stay or join.',
    nameKnown: 'This person is named above already. To give them another key, choose that there.',
  },
  threshold: {
    before: (threshold: number, count: number) =>
      count === 1
        ? 'Now: the only one.'
        : threshold === count
          ? `Now: all ${count}.`
          : `Now: any ${threshold} of ${count}.`,
    tooHigh: (count: number) =>
      count === 1
        ? 'There will be one key only.'
        : `There will be ${count} keys only. Choose a number up to that.`,
  },
  targets: {
    currentHeading: 'The targets as they are published now',
    currentText: (notary: boolean) =>
      notary
        ? 'Fetch targets.json from the Notary server and carry it here. Without it the targets go on from those this vault made last, and everything released since is undone.'
        : 'Bring the targets.json that is published. Without it the targets go on from those this vault made last, and everything released since is undone.',
    file: 'Published targets.json',
    dialogTitle: 'Choose the published targets.json',
    another: 'Take another',
    without: 'Go on without it',
  },
  online: {
    text: 'Ask the service for its new public keys before the ceremony, and bring them along. Nothing else is needed here.',
    notary:
      'A Notary server makes new keys when asked to rotate them. Ask once only, and bring the two public keys along.',
  },
  validity: {
    renewTargets: 'Sign the targets anew as well, with a new date',
    renewTargetsText: 'The list of targets stays as it is.',
    targetsAnyway: 'The targets are signed anew, since their keys change.',
    certificates: 'Certificates to make anew, with the same key',
    certificatesHint:
      'Each is signed by its own key, so its holder must be here. A certificate that has ended makes its key worthless.',
    due: { name: 'Those that end within a year', text: 'As far as their holders sign here.' },
    chosen: { name: 'Chosen ones' },
    renewalOf: (name: string) => `New certificate of ${name}`,
    endsOn: (date: string) => `the present one ends on ${date}`,
  },
  signers: {
    label: 'Who can come, or sign on another machine',
    both: 'last root and new root',
    old: 'last root only',
    oldReplaced: 'last root, and new root with another key',
    next: 'new root only',
    quorumHeading: 'Is it enough?',
    quorumOld: 'The last root',
    quorumNew: 'The new root',
    quorum: (needed: number, can: number) => `asks for ${needed}; ${can} can sign`,
    met: 'enough',
    short: 'not enough',
    legacy: 'Also sign for clients this many versions behind',
    legacyHint:
      'Notary clients skip versions. With the keys of earlier versions, clients that far behind go straight to the new one. 0: none.',
    legacyWrong: 'A whole number from 0 to 20.',
  },
  side: {
    label: 'What the change does',
    does: 'What it does',
    mustSign: 'Must sign',
    quorums: 'Quorums',
    clients: 'What clients see',
    inTheWay: 'In the way',
    checking: 'Checking…',
    incomplete: 'Complete what is marked, and this says what the change does.',
    signs: (who: string, what: string) => `${who}, ${what}`,
  },
  review: {
    revise: 'Change the plan…',
    revisingBusy: 'Changing the plan…',
  },
  revise: {
    button: 'Change the plan…',
    title: 'Change the plan of this ceremony?',
    approvals: 'The plan must be read aloud and agreed to again. Keys that were made stay.',
    signatures: (count: number) =>
      count === 0
        ? 'Nothing has been signed yet.'
        : count === 1
          ? '1 signature is dropped: it was given to the plan as it is now.'
          : `${count} signatures are dropped: they were given to the plan as it is now.`,
    elsewhere: 'Signatures that other machines still send for the old plan will be refused.',
    confirm: 'Type Change to confirm',
    confirmWord: 'Change',
    confirmWrong: 'Type Change, exactly.',
    keep: 'Keep the plan',
    now: 'Change the plan',
    reading: 'Reading the plan…',
  },
};
