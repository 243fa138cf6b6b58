import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { ask } from '../bridge.ts';
import { onIdle } from '../stores/machine.ts';

export type WhyOff = 'denied' | 'missing' | 'busy' | 'idle';
export type CameraState =
  | { readonly name: 'starting' }
  | { readonly name: 'on' }
  | { readonly name: 'off'; readonly why: WhyOff };

export interface CameraDevice {
  readonly id: string;
  /** Empty when the system gives none. */
  readonly label: string;
}

export interface Camera {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly state: CameraState;
  /** The cameras there are; empty until one is on. */
  readonly devices: readonly CameraDevice[];
  /** The one that is on. */
  readonly device: string | undefined;
  choose(device: string): void;
  /** Switches the camera on again. */
  start(): void;
  /** Switches the camera off, at once. It stays off. */
  end(): void;
}

/** At most so many pixels to a side are looked at: more only takes longer. */
const longestSide = 1920;
/** The least between two looks, in milliseconds; it is as long as the look before, so that the window stays quick. */
const restTime = 40;

/** @returns why the system gives no camera, by the name of its error (Media Capture and Streams, 10.6) */
function reasonOf(error: unknown): WhyOff {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError' || name === 'TypeError') return 'missing';
  return 'busy';
}

/**
 * The camera, on while the component is mounted. The shell is asked to open the permission first, and to close it
 * again whenever the camera goes off: when this is unmounted, ended or idle, or when the camera fails.
 * @param onPicture gets the camera's pictures, one after the other
 */
export function useCamera(onPicture: (picture: ImageData) => void): Camera {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<CameraState>({ name: 'starting' });
  const [devices, setDevices] = useState<readonly CameraDevice[]>([]);
  const [device, setDevice] = useState<string>();
  /** Counts the times the camera was asked for; with the device that is wanted. */
  const [wanted, setWanted] = useState<{ readonly attempt: number; readonly device?: string }>({
    attempt: 0,
  });
  const latest = useRef(onPicture);
  useLayoutEffect(() => {
    latest.current = onPicture;
  });
  const running = useRef<() => void>(undefined);

  useEffect(() => {
    let stream: MediaStream | undefined;
    let isEnded = false;
    let nextLook = 0;
    const element = video.current;
    const end = (why?: WhyOff) => {
      if (isEnded) return;
      isEnded = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (element) element.srcObject = null;
      void ask('closeScanner', {});
      if (why !== undefined) setState({ name: 'off', why });
    };
    running.current = () => end();

    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    const look = (now: number) => {
      if (isEnded || !element || !context) return;
      const { videoWidth, videoHeight } = element;
      if (now >= nextLook && videoWidth > 0 && videoHeight > 0) {
        const scale = Math.min(1, longestSide / Math.max(videoWidth, videoHeight));
        const width = Math.round(videoWidth * scale);
        const height = Math.round(videoHeight * scale);
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
        context.drawImage(element, 0, 0, width, height);
        const begun = performance.now();
        latest.current(context.getImageData(0, 0, width, height));
        const ended = performance.now();
        nextLook = ended + Math.max(restTime, ended - begun);
      }
      if (!isEnded) element.requestVideoFrameCallback(look);
    };

    const start = async () => {
      setState({ name: 'starting' });
      const opened = await ask('openScanner', {});
      if (isEnded) return;
      if (!opened.ok) return end('denied');
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          audio: false,
          video: {
            ...(wanted.device === undefined
              ? { facingMode: { ideal: 'environment' } }
              : { deviceId: { exact: wanted.device } }),
            width: { ideal: 1920 },
            height: { ideal: 1080 },
          },
        });
      } catch (error) {
        return end(reasonOf(error));
      }
      const [track] = stream.getVideoTracks();
      if (isEnded || !element || !track) {
        for (const late of stream.getTracks()) late.stop();
        return end('missing');
      }
      track.addEventListener('ended', () => end('busy'));
      setDevice(track.getSettings().deviceId);
      try {
        element.srcObject = stream;
        await element.play();
        const all = await navigator.mediaDevices.enumerateDevices();
        if (isEnded) return;
        setDevices(
          all
            .filter(({ kind }) => kind === 'videoinput')
            .map(({ deviceId, label }) => ({ id: deviceId, label })),
        );
      } catch {
        return end('busy');
      }
      setState({ name: 'on' });
      element.requestVideoFrameCallback(look);
    };
    void start();
    const stopListening = onIdle(() => end('idle'));
    return () => {
      stopListening();
      end();
    };
  }, [wanted]);

  return {
    video,
    state,
    devices,
    device,
    choose: useCallback(
      (chosen: string) => setWanted(({ attempt }) => ({ attempt: attempt + 1, device: chosen })),
      [],
    ),
    start: useCallback(() => setWanted(before => ({ ...before, attempt: before.attempt + 1 })), []),
    end: useCallback(() => running.current?.(), []),
  };
}
