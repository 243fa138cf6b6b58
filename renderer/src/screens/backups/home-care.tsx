import type { HomeView } from '../../../../shared/contract/views.ts';
import { SubHeading } from '../../components/heading.tsx';
import { t } from '../../messages/index.ts';
import { openBackups } from '../../stores/backups.ts';
import { CareList, pageOf } from './care-list.tsx';

/** On home: what is due about backups and drills. */
export function HomeCare({ care }: Pick<HomeView, 'care'>) {
  if (care.length === 0) return null;
  return (
    <section aria-labelledby="care">
      <SubHeading id="care">{t.backups.title}</SubHeading>
      <CareList items={care} onLook={item => openBackups({ rehearsal: false, page: pageOf(item) })} />
    </section>
  );
}
