import type { TokenCustody } from '../../../../shared/ceremony/custody.ts';
import { cx } from '../classes.ts';
import css from './token-drawing.module.css';

/** A key for a USB port, with the disc that is touched. */
const PivShape = () => (
  <>
    <rect className={css.metal} x="1.5" y="22" width="27" height="20" rx="2" />
    <path className={css.detail} d="M7 27.5h13M7 32h13M7 36.5h13" />
    <rect className={css.body} x="28" y="12" width="90" height="40" rx="9" />
    <circle className={css.live} cx="66" cy="32" r="11" />
    <path className={css.detail} d="M62 32a4 4 0 018 0M66 30v6" />
    <circle className={css.detail} cx="105" cy="32" r="5" />
  </>
);

/** A device with a display and two buttons. */
const LedgerShape = () => (
  <>
    <rect className={css.metal} x="1.5" y="25" width="14" height="14" rx="2" />
    <rect className={css.body} x="15" y="13" width="103" height="38" rx="7" />
    <rect className={css.live} x="25" y="21" width="48" height="22" rx="3" />
    <path className={css.detail} d="M32 29h26M32 35h17" />
    <circle className={css.detail} cx="98" cy="32" r="12" />
    <path className={css.detail} d="M84 9.5h8M103 9.5h8" />
  </>
);

/** A module with a lock: a small HSM, or a library that stands for one. */
const Pkcs11Shape = () => (
  <>
    <rect className={css.body} x="10" y="8" width="100" height="48" rx="7" />
    <path className={css.detail} d="M10 42h100M20 49h22" />
    <circle className={css.live} cx="98" cy="49" r="3.5" />
    <path className={css.detail} d="M53 24v-3a7 7 0 0114 0v3" />
    <rect className={css.metal} x="49" y="23" width="22" height="14" rx="2.5" />
  </>
);

const shapes = { piv: PivShape, ledger: LedgerShape, pkcs11: Pkcs11Shape };

/** What a token of this kind looks like, about. Decoration: its name stands beside it. */
export function TokenDrawing({
  custody,
  off = false,
  size = 120,
}: {
  readonly custody: TokenCustody;
  /** Not there, or not to be used as it is. */
  readonly off?: boolean;
  /** Width in pixels. */
  readonly size?: number;
}) {
  const Shape = shapes[custody];
  return (
    <svg
      className={cx(css.drawing, off && css.off)}
      width={size}
      height={(size * 64) / 120}
      viewBox="0 0 120 64"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <Shape />
    </svg>
  );
}
