/** The steps of keys that are there already: certified anew, or brought in. */
export const keySteps = {
  certify: {
    what: 'The key stays. The certificate around it is new, and with it the ID under which a Notary root lists it: clients follow from the old root to this one.',
    hint: 'Opens this key once, to sign its new certificate. It is wiped straight after.',
    primary: 'Make the certificate',
    busy: 'Opening the key and signing its certificate…',
  },
  importing: {
    fileHeading: 'The file of the key',
    file: 'Key file',
    dialogTitle: (name: string) => `Choose the key file of ${name}`,
    needed: 'Choose the file of the key.',
    noKey: (form: string) => `This holds no private key: ${form}.`,
    another: 'Take another',
    idle: 'Forgotten: nobody touched Rootward for a while. Choose the file again.',
    filePassphrase: 'Passphrase of the file',
    filePassphraseHint: 'What opens the file today. Empty, if nothing does.',
    newHeading: 'A new passphrase',
    newText: 'From here on this opens the key in this vault. The old one opens the old file only.',
    primary: 'Bring the key in',
    tokenPrimary: 'Take this key over',
    tokenBusy: 'The token signs, and the signature is checked twice…',
    busy: 'Opening the file, sealing the key, and opening it once more to be sure…',
  },
};
