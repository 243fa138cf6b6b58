/** A bundle: keys, records, repositories and journal in one age file on a medium. */
export const bundle = {
  title: 'Bundle',
  heading: 'What goes into the bundle?',
  lead: 'A bundle is one file for a medium: the keys you choose, their public records, what was published, and the journal. Stock age opens it.',
  keys: 'Keys',
  keyText: (repository: string, algorithm: string) => `${repository} · ${algorithm}`,
  keysNeeded: 'Choose at least one key.',
  onTokens: (names: string, count: number) =>
    `${count === 1 ? `The key of ${names} stays on its token` : `The keys of ${names} stay on their tokens`} and cannot go into a bundle.`,
  form: 'How the keys lie in it',
  sealed: {
    name: 'Sealed, as they are',
    text: 'Each key keeps its holder’s passphrase. A forgotten passphrase stays forgotten.',
  },
  opened: {
    name: 'Opened',
    text: 'Every holder types their passphrase now. Whoever opens the bundle has the keys.',
  },
  next: 'Who opens it, and where it goes',
  where: {
    heading: 'Who opens it, and where does it go?',
    lead: 'It is written, read back, decrypted and compared before it counts as made.',
    holders: 'The holders open their keys',
    holderPassphrase: (holder: string, role: string) => `Passphrase of ${holder} (${role} key)`,
    opens: 'Who opens the bundle',
    passphrase: {
      name: 'A passphrase',
      text: 'A new one, for the bundle alone. Kept apart from the medium.',
    },
    people: { name: 'People', text: 'Each with their own age identity. No passphrase is to be kept.' },
    recipientColumn: 'age recipient',
    recipientName: (number: number) => `Name of person ${number}`,
    recipient: (number: number) => `age recipient of person ${number}`,
    remove: (number: number) => `Remove person ${number}`,
    add: 'Add a person',
    kept: 'Where the medium will lie',
    bag: 'Sealed bag number',
    place: 'Place',
    keptHint: 'Can be noted later, too.',
    back: 'Back to what goes in',
    write: 'Write and read back',
    busy: 'Sealing the bundle, writing it, reading it back, decrypting and comparing…',
    folder: 'Another folder…',
  },
  done: {
    heading: 'The bundle is written. It is not proven yet.',
    lead: {
      medium:
        'It was read back from the medium itself, decrypted and compared. Until a key has been restored from it once, it does not count as a backup.',
      memory:
        'It was decrypted and compared, but read back from the system’s memory of the medium: pull the medium and plug it in again. Until a key has then been restored from it once, it does not count as a backup.',
    },
    file: 'File',
    prove: 'Restore from it once now…',
    later: 'Later',
  },
};
