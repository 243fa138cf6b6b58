export const common = {
  product: 'Rootward',
  loading: 'One moment…',
  back: 'Back',
  backHome: 'Back to home',
  cancel: 'Cancel',
  close: 'Close',
  theme: { system: 'As the system', light: 'Light', dark: 'Dark' },
  themeLabel: (name: string) => `Appearance: ${name}. Change`,
  clockUnknown: 'Clock not read yet',
  clockLabel: 'Clock, UTC',
  network: {
    isolated: 'No network',
    present: 'Network present',
    unknown: 'Network unknown',
    unread: 'Reading the network…',
  },
  status: 'Status',
  rehearsal: 'Rehearsal',
  rehearsalBand: 'REHEARSAL. Throwaway keys. Nothing signed here may be published.',
  dialect: { 'notary-v1': 'Notary v1', 'tuf-1.0': 'TUF 1.0' },
  role: { root: 'Root', targets: 'Targets' },
  personRole: {
    administrator: 'Administrator',
    holder: 'Key holder',
    witness: 'Witness',
    observer: 'Observer',
  },
  keytype: { 'ecdsa-p256': 'ECDSA P-256', 'ecdsa-p384': 'ECDSA P-384', ed25519: 'Ed25519' },
  keptKeytype: {
    'ecdsa-p256': 'ECDSA P-256',
    'ecdsa-p384': 'ECDSA P-384',
    ed25519: 'Ed25519',
    rsa: 'RSA',
  },
  journal: 'Journal',
  journalEntry: (entries: number) => `Entry ${entries}`,
  anyOf: (threshold: number, count: number) =>
    threshold === count
      ? count === 1
        ? 'the only holder'
        : `all ${count} holders`
      : `any ${threshold} of ${count} holders`,
  bytes: (value: string, unit: string) => `${value} ${unit}`,
  words: 'Words to read aloud',
  sha256: 'SHA-256',
  passphrase: {
    show: 'Show',
    hide: 'Hide',
    showLabel: (field: string) => `Show ${field}`,
    hideLabel: (field: string) => `Hide ${field}`,
    idle: 'Cleared: nobody touched Rootward for a while. Type it again.',
    needed: 'Type the passphrase.',
  },
  drop: {
    choose: 'Choose a file…',
    chooseMany: 'Choose files…',
    orDrop: 'or drop it here',
    orDropMany: 'or drop them here',
    tooLarge: (name: string) => `${name} is larger than 32 MiB. Rootward reads files of at most 32 MiB.`,
    unreadable: (name: string) => `${name} could not be read. Copy it to this machine and choose it again.`,
  },
};
