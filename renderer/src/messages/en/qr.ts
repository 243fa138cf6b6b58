/** Files that are shown as QR codes, and read by the camera. */
export const qr = {
  show: {
    label: (fileName: string) => `${fileName} as QR codes`,
    picture: (number: number, total: number, fileName: string) =>
      total === 1 ? `QR code of ${fileName}` : `QR code ${number} of ${total} of ${fileName}`,
    counter: (number: number, total: number) => `Code ${number} of ${total}`,
    one: 'One code holds it all',
    /** `seconds`: with one digit behind the point. */
    round: (seconds: string) => `once through in ${seconds}\u00a0s`,
    help: 'Hold the other machine’s camera in front of it until it has counted every code. It may begin anywhere and miss some: they come again.',
    pause: 'Pause',
    play: 'Play',
    previous: 'Previous',
    next: 'Next',
    density: 'Squares',
    densities: { coarse: 'Large', medium: 'Medium', fine: 'Small', finest: 'Smallest' },
    codes: (count: number) => (count === 1 ? '1 code' : `${count} codes`),
    densityHint: 'If the camera cannot read them, choose larger squares.',
    still: 'This machine is set to reduce motion: step through the codes by hand, or play them.',
    tooLarge: {
      title: 'Too large for QR codes',
      text: (fileName: string) => `${fileName} is larger than QR codes can carry. Hand it over as a file.`,
    },
  },
  scan: {
    label: 'Reading QR codes by the camera',
    picture: 'What the camera sees',
    starting: 'Switching the camera on…',
    waiting: 'Point the camera at the codes on the other machine.',
    progress: (have: number, total: number) => `${have} of ${total}`,
    anyOrder: 'in any order',
    progressLabel: 'Codes read',
    /** Told in words while the codes come in, in steps of a quarter. */
    told: (have: number, total: number) => `${have} of ${total} codes read`,
    camera: 'Camera',
    cameraNumber: (number: number) => `Camera ${number}`,
    file: 'Choose a file instead',
    restart: 'Start again with these codes',
    again: 'Switch the camera on',
    problems: {
      mixed: {
        title: 'These codes belong to another file',
        text: 'Or they were shown in another size. Go back to the codes you began with, or start again with these.',
      },
      foreign: {
        title: 'Another kind of QR code',
        text: 'It is no part of a signing request or of a signature file. Point the camera at the codes that Rootward shows.',
      },
      damaged: {
        title: 'These codes cannot be used',
        text: 'Have the file shown again, or choose it as a file.',
      },
      tooLarge: {
        title: 'Too large for QR codes',
        text: 'These codes say that they carry more than Rootward takes this way. Choose the file instead.',
      },
    },
    off: {
      denied: {
        title: 'The camera is not allowed',
        text: 'This system does not let Rootward use the camera. Allow it in the system’s settings and switch it on again, or choose the file instead.',
      },
      missing: {
        title: 'There is no camera',
        text: 'None is connected to this machine. Connect one and switch it on, or choose the file instead.',
      },
      busy: {
        title: 'The camera does not answer',
        text: 'Another program may be using it, or it was pulled out. Close that program and switch the camera on again, or choose the file instead.',
      },
      idle: {
        title: 'The camera was switched off',
        text: 'Nobody touched Rootward for a while. The codes read so far are kept.',
      },
    },
  },
};
