export interface QrScanProps {
  /** Called once, with the whole file, when every code has been read. The camera is off by then. */
  readonly onFile: (bytes: Uint8Array) => void;
  /** Called when the user wants the file another way. The camera is off by then. */
  readonly onCancel: () => void;
}

/** Reads a file from a series of QR codes (BBQr) by the camera. The camera is on while this is mounted. */
export function QrScan(_props: QrScanProps) {
  return null;
}
