export const welcome = {
  title: 'Welcome to Rootward',
  lead: 'Rootward is the desk at which an organisation’s offline root keys live. It leads the people in the room through a written script, one step at a time, and leaves evidence that a stranger can check without it.',
  vaultHeading: 'The vault',
  vaultText: 'Keys, repositories and the journal will stand in one folder:',
  realTitle: 'A real vault',
  realText: 'For keys that will be trusted. Create it once, on the machine that stays offline.',
  create: 'Create the vault',
  rehearseTitle: 'A rehearsal',
  rehearseText:
    'The same steps with throwaway keys. Go through it with the same people about a week before. Every screen and every file is marked.',
  rehearse: 'Rehearse first',
  restoreTitle: 'From a backup',
  restoreText:
    'The machine is new, and the keys exist: as shares on paper, or in a bundle on a medium. A vault is made with what comes back.',
  restore: 'Restore from a backup',
  busyCreating: 'Creating the vault…',
  inUse: {
    title: 'The vault is open elsewhere',
    text: 'One Rootward at a time may write to a vault. Another one has it open.',
  },
  damaged: {
    title: 'The vault cannot be opened',
    text: 'Rootward has read the vault and found something wrong. It has changed nothing.',
  },
  safeTitle: 'What is safe',
  safeInUse: [
    'Nothing was changed. The other Rootward goes on undisturbed.',
    'Keys are sealed files. They stay sealed while this window waits.',
  ],
  safeDamaged: [
    'No file was changed, moved or deleted.',
    'Every key stands in an age file of its own. It opens with its passphrase and stock tools, without Rootward.',
    'Exports and transcripts written before can be verified here and anywhere else.',
  ],
  tryAgain: 'Try again',
  notices: 'Noted when the vault was opened',
};
