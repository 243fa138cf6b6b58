export interface QrShowProps {
  /** The file to be shown. */
  readonly bytes: Uint8Array;
  /** Its name, for the words around the picture. */
  readonly fileName: string;
}

/** A file as a series of QR codes (BBQr), for another machine's camera. */
export function QrShow(_props: QrShowProps) {
  return null;
}
