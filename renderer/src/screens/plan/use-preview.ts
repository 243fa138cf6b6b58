import { useEffect, useState } from 'react';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { RequestInput } from '../../../../shared/contract/requests.ts';
import type { PlanPreview } from '../../../../shared/contract/views.ts';
import { ask } from '../../bridge.ts';

export interface Preview {
  readonly preview: PlanPreview | null;
  readonly error: ErrorReport | null;
  /** What is shown belongs to the plan as it was a moment ago. */
  readonly checking: boolean;
}

/** What a plan would do, asked again shortly after every change of it. `null`: it is not complete. */
export function usePreview(request: RequestInput<'previewPlan'> | null): Preview {
  const [state, setState] = useState<Preview>({ preview: null, error: null, checking: false });
  useEffect(() => {
    if (!request) {
      setState({ preview: null, error: null, checking: false });
      return;
    }
    let current = true;
    setState(before => ({ ...before, checking: true }));
    const timer = setTimeout(async () => {
      const outcome = await ask('previewPlan', request);
      if (!current) return;
      setState(
        outcome.ok
          ? { preview: outcome.value, error: null, checking: false }
          : { preview: null, error: outcome.error, checking: false },
      );
    }, 150);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [request]);
  return state;
}
