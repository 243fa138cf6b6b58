export const home = {
  title: 'Home',
  heading: 'The desk',
  repositories: 'Repositories',
  counts: (repositories: number, open: number) =>
    `${repositories === 1 ? '1 repository' : `${repositories} repositories`}. ${
      open === 0
        ? 'No ceremony is open.'
        : open === 1
          ? '1 ceremony is open.'
          : `${open} ceremonies are open.`
    }`,
  emptyTitle: 'No root yet',
  emptyLead:
    'A first root makes the people you name the root of trust for a repository. It takes a plan, a room, and about an hour.',
  way: [
    {
      title: 'Plan it',
      text: 'Who holds a root key, how many of them must sign, and for how long it is valid.',
    },
    {
      title: 'Gather and make the keys',
      text: 'Each holder makes one key on this machine, behind a passphrase of their own.',
    },
    {
      title: 'Sign and prove',
      text: 'Holders sign what they have read. Rootward checks it as a client would.',
    },
    {
      title: 'Carry it out',
      text: 'The signed files go onto a medium, are read back, and the transcript is printed and signed.',
    },
  ],
  rehearseHint: 'Has nobody here done this before? Rehearse first.',
  openHeading: 'Open ceremonies',
  stepOf: (number: number, count: number, title: string) => `Step ${number} of ${count}: ${title}`,
  openedOn: (date: string) => `opened ${date}`,
  resume: 'Resume',
  resumeLabel: (title: string, repository: string) => `Resume ${title}, ${repository}`,
  pastHeading: 'Past ceremonies',
  read: 'Open',
  readLabel: (title: string, repository: string) => `Open ${title}, ${repository}`,
  finished: 'Finished',
  abandoned: 'Ended early',
  version: (version: number) => `Root version ${version}`,
  rootExpires: 'Root valid until',
  targetsExpires: 'Targets valid until',
  holders: 'Root holders',
  due: { notice: 'Note', warning: 'Due', overdue: 'Overdue' },
  nothingDue: 'No renewal is due.',
  vault: 'Vault',
  runtimeStandIn: 'Runs on the preview stand-in, not on Electron.',
  versionLine: (version: string) => `Rootward ${version}`,
  repository: {
    change: 'Change…',
    changeLabel: (name: string, dialect: string) => `Change… ${name}, ${dialect}`,
    backups: 'Its backups',
    backupsLabel: (name: string, dialect: string) => `Its backups, ${name}, ${dialect}`,
    move: 'Move to TUF 1.0…',
    moveLabel: (name: string) => `Move to TUF 1.0… ${name}`,
    open: (title: string) => `A ceremony is open: ${title}. Resume it above.`,
    succeeds: (name: string, dialect: string) => `Succeeds ${name} (${dialect}).`,
    succeededBy: (name: string, dialect: string) => `Succeeded by ${name} (${dialect}).`,
    adoptHint: 'A repository that was made elsewhere can be kept here too.',
  },
  actions: {
    adopt: 'Take over a repository…',
    signRequest: 'Sign a request',
    newRoot: 'New first root',
    verify: 'Verify a root',
    inspect: 'Inspect a file',
    rehearse: 'Rehearse',
  },
};
