/** What a page gives to somebody who has the keyboard alone: what can be reached, and whether it is seen to be. */
import type { Page } from 'playwright';

/** @returns what must be reachable and is not, and what shows nothing while it has the focus. */
export async function keyboardFindings(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    const named = (element: Element) =>
      `${element.tagName.toLowerCase()} "${(
        element.getAttribute('aria-label') ??
        (element as HTMLInputElement).labels?.[0]?.textContent ??
        element.textContent ??
        ''
      )
        .trim()
        .slice(0, 40)}"`;
    /** How an element looks: its own frame, and that of the label around it. */
    const look = (element: Element) =>
      [element, element.closest('label'), element.closest('li'), element.parentElement]
        .filter(part => part !== null)
        .map(part => {
          const style = getComputedStyle(part);
          return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join(' ');
        })
        .join(' | ');
    const dialogs = [...document.querySelectorAll('[role=dialog]')];
    const room = dialogs.at(-1) ?? document.body;
    const wanted = [
      ...room.querySelectorAll<HTMLElement>('button, input, select, textarea, a[href], [tabindex="0"]'),
    ].filter(
      element =>
        !element.matches(':disabled') &&
        element.tabIndex >= 0 &&
        element.checkVisibility({ visibilityProperty: true }),
    );
    // Of radio buttons of one question the arrows reach all but one.
    const stops = wanted.filter(element => {
      if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return true;
      const group = wanted.filter(other => other instanceof HTMLInputElement && other.name === element.name);
      const checked = group.find(other => (other as HTMLInputElement).checked);
      return element === (checked ?? group[0]);
    });
    const reach = {
      missing: new Map(stops.map(element => [element, named(element)])),
      unseen: [] as string[],
      last: null as { element: Element; look: string } | null,
      step() {
        const { last } = this;
        const wasStop = last && (last.element as HTMLElement).tabIndex >= 0;
        if (last && wasStop && last.element !== document.activeElement && look(last.element) === last.look)
          this.unseen.push(named(last.element));
        const focused = document.activeElement;
        if (!focused || focused === document.body) this.last = null;
        else {
          this.last = { element: focused, look: look(focused) };
          this.missing.delete(focused as HTMLElement);
        }
        return this.missing.size;
      },
    };
    Reflect.set(window, 'reach', reach);
  });
  const step = () => page.evaluate(() => (Reflect.get(window, 'reach') as { step(): number }).step());
  // Where the focus was put by a mouse nothing has to show it, so the first look is after the first Tab.
  let missing = 1;
  for (let presses = 0; presses < 90 && missing > 0; presses += 1) {
    await page.keyboard.press('Tab');
    missing = await step();
  }
  await page.keyboard.press('Tab');
  await step();
  return page.evaluate(() => {
    const { missing, unseen } = Reflect.get(window, 'reach') as {
      missing: Map<Element, string>;
      unseen: string[];
    };
    return [
      ...[...missing.values()].map(name => `not reached by Tab: ${name}`),
      ...[...new Set(unseen)].map(name => `nothing shows the focus: ${name}`),
    ];
  });
}

/** @returns whether the focus is where a new screen begins: its heading, or the field to be filled in. */
export function focusIsAtStart(page: Page): Promise<string> {
  return page.evaluate(() => {
    const focused = document.activeElement;
    if (focused?.matches('main h1, main [data-autofocus]')) return 'at the start';
    return `at ${focused?.tagName.toLowerCase()} ${focused?.getAttribute('aria-label') ?? focused?.textContent?.slice(0, 40)}`;
  });
}
