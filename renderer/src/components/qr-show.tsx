import { encodeQR } from 'qr';
import {
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import {
  type Density,
  densities,
  framesNeeded,
  largestFile,
  mostFrames,
  splitIntoFrames,
} from '../../../shared/display/bbqr.ts';
import { t } from '../messages/index.ts';
import { Action } from './action.tsx';
import { Choices } from './fields.tsx';
import { Notice } from './notice.tsx';
import css from './qr-show.module.css';
import { altKey, type Shortcut } from './shortcuts.ts';

/** How long each code is shown, in milliseconds. */
const frameTime = 200;
/** The white around a code, in modules, as the QR standard asks. */
const quietZone = 4;
/** The part of the window's height a code may take, so that its controls stay in sight. */
const heightShare = 0.58;

const keys = {
  play: altKey('k'),
  previous: { key: 'ArrowLeft', alt: true, label: 'Alt ←' },
  next: { key: 'ArrowRight', alt: true, label: 'Alt →' },
} satisfies Record<string, Shortcut>;

export interface QrShowProps {
  /** The file to be shown. */
  readonly bytes: Uint8Array;
  /** Its name, for the words around the picture. */
  readonly fileName: string;
}

/** @returns the densities that differ for a file: none that cannot hold it, and none that saves no code */
function usefulDensities(size: number): Density[] {
  const holding = densities.filter(density => framesNeeded(size, density.characters) <= mostFrames);
  return holding.filter(
    (density, index) =>
      index === 0 ||
      framesNeeded(size, density.characters) < framesNeeded(size, (holding[index - 1] as Density).characters),
  );
}

const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
const useReducedMotion = (): boolean =>
  useSyncExternalStore(
    changed => {
      reducedMotion.addEventListener('change', changed);
      return () => reducedMotion.removeEventListener('change', changed);
    },
    () => reducedMotion.matches,
  );

/** A file as a series of QR codes (BBQr), for another machine's camera. */
export function QrShow({ bytes, fileName }: QrShowProps) {
  const words = t.qr.show;
  const choices = useMemo(() => (bytes.length > largestFile ? [] : usefulDensities(bytes.length)), [bytes]);
  const [chosen, setChosen] = useState<Density['name']>('medium');
  // A small file may need no finer codes: then the finest that makes a difference.
  const density = choices.find(choice => choice.name === chosen) ?? choices.at(-1);
  if (!density)
    return (
      <Notice tone="warning" title={words.tooLarge.title}>
        <p>{words.tooLarge.text(fileName)}</p>
      </Notice>
    );
  return (
    <section className={css.show} aria-label={words.label(fileName)}>
      <Player key={density.name} bytes={bytes} fileName={fileName} characters={density.characters}>
        {choices.length > 1 && (
          <Choices
            label={words.density}
            value={density.name}
            choices={choices.map(({ name, characters }) => ({
              value: name,
              name: words.densities[name],
              aside: words.codes(framesNeeded(bytes.length, characters)),
            }))}
            onChange={setChosen}
          />
        )}
        <p className={css.hint}>
          {words.help} {choices.length > 1 && words.densityHint}
        </p>
      </Player>
    </section>
  );
}

interface PlayerProps extends QrShowProps {
  readonly characters: number;
  /** What stands below the controls. */
  readonly children: ReactNode;
}

/** The codes of one density, one after the other. */
function Player({ bytes, fileName, characters, children }: PlayerProps) {
  const words = t.qr.show;
  const frames = useMemo(() => splitIntoFrames(bytes, characters), [bytes, characters]);
  const total = frames.length;
  const isStill = useReducedMotion();
  const [wanted, setWanted] = useState<boolean>();
  const isPlaying = total > 1 && (wanted ?? !isStill);
  const [place, setPlace] = useState(0);
  // Another file may have fewer codes than the one before.
  const index = place % total;

  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => setPlace(before => (before + 1) % total), frameTime);
    return () => clearInterval(timer);
  }, [isPlaying, total]);

  const step = (by: number) => {
    setWanted(false);
    setPlace((index + by + total) % total);
  };
  return (
    <>
      <Code frames={frames} index={index} label={words.picture(index + 1, total, fileName)} />
      <div className={css.beside}>
        <div className={css.controls}>
          <p className={css.counter} aria-live={isPlaying ? 'off' : 'polite'}>
            {total === 1 ? words.one : words.counter(index + 1, total)}
            {total > 1 && (
              <span className={css.round}> · {words.round(((total * frameTime) / 1000).toFixed(1))}</span>
            )}
          </p>
          {total > 1 && (
            <>
              <Action small shortcut={keys.previous} onPress={() => step(-1)}>
                {words.previous}
              </Action>
              <Action small shortcut={keys.play} onPress={() => setWanted(!isPlaying)}>
                {isPlaying ? words.pause : words.play}
              </Action>
              <Action small shortcut={keys.next} onPress={() => step(1)}>
                {words.next}
              </Action>
            </>
          )}
        </div>
        {isStill && total > 1 && <p className={css.hint}>{words.still}</p>}
        {children}
      </div>
    </>
  );
}

/** One code, black on white, each module a whole number of pixels wide. */
function Code(props: { readonly frames: readonly string[]; readonly index: number; readonly label: string }) {
  const { frames, index } = props;
  const sheet = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [room, setRoom] = useState(0);
  // The first frame is the longest: all have the version that holds it, so that nothing jumps.
  const version = useMemo(() => (modulesOf(frames[0] ?? '').length - 2 * quietZone - 17) / 4, [frames]);

  useLayoutEffect(() => {
    const element = sheet.current;
    if (!element) return;
    const measure = () => {
      const style = getComputedStyle(element);
      const inner =
        element.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
      setRoom(Math.floor(Math.min(inner, window.innerHeight * heightShare)));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', measure);
    };
  }, []);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (!element || !context || room === 0) return;
    const rows = modulesOf(frames[index] ?? '', version);
    const scale = Math.max(2, Math.floor(room / rows.length));
    const side = rows.length * scale;
    if (element.width !== side) {
      element.width = side;
      element.height = side;
    }
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, side, side);
    context.fillStyle = '#000000';
    for (const [y, row] of rows.entries())
      for (const [x, isDark] of row.entries())
        if (isDark) context.fillRect(x * scale, y * scale, scale, scale);
  }, [frames, index, version, room]);

  return (
    <div ref={sheet} className={css.sheet}>
      <canvas ref={canvas} className={css.code} role="img" aria-label={props.label} />
    </div>
  );
}

/** @returns the rows of a code, its quiet zone included; true is dark */
const modulesOf = (text: string, version?: number): boolean[][] =>
  encodeQR(text, 'raw', { ecc: 'low', encoding: 'alphanumeric', border: quietZone, version });
