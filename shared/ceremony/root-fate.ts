import { z } from 'zod';

/**
 * What is known of the root of a ceremony that is ended. `unpublished`: no medium ever held it, or each was destroyed or
 * wiped before anybody could publish it. `perhaps-published`: nobody can say that.
 */
export const rootFateSchema = z.enum(['unpublished', 'perhaps-published']);
export type RootFate = z.infer<typeof rootFateSchema>;
