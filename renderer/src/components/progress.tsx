import css from './progress.module.css';

/** Long work, in words. Announced once; the bar only shows that something moves. */
export function Progress({ text }: { readonly text: string | null }) {
  return (
    <div role="status" className={css.progress}>
      {text !== null && (
        <>
          <span className={css.text}>{text}</span>
          <span className={css.track} aria-hidden="true">
            <span className={css.bar} />
          </span>
        </>
      )}
    </div>
  );
}
