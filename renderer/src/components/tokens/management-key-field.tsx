import { type Ref, useImperativeHandle, useRef, useState } from 'react';
import type { TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { Choices } from '../fields.tsx';
import { PassphraseField, type PassphraseHandle } from '../passphrase-field.tsx';

const words = t.tokens.management;
type Which = 'factory' | 'own' | 'behind-pin';

export interface ManagementKeyHandle {
  /**
   * @returns the key, which the caller wipes; `behind-pin`: the card shows it after its PIN; null when it is not good,
   *   and the field says why.
   */
  take(): Uint8Array<ArrayBuffer> | 'behind-pin' | null;
}

/** The management key every PIV card is sold with: 01 to 08, three times. */
const factoryKey = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: 24 }, (_, index) => (index % 8) + 1);

/**
 * @param typed UTF-8; wiped here
 * @returns the bytes that hexadecimal digits stand for; null when they are none, or of no key's length
 */
function bytesOfHex(typed: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const key = new Uint8Array(32);
  let digits = 0;
  let good = true;
  for (const code of typed) {
    if (code === 0x20) continue;
    const lower = code | 0x20;
    const value =
      code >= 0x30 && code <= 0x39 ? code - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (value < 0 || digits === 64) good = false;
    else {
      key[digits >> 1] = ((key[digits >> 1] ?? 0) << 4) | value;
      digits += 1;
    }
  }
  typed.fill(0);
  const taken = good && [32, 48, 64].includes(digits) ? key.slice(0, digits / 2) : null;
  key.fill(0);
  return taken;
}

/**
 * Which management key a PIV card has now. The one of the shop is used only where somebody says so, and is offered only
 * where the card does not say that it was changed.
 */
export function ManagementKeyField({
  token,
  withPin = false,
  onBehindPin,
  ref,
}: {
  readonly token: TokenView;
  /** The PIN is asked for too, or can be: then the key may be behind it. */
  readonly withPin?: boolean;
  /** Told whether the key is said to be behind the PIN, which is then to be asked for. */
  readonly onBehindPin?: (behindPin: boolean) => void;
  readonly ref: Ref<ManagementKeyHandle>;
}) {
  const isDefault = token.secrets.find(secret => secret.name === 'management-key')?.isDefault;
  const [wanted, setWanted] = useState<Which | null>(null);
  const offered: readonly Which[] = [
    ...(isDefault === false ? [] : (['factory'] as const)),
    'own',
    ...(withPin && isDefault !== true ? (['behind-pin'] as const) : []),
  ];
  const usual = isDefault === undefined ? null : isDefault ? 'factory' : 'own';
  // What was chosen holds as long as it is offered: the key may have been changed meanwhile.
  const chosen = wanted !== null && offered.includes(wanted) ? wanted : usual;
  const [error, setError] = useState<string>();
  const field = useRef<PassphraseHandle>(null);
  useImperativeHandle(
    ref,
    () => ({
      take() {
        setError(undefined);
        if (chosen === 'factory') return factoryKey();
        if (chosen === 'behind-pin') return 'behind-pin';
        const typed = chosen === 'own' ? field.current : null;
        if (!typed || typed.empty) {
          setError(words.needed);
          typed?.focus();
          return null;
        }
        const key = bytesOfHex(typed.take());
        if (!key) {
          setError(words.wrong);
          typed.focus();
        }
        return key;
      },
    }),
    [chosen],
  );
  const texts: Readonly<Record<Which, { readonly name: string; readonly text?: string }>> = {
    factory: { name: words.factory, text: isDefault ? words.factoryText : words.factoryUnsure },
    own: { name: words.own },
    'behind-pin': { name: words.behindPin, text: words.behindPinText },
  };
  return (
    <>
      {offered.length > 1 && (
        <Choices<Which>
          label={words.present}
          value={chosen}
          choices={offered.map(value => ({ value, ...texts[value] }))}
          error={chosen === null ? error : undefined}
          onChange={which => {
            setWanted(which);
            onBehindPin?.(which === 'behind-pin');
          }}
        />
      )}
      {chosen === 'own' && (
        <PassphraseField ref={field} label={words.ownLabel} hint={words.ownHint} error={error} />
      )}
    </>
  );
}
