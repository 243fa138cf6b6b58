import { setImmediate } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { RootwardError } from '../../shared/contract/errors.ts';

/**
 * A terminal at which one person after another sits. What is shown to one goes with its page: it is drawn on the
 * terminal's other screen, which scrolls nothing back. What is typed is held in bytes, never in a string.
 */

/** Longer than any share of 33 words. */
const longestLine = 1024;
/** As long as a split lives on in the custodian: what was left must not stay on a screen. In milliseconds. */
const patience = 15 * 60_000;
const endings = ['SIGTERM', 'SIGHUP'] as const;

const codes = {
  enter: 0x0d,
  lineFeed: 0x0a,
  backspace: 0x08,
  delete: 0x7f,
  interrupt: 0x03,
  end: 0x04,
  wipe: 0x15,
};
const otherScreen = '\x1b[?1049h';
/** Erases the screen and what scrolled off it. */
const erase = '\x1b[H\x1b[2J\x1b[3J';
const firstScreen = '\x1b[?1049l';

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #endWithProcess = (): void => {
    this.end();
    process.exit(1);
  };

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  /** Takes the terminal over: its other screen, and every key as it is pressed. */
  begin(): void {
    for (const signal of endings) process.on(signal, this.#endWithProcess);
    this.#output.write(otherScreen + erase);
    this.#input.setRawMode(true);
  }

  /** Gives it back; nothing of what was shown is left on it. */
  end(): void {
    for (const signal of endings) process.off(signal, this.#endWithProcess);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(erase + firstScreen);
  }

  /** Erases what is shown. */
  erase(): void {
    this.#output.write(erase);
  }

  /**
   * Erases what is shown, and begins a page. What was typed before it stood there answers nothing on it, and is thrown
   * away: an Enter too many must not turn the page for whoever sits down next.
   * @throws RootwardError `request-refused` when Ctrl-C was among it
   */
  async page(text: string): Promise<void> {
    this.erase();
    await this.#discard();
    this.show(text);
  }

  show(text: string): void {
    this.#output.write(text.replaceAll('\n', '\r\n'));
  }

  /**
   * Shows bytes and overwrites them.
   * @returns when they have left this process
   */
  async showSecret(bytes: Uint8Array): Promise<void> {
    await new Promise<void>(fulfil => void this.#output.write(bytes, () => fulfil()));
    bytes.fill(0);
  }

  /**
   * One line, until Enter.
   * @param isShown whether what is typed stands on the screen
   * @returns the line in UTF-8 without its end; the caller's to wipe
   * @throws RootwardError `request-refused` when Ctrl-C is pressed, no Enter comes for 15 minutes by the system's count
   *   or by the clock (a machine that sleeps stops counting), or the terminal is gone
   */
  readLine(isShown: boolean): Promise<Uint8Array> {
    const line = new Uint8Array(longestLine);
    let length = 0;
    return new Promise<Uint8Array>((fulfil, reject) => {
      const stop = (): void => {
        clearInterval(left);
        this.#input.off('data', take);
        this.#input.off('end', gone);
        this.#input.off('close', gone);
        this.#input.pause();
      };
      const gone = (): void => {
        stop();
        line.fill(0);
        reject(givenUp());
      };
      const take = (chunk: Buffer): void => {
        for (const [index, code] of chunk.entries()) {
          if (code === codes.interrupt || code === codes.end) {
            gone();
            break;
          }
          if (code === codes.enter || code === codes.lineFeed) {
            stop();
            this.show('\n');
            // What came with the same chunk belongs to the next line.
            const rest = chunk.subarray(index + 1);
            if (rest.length > 0) this.#input.unshift(Buffer.from(rest));
            fulfil(line.slice(0, length));
            line.fill(0);
            break;
          }
          if (code === codes.backspace || code === codes.delete) {
            if (length === 0) continue;
            // A character of UTF-8 is as many bytes as follow its first.
            do length -= 1;
            while (length > 0 && ((line[length] ?? 0) & 0xc0) === 0x80);
            line.fill(0, length);
            if (isShown) this.#output.write('\b \b');
          } else if (code === codes.wipe) {
            if (isShown) this.#output.write('\b \b'.repeat(length));
            line.fill(0);
            length = 0;
          } else if (code >= 0x20 && length < longestLine) {
            line[length] = code;
            length += 1;
            if (isShown) this.#output.write(Uint8Array.of(code));
          }
        }
        chunk.fill(0);
      };
      const [counted, begun] = [performance.now(), Date.now()];
      const left = setInterval(() => {
        if (Math.max(performance.now() - counted, Date.now() - begun) >= patience) gone();
      }, 1_000);
      this.#input.on('data', take);
      this.#input.on('end', gone);
      this.#input.on('close', gone);
      if (this.#input.readableEnded || this.#input.destroyed) gone();
      else this.#input.resume();
    });
  }

  async #discard(): Promise<void> {
    let isGivenUp = false;
    const drop = (chunk: Buffer): void => {
      isGivenUp ||= chunk.includes(codes.interrupt) || chunk.includes(codes.end);
      chunk.fill(0);
    };
    this.#input.on('data', drop);
    this.#input.resume();
    // Between two of these the event loop has asked the system once for all that was typed.
    await setImmediate();
    await setImmediate();
    this.#input.off('data', drop);
    this.#input.pause();
    if (isGivenUp) throw givenUp();
  }
}

const givenUp = (): RootwardError =>
  new RootwardError('request-refused', {
    message: 'It was given up.',
    remedy: 'Begin anew when everybody is there.',
  });

/**
 * @returns the terminal this process was started at
 * @throws RootwardError `wrong-usage` where input or output is something else: words must not end in a file or a pipe
 */
export function requireTerminal(): Terminal {
  if (process.stdin.isTTY && process.stdout.isTTY) return new Terminal(process.stdin, process.stdout);
  throw new RootwardError('wrong-usage', {
    message: 'Words of shares are shown and typed back on a terminal only, and this is none.',
    remedy:
      'Run this at a terminal, without redirecting it; or hand every share out as a file (--to-recipient, --to).',
  });
}
