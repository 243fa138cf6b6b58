import { useMemo, useState } from 'react';
import { migrationPlanSchema, repositoryNameSchema } from '../../../../shared/ceremony/plan.ts';
import type { ErrorReport } from '../../../../shared/contract/errors.ts';
import type { FileInput } from '../../../../shared/contract/requests.ts';
import { ask } from '../../bridge.ts';
import { Facts } from '../../components/facts.tsx';
import { Check, Choices, Group, TextField } from '../../components/fields.tsx';
import { Notice } from '../../components/notice.tsx';
import { t } from '../../messages/index.ts';
import { useCeremony } from '../../stores/ceremony.ts';
import { type Problems, peopleProblems, type Repository } from '../../stores/change-draft.ts';
import { useNavigation } from '../../stores/navigation.ts';
import type { DraftDuration } from '../../stores/planner.ts';
import { CurrentTargets } from '../change/handed-file.tsx';
import { Outlook } from '../change/outlook.tsx';
import { NetworkFields, PeopleFields } from '../change/pages.tsx';
import { PlanReview, Told } from '../change/plan-preview.tsx';
import { PlanShell } from '../change/plan-shell.tsx';
import { usePreview } from '../change/use-preview.ts';
import { Validity } from '../planner/pages.tsx';
import planner from '../planner/planner.module.css';

const words = t.adopt.move;
const everyPage = ['repository', 'threshold', 'validity', 'people', 'network', 'review'] as const;
type Page = (typeof everyPage)[number];

interface Draft {
  readonly repository: string;
  readonly currentTargets: FileInput | null;
  readonly threshold: number;
  readonly thresholdReason: string;
  readonly absent: ReadonlySet<string>;
  readonly rootValidity: DraftDuration;
  readonly targetsValidity: DraftDuration;
  readonly administrator: string;
  readonly witnesses: readonly { id: number; name: string }[];
  readonly observers: readonly { id: number; name: string }[];
  readonly network: 'refuse' | 'warn';
}

const blank = (from: Repository): Draft => ({
  repository: from.name,
  currentTargets: null,
  threshold: from.threshold,
  thresholdReason: '',
  absent: new Set(),
  rootValidity: { amount: '10', unit: 'Y' },
  targetsValidity: { amount: '3', unit: 'Y' },
  administrator: t.planner.people.suggestedAdministrator,
  witnesses: [{ id: -1, name: t.planner.people.suggestedWitness }],
  observers: [],
  network: 'refuse',
});

const durationIsGood = ({ amount }: DraftDuration): boolean => /^[1-9][0-9]{0,2}$/.test(amount);

function problemsOf(draft: Draft, from: Repository): Readonly<Record<Page, Problems>> {
  const holders = from.rootKeys.map(key => key.holder);
  const threshold: Record<string, string> = {};
  if (draft.threshold === holders.length && draft.thresholdReason.trim() === '')
    threshold.reason = t.planner.threshold.reasonNeeded;
  if (holders.filter(name => !draft.absent.has(name)).length < draft.threshold)
    threshold.signers = t.planner.threshold.signersTooFew(draft.threshold);
  const validity: Record<string, string> = {};
  if (!durationIsGood(draft.rootValidity)) validity.root = t.planner.validity.wrong;
  if (!durationIsGood(draft.targetsValidity)) validity.targets = t.planner.validity.wrong;
  return {
    repository: repositoryNameSchema.safeParse(draft.repository).success
      ? {}
      : { name: draft.repository === '' ? t.planner.name.needed : t.planner.name.wrong },
    threshold,
    validity,
    people: peopleProblems(draft),
    network: {},
    review: {},
  };
}

function planOf(draft: Draft, from: Repository) {
  const lasting = ({ amount, unit }: DraftDuration) => `P${amount}${unit}`;
  const reason = draft.thresholdReason.trim();
  const plan = migrationPlanSchema.safeParse({
    ceremony: 'migration',
    from: from.name,
    repository: draft.repository,
    threshold: draft.threshold,
    ...(reason === '' ? {} : { thresholdReason: reason }),
    ...(draft.absent.size === 0
      ? {}
      : { signers: from.rootKeys.map(key => key.holder).filter(name => !draft.absent.has(name)) }),
    expires: { root: lasting(draft.rootValidity), targets: lasting(draft.targetsValidity) },
    participants: [
      { name: draft.administrator, role: 'administrator' },
      ...draft.witnesses.map(({ name }) => ({ name, role: 'witness' })),
      ...draft.observers.map(({ name }) => ({ name, role: 'observer' })),
    ],
    policy: { network: draft.network },
  });
  return plan.success ? plan.data : null;
}

interface PartProps {
  readonly draft: Draft;
  readonly from: Repository;
  readonly change: (part: Partial<Draft>) => void;
  readonly error: (field: string) => string | undefined;
}

function RepositoryPage({ draft, from, change, error }: PartProps) {
  return (
    <div className={planner.fields}>
      <Facts
        rows={[
          { label: words.from, value: `${from.name}, ${t.home.version(from.version).toLowerCase()}` },
          { label: t.home.holders, value: from.rootKeys.map(key => key.holder).join(', ') },
        ]}
      />
      <TextField
        label={words.name}
        hint={words.nameHint}
        mono
        width="full"
        autoFocus
        maxLength={255}
        value={draft.repository}
        error={error('name')}
        onChange={repository => change({ repository: repository.trim() })}
      />
      <CurrentTargets
        notary
        file={draft.currentTargets}
        onChange={currentTargets => change({ currentTargets })}
      />
    </div>
  );
}

function ThresholdPage({ draft, from, change, error }: PartProps) {
  const holders = from.rootKeys.map(key => key.holder);
  const count = holders.length;
  const shared = t.planner.threshold;
  return (
    <div className={planner.fields}>
      <Choices
        label={shared.label}
        row
        autoFocus
        value={String(draft.threshold)}
        choices={holders.map((_, index) => ({
          value: String(index + 1),
          name: count === 1 ? shared.choiceOne : shared.choice(index + 1, count),
        }))}
        onChange={value => change({ threshold: Number(value) })}
      />
      <Notice
        tone={draft.threshold === count || draft.threshold === 1 ? 'warning' : 'good'}
        title={shared.sentence(draft.threshold, count)}
      />
      {draft.threshold === count && (
        <TextField
          label={shared.reasonLabel}
          hint={shared.reasonHint}
          value={draft.thresholdReason}
          lines={2}
          width="full"
          maxLength={500}
          error={error('reason')}
          onChange={thresholdReason => change({ thresholdReason })}
        />
      )}
      <Group label={words.signers} error={error('signers')}>
        <div className={planner.signers}>
          {holders.map(name => (
            <Check
              key={name}
              label={name}
              checked={!draft.absent.has(name)}
              onChange={available => {
                const absent = new Set(draft.absent);
                if (available) absent.delete(name);
                else absent.add(name);
                change({ absent });
              }}
            />
          ))}
        </div>
      </Group>
    </div>
  );
}

/** Opens a TUF 1.0 repository that succeeds a Notary collection: the same holders, the same keys, the same targets. */
export function MoveScreen({ from }: { readonly from: Repository }) {
  const { go, home } = useNavigation();
  const [draft, setDraft] = useState(() => blank(from));
  const [page, setPage] = useState<Page>('repository');
  const [visited, setVisited] = useState<ReadonlySet<Page>>(new Set());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const change = (part: Partial<Draft>) => setDraft(before => ({ ...before, ...part }));
  const goTo = (name: Page) => {
    setVisited(new Set([...visited, page]));
    setPage(name);
  };
  const { rehearsal } = from;
  const names = everyPage.filter(name => !rehearsal || (name !== 'validity' && name !== 'network'));

  const problems = useMemo(() => problemsOf(draft, from), [draft, from]);
  const complete = names.every(name => Object.keys(problems[name]).length === 0);
  const request = useMemo(() => {
    const plan = complete ? planOf(draft, from) : null;
    return (
      plan && {
        plan,
        rehearsal,
        ...(draft.currentTargets ? { currentTargets: draft.currentTargets } : {}),
      }
    );
  }, [complete, draft, from, rehearsal]);
  const outlook = usePreview(request);
  const { preview } = outlook;
  const blocking = preview?.warnings.some(warning => warning.blocking) ?? false;
  const open = async () => {
    if (!request || busy) return;
    setBusy(true);
    setError(null);
    const outcome = await ask('openCeremony', request);
    setBusy(false);
    if (!outcome.ok) return setError(outcome.error);
    useCeremony.getState().adopt(outcome.value);
    go({ name: 'ceremony', ceremonyId: outcome.value.id });
  };
  const shown = (field: string) => (visited.has(page) ? problems[page][field] : undefined);
  const blocked = !complete || !preview || blocking || outlook.checking || outlook.error !== null;
  const part = { draft, from, change, error: shown };
  return (
    <PlanShell
      crumbs={[from.name, words.title]}
      rehearsal={rehearsal}
      title={words.title}
      pages={names.map(name => ({
        name,
        ...words.pages[name],
        wrong: Object.keys(problems[name]).length > 0 || (name === 'repository' && blocking),
        holds: Object.keys(problems[name]).length > 0,
      }))}
      page={page}
      visited={visited}
      goTo={goTo}
      leave={{ label: t.adopt.leave, onPress: home }}
      last={{
        label: t.adopt.open,
        onPress: () => void open(),
        blocked:
          blocked && !busy
            ? outlook.checking
              ? t.change.review.checking
              : t.change.review.blocked
            : undefined,
        busy,
      }}
      side={
        <Outlook
          {...outlook}
          here={page === 'repository' || page === 'review' ? preview?.warnings : []}
          brief={page === 'review'}
        />
      }
    >
      {page === 'repository' && (
        <>
          <RepositoryPage {...part} />
          <Told warnings={preview?.warnings.filter(warning => warning.blocking) ?? []} />
        </>
      )}
      {page === 'threshold' && <ThresholdPage {...part} />}
      {page === 'validity' && (
        <div className={planner.fields}>
          <Validity
            role={t.planner.validity.root}
            value={draft.rootValidity}
            error={shown('root')}
            autoFocus
            onChange={rootValidity => change({ rootValidity })}
          />
          <Validity
            role={t.planner.validity.targets}
            value={draft.targetsValidity}
            error={shown('targets')}
            onChange={targetsValidity => change({ targetsValidity })}
          />
        </div>
      )}
      {page === 'people' && <PeopleFields draft={draft} error={shown} onChange={change} />}
      {page === 'network' && (
        <NetworkFields value={draft.network} onChange={network => change({ network })} />
      )}
      {page === 'review' && (
        <PlanReview
          preview={preview}
          error={error ?? outlook.error}
          complete={complete}
          busy={busy ? t.change.review.opening : outlook.checking ? t.change.review.checking : null}
          fixed={words.fixed}
        />
      )}
    </PlanShell>
  );
}
