/** What changes, line by line, and who signs it. */
export const difference = {
  heading: 'What changes',
  lines: (role: string) => `Changed lines of ${role}`,
  count: (added: number, removed: number) =>
    `${added === 1 ? '1 line' : `${added} lines`} added, ${removed} removed`,
  nothing: 'Nothing changes in this document.',
  added: 'added',
  removed: 'removed',
  gap: 'Lines that stay the same are left out',
  later: 'The exact lines are shown before the first signature, once the new keys are made.',
  loading: 'Comparing…',
  tab: 'What changes',
  tabText: 'Against the last published document. A plus stands before what is new, a minus before what goes.',
  turn: {
    label: 'In any order. Who is here to sign?',
    absent: 'not at attendance',
    absentBlocked: (name: string) => `${name} was not at attendance`,
    absentText: (name: string) =>
      `${name} was not present when attendance was taken. If they have come since, they sign here. They can also sign on another machine: ask for it below.`,
    came: (name: string) => `${name} is here now`,
    targets: 'targets',
  },
  signaturesOf: (role: string, made: number, all: number) => `${role}: ${made} of ${all} signatures`,
  proveFrom: 'Starts as a client that trusts the last published root.',
  exportRootOnly: 'root.json and its earlier versions, under every name the dialect needs',
};
