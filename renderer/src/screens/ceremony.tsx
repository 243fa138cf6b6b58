import { useEffect } from 'react';
import type { StepKind } from '../../../shared/ceremony/steps.ts';
import { Action } from '../components/action.tsx';
import { Centre, Foot, Frame } from '../components/frame.tsx';
import { ErrorPanel, Notice } from '../components/notice.tsx';
import { primaryKey } from '../components/shortcuts.ts';
import { t } from '../messages/index.ts';
import { AttendanceStep } from '../steps/attendance.tsx';
import { CertifyKeyStep } from '../steps/certify-key.tsx';
import { Closed } from '../steps/closed.tsx';
import { DoneStep } from '../steps/done-step.tsx';
import { ExportStep } from '../steps/export.tsx';
import { GenerateKeyStep } from '../steps/generate-key.tsx';
import { ImportKeyStep } from '../steps/import-key.tsx';
import { IsolationStep } from '../steps/isolation.tsx';
import { OnlineKeysStep } from '../steps/online-keys.tsx';
import { ProveStep } from '../steps/prove.tsx';
import { ProveBackupStep } from '../steps/prove-backup.tsx';
import { ReadBackStep } from '../steps/read-back.tsx';
import { ReadPlanStep } from '../steps/read-plan.tsx';
import { RestoredCeremony } from '../steps/restored.tsx';
import { ScriptNav } from '../steps/script-nav.tsx';
import { SignStep } from '../steps/sign.tsx';
import { SignTogether } from '../steps/sign-together.tsx';
import type { StepProps } from '../steps/step.ts';
import { TranscriptStep } from '../steps/transcript.tsx';
import { useCeremony } from '../stores/ceremony.ts';
import { useNavigation } from '../stores/navigation.ts';

const stepComponents: Readonly<Record<StepKind, (props: StepProps) => React.ReactNode>> = {
  attendance: AttendanceStep,
  isolation: IsolationStep,
  'read-plan': ReadPlanStep,
  'generate-key': GenerateKeyStep,
  'certify-key': CertifyKeyStep,
  'import-key': ImportKeyStep,
  'online-keys': OnlineKeysStep,
  'prove-backup': ProveBackupStep,
  sign: SignStep,
  prove: ProveStep,
  export: ExportStep,
  'read-back': ReadBackStep,
  transcript: TranscriptStep,
};

/** A ceremony: the script on the left, the present step in the centre, the evidence on the right. */
export function CeremonyScreen({ ceremonyId }: { readonly ceremonyId: string }) {
  const { view, error, lookingAt, turn, together, open } = useCeremony();
  const home = useNavigation(state => state.home);
  useEffect(() => {
    if (useCeremony.getState().view?.id !== ceremonyId) void open(ceremonyId);
    else useCeremony.setState({ error: null, lookingAt: null, turn: null, together: false, lastDone: null });
  }, [ceremonyId, open]);

  if (view?.id !== ceremonyId) {
    return (
      <Frame crumbs={[]} rehearsal={false}>
        <Centre>
          {error ? <ErrorPanel error={error} /> : <Notice tone="plain" title={t.ceremony.loading} />}
        </Centre>
        <Foot>
          <Action kind="primary" shortcut={primaryKey} onPress={home}>
            {t.common.backHome}
          </Action>
        </Foot>
      </Frame>
    );
  }

  const taken = view.steps.find(step => step.id === turn && step.canComplete && step.state !== 'done');
  const present = taken ?? view.steps.find(step => step.id === view.presentStepId);
  const looked = view.steps.find(step => step.id === lookingAt && step.state === 'done');
  const Present = present && stepComponents[present.kind];
  return (
    <Frame crumbs={[view.repository, view.title]} rehearsal={view.rehearsal}>
      <ScriptNav ceremony={view} shownStepId={(looked ?? present)?.id} />
      {looked ? (
        <DoneStep key={looked.id} ceremony={view} step={looked} />
      ) : view.restored !== undefined ? (
        <RestoredCeremony ceremony={view} />
      ) : Present ? (
        // The key makes every step begin afresh: nothing typed for one can reach the next.
        <Present key={present.id} ceremony={view} step={present} />
      ) : (
        <Closed ceremony={view} />
      )}
      {together && <SignTogether ceremony={view} />}
    </Frame>
  );
}
