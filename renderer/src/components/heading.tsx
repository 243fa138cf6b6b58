import { type ReactNode, useEffect, useRef } from 'react';
import css from './heading.module.css';

/**
 * The heading of a screen or step, and its sentence. When `focusKey` changes, the focus moves: to the first
 * element marked `data-autofocus`, else here.
 */
export function Heading({
  children,
  lead,
  focusKey,
}: {
  readonly children: ReactNode;
  readonly lead?: ReactNode;
  readonly focusKey: string;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what the effect is for
  useEffect(() => {
    const main = heading.current?.closest('main');
    main?.scrollTo({ top: 0 });
    const field = main?.querySelector<HTMLElement>('[data-autofocus]');
    (field ?? heading.current)?.focus({ preventScroll: true });
  }, [focusKey]);
  return (
    <>
      <h1 ref={heading} tabIndex={-1} className={css.heading}>
        {children}
      </h1>
      {lead && <p className={css.lead}>{lead}</p>}
    </>
  );
}

/** A heading inside a screen. */
export function SubHeading({ children, id }: { readonly children: ReactNode; readonly id?: string }) {
  return (
    <h2 id={id} className={css.sub}>
      {children}
    </h2>
  );
}
