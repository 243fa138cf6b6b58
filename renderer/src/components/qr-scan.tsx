import { decodeQR } from 'qr/decode.js';
import { useRef, useState } from 'react';
import { RootwardError } from '../../../shared/contract/errors.ts';
import { addFrame, type FrameSet, joinFrames, progressOf } from '../../../shared/display/bbqr.ts';
import { t } from '../messages/index.ts';
import { Action } from './action.tsx';
import { SelectField } from './fields.tsx';
import { Notice } from './notice.tsx';
import css from './qr-scan.module.css';
import { altKey } from './shortcuts.ts';
import { useCamera } from './use-camera.ts';

export interface QrScanProps {
  /** Called once, with the whole file, when every code has been read. The camera is off by then. */
  readonly onFile: (bytes: Uint8Array) => void;
  /** Called when the user wants the file another way. The camera is off by then. */
  readonly onCancel: () => void;
}

/**
 * How long the decoder may try on one picture, in milliseconds: as long as pictures cannot be read it gets twice the
 * time for the next one, so that a slow machine reads the codes, too, and a quick one stays quick.
 */
const decodingTime = { least: 30, most: 480 };

type Problem = keyof typeof t.qr.scan.problems;

function problemOf(error: unknown): Problem {
  const code = error instanceof RootwardError ? error.code : undefined;
  if (code === 'frames-mixed') return 'mixed';
  if (code === 'unknown-format' || code === 'wrong-type') return 'foreign';
  return code === 'too-large' ? 'tooLarge' : 'damaged';
}

/** @returns a picture's QR code; undefined where there is none that can be read in `timeLimit` milliseconds */
function readCode(picture: ImageData, timeLimit: number): string | undefined {
  try {
    return decodeQR(picture, { timeLimit });
  } catch {
    return undefined;
  }
}

/** Reads a file from a series of QR codes (BBQr) by the camera. The camera is on while this is mounted. */
export function QrScan({ onFile, onCancel }: QrScanProps) {
  const words = t.qr.scan;
  // The codes come faster than React draws: what was read is kept here, and shown by the state.
  const known = useRef<FrameSet>(undefined);
  const timeLimit = useRef(decodingTime.least);
  const [shown, setShown] = useState<FrameSet>();
  const [problem, setProblem] = useState<Problem>();

  const keep = (frames: FrameSet | undefined) => {
    known.current = frames;
    setShown(frames);
  };
  const take = (text: string) => {
    try {
      const frames = addFrame(known.current, text);
      setProblem(undefined);
      if (frames === known.current) return;
      keep(frames);
      if (progressOf(frames).missing.length > 0) return;
      const file = joinFrames(frames);
      camera.end();
      onFile(file);
    } catch (error) {
      const kind = problemOf(error);
      setProblem(kind);
      // All codes are there, and make no file: nothing of them can be kept.
      if (known.current !== undefined && progressOf(known.current).missing.length === 0) keep(undefined);
    }
  };
  const camera = useCamera(picture => {
    const text = readCode(picture, timeLimit.current);
    timeLimit.current =
      text === undefined ? Math.min(timeLimit.current * 2, decodingTime.most) : decodingTime.least;
    if (text !== undefined) take(text);
  });
  const cancel = () => {
    camera.end();
    onCancel();
  };
  const restart = () => {
    keep(undefined);
    setProblem(undefined);
  };

  const { state, devices } = camera;
  return (
    <section className={css.scan} aria-label={words.label}>
      <div className={css.view} hidden={state.name === 'off'}>
        <video ref={camera.video} className={css.video} aria-label={words.picture} muted playsInline />
        {state.name === 'starting' && (
          <p className={css.starting} role="status">
            {words.starting}
          </p>
        )}
      </div>
      {state.name === 'off' && (
        <div role="alert">
          <Notice tone={state.why === 'idle' ? 'plain' : 'warning'} title={words.off[state.why].title}>
            <p>{words.off[state.why].text}</p>
          </Notice>
        </div>
      )}
      <Count frames={shown} isOn={state.name === 'on'} />
      <div role="alert" className={css.problem}>
        {problem !== undefined && (
          <Notice tone="warning" title={words.problems[problem].title}>
            <p>{words.problems[problem].text}</p>
          </Notice>
        )}
      </div>
      <div className={css.controls}>
        {state.name === 'off' && (
          <Action kind="primary" shortcut={altKey('k')} onPress={camera.start}>
            {words.again}
          </Action>
        )}
        {problem === 'mixed' && (
          <Action shortcut={altKey('s')} onPress={restart}>
            {words.restart}
          </Action>
        )}
        <Action kind={state.name === 'off' ? 'secondary' : 'quiet'} shortcut={altKey('f')} onPress={cancel}>
          {words.file}
        </Action>
        {devices.length > 1 && camera.device !== undefined && (
          <SelectField
            compact
            label={words.camera}
            value={camera.device}
            options={devices.map(({ id, label }, index) => ({
              value: id,
              label: label || words.cameraNumber(index + 1),
            }))}
            onChange={camera.choose}
          />
        )}
      </div>
    </section>
  );
}

/** How many codes were read, and which are missing. */
function Count({ frames, isOn }: { readonly frames: FrameSet | undefined; readonly isOn: boolean }) {
  const words = t.qr.scan;
  const { have, total } = frames ? progressOf(frames) : { have: 0, total: 1 };
  // Said aloud once for each quarter: told at every code, nobody could follow.
  const quarters = Math.floor((have / total) * 4);
  const [told, setTold] = useState({ quarters: 0, text: '' });
  if (quarters !== told.quarters) setTold({ quarters, text: words.told(have, total) });
  return (
    <div className={css.progress}>
      {frames === undefined ? (
        isOn && <p className={css.aside}>{words.waiting}</p>
      ) : (
        <>
          <p className={css.count}>
            <span className={css.number}>{words.progress(have, total)}</span>
            <span className={css.aside}>{words.anyOrder}</span>
          </p>
          <div
            role="progressbar"
            aria-label={words.progressLabel}
            aria-valuemin={0}
            aria-valuemax={total}
            aria-valuenow={have}
            aria-valuetext={words.told(have, total)}
          >
            <svg
              className={css.bar}
              viewBox={`0 0 ${total} 1`}
              preserveAspectRatio="none"
              aria-hidden="true"
              focusable="false"
            >
              {[...frames.parts.keys()].map(index => (
                <rect key={index} x={index} y="0" width="1" height="1" />
              ))}
            </svg>
          </div>
        </>
      )}
      <p className="visually-hidden" role="status">
        {told.text}
      </p>
    </div>
  );
}
