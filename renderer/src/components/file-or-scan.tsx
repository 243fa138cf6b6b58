import { useState } from 'react';
import type { FileInput } from '../../../shared/contract/requests.ts';
import { t } from '../messages/index.ts';
import { Action } from './action.tsx';
import { Dialog } from './dialog.tsx';
import { FileDrop, type FileDropProps } from './file-drop.tsx';
import css from './file-or-scan.module.css';
import { QrScan } from './qr-scan.tsx';

export interface FileOrScanProps extends Pick<FileDropProps, 'label' | 'dialogTitle' | 'shortcut' | 'error'> {
  readonly onFile: (file: FileInput) => void;
  /** What a scanned file is called. */
  readonly scannedName: string;
}

/** One file comes in: dropped, chosen, or scanned from the screen of another machine. */
export function FileOrScan({ onFile, scannedName, ...drop }: FileOrScanProps) {
  const [scanning, setScanning] = useState(false);
  return (
    <FileDrop {...drop} compact onFiles={([file]) => file && onFile(file)}>
      <div className={css.scan}>
        <Action small kind="quiet" onPress={() => setScanning(true)}>
          {t.together.scan}
        </Action>
      </div>
      {scanning && (
        <Dialog wide title={t.together.scanTitle} onClose={() => setScanning(false)}>
          <QrScan
            onCancel={() => setScanning(false)}
            onFile={bytes => {
              setScanning(false);
              onFile({ name: scannedName, bytes: new Uint8Array(bytes) });
            }}
          />
        </Dialog>
      )}
    </FileDrop>
  );
}
