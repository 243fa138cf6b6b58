import type { ReactNode } from 'react';
import { cx } from './classes.ts';
import css from './side-nav.module.css';

/** A list of places in the left column. */
export function SideNavGroup({
  title,
  isName = false,
  ordered = false,
  children,
}: {
  readonly title?: string;
  /** The title is somebody's or something's own name, and stays as it is written. */
  readonly isName?: boolean;
  readonly ordered?: boolean;
  readonly children: ReactNode;
}) {
  const List = ordered ? 'ol' : 'ul';
  return (
    <section className={css.group}>
      {title !== undefined && (
        <h2 className={cx(css.title, !isName && css.caption)} title={isName ? title : undefined}>
          {title}
        </h2>
      )}
      <List>{children}</List>
    </section>
  );
}

/** One place in the left column. */
export function SideNavItem({
  here,
  current,
  number,
  name,
  more,
  state,
  ahead = false,
  onPress,
}: {
  /** It is the one that is shown. */
  readonly here: boolean;
  /** What the places are: pages side by side, or steps in an order. */
  readonly current: 'page' | 'step';
  readonly number?: number;
  readonly name: ReactNode;
  /** Stands under the name. */
  readonly more?: string | undefined;
  /** How it stands there, at the end of the line. */
  readonly state?: ReactNode;
  /** It was not looked at yet. */
  readonly ahead?: boolean;
  /** Absent: nobody goes there by choice. */
  readonly onPress?: () => void;
}) {
  const about = {
    className: cx(css.item, number !== undefined && css.numbered, ahead && css.ahead, here && css.here),
    'aria-current': here ? current : undefined,
  };
  const content = (
    <>
      {number !== undefined && <span>{number}</span>}
      <span className={css.name}>
        {name}
        {more && <span className={css.more}>{more}</span>}
      </span>
      {state}
    </>
  );
  return (
    <li>
      {onPress ? (
        <button type="button" {...about} onClick={onPress}>
          {content}
        </button>
      ) : (
        <div {...about}>{content}</div>
      )}
    </li>
  );
}
