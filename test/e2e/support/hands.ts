/** Two ways to work the window: as people do with mouse and keyboard, and with the keyboard alone. */
import type { Locator } from 'playwright';
import type { Desk } from './desk.ts';

export interface Hands {
  /** Presses a button, a link in the script, a tab. */
  press(target: Locator): Promise<void>;
  /** Makes a field hold this text and nothing else. */
  type(target: Locator, text: string): Promise<void>;
  /** Chooses a radio button or ticks a box. */
  choose(target: Locator): Promise<void>;
  /** Chooses an option of a list by the words it shows. */
  pick(target: Locator, option: string): Promise<void>;
}

export class MouseHands implements Hands {
  async press(target: Locator): Promise<void> {
    await target.click();
  }
  async type(target: Locator, text: string): Promise<void> {
    await target.click();
    await target.fill('');
    await target.pressSequentially(text);
  }
  async choose(target: Locator): Promise<void> {
    await target.click();
  }
  async pick(target: Locator, option: string): Promise<void> {
    await target.selectOption({ label: option });
  }
}

/** As with a mouse, but with text put in at once: for what other journeys type. */
export class QuickHands extends MouseHands {
  override async type(target: Locator, text: string): Promise<void> {
    await target.fill(text);
  }
}

/** Nothing but keys: what cannot be reached with Tab is an error. */
export class KeyboardHands implements Hands {
  readonly #desk: Desk;
  constructor(desk: Desk) {
    this.#desk = desk;
  }
  get #keyboard() {
    return this.#desk.page.keyboard;
  }

  async press(target: Locator): Promise<void> {
    await this.reach(target);
    await this.#keyboard.press('Enter');
  }
  async type(target: Locator, text: string): Promise<void> {
    await this.reach(target);
    await this.#keyboard.press('Control+a');
    await this.#keyboard.press('Delete');
    await this.#keyboard.type(text);
  }
  async choose(target: Locator): Promise<void> {
    await this.reach(target);
    if (!(await target.isChecked())) await this.#keyboard.press('Space');
  }
  async pick(target: Locator, option: string): Promise<void> {
    await this.reach(target);
    // A closed list takes the letters of an option, as every list does.
    await this.#keyboard.type(option);
  }

  /** Goes on with Tab until the target has the focus; within radio buttons of one question, with the arrows. */
  async reach(target: Locator): Promise<void> {
    await target.waitFor();
    for (let presses = 0; presses < 80; presses += 1) {
      const where = await target.evaluate(wanted => {
        const focused = document.activeElement;
        if (focused === wanted) return 'here';
        const isSibling =
          wanted instanceof HTMLInputElement &&
          wanted.type === 'radio' &&
          focused instanceof HTMLInputElement &&
          focused.type === 'radio' &&
          focused.name === wanted.name;
        return isSibling ? 'beside' : 'elsewhere';
      });
      if (where === 'here') return;
      await this.#keyboard.press(where === 'beside' ? 'ArrowDown' : 'Tab');
    }
    throw new Error(`cannot be reached by keyboard: ${target}`);
  }
}
