import type { Handlers } from '../http/responses';
import { checkoutRoutes } from './checkout';
import { customerRoutes } from './customers';
import { discountRoutes } from './discounts';
import { membershipRoutes } from './memberships';
import { offerRoutes } from './offers';
import { orderRoutes } from './orders';
import { paymentRoutes } from './payments';
import { productRoutes } from './products';
import { refundRoutes } from './refunds';
import { reviewRoutes } from './reviews';
import { upsellRoutes } from './upsells';
import { userRoutes } from './users';
import { variantRoutes } from './variants';
import { webhookRoutes } from './webhooks';

/** The type makes a missing handler an error. */
export const handlers: Handlers = {
	...productRoutes,
	...variantRoutes,
	...orderRoutes,
	...paymentRoutes,
	...customerRoutes,
	...reviewRoutes,
	...userRoutes,
	...discountRoutes,
	...upsellRoutes,
	...offerRoutes,
	...membershipRoutes,
	...refundRoutes,
	...webhookRoutes,
	...checkoutRoutes,
};
