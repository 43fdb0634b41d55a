import type { Resource } from '../operation';
import { checkoutSession } from './checkoutSession';
import { product } from './product';

/** Every resource of the action node, in the order of the panel. */
export const resources: readonly Resource[] = [checkoutSession, product];
