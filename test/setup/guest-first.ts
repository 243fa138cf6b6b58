import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Vitest starts with the largest files. The one that boots a guest is small and takes longest: it must not be the last. */
export default class GuestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isGuest = ({ moduleId }: TestSpecification) => moduleId.endsWith('/token-guest.test.ts');
    return [...sorted.filter(isGuest), ...sorted.filter(file => !isGuest(file))];
  }
}
