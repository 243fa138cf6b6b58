export const planner = {
  title: 'New first root',
  rehearsalTitle: 'Rehearse a first root',
  stepsLabel: 'Parts of the plan',
  soFar: 'The plan so far',
  notYet: 'not decided',
  next: 'Go on',
  previous: 'Back',
  leave: 'Leave the plan',
  kept: 'What you typed is kept until Rootward closes.',
  incomplete: 'not complete',
  complete: 'complete',
  pages: {
    repository: {
      nav: 'Repository',
      title: 'Which repository is this for?',
      lead: 'The root will be trusted for this name, written in this dialect. Neither can be changed later.',
    },
    holders: {
      nav: 'Root holders',
      title: 'Who holds a root key?',
      lead: 'Each holder makes one key in the ceremony and keeps its passphrase. Name people, not departments: somebody must come when it is needed.',
    },
    threshold: {
      nav: 'Root threshold',
      title: 'How many of them must sign?',
      lead: 'This many root holders together can change the root. Fewer can do nothing.',
    },
    targets: {
      nav: 'Targets keys',
      title: 'Who signs what is released?',
      lead: 'Targets keys vouch for the files or images themselves. The root names them and can replace them.',
    },
    backups: {
      nav: 'Backups',
      title: 'What if a root key is lost?',
      lead: 'A disk fails, a passphrase is forgotten. What was never restored is not a backup.',
    },
    validity: {
      nav: 'Validity',
      title: 'How long is it valid?',
      lead: 'After this date clients no longer accept it. A new version must be signed before then.',
    },
    people: {
      nav: 'People',
      title: 'Who else is in the room?',
      lead: 'The administrator leads through the script. A witness watches and signs the transcript. Holders are named already.',
    },
    network: {
      nav: 'Network',
      title: 'What if a network appears?',
      lead: 'Rootward watches for a network during the whole ceremony.',
    },
    review: { nav: 'Read and open', title: 'Read the plan', lead: '' },
  },
  dialect: {
    label: 'Dialect',
    'notary-v1': {
      name: 'Notary v1',
      text: 'Docker Content Trust: image tags signed in a registry, named by a GUN.',
    },
    'tuf-1.0': {
      name: 'TUF 1.0',
      text: 'The Update Framework: repositories of files, read by python-tuf, go-tuf, tuf-js and the like.',
    },
  },
  name: {
    label: 'Repository name',
    gunHint: 'The GUN: registry host and path, without a tag. Example: registry.example.com/payments',
    tufHint: 'A name people will recognise. Example: updates.example.com/desktop',
    needed: 'Type the name of the repository.',
    wrong: 'Letters, digits and . _ : @ / - only, at most 255, beginning with a letter or digit.',
    taken: 'There is a repository of this name in the vault already.',
    dialectNeeded: 'Choose a dialect.',
  },
  holder: {
    suggested: (index: number) => `Holder ${String.fromCharCode(65 + (index % 26))}`,
    suggestedTargets: 'Release desk',
    suggestedTargetsMore: (number: number) => `Release desk ${number}`,
    nameLabel: (role: string, number: number) => `Name of ${role} holder ${number}`,
    keytypeLabel: (role: string, number: number) => `Key type of ${role} holder ${number}`,
    nameColumn: 'Name',
    root: 'root',
    targets: 'targets',
    addRoot: 'Add a root holder',
    addTargets: 'Add a targets holder',
    remove: (name: string) => `Remove ${name}`,
    up: (name: string) => `Move ${name} up`,
    down: (name: string) => `Move ${name} down`,
    order: 'This is the order in which they make their keys and sign.',
    keytypeHint: 'ECDSA P-256 is read by every client. Change it only for a reason.',
    nameNeeded: 'Type a name.',
    nameWrong: 'At most 80 characters, no space at either end, no control characters.',
    nameTwice: 'This name is there already. Each holder needs a name of their own.',
  },
  threshold: {
    label: 'Root holders who must sign',
    choice: (threshold: number, count: number) =>
      threshold === count ? `All ${count}` : `Any ${threshold} of ${count}`,
    choiceOne: 'The only holder',
    needed: 'Choose how many must sign. Rootward does not choose for you.',
    sentence: (threshold: number, count: number) => {
      if (count === 1)
        return 'One holder alone can change the root. If that key is lost, the repository cannot be recovered.';
      if (threshold === 1)
        return `Any one of ${count} can change the root alone. One stolen key is enough to take it over.`;
      if (threshold === count)
        return `All ${count} must sign. One lost key, and the root can never be changed again.`;
      const lost = count - threshold;
      return `Any ${threshold} of ${count} can change the root. ${
        lost === 1 ? 'One lost key is survivable.' : `${lost} lost keys are survivable.`
      }`;
    },
    reasonLabel: 'Why must every holder sign?',
    reasonHint: 'It is written into the plan and the transcript, for those who come after you.',
    reasonNeeded: 'Type the reason. Without one, choose a smaller number.',
    signersLabel: 'Who signs in this ceremony?',
    signersHint: (threshold: number) =>
      threshold === 1
        ? 'At least one. All holders make their keys today, whether they sign or not.'
        : `At least ${threshold}. All holders make their keys today, whether they sign or not.`,
    signersTooFew: (threshold: number) => `Choose at least ${threshold}, as the threshold asks.`,
    warning: 'Consider',
  },
  targets: {
    thresholdLabel: 'How many targets holders must sign?',
    wrong: 'Choose how many targets holders must sign.',
  },
  validity: {
    root: 'Root',
    targets: 'Targets',
    amountLabel: (role: string) => `${role}: valid for`,
    unitLabel: (role: string) => `${role}: unit`,
    units: { Y: 'years', M: 'months', D: 'days' },
    until: (date: string) => `Until about ${date}`,
    wrong: 'A whole number from 1 to 999.',
    hint: 'Usual: 10 years for a root, 3 years for targets. Snapshot and timestamp are renewed by the server.',
  },
  people: {
    administrator: 'Administrator',
    administratorHint: 'Leads through the script and works the machine.',
    witness: 'Witness',
    witnessHint: 'Watches, compares the words, signs the transcript. Best from outside the team.',
    observers: 'Observers',
    observersHint: 'Anyone else who will be there.',
    addWitness: 'Add a witness',
    addObserver: 'Add an observer',
    nameOf: (role: string, number: number) => `${role} ${number}`,
    remove: (role: string, number: number) => `Remove ${role} ${number}`,
    administratorNeeded: 'Name the administrator.',
    suggestedAdministrator: 'Administrator',
    suggestedWitness: 'Witness',
    twice: 'This name is there already. Each person needs a name of their own.',
    noWitness: 'No witness is named. The transcript then rests on the holders alone.',
  },
  backups: {
    label: 'Before anything is signed',
    prove: {
      name: 'Prove every backup',
      text: 'Each new root key is restored from its backup once. For every root that anybody will depend on.',
    },
    waive: {
      name: 'Go on without',
      text: 'The root goes live with keys that were never restored. The reason stands in the transcript.',
    },
    reasonLabel: 'Why may it go live without a proven backup?',
    reasonHint: 'One line. It is read aloud with the plan.',
    reasonNeeded: 'Give a reason.',
    cardLossLabel: 'If the loss of one token would lose the root: why is that accepted?',
    cardLossHint:
      'Keys on tokens have no backup. Needed only where the others do not meet the threshold without one token; then it is read aloud with the plan.',
  },
  network: {
    label: 'When a network is present',
    refuse: {
      name: 'Stop',
      text: 'The ceremony does not go on until the network is gone. For every real ceremony.',
    },
    warn: {
      name: 'Warn and record',
      text: 'The ceremony goes on, and the transcript says that a network was present. For a test on an ordinary machine.',
    },
    standard: 'usual',
  },
  review: {
    checking: 'Checking the plan…',
    whatHeading: 'What this makes true',
    scriptHeading: 'The script',
    scriptCount: (count: number) => `${count} steps`,
    warningsHeading: 'Consider before you open it',
    blockingHeading: 'Cannot be opened like this',
    blocked: 'The plan cannot be opened like this.',
    missingHeading: 'Not complete yet',
    go: (page: string) => `Go to ${page}`,
    open: 'Open the ceremony',
    opening: 'Opening the ceremony…',
    fixed:
      'Once open, the plan can still be changed until everything is signed; every change drops the approvals and signatures given to it.',
  },
  facts: {
    rehearsalValid: '30 days, being a rehearsal',
    repository: 'Repository',
    dialect: 'Dialect',
    holders: 'Root keys',
    threshold: 'To change the root',
    signers: 'Sign today',
    targets: 'Targets keys',
    backups: 'Backups',
    rootValid: 'Root valid',
    targetsValid: 'Targets valid',
    people: 'People',
    network: 'Network',
    lasting: (amount: string, unit: string) => `${amount} ${unit}`,
  },
};
