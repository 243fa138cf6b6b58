import css from './person.module.css';

/** A person's initials, as they stand in the script. Their name stands beside it. */
export function Initials({ children }: { readonly children: string }) {
  return (
    <span className={css.initials} aria-hidden="true">
      {children}
    </span>
  );
}
