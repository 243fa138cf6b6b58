/** As much of a window's contents (Electron's WebContents) as the gate looks at. */
export interface CameraUser {
  isDestroyed(): boolean;
  on(event: 'did-navigate', listener: () => void): unknown;
  on(event: 'render-process-gone', listener: () => void): unknown;
  on(event: 'destroyed', listener: () => void): unknown;
}

/** Who wants which devices, as Electron tells it for a `media` permission. */
export interface CameraQuestion {
  readonly contents: unknown;
  readonly isMainFrame: boolean;
  /** The page's address or its origin. */
  readonly address: string;
  /** `video` is the camera, `audio` the microphone; `unknown` and nothing are neither. */
  readonly mediaTypes: readonly (string | undefined)[];
}

/**
 * SECURITY: the one permission that is ever given, and only while the scanner for QR codes is open: the camera, to
 * the main frame of our own window. The gate is closed from the start, when the scanner says so, when the window
 * shows another document or loses its process, when nobody touches the machine, and when the window is closed. A
 * camera that is on already is switched off by the window, which stops its tracks in each of these cases.
 */
export class CameraGate {
  readonly #origin: string;
  readonly #watched = new WeakSet<CameraUser>();
  #user: CameraUser | undefined;

  /** @param origin the only origin that gets the camera: `app://rootward` */
  constructor(origin: string) {
    this.#origin = origin;
  }

  open(user: CameraUser): void {
    this.#user = user;
    if (this.#watched.has(user)) return;
    this.#watched.add(user);
    const close = (): void => {
      if (this.#user === user) this.close();
    };
    user.on('did-navigate', close);
    user.on('render-process-gone', close);
    user.on('destroyed', close);
  }

  close(): void {
    this.#user = undefined;
  }

  allows({ contents, isMainFrame, address, mediaTypes }: CameraQuestion): boolean {
    return (
      this.#user !== undefined &&
      contents === this.#user &&
      !this.#user.isDestroyed() &&
      isMainFrame &&
      (address === this.#origin || address.startsWith(`${this.#origin}/`)) &&
      mediaTypes.length > 0 &&
      mediaTypes.every(type => type === 'video')
    );
  }
}
