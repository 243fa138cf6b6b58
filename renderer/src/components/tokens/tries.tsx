import type { TokenView } from '../../../../shared/contract/tokens.ts';
import { t } from '../../messages/index.ts';
import { cx } from '../classes.ts';
import { Icon } from '../icons.tsx';
import css from './tries.module.css';

type Secret = TokenView['secrets'][number];
/** More are told by their number alone. */
const mostPips = 8;

/** @returns what this kind of token calls the secret */
export const secretName = (token: Pick<TokenView, 'custody'>, name: Secret['name']): string =>
  token.custody === 'ledger' && name === 'puk' ? t.tokens.adminPin : t.tokens.secret[name];

/** How many tries a PIN or PUK has left: as dots, and in words. */
export function Tries({ secret }: { readonly secret: Secret }) {
  const { triesLeft: left, triesTotal: total } = secret;
  if (left === undefined) return <span className={css.tries}>{t.tokens.triesUnknown}</span>;
  const count = Math.max(total ?? left, left);
  return (
    <span className={cx(css.tries, left === 0 ? css.none : left === 1 && css.few)}>
      {left < 2 && <Icon name={left === 0 ? 'cross' : 'warning'} size={14} />}
      {left > 0 && count <= mostPips && (
        <span className={css.pips} aria-hidden="true">
          {Array.from({ length: count }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
            <span key={index} className={cx(css.pip, index < left && css.left)} />
          ))}
        </span>
      )}
      {t.tokens.tries(left, total)}
    </span>
  );
}
