import type { Inspection } from '../../../shared/contract/views.ts';
import { Facts } from '../components/facts.tsx';
import { Heading, SubHeading } from '../components/heading.tsx';
import { Notice } from '../components/notice.tsx';
import { t } from '../messages/index.ts';
import css from './inspect.module.css';

const words = t.inspect;

function KeyIds({ keyIds }: { readonly keyIds: NonNullable<Inspection['keyIds']> }) {
  const rows = (['notary-v1', 'tuf-1.0'] as const).flatMap(dialect => {
    const value = keyIds[dialect];
    return value === undefined ? [] : [{ label: t.common.dialect[dialect], value }];
  });
  if (rows.length === 0) return null;
  return (
    <>
      <SubHeading>{words.keyIds}</SubHeading>
      <Facts rows={rows} mono />
    </>
  );
}

/** A key inside a file of several, as far as its inspection can be shown. */
function Inner({ inner }: { readonly inner: Readonly<Record<string, unknown>> }) {
  const part = inner as Partial<Inspection>;
  return (
    <section className={css.inner}>
      {part.form && <p className={css.form}>{part.form}</p>}
      {part.summary && part.summary.length > 0 && <Facts rows={part.summary} />}
      {part.keyIds && <KeyIds keyIds={part.keyIds} />}
    </section>
  );
}

export interface FindingsProps {
  readonly name: string;
  readonly found: Inspection;
}

/** What a file is, and its exact form in words. */
export function FindingsHead({ name, found }: FindingsProps) {
  return (
    <>
      <p className={css.name}>{name}</p>
      <Heading focusKey={`${name}-${found.form}`} lead={found.form}>
        {words.kinds[found.kind]}
        {found.dialect && <span className={css.dialect}>{t.common.dialect[found.dialect]}</span>}
      </Heading>
    </>
  );
}

/** What to know about a file: notices, key IDs in both dialects, details, and the keys inside it. */
export function Findings({ found }: Pick<FindingsProps, 'found'>) {
  return (
    <>
      {found.kind === 'private-key' && !found.encrypted && (
        <Notice tone="warning" title={words.privateWarning} />
      )}
      {found.notices.length > 0 && (
        <Notice tone="plain" title={words.notices}>
          {found.notices.map(notice => (
            <p key={notice}>{notice}</p>
          ))}
        </Notice>
      )}
      {found.keyIds && <KeyIds keyIds={found.keyIds} />}
      {found.summary.length > 0 && (
        <>
          <SubHeading>{words.details}</SubHeading>
          <Facts rows={found.summary} />
        </>
      )}
      {found.keys && (
        <>
          <SubHeading>{words.keysInside(found.keys.length)}</SubHeading>
          {found.keys.map((inner, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place in the file is the identity
            <Inner key={index} inner={inner} />
          ))}
        </>
      )}
    </>
  );
}
