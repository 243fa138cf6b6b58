import { useEffect, useState } from 'react';
import type { ReplyOf } from '../../../shared/contract/requests.ts';
import { ask } from '../bridge.ts';

export type Medium = ReplyOf<'listMedia'>['media'][number];

/** The removable media there are, looked for again every two seconds; null until the first answer. */
export function useMedia(): readonly Medium[] | null {
  const [media, setMedia] = useState<readonly Medium[] | null>(null);
  useEffect(() => {
    let current = true;
    const look = async () => {
      const outcome = await ask('listMedia', {});
      if (current && outcome.ok)
        setMedia(before =>
          JSON.stringify(before) === JSON.stringify(outcome.value.media) ? before : outcome.value.media,
        );
    };
    void look();
    const timer = setInterval(() => void look(), 2000);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, []);
  return media;
}
