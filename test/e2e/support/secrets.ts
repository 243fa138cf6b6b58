/** Where in a page a text still is: fields, attributes, what can be read, what the page stores. */
import type { Page } from 'playwright';

/** @returns the places of the page that hold this text; none for a passphrase that has left it. */
export function placesOf(page: Page, secret: string): Promise<string[]> {
  return page.evaluate(text => {
    const places: string[] = [];
    const look = (place: string, value: unknown) => {
      if (typeof value === 'string' && value.includes(text)) places.push(place);
    };
    for (const field of document.querySelectorAll('input, textarea, select'))
      look(`${field.tagName.toLowerCase()} ${field.id}`, (field as HTMLInputElement).value);
    look('markup', document.documentElement.outerHTML);
    look('text', document.body.textContent);
    look('title', document.title);
    look('address', location.href);
    look('name of the window', window.name);
    look('history', JSON.stringify(history.state));
    look('localStorage', JSON.stringify({ ...localStorage }));
    look('sessionStorage', JSON.stringify({ ...sessionStorage }));
    look('cookies', document.cookie);
    look('selection', String(document.getSelection()));
    return places;
  }, secret);
}
