/// <reference types="vite/client" />
import '../../../renderer/src/theme/csp.ts';
import '../../../renderer/src/theme/tokens.css';
import '../../../renderer/src/theme/fonts.ts';
import '../../../renderer/src/theme/base.css';
import './qr-page.css';
import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { QrScan } from '../../../renderer/src/components/qr-scan.tsx';
import { QrShow } from '../../../renderer/src/components/qr-show.tsx';
import { followMachine } from '../../../renderer/src/stores/machine.ts';

// The two components on a page of their own, in the real app, under its policy and permissions. qr.test.ts drives it.

/** What the test sees and does, as `window.qrPage`. */
export interface QrPage {
  show(bytes: readonly number[], fileName: string): void;
  scan(): void;
  clear(): void;
  /** The files that were read. */
  readonly files: number[][];
  cancelled: number;
  /** What the camera was asked for, and whether all it gave was stopped. */
  readonly asked: MediaStreamConstraints[];
  stopped(): boolean;
}

const streams: MediaStream[] = [];
const asked: MediaStreamConstraints[] = [];
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async constraints => {
  asked.push(constraints ?? {});
  const stream = await getUserMedia(constraints);
  streams.push(stream);
  return stream;
};

followMachine();
const root = createRoot(document.getElementById('root') as HTMLElement);
/** Nothing of what was drawn before is kept. */
let drawn = 0;
const draw = (heading: string, content: ReactNode) => {
  drawn += 1;
  root.render(
    <StrictMode>
      <main key={drawn}>
        <h1>{heading}</h1>
        {content}
      </main>
    </StrictMode>,
  );
};

const page: QrPage = {
  show: (bytes, fileName) => draw('Show', <QrShow bytes={Uint8Array.from(bytes)} fileName={fileName} />),
  scan: () =>
    draw(
      'Scan',
      <QrScan
        onFile={bytes => {
          page.files.push([...bytes]);
          draw('Read', null);
        }}
        onCancel={() => {
          page.cancelled += 1;
          draw('Cancelled', null);
        }}
      />,
    ),
  clear: () => draw('Nothing', null),
  files: [],
  cancelled: 0,
  asked,
  stopped: () =>
    streams.every(stream => stream.getTracks().every(({ readyState }) => readyState === 'ended')),
};
draw('Ready', null);
Object.assign(window, { qrPage: page });
