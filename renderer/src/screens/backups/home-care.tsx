import type { HomeView } from '../../../../shared/contract/views.ts';
import { SubHeading } from '../../components/heading.tsx';
import { t } from '../../messages/index.ts';
import { openBackups } from '../../stores/backups.ts';
import { CareList, pageOf } from './care-list.tsx';
import { InterruptedSplit } from './under-way.tsx';

/** On home: what is due about backups and drills, and a split that was broken off. */
export function HomeCare({ care }: Pick<HomeView, 'care'>) {
  return (
    <>
      <InterruptedSplit openSplit={undefined} />
      {care.length > 0 && (
        <section aria-labelledby="care">
          <SubHeading id="care">{t.backups.title}</SubHeading>
          <CareList items={care} onLook={item => openBackups({ rehearsal: false, page: pageOf(item) })} />
        </section>
      )}
    </>
  );
}
