import { Fragment } from 'react';

/** A name that is broken at its slashes first. */
export const Breakable = ({ text }: { readonly text: string }) =>
  text.split(/(?<=\/)/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));
