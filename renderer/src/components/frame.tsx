import type { ReactNode } from 'react';
import { t } from '../messages/index.ts';
import { cx } from './classes.ts';
import css from './frame.module.css';
import { RehearsalBand } from './rehearsal.tsx';
import { StatusBar } from './status-bar.tsx';

export interface FrameProps {
  /** Where one is: the repository and the title, or the title alone. */
  readonly crumbs: readonly string[];
  readonly rehearsal: boolean;
  readonly children: ReactNode;
}

/** Every screen's frame: header and status, the rehearsal band, and room for the regions below. */
export function Frame({ crumbs, rehearsal, children }: FrameProps) {
  return (
    <div className={cx(css.frame, 'screen-only')}>
      <header className={css.header}>
        <span className={css.mark}>{t.common.product}</span>
        <span className={css.crumbs} title={crumbs.join(' / ')}>
          {crumbs.map((crumb, index) => (
            <span key={crumb} className={index === crumbs.length - 1 ? css.here : css.before}>
              {crumb}
            </span>
          ))}
        </span>
        <StatusBar />
      </header>
      {rehearsal ? <RehearsalBand /> : <div />}
      <div className={css.regions}>{children}</div>
    </div>
  );
}

/** The left column: the script, or the parts of a plan. */
export function Left({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <nav className={css.left} aria-label={label} tabIndex={0}>
      {children}
    </nav>
  );
}

/** The right column: the evidence, always in the same place. */
export function Right({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <aside className={css.right} aria-label={label} tabIndex={0}>
      {children}
    </aside>
  );
}

/** The centre: the one idea of the screen. `wide` for screens without columns beside it. */
export function Centre({
  children,
  wide = false,
}: {
  readonly children: ReactNode;
  readonly wide?: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <main tabIndex={0} className={cx(css.centre, wide && css.wide)}>
      <div className={css.column}>{children}</div>
    </main>
  );
}

/** The bar of actions at the foot. `start` holds what leads away, the rest leads on. */
export function Foot({ start, children }: { readonly start?: ReactNode; readonly children: ReactNode }) {
  return (
    <footer className={css.foot}>
      {start}
      <span className={css.space} />
      {children}
    </footer>
  );
}

/** A titled section of a side column. */
export function SideSection({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={css.section}>
      <h2 className={css.sectionTitle}>{title}</h2>
      {children}
    </section>
  );
}

/** A label and its value on one line of a side column. */
export function SideRow({
  label,
  value,
  mono,
}: {
  readonly label: string;
  readonly value: string;
  readonly mono?: boolean;
}) {
  return (
    <div className={css.row}>
      <span className={css.rowLabel} title={label}>
        {label}
      </span>
      {mono ? <code className={css.code}>{value}</code> : <span className={css.rowValue}>{value}</span>}
    </div>
  );
}
